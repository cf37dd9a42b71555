"""Evaluations and decisions: small values that people want to read as a table."""

from __future__ import annotations

from typing import Any, ClassVar

from zenml.enums import ArtifactType, VisualizationType
from zenml.materializers.pydantic_materializer import PydanticMaterializer
from zenml.metadata.metadata_types import MetadataType

from redaction.evaluation import Comparison, Evaluation, comparison_markdown
from redaction.lifecycle.gate import Decision


class ComparisonMaterializer(PydanticMaterializer):
    """Candidate and champion side by side."""

    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = (Comparison,)
    ASSOCIATED_ARTIFACT_TYPE: ClassVar[ArtifactType] = ArtifactType.DATA_ANALYSIS

    def save_visualizations(self, data: Comparison) -> dict[str, VisualizationType]:
        """The table of figures, overall and by style."""
        return _markdown(self, comparison_markdown(data))

    def extract_metadata(self, data: Comparison) -> dict[str, MetadataType]:
        """The headline figures of both."""
        both = {"candidate": data.candidate} | ({"champion": data.champion} if data.champion else {})
        return {role: _headline(evaluation) for role, evaluation in both.items()}


class DecisionMaterializer(PydanticMaterializer):
    """Deploy or hold, in words."""

    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = (Decision,)

    def save_visualizations(self, data: Decision) -> dict[str, VisualizationType]:
        """The verdict and its reasons."""
        verdict = "Deploy" if data.deploy else "Hold"
        reasons = "\n".join(f"- {reason.sentence} (`{reason.code}`)" for reason in data.reasons)
        return _markdown(self, f"# {verdict}: {data.candidate} against {data.champion or 'nothing in production'}\n\n{reasons}\n")

    def extract_metadata(self, data: Decision) -> dict[str, MetadataType]:
        """The verdict and the codes of its reasons."""
        return {
            "decision": "deploy" if data.deploy else "hold",
            "reasons": [reason.code.value for reason in data.reasons],
            "candidate": data.candidate,
            "champion": data.champion or "none",
        }


def _headline(evaluation: Evaluation) -> dict[str, MetadataType]:
    figures = evaluation.overall
    shown: dict[str, float | None] = {
        "AP": figures.ap,
        "AP50": figures.ap50,
        "F1": figures.f1,
        "recall": figures.recall,
        "precision": figures.precision,
    }
    measured: dict[str, MetadataType] = {name: value for name, value in shown.items() if value is not None}
    return {"version": evaluation.version, **measured}


def _markdown(materializer: PydanticMaterializer, text: str) -> dict[str, VisualizationType]:
    path = f"{materializer.uri}/summary.md"
    with materializer.artifact_store.open(path, "w") as file:
        file.write(text)
    return {path: VisualizationType.MARKDOWN}
