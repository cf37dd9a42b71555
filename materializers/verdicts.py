"""Evaluations and decisions, shown as Markdown."""

from __future__ import annotations

from typing import Any, ClassVar

from zenml.enums import ArtifactType, VisualizationType
from zenml.materializers.pydantic_materializer import PydanticMaterializer
from zenml.metadata.metadata_types import MetadataType

from redaction.evaluation import Comparison, Evaluation
from redaction.evaluation.comparison import comparison_markdown
from redaction.lifecycle.gate import Decision


class ComparisonMaterializer(PydanticMaterializer):
    """Shows candidate and champion side by side."""

    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = (Comparison,)
    ASSOCIATED_ARTIFACT_TYPE: ClassVar[ArtifactType] = ArtifactType.DATA_ANALYSIS

    def save_visualizations(self, data: Comparison) -> dict[str, VisualizationType]:
        """Write the tables of what the candidate gains, and of all metrics."""
        return _markdown(self, comparison_markdown(data))

    def extract_metadata(self, data: Comparison) -> dict[str, MetadataType]:
        """The main metrics of both."""
        both = {"candidate": data.candidate} | ({"champion": data.champion} if data.champion else {})
        return {role: _main_metrics(evaluation) for role, evaluation in both.items()}


class DecisionMaterializer(PydanticMaterializer):
    """Shows the decision with its reasons."""

    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = (Decision,)

    def save_visualizations(self, data: Decision) -> dict[str, VisualizationType]:
        """Write the decision and its reasons."""
        heading = "Deploy" if data.deploy else "Hold"
        reasons = "\n".join(f"- {reason.sentence} (`{reason.code}`)" for reason in data.reasons)
        against = data.serving or f"{data.champion or 'nothing'} (nothing is in production)"
        return _markdown(self, f"# {heading}: {data.candidate} against {against}\n\n{reasons}\n")

    def extract_metadata(self, data: Decision) -> dict[str, MetadataType]:
        """The decision and the codes of its reasons."""
        return {
            "decision": "deploy" if data.deploy else "hold",
            "reasons": [reason.code.value for reason in data.reasons],
            "candidate": data.candidate,
            "champion": data.champion or "none",
            "in production": data.serving or "nothing",
        }


def _main_metrics(evaluation: Evaluation) -> dict[str, MetadataType]:
    overall = evaluation.overall
    metrics: dict[str, float | None] = {
        "AP": overall.ap,
        "AP50": overall.ap50,
        "F1": overall.f1,
        "recall": overall.recall,
        "precision": overall.precision,
    }
    defined: dict[str, MetadataType] = {name: value for name, value in metrics.items() if value is not None}
    return {"version": evaluation.version, **defined}


def _markdown(materializer: PydanticMaterializer, text: str) -> dict[str, VisualizationType]:
    path = f"{materializer.uri}/summary.md"
    with materializer.artifact_store.open(path, "w") as file:
        file.write(text)
    return {path: VisualizationType.MARKDOWN}
