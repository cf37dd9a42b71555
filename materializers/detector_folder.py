"""The detector: its folder in the artifact store; its card and sample predictions in the dashboard."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from zenml.enums import ArtifactType, VisualizationType
from zenml.materializers.base_materializer import BaseMaterializer
from zenml.metadata.metadata_types import MetadataType

from materializers.folders import store_folder, stored_folder
from redaction.detection.artifact import CARD, Detector

FOLDER = "detector"


class DetectorMaterializer(BaseMaterializer):
    """Stores the folder unchanged; loading verifies the digest of every file."""

    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = (Detector,)
    ASSOCIATED_ARTIFACT_TYPE: ClassVar[ArtifactType] = ArtifactType.MODEL

    def save(self, data: Detector) -> None:
        """Copy the detector's folder into the artifact store."""
        store_folder(self.artifact_store, data.folder, f"{self.uri}/{FOLDER}")

    def load(self, data_type: type[Detector]) -> Detector:
        """Load the detector and verify the digest of every file."""
        return Detector.load(stored_folder(self, f"{self.uri}/{FOLDER}"))

    def save_visualizations(self, data: Detector) -> dict[str, VisualizationType]:
        """Show the card, and the pictures that the training stored beside the weights."""
        shown = {CARD: VisualizationType.MARKDOWN}
        shown |= {name: VisualizationType.IMAGE for name in data.manifest.files if Path(name).suffix == ".png"}
        return {f"{self.uri}/{FOLDER}/{name}": kind for name, kind in shown.items()}

    def extract_metadata(self, data: Detector) -> dict[str, MetadataType]:
        """Version, profile, operating point and validation metrics."""
        metrics: dict[str, MetadataType] = {name: value for name, value in data.manifest.metrics.items() if value is not None}
        return {
            "version": data.version,
            "profile": data.manifest.profile.name,
            "operating point": data.operating_point,
            "digest": data.digest,
            "validation": metrics,
        }

    def compute_content_hash(self, data: Detector) -> str | None:
        """The detector's own digest."""
        return data.digest
