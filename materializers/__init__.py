"""How our artifacts are stored, and what the dashboard shows of them.

Importing this package is what makes ZenML use them: each class registers itself for its type.
"""

from materializers.annotated_pages import DatasetMaterializer, SyntheticDatasetMaterializer
from materializers.detector_folder import DetectorMaterializer
from materializers.ingestion import IngestionSummaryMaterializer, RenderedPagesMaterializer
from materializers.verdicts import ComparisonMaterializer, DecisionMaterializer

__all__ = [
    "ComparisonMaterializer",
    "DatasetMaterializer",
    "DecisionMaterializer",
    "DetectorMaterializer",
    "IngestionSummaryMaterializer",
    "RenderedPagesMaterializer",
    "SyntheticDatasetMaterializer",
]
