"""Who is evaluated: a detector in a folder, a version in the workspace, the champion, the starter, or the rules."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from redaction.baselines.rules import OPERATING_POINT, RuleBasedDetector, rules_digest
from redaction.catalog import open_catalog
from redaction.detection.artifact import MANIFEST, Detector
from redaction.detection.predictor import PagePredictor, Predictor
from redaction.detection.starter import starter_detector
from redaction.errors import RedactionError
from redaction.lifecycle.champion import production
from redaction.lifecycle.versions import detector_folder
from redaction.workspace import Workspace

RULES, STARTER = "rules", "starter"


@dataclass(frozen=True)
class LoadedDetector:
    """Something that finds redactions, by name, with the score from which what it finds counts."""

    version: str
    digest: str
    operating_point: float
    predictor: PagePredictor

    @classmethod
    def of(cls, detector: Detector) -> LoadedDetector:
        """A detector, loaded and ready."""
        return cls(detector.version, detector.digest, detector.operating_point, Predictor(detector))


def load_detector(name: str | None, workspace: Workspace) -> LoadedDetector:
    """The one of that name.

    Args:
        name: a detector's folder, a version in the workspace, ``starter`` or ``rules``; None for the champion, where there is
            one, else the starter.
        workspace: where versions and the champion are looked for.

    Raises:
        RedactionError: there is none of that name.
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
        f"{name!r} is neither the folder of a detector nor a version in {workspace.models}, nor {STARTER!r} or {RULES!r}; "
        "give one of these."
    )


def _champion(workspace: Workspace) -> Detector | None:
    # a workspace that keeps no version has no champion, and its catalog should not be made just to say so
    if not workspace.models.is_dir():
        return None
    champion = production(open_catalog(workspace), str(workspace.root)).champion
    return Detector.load(detector_folder(workspace, champion.version)) if champion else None
