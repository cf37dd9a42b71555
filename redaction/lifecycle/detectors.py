"""Load a detector by name: a folder, a version in the workspace, the champion, the starter, or the rules."""

from __future__ import annotations

from pathlib import Path

from redaction.baselines.rules import OPERATING_POINT, RuleBasedDetector, rules_digest
from redaction.catalog import open_catalog
from redaction.detection.artifact import MANIFEST, Detector
from redaction.detection.predictor import LoadedDetector
from redaction.detection.starter import starter_detector
from redaction.errors import RedactionError
from redaction.lifecycle.champion import production
from redaction.lifecycle.versions import detector_folder
from redaction.workspace import Workspace

RULES, STARTER = "rules", "starter"


def load_detector(name: str | None, workspace: Workspace) -> LoadedDetector:
    """Load a detector by name.

    Args:
        name: a detector's folder, a version in the workspace, ``starter`` or ``rules``; None for the champion or, if there is
            none, the starter.
        workspace: where versions and the champion are looked up.

    Raises:
        RedactionError: no detector has this name.
    """
    if name is None:
        return LoadedDetector.of(_champion(workspace) or starter_detector())
    if name == STARTER:
        return LoadedDetector.of(starter_detector())
    if name == RULES:
        return LoadedDetector(RULES, rules_digest(), OPERATING_POINT, RuleBasedDetector())
    if (Path(name) / MANIFEST).is_file():
        return LoadedDetector.of(Detector.load(Path(name)))
    if Path(name).name == name and (folder := detector_folder(workspace, name)).is_dir():
        return LoadedDetector.of(Detector.load(folder))
    raise RedactionError(
        f"{name!r} is neither a detector's folder nor a version in {workspace.models}, nor {STARTER!r} or {RULES!r}; "
        "give one of these."
    )


def _champion(workspace: Workspace) -> Detector | None:
    # a workspace without versions has no champion; do not create a catalog just to find that out
    if not workspace.models.is_dir():
        return None
    champion = production(open_catalog(workspace), str(workspace.root)).champion
    return Detector.load(detector_folder(workspace, champion.version)) if champion else None
