"""The detector: one folder with everything that is needed to predict the same anywhere, and nothing that can run code.

``weights.safetensors``, ``model.xml`` + ``model.bin`` (OpenVINO), ``model.onnx``, ``card.md`` and ``detector.json``, the manifest
that names them all with their SHA-256. The digest of a detector is the SHA-256 of its manifest.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field, ValidationError

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
FORMAT = 1


class Postprocessing(Frozen):
    """How what the network says becomes detections."""

    score_floor: float = 0.01
    """What scores less is nothing, whatever the operating point."""
    nms_iou: float = 0.5
    """Of two boxes that overlap more than this, the better one stays."""
    max_detections: int = 300


class OperatingPoint(Frozen):
    """The score from which a detection counts, chosen on the validation pages and with what they gave at it."""

    score: float
    rule: str
    """How it was chosen, in words."""
    precision: float
    recall: float
    f1: float


class RecallClaim(Frozen):
    """The recall at the operating point that one may expect of documents like those that were validated on."""

    at_least: float
    confidence: float
    """How sure that is, if the validation documents were drawn like those to come."""
    boxes: int
    documents: int
    """How many redactions, in how many documents that hold any, it rests on."""
    method: str
    """How it was computed, in words."""


class Provenance(Frozen):
    """What the detector was made from."""

    data_revision: str | None
    """Git revision of the workspace checkpoint that the training pages were read from."""
    training_digest: str
    validation_digest: str
    training_pages: int
    synthetic_pages: int
    validation_pages: int
    git_revision: str | None
    """Revision of this code; ends in ``-dirty`` when it had changes that were not committed."""
    libraries: dict[str, str]
    created: str
    """When, in UTC, ISO 8601."""


class Manifest(Frozen):
    """What ``detector.json`` holds."""

    format: int = FORMAT
    version: str
    profile: Profile
    preprocessing: Preprocessing
    postprocessing: Postprocessing
    confirmation: Rescoring | None = None
    """None where the network proposed too little to learn it from, and in detectors older than this field: boxes and scores are
    then the network's own."""
    classes: tuple[str, ...]
    """The label of each class that the network scores, in its order."""
    operating_point: OperatingPoint
    recall_claim: RecallClaim | None = None
    """None where nothing was found on the validation pages, and in detectors older than this field."""
    training: TrainingConfig
    provenance: Provenance
    metrics: dict[str, float | None]
    """On the validation pages: ``ap``, ``ap50``, losses."""
    files: dict[str, str] = Field(default_factory=dict)
    """SHA-256 of every other file in the folder, by name."""


@dataclass(frozen=True)
class Detector:
    """A detector whose files are what its manifest says."""

    folder: Path
    manifest: Manifest
    digest: str
    """SHA-256 of the manifest, which names the SHA-256 of all other files: it identifies the detector."""

    @classmethod
    def load(cls, folder: Path) -> Detector:
        """Open a detector's folder and compare every file with its digest.

        Raises:
            RedactionError: there is no detector, another version of this program wrote it, or a file is missing or changed.
        """
        path = folder / MANIFEST
        if not path.is_file():
            raise RedactionError(f"{folder} holds no {MANIFEST}, so it is not a detector; give the folder that a training wrote.")
        data = path.read_bytes()
        manifest = _read_manifest(data, path)
        for name, digest in manifest.files.items():
            _check(folder, name, digest)
        return cls(folder, manifest, sha256_of_bytes(data))

    @property
    def version(self) -> str:
        """Its name for people."""
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
    """Write the manifest, with the digest of every file that lies in the folder: from here on it is a detector."""
    files = {path.name: sha256_of_file(path) for path in sorted(folder.iterdir()) if path.name != MANIFEST}
    text = manifest.model_copy(update={"files": files}).model_dump_json(indent=2)
    write_text(folder / MANIFEST, text)
    return Detector.load(folder)


def _read_manifest(data: bytes, path: Path) -> Manifest:
    try:
        written = json.loads(data)["format"]
    except (ValueError, KeyError, TypeError) as fault:
        raise RedactionError(f"{path} is not a detector's manifest ({fault}); restore the folder from its checkpoint.") from fault
    if written != FORMAT:
        raise RedactionError(f"{path} has format {written!r}, this program reads {FORMAT}; use the program that wrote it.")
    try:
        return Manifest.model_validate_json(data)
    except ValidationError as fault:
        raise RedactionError(
            f"{path} is damaged ({fault.errors()[0]['msg']}); restore the folder from its checkpoint."
        ) from fault


def _check(folder: Path, name: str, digest: str) -> None:
    if name != Path(name).name:
        raise RedactionError(f"{folder / MANIFEST} names {name!r}, which lies outside the folder; do not use this detector.")
    path = folder / name
    if not path.is_file():
        raise RedactionError(f"{path} is missing though {MANIFEST} names it; restore the folder from its checkpoint.")
    if sha256_of_file(path) != digest:
        raise RedactionError(
            f"{path} is not the file that {MANIFEST} names (its SHA-256 differs); restore it from its checkpoint."
        )
