"""What a run started with ``python -m pipelines.run`` prints, from a real process."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
SAMPLE = """
from zenml import pipeline, step
from zenml.logger import get_logger
from pipelines.strict import strict

@step(enable_cache=False)
def greet(name: str) -> str:
    get_logger(__name__).info("Hello, %s.", name)
    return name

@strict
@pipeline
def sample(name: str) -> None:
    greet(name)
"""


def run(folder: Path, source: str, **environment: str) -> subprocess.CompletedProcess[str]:
    (folder / "sample.py").write_text(SAMPLE)
    (folder / "run.yaml").write_text("parameters: {name: reader}")
    own = {"ZENML_LOGGING_VERBOSITY": "INFO", "ZENML_LOGGING_COLORS_DISABLED": "true", "PYTHONPATH": str(REPOSITORY)}
    return subprocess.run(
        [sys.executable, "-m", "pipelines.run", source, "-c", "run.yaml"],
        cwd=folder,
        env=os.environ | own | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


@pytest.mark.usefixtures("zenml_store")
def test_a_run_prints_its_steps_and_not_zenmls_notices(tmp_path: Path) -> None:
    finished = run(tmp_path, "sample.sample")
    assert finished.returncode == 0, finished.stdout
    assert [re.sub(r"in `.*`", "in a moment", line) for line in finished.stdout.splitlines()] == [
        "Initiating a new run for the pipeline: `sample`.",
        "Step `greet` has started.",
        "Hello, reader.",
        "Step `greet` has finished in a moment.",
        "Pipeline run has finished in a moment.",
    ]


@pytest.mark.usefixtures("zenml_store")
def test_debug_verbosity_shows_the_notices(tmp_path: Path) -> None:
    assert "Using stack: `default`" in run(tmp_path, "sample.sample", ZENML_LOGGING_VERBOSITY="DEBUG").stdout


@pytest.mark.usefixtures("zenml_store")
def test_a_name_that_is_not_a_pipeline_is_an_error(tmp_path: Path) -> None:
    finished = run(tmp_path, "sample.greet")
    assert finished.returncode == 1
    assert "sample.greet is not a pipeline" in finished.stdout
