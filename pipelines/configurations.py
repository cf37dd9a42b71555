"""Check configuration files by what their names say they configure."""

from __future__ import annotations

import importlib
from pathlib import Path

from zenml.pipelines.pipeline_definition import Pipeline

from pipelines.strict import check_run_configuration
from redaction.configuration import read_yaml, unknown_name_message
from redaction.documents.sources import load_sources
from redaction.errors import RedactionError
from redaction.import_graph import REPOSITORY

PIPELINES = ("annotation_ingestion", "ct_cd")
SUBJECTS = (*PIPELINES, "sources", "starter")


def check_configuration(path: Path) -> str:
    """Check a file; its name up to the first dot says what it configures (``ct_cd.gpu.yaml`` configures ``ct_cd``).

    Returns:
        A description of what it configures.

    Raises:
        RedactionError: the name begins with no known subject, or the file has a mistake.
    """
    subject = path.name.split(".")[0]
    if subject == "sources":
        return f"{len(load_sources(path).sources)} sources"
    if subject == "starter":
        # slow to import, and not needed for the configuration of a pipeline run
        from redaction.training.starter_recipe import StarterConfig

        return f"a starter detector from {read_yaml(path, StarterConfig).training_pages.pages} synthetic pages"
    if subject not in PIPELINES:
        hint = unknown_name_message("subject", subject, SUBJECTS)
        raise RedactionError(f"The name of {path} must begin with what it configures: {hint}.")
    check_run_configuration(load_pipeline(subject), path)
    return f"a run of {subject}"


def default_configuration(pipeline: str) -> Path:
    """``configs/<pipeline>.yaml`` of the current folder, else the one that ships with the program."""
    own = Path("configs", f"{pipeline}.yaml")
    return own if own.is_file() else REPOSITORY / own


def load_pipeline(name: str) -> Pipeline:
    """Import a pipeline by its name, which is also the name of its module."""
    pipeline = getattr(importlib.import_module(f"pipelines.{name}"), name)
    if not isinstance(pipeline, Pipeline):
        raise TypeError(f"pipelines.{name}.{name} is not a pipeline")
    return pipeline
