"""What every test shares: a workspace of its own, and the real annotated pages where they are at hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from redaction.workspace import Workspace

REPOSITORY = Path(__file__).parent.parent
REAL_DEV = REPOSITORY.parent / "shared" / "data" / "real-dev"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """An empty workspace."""
    return Workspace.at(tmp_path / "workspace")


@pytest.fixture(scope="session")
def real_dev() -> Path:
    """Folder with ``annotations.json`` and ``pdfs/``; the data are not ours to ship, so a test that needs them may be skipped."""
    if not REAL_DEV.is_dir():
        pytest.skip("needs the real annotated pages, which are not part of this repository")
    return REAL_DEV
