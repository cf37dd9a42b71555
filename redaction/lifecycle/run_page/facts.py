"""What a run left behind, as far as it got: the content of its page."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from redaction.checkpoints import Checkpoint
from redaction.dataset import Dataset, SyntheticDataset
from redaction.documents.ingestion import IngestionSummary
from redaction.documents.page_images import RenderedPages
from redaction.evaluation import Comparison
from redaction.evaluation.worst_pages import WorstPages
from redaction.lifecycle.gate import Decision
from redaction.lifecycle.run_records import RunRecord
from redaction.lifecycle.trigger import RetrainingCheck
from redaction.monitoring.judgement import MonitoringJudgement
from redaction.training.history import TrainingHistory
from redaction.workspace import Workspace


@dataclass(frozen=True)
class StepState:
    """One step of a run, with ZenML's word for its state (``completed``, ``cached``, ``failed``), or ``interrupted``."""

    name: str
    state: str
    seconds: float | None


@dataclass(frozen=True)
class Serving:
    """The service of the workspace when the page was written."""

    version: str
    url: str


@dataclass(frozen=True)
class Link:
    """Something else to look at: a file or folder, most often in the workspace."""

    label: str
    path: Path


@dataclass(frozen=True)
class RunArtifacts:
    """What the steps put out, each under the name of its artifact; None where the step did not get that far."""

    retraining_check: RetrainingCheck | None = None
    annotated: Dataset | None = None
    validated: Dataset | None = None
    synthetic: SyntheticDataset | None = None
    training_history: TrainingHistory | None = None
    comparison: Comparison | None = None
    worst_pages: WorstPages | None = None
    decision: Decision | None = None
    monitoring_judgement: MonitoringJudgement | None = None
    ingestion_summary: IngestionSummary | None = None
    checkpoint: Checkpoint | None = None
    new_pages: RenderedPages | None = None


@dataclass(frozen=True)
class RunFacts:
    """Everything that the page of a run shows."""

    record: RunRecord
    workspace: Workspace
    artifacts: RunArtifacts
    steps: tuple[StepState, ...] = ()
    planned: tuple[str, ...] = ()
    """The steps that the pipeline has, whether or not they ran."""
    failed_step: str | None = None
    served: bool | None = None
    """Whether the candidate serves; None if it was not to be deployed."""
    deployment: str | None = None
    """What became of the deployment, as a sentence."""
    failing_pages: int | None = None
    """Annotated pages that failed validation; None if nothing was validated."""
    serving: Serving | None = None
    links: tuple[Link, ...] = field(default=())
