"""Datasets: references into a checkpoint, or generated pages with their images; both are shown as a contact sheet."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from zenml.enums import ArtifactType, VisualizationType
from zenml.materializers.pydantic_materializer import PydanticMaterializer
from zenml.metadata.metadata_types import MetadataType

from materializers.folders import store_folder, stored_folder
from redaction.contact_sheet import contact_sheet_png
from redaction.dataset import Dataset, Split, SyntheticDataset

MAX_DATASET_SHEET_PAGES = 24
FILES = "files"


class DatasetMaterializer(PydanticMaterializer):
    """Stores the list of pages; the images stay in the checkpoint to which they refer."""

    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = (Dataset,)
    ASSOCIATED_ARTIFACT_TYPE: ClassVar[ArtifactType] = ArtifactType.DATA

    def save_visualizations(self, data: Dataset) -> dict[str, VisualizationType]:
        """Write a contact sheet of pages from all over the dataset, with their boxes."""
        path = f"{self.uri}/contact_sheet.png"
        with self.artifact_store.open(path, "wb") as file:
            file.write(contact_sheet_png(data, limit=MAX_DATASET_SHEET_PAGES))
        return {path: VisualizationType.IMAGE}

    def extract_metadata(self, data: Dataset) -> dict[str, MetadataType]:
        """Count pages, documents and boxes."""
        return {
            "pages": len(data.pages),
            "pages with redactions": sum(bool(page.boxes) for page in data.pages),
            "documents": len({page.document for page in data.pages}),
            "redactions": sum(len(page.boxes) for page in data.pages),
            **{f"{split} pages": len(data.of_split(split).pages) for split in Split},
        }

    def compute_content_hash(self, data: Dataset) -> str | None:
        """Hash the pages, and the files if they are not validated yet: equal content lets dependent steps be cached."""
        return data.digest if data.unjudged is None else f"{data.digest}-{data.unjudged}"


class SyntheticDatasetMaterializer(DatasetMaterializer):
    """Stores the list of pages and the images."""

    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = (SyntheticDataset,)

    def save(self, data: SyntheticDataset) -> None:
        """Store the list of pages, and copy the images into the artifact store."""
        super().save(data)
        store_folder(self.artifact_store, Path(data.root), f"{self.uri}/{FILES}")

    def load(self, data_type: type[SyntheticDataset]) -> SyntheticDataset:
        """Load the list of pages, with the images on this machine."""
        stored: SyntheticDataset = super().load(data_type)
        return stored.model_copy(update={"root": str(stored_folder(self, f"{self.uri}/{FILES}"))})
