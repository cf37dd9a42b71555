"""What every test shares: a workspace of its own, and the real annotated pages where they are at hand."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from redaction.workspace import Workspace

pytest_plugins = ["tests.toy_detector"]

REPOSITORY = Path(__file__).parent.parent
REAL_DEV = REPOSITORY.parent / "shared" / "data" / "real-dev"

# In a fresh clone the first text that is drawn waits for hypothesis's table of characters, and machines that test are busy:
# neither says anything about the code.
settings.register_profile("busy machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy machine")


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


@pytest.fixture(scope="session")
def zenml_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ZenML on a store of its own, shared by the session because creating one takes seconds; gives the configuration's folder."""
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
        # a test module that imported it while tests were collected must not leave it on the person's own store
        from zenml.client import Client
        from zenml.config.global_config import GlobalConfiguration
        from zenml.utils import source_utils

        GlobalConfiguration._reset_instance()
        Client._reset_instance()
        source_utils.set_custom_source_root(str(REPOSITORY))
    return root / "config"
