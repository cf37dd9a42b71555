"""How our artifacts are stored and how the dashboard shows them.

Importing this package registers each materializer with ZenML for its type.
"""

from materializers.annotated_pages import DatasetMaterializer, SyntheticDatasetMaterializer
from materializers.detector_folder import DetectorMaterializer
from materializers.ingestion import IngestionSummaryMaterializer, RenderedPagesMaterializer
from materializers.run_page import RunPageMaterializer
from materializers.verdicts import ComparisonMaterializer, DecisionMaterializer

__all__ = [
    "ComparisonMaterializer",
    "DatasetMaterializer",
    "DecisionMaterializer",
    "DetectorMaterializer",
    "IngestionSummaryMaterializer",
    "RenderedPagesMaterializer",
    "RunPageMaterializer",
    "SyntheticDatasetMaterializer",
]
