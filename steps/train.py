"""Train a candidate detector."""

from __future__ import annotations

from typing import Annotated

from zenml import ArtifactConfig, step
from zenml.enums import ArtifactType

from redaction.dataset import Dataset, Split, SyntheticDataset, concatenate
from redaction.detection.artifact import Detector
from redaction.detection.profiles import TrainingConfig
from redaction.tracking import start_tracking
from redaction.workspace import Workspace
from steps.caching import code_of


@step(cache_policy=code_of("redaction.training.vfnet"))
def train(
    validated: Dataset, synthetic: SyntheticDataset, config: TrainingConfig
) -> Annotated[Detector, ArtifactConfig(name="detector", artifact_type=ArtifactType.MODEL)]:
    """Train on the real and the synthetic training pages; an interrupted training on the same data resumes."""
    # the training stack takes many seconds to import; runs that stop at the check do not need it
    from redaction.training.vfnet.training import train as train_detector
    from redaction.training.vfnet.training import training_id

    state = Workspace.at(validated.root).state
    pages, validation = concatenate(validated.of_split(Split.TRAIN), synthetic), validated.of_split(Split.VALIDATION)
    run = training_id(pages, validation, config)
    with start_tracking(config.model_dump(mode="json"), state / "wandb", run_id=run) as tracker:
        return train_detector(pages, validation, config, state / "training", tracker)
