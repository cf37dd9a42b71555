"""Which detector ``redaction evaluate`` takes: by its folder, by its version, or the champion when none is named."""

from __future__ import annotations

import shutil

from redaction.catalog import open_catalog
from redaction.catalog.tables import Deployment, Stage
from redaction.detection.artifact import Detector
from redaction.lifecycle.detectors import load_detector
from redaction.lifecycle.versions import detector_folder
from redaction.workspace import Workspace


def test_by_its_folder_by_its_version_or_because_it_is_in_production(toy_detector: Detector, workspace: Workspace) -> None:
    by_folder = load_detector(str(toy_detector.folder), workspace)
    assert (by_folder.digest, by_folder.operating_point) == (toy_detector.digest, toy_detector.operating_point)

    shutil.copytree(toy_detector.folder, detector_folder(workspace, toy_detector.version))
    assert load_detector(toy_detector.version, workspace).digest == toy_detector.digest

    with open_catalog(workspace).transaction() as session:
        session.add(Deployment(version=toy_detector.version, detector_digest=toy_detector.digest, stage=Stage.PRODUCTION))
    assert load_detector(None, workspace).version == toy_detector.version
