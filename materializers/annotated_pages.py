"""Datasets: pointers into a checkpoint, or made pages with their images; both show a contact sheet."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from zenml.enums import ArtifactType, VisualizationType
from zenml.materializers.pydantic_materializer import PydanticMaterializer
from zenml.metadata.metadata_types import MetadataType

from materializers.folders import store_folder, stored_folder
from redaction.contact_sheet import contact_sheet_png
from redaction.dataset import Dataset, Split, SyntheticDataset

SHOWN_PAGES = 24
FILES = "files"


class DatasetMaterializer(PydanticMaterializer):
    """Stores the rows; the images stay in the checkpoint that they point into."""

    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = (Dataset,)
    ASSOCIATED_ARTIFACT_TYPE: ClassVar[ArtifactType] = ArtifactType.DATA

    def save_visualizations(self, data: Dataset) -> dict[str, VisualizationType]:
        """A contact sheet of pages spread evenly over the dataset, with their boxes."""
        path = f"{self.uri}/contact_sheet.png"
        with self.artifact_store.open(path, "wb") as file:
            file.write(contact_sheet_png(data, limit=SHOWN_PAGES))
        return {path: VisualizationType.IMAGE}

    def extract_metadata(self, data: Dataset) -> dict[str, MetadataType]:
        """Counts of pages, documents and boxes."""
        return {
            "pages": len(data.pages),
            "pages with redactions": sum(bool(page.boxes) for page in data.pages),
            "documents": len({page.document for page in data.pages}),
            "redactions": sum(len(page.boxes) for page in data.pages),
            **{f"{split} pages": len(data.of_split(split).pages) for split in Split},
        }

    def compute_content_hash(self, data: Dataset) -> str | None:
        """Equal pages, equal hash: what depends on them is not computed again. Files that nobody has judged yet count, too."""
        return data.digest if data.unjudged is None else f"{data.digest}-{data.unjudged}"


class SyntheticDatasetMaterializer(DatasetMaterializer):
    """Stores the rows and the images."""

    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = (SyntheticDataset,)

    def save(self, data: SyntheticDataset) -> None:
        """Copy the images into the artifact store and store the rows beside them."""
        super().save(data)
        store_folder(self.artifact_store, Path(data.root), f"{self.uri}/{FILES}")

    def load(self, data_type: type[SyntheticDataset]) -> SyntheticDataset:
        """The rows, with the images where this machine can read them."""
        stored: SyntheticDataset = super().load(data_type)
        return stored.model_copy(update={"root": str(stored_folder(self, f"{self.uri}/{FILES}"))})
