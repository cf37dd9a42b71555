"""Load a detector by name: a folder, a version in the workspace, the champion, the starter, or the rules."""

from __future__ import annotations

from pathlib import Path

from redaction.baselines.rules import OPERATING_POINT, RuleBasedDetector, rules_digest
from redaction.detection.artifact import MANIFEST, Detector
from redaction.detection.predictor import LoadedDetector
from redaction.detection.starter import starter_detector
from redaction.errors import RedactionError
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
    if name == RULES:
        return LoadedDetector(RULES, rules_digest(), OPERATING_POINT, RuleBasedDetector())
    detector = find_detector(name, workspace)
    if detector is None:
        raise RedactionError(
            f"{name!r} is neither a detector's folder nor a version in {workspace.models}, nor {STARTER!r} or {RULES!r}; "
            f"give one of these{_known(workspace)}."
        )
    return LoadedDetector.of(detector)


def find_detector(name: str, workspace: Workspace) -> Detector | None:
    """Find a trained detector by its folder, its version in the workspace (deployed or held), or as ``starter``.

    Raises:
        RedactionError: it is damaged.
    """
    if name == STARTER:
        return starter_detector()
    if (Path(name) / MANIFEST).is_file():
        return Detector.load(Path(name))
    if Path(name).name == name and (folder := workspace.detector(name)).is_dir():
        return Detector.load(folder)
    return None


def require_detector(name: str, workspace: Workspace) -> Detector:
    """As `find_detector`.

    Raises:
        RedactionError: it is damaged, or there is none of this name.
    """
    detector = find_detector(name, workspace)
    if detector is None:
        raise RedactionError(
            f"{name!r} is neither a detector's folder nor a version in {workspace.models}, nor {STARTER!r}; "
            f"give one of these{_known(workspace)}."
        )
    return detector


def _known(workspace: Workspace) -> str:
    versions = sorted(folder.parent.name for folder in workspace.models.glob("*/detector"))
    return f" (versions: {', '.join(versions)})" if versions else ""


def _champion(workspace: Workspace) -> Detector | None:
    # a workspace without versions has no champion; do not create a catalog just to find that out
    if not workspace.models.is_dir():
        return None
    # only here: the core can be installed without the catalog
    from redaction.catalog import open_catalog
    from redaction.lifecycle.champion import production

    champion = production(open_catalog(workspace), str(workspace.root)).champion
    return Detector.load(workspace.detector(champion.version)) if champion else None
