"""Fixtures for all tests: an empty workspace, real annotated pages where available, a ZenML store."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from redaction.workspace import Workspace

pytest_plugins = ["tests.browser", "tests.toy_detector"]

REPOSITORY = Path(__file__).parent.parent
REAL_DEV = REPOSITORY.parent / "shared" / "data" / "real-dev"

# Hypothesis builds its character table on the first draw in a fresh clone, and test machines are busy: time limits would only
# measure that.
settings.register_profile("busy machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy machine")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """An empty workspace."""
    return Workspace.at(tmp_path / "workspace")


@pytest.fixture(scope="session")
def real_dev() -> Path:
    """Folder with ``annotations.json`` and ``pdfs/``. Not redistributable, so tests that need it are skipped without it."""
    if not REAL_DEV.is_dir():
        pytest.skip("needs the real annotated pages, which are not part of this repository")
    return REAL_DEV


@pytest.fixture(scope="session")
def zenml_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The configuration folder of an isolated ZenML store. Created once per session because that takes seconds."""
    root = tmp_path_factory.mktemp("zenml")
    os.environ |= {
        "ZENML_CONFIG_PATH": str(root / "config"),
        "ZENML_LOCAL_STORES_PATH": str(root / "stores"),
        "ZENML_CUSTOM_SOURCE_ROOT": str(REPOSITORY),
        "ZENML_ANALYTICS_OPT_IN": "false",
        "ZENML_LOGGING_VERBOSITY": "WARNING",
        "ZENML_ENABLE_REPO_INIT_WARNINGS": "false",
        "ZENML_AUTO_OPEN_DASHBOARD": "false",
    }
    if "zenml" in sys.modules:
        # a module imported during collection may have connected ZenML to the user's own store
        from zenml.client import Client
        from zenml.config.global_config import GlobalConfiguration
        from zenml.utils import source_utils

        GlobalConfiguration._reset_instance()
        Client._reset_instance()
        source_utils.set_custom_source_root(str(REPOSITORY))
    return root / "config"
