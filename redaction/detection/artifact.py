"""The detector: one folder with everything that is needed to predict the same anywhere, and no executable code.

``weights.safetensors``, ``model.xml`` + ``model.bin`` (OpenVINO), ``model.onnx``, ``card.md`` and ``detector.json``, the manifest
that lists all of them with their SHA-256. The digest of a detector is the SHA-256 of its manifest.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from pydantic import AliasChoices, Field, ValidationError

from redaction.detection.preprocessing import Preprocessing
from redaction.detection.profiles import Profile, TrainingConfig
from redaction.detection.rescoring import Rescoring
from redaction.errors import RedactionError
from redaction.files import sha256_of_bytes, sha256_of_file, write_text
from redaction.values import Frozen

MANIFEST = "detector.json"
WEIGHTS = "weights.safetensors"
OPENVINO = "model.xml"
ONNX = "model.onnx"
CARD = "card.md"
FORMAT = 2
"""Written. Format 1 called `Manifest.rescoring` ``confirmation``, and some coefficients otherwise; it is still read."""
READABLE_FORMATS = (1, 2)


class Postprocessing(Frozen):
    """How the output of the network becomes detections."""

    score_floor: float = 0.01
    """Boxes with a lower score are never reported."""
    nms_iou: float = 0.5
    """Of two boxes that overlap by more than this, the better one is kept."""
    max_detections: int = 300


class OperatingPoint(Frozen):
    """The score from which a detection counts, chosen on the validation pages, with the metrics there."""

    score: float
    rule: str
    """How it was chosen, as a sentence."""
    precision: float
    recall: float
    f1: float


class RecallClaim(Frozen):
    """A lower bound of the recall at the operating point, for documents like the validation documents."""

    at_least: float
    confidence: float
    """Confidence level of the bound, if the validation documents are a random sample."""
    boxes: int
    documents: int
    """Size of the sample: redactions, and the documents with redactions."""
    method: str
    """How it was computed, as a sentence."""


class Provenance(Frozen):
    """What the detector was trained from."""

    data_revision: str | None
    """Git revision of the workspace checkpoint with the training pages."""
    training_digest: str
    validation_digest: str
    training_pages: int
    synthetic_pages: int
    validation_pages: int
    git_revision: str | None
    """Revision of this code; ends in ``-dirty`` if there were uncommitted changes."""
    libraries: dict[str, str]
    created: str
    """Time in UTC, ISO 8601."""


class Manifest(Frozen):
    """The content of ``detector.json``."""

    format: int = FORMAT
    version: str
    profile: Profile
    preprocessing: Preprocessing
    postprocessing: Postprocessing
    rescoring: Rescoring | None = Field(None, validation_alias=AliasChoices("rescoring", "confirmation"))
    """None if there were too few proposals to fit it, and in older detectors: boxes and scores are then the network's own."""
    classes: tuple[str, ...]
    """The label of each class, in the order of the network's output."""
    operating_point: OperatingPoint
    recall_claim: RecallClaim | None = None
    """None if nothing was found on the validation pages, and in older detectors."""
    training: TrainingConfig
    provenance: Provenance
    metrics: dict[str, float | None]
    """On the validation pages: ``ap``, ``ap50``, losses."""
    files: dict[str, str] = Field(default_factory=dict)
    """SHA-256 of every other file in the folder, by name."""


@dataclass(frozen=True)
class Detector:
    """A detector whose files match its manifest."""

    folder: Path
    manifest: Manifest
    digest: str
    """SHA-256 of the manifest, which contains the SHA-256 of all other files; it identifies the detector."""

    @classmethod
    def load(cls, folder: Path) -> Detector:
        """Open a detector's folder and verify the digest of every file.

        Raises:
            RedactionError: the folder holds no detector, has a format that is not known, or a file is missing or changed.
        """
        path = folder / MANIFEST
        if not path.is_file():
            raise RedactionError(f"{folder} holds no {MANIFEST}, so it is not a detector; name a folder that a training wrote.")
        data = path.read_bytes()
        manifest = _read_manifest(data, path)
        for name, digest in manifest.files.items():
            _check(folder, name, digest)
        return cls(folder, manifest, sha256_of_bytes(data))

    @property
    def version(self) -> str:
        """Its name."""
        return self.manifest.version

    @property
    def operating_point(self) -> float:
        """The score from which a detection counts."""
        return self.manifest.operating_point.score

    def path(self, name: str) -> Path:
        """One of its files.

        Raises:
            RedactionError: the detector has no such file.
        """
        if name not in self.manifest.files:
            raise RedactionError(f"the detector {self.folder} has no {name}; it has {', '.join(sorted(self.manifest.files))}.")
        return self.folder / name


def seal(folder: Path, manifest: Manifest) -> Detector:
    """Write the manifest with the digest of every file in the folder, which makes the folder a detector."""
    files = {path.name: sha256_of_file(path) for path in sorted(folder.iterdir()) if path.name != MANIFEST}
    text = manifest.model_copy(update={"files": files}).model_dump_json(indent=2)
    write_text(folder / MANIFEST, text)
    return Detector.load(folder)


def _read_manifest(data: bytes, path: Path) -> Manifest:
    try:
        found = json.loads(data)["format"]
    except (ValueError, KeyError, TypeError) as error:
        raise RedactionError(f"{path} is not a detector's manifest ({error}); restore the folder from its checkpoint.") from error
    if found not in READABLE_FORMATS:
        known = " and ".join(map(str, READABLE_FORMATS))
        raise RedactionError(f"{path} has format {found!r}, but this version reads formats {known}; update the program.")
    try:
        return Manifest.model_validate_json(data)
    except ValidationError as error:
        raise RedactionError(
            f"{path} is damaged ({error.errors()[0]['msg']}); restore the folder from its checkpoint."
        ) from error


def _check(folder: Path, name: str, digest: str) -> None:
    if name != Path(name).name:
        raise RedactionError(f"{folder / MANIFEST} names {name!r}, which is outside the folder; do not use this detector.")
    path = folder / name
    if not path.is_file():
        raise RedactionError(f"{path} is missing though {MANIFEST} names it; restore the folder from its checkpoint.")
    if sha256_of_file(path) != digest:
        raise RedactionError(
            f"{path} is not the file that {MANIFEST} names (its SHA-256 differs); restore it from its checkpoint."
        )
