"""Loading a detector by its folder or its version, or the champion by default."""

from __future__ import annotations

import shutil

from redaction.catalog import open_catalog
from redaction.catalog.tables import Deployment, Stage
from redaction.detection.artifact import Detector
from redaction.lifecycle.detectors import load_detector
from redaction.lifecycle.versions import detector_folder
from redaction.workspace import Workspace


def test_a_detector_is_loaded_by_folder_by_version_and_as_champion(toy_detector: Detector, workspace: Workspace) -> None:
    by_folder = load_detector(str(toy_detector.folder), workspace)
    assert (by_folder.digest, by_folder.operating_point) == (toy_detector.digest, toy_detector.operating_point)

    shutil.copytree(toy_detector.folder, detector_folder(workspace, toy_detector.version))
    assert load_detector(toy_detector.version, workspace).digest == toy_detector.digest

    with open_catalog(workspace).transaction() as session:
        session.add(Deployment(version=toy_detector.version, detector_digest=toy_detector.digest, stage=Stage.PRODUCTION))
    assert load_detector(None, workspace).version == toy_detector.version
