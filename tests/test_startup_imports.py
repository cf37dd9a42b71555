"""The command line and the service start without the training stack, and without what else is large.

The contracts of import-linter in pyproject.toml cover what may import what; this covers what an import really loads.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent


@pytest.mark.parametrize("module", ["redaction.cli", "serving.app.service", "redaction.detection.predictor", "redaction.reports"])
def test_they_start_without_the_training_stack(module: str) -> None:
    heavy = "{'torch', 'icevision', 'zenml', 'mmdet', 'fastai', 'sklearn', 'scipy', 'pandas', 'matplotlib', 'sqlalchemy'}"
    code = f"import sys, {module}; print(*sorted({heavy} & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == ""
