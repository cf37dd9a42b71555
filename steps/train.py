"""Train a candidate detector."""

from __future__ import annotations

from typing import Annotated

from zenml import ArtifactConfig, log_metadata, step
from zenml.enums import ArtifactType

from redaction.dataset import Dataset, Split, SyntheticDataset, concatenate
from redaction.detection.artifact import Detector
from redaction.detection.profiles import TrainingConfig
from redaction.tracking import start_tracking
from redaction.training.history import TrainingHistory, read_history
from redaction.workspace import Workspace
from steps.caching import code_of


@step(cache_policy=code_of("redaction.training.vfnet"))
def train(
    validated: Dataset, synthetic: SyntheticDataset, config: TrainingConfig
) -> tuple[
    Annotated[Detector, ArtifactConfig(name="detector", artifact_type=ArtifactType.MODEL)],
    Annotated[TrainingHistory, "training_history"],
]:
    """Train on the real and the synthetic training pages; an interrupted training on the same data resumes."""
    # the training stack takes many seconds to import; runs that stop at the check do not need it
    from redaction.training.vfnet.training import train as train_detector
    from redaction.training.vfnet.training import training_id

    state = Workspace.at(validated.root).state
    pages, validation = concatenate(validated.of_split(Split.TRAIN), synthetic), validated.of_split(Split.VALIDATION)
    run = training_id(pages, validation, config)
    folder, tracked = state / "training", state / "wandb"
    log_metadata({"training folder": str(folder / run), "W&B folder": str(tracked)})
    with start_tracking(config.model_dump(mode="json"), tracked, run_id=run) as tracker:
        detector = train_detector(pages, validation, config, folder, tracker)
    return detector, read_history(folder / run)
