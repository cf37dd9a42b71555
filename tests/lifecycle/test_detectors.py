"""Loading a detector by its folder or its version, or the champion by default."""

from __future__ import annotations

import shutil

import pytest

from redaction.catalog import open_catalog
from redaction.catalog.tables import Deployment, Stage
from redaction.detection.artifact import Detector
from redaction.detection.starter import starter_detector
from redaction.errors import RedactionError
from redaction.lifecycle.detectors import load_detector, require_detector
from redaction.lifecycle.versions import store_version
from redaction.workspace import Workspace


def test_a_detector_is_loaded_by_folder_by_version_and_as_champion(toy_detector: Detector, workspace: Workspace) -> None:
    by_folder = load_detector(str(toy_detector.folder), workspace)
    assert (by_folder.digest, by_folder.operating_point) == (toy_detector.digest, toy_detector.operating_point)

    shutil.copytree(toy_detector.folder, workspace.detector(toy_detector.version))
    assert load_detector(toy_detector.version, workspace).digest == toy_detector.digest

    with open_catalog(workspace).transaction() as session:
        session.add(Deployment(version=toy_detector.version, detector_digest=toy_detector.digest, stage=Stage.PRODUCTION))
    assert load_detector(None, workspace).version == toy_detector.version


def test_a_held_detector_is_found_by_its_version_alone_and_a_wrong_name_lists_the_versions(workspace: Workspace) -> None:
    """It is stored, but nothing in the catalog says that it was deployed."""
    held = store_version(workspace, starter_detector())
    assert require_detector(held.version, workspace).digest == held.digest
    assert load_detector(held.version, workspace).digest == held.digest
    with pytest.raises(RedactionError, match=rf"give one of these \(versions: {held.version}\)"):
        require_detector("nano-typo", workspace)
    with pytest.raises(RedactionError, match="neither a detector's folder"):
        require_detector("rules", workspace)  # no file that could be served
