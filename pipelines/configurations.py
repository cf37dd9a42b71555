"""Which configuration file is for what, and whether it is right."""

from __future__ import annotations

import importlib
from pathlib import Path

from zenml.pipelines.pipeline_definition import Pipeline

from pipelines.strict import check_run_configuration
from redaction.configuration import read_yaml, unknown
from redaction.documents.sources import load_sources
from redaction.errors import RedactionError

PIPELINES = ("annotation_ingestion", "ct_cd")
SUBJECTS = (*PIPELINES, "sources", "starter")


def check_configuration(path: Path) -> str:
    """Check a file against what it is for: its name up to the first dot says so (``ct_cd.gpu.yaml`` is for ``ct_cd``).

    Returns:
        What it configures.

    Raises:
        RedactionError: it is for nothing that is known, or has a mistake.
    """
    subject = path.name.split(".")[0]
    if subject == "sources":
        return f"{len(load_sources(path).sources)} sources"
    if subject == "starter":
        # the synthesis is heavy to import, and no pipeline run's configuration needs it
        from redaction.training.starter_recipe import StarterConfig

        return f"a starter from {read_yaml(path, StarterConfig).training_pages.pages} synthetic pages"
    if subject not in PIPELINES:
        raise RedactionError(f"The name of {path} must begin with what it configures: {unknown('subject', subject, SUBJECTS)}.")
    check_run_configuration(load_pipeline(subject), path)
    return f"a run of {subject}"


def load_pipeline(name: str) -> Pipeline:
    """The pipeline of that name, from the module of that name."""
    pipeline = getattr(importlib.import_module(f"pipelines.{name}"), name)
    if not isinstance(pipeline, Pipeline):
        raise TypeError(f"pipelines.{name}.{name} is no pipeline")
    return pipeline
