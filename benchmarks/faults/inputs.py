"""Hostile documents, hostile servers and damaged images: everything that is not at fault must still be answered."""

from __future__ import annotations

import io
import random
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from PIL import Image
from sqlmodel import select

from benchmarks.faults.servers import hostile_server
from redaction.catalog import open_catalog
from redaction.catalog.tables import Document, DocumentStatus
from redaction.documents.ingestion import ingest
from redaction.documents.sources import FolderSource, IndexSource, Politeness, SourcesConfig
from redaction.errors import RedactionError
from redaction.pages.image import page_from_bytes
from redaction.samples import make_reading_room
from redaction.workspace import Workspace

CHUNK = 500
"""Images per task of a worker process."""


@dataclass
class Inputs:
    """What became of many inputs."""

    kind: str
    count: int
    outcomes: Counter[str] = field(default_factory=Counter)
    escaped: Counter[str] = field(default_factory=Counter)
    """Errors that are not one sentence about the input."""
    seconds: float = 0.0


def hostile_pdfs(count: int, seed: int = 0) -> Inputs:
    """Ingest a folder of mutated PDFs and one intact PDF; every document must end as rendered or in quarantine."""
    result, rng = Inputs("hostile PDFs", count), random.Random(seed)  # noqa: S311 - reproducible, not secret
    with tempfile.TemporaryDirectory(prefix="redaction-faults-") as name:
        room = make_reading_room(Path(name) / "room", documents=12)
        originals = [path.read_bytes() for path in sorted((room.folder / "site" / "documents").glob("*.pdf"))]
        originals = [data for data in originals if data.startswith(b"%PDF") and len(data) > 1000]
        folder = Path(name) / "documents"
        folder.mkdir()
        for number in range(count):
            (folder / f"{number:05d}.pdf").write_bytes(mutated(rng.choice(originals), rng))
        workspace = Workspace.at(Path(name) / "workspace")
        config = SourcesConfig(sources=(FolderSource(kind="folder", name="hostile", path=folder),))
        started = time.monotonic()
        try:
            ingest(workspace, config)
        except Exception as error:  # noqa: BLE001 - whatever escapes is what is measured
            result.escaped[type(error).__name__] += 1
        result.seconds = time.monotonic() - started
        with open_catalog(workspace).snapshot() as session:
            result.outcomes.update(row.status.value for row in session.exec(select(Document)))
        if waiting := result.outcomes.get(DocumentStatus.FETCHED.value, 0):
            result.escaped["neither rendered nor in quarantine"] = waiting
    return result


def hostile_servers(count: int, seed: int = 0) -> Inputs:
    """Ingest from a server that answers in `count` broken ways; the intact document beside them must arrive."""
    result = Inputs("hostile answers of a server", count)
    with (
        tempfile.TemporaryDirectory(prefix="redaction-faults-") as name,
        hostile_server(count, seed, make_intact_pdf(), mutated) as url,
    ):
        workspace = Workspace.at(Path(name) / "workspace")
        polite = Politeness(
            delay_seconds=0, concurrency=8, attempts=2, backoff_seconds=0.01, timeout_seconds=2, longest_wait_seconds=1
        )
        source = IndexSource(kind="index", name="hostile", urls=(f"{url}/",), politeness=polite)
        started = time.monotonic()
        for _ in range(2):  # what the first run stored must not end the second
            try:
                summary = ingest(workspace, SourcesConfig(sources=(source,)))
            except Exception as error:  # noqa: BLE001 - whatever escapes is what is measured
                result.escaped[type(error).__name__] += 1
            else:
                result.outcomes.update(
                    {
                        key: value
                        for key, value in summary.sources[0].model_dump(exclude={"source"}).items()
                        if isinstance(value, int)
                    }
                )
        result.seconds = time.monotonic() - started
        with open_catalog(workspace).snapshot() as session:
            if not any(row.file_name.startswith("intact") for row in session.exec(select(Document))):
                result.escaped["the intact document is missing"] += 1
    return result


def damaged_images(count: int, workers: int, seed: int = 0) -> Inputs:
    """Decode mutated images of every kind; each must be a page or a `RedactionError`."""
    result = Inputs("damaged images", count)
    chunks = [(seed + number, min(CHUNK, count - number * CHUNK)) for number in range((count + CHUNK - 1) // CHUNK)]
    started = time.monotonic()
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        for outcomes, escaped in pool.map(_decode_mutations, chunks):
            result.outcomes.update(outcomes)
            result.escaped.update(escaped)
    result.seconds = time.monotonic() - started
    return result


def mutated(data: bytes, rng: random.Random) -> bytes:
    """Bytes with one to twenty changes: flipped, deleted, repeated or overwritten pieces, or a missing end."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, 20)):
        at, length = rng.randrange(len(changed)), rng.randint(1, 16)
        match rng.randrange(6):
            case 0 | 1:
                changed[at] ^= 1 << rng.randrange(8)
            case 2:
                changed[at : at + length] = rng.randbytes(length)
            case 3:
                del changed[at : at + length]
            case 4:
                changed[at:at] = changed[at : at + length]
            case _ if rng.random() < 0.1:
                del changed[at:]
        if not changed:
            return b"\0"
    return bytes(changed)


def _decode_mutations(task: tuple[int, int]) -> tuple[Counter[str], Counter[str]]:
    seed, count = task
    rng = random.Random(seed)  # noqa: S311 - reproducible, not secret
    outcomes, escaped = Counter[str](), Counter[str]()
    originals = image_files()
    for _ in range(count):
        try:
            page_from_bytes(mutated(rng.choice(originals), rng))
            outcomes["decoded"] += 1
        except RedactionError:
            outcomes["refused"] += 1
        except Exception as error:  # noqa: BLE001 - whatever escapes is what is measured
            escaped[type(error).__name__] += 1
    return outcomes, escaped


def image_files() -> list[bytes]:
    """Small images in every format and mode that a page may come in."""
    pixels = np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8)
    image, files = Image.fromarray(pixels), []
    options: tuple[tuple[str, str, dict[str, object]], ...] = (
        ("PNG", "RGB", {}),
        ("PNG", "P", {}),
        ("PNG", "1", {}),
        ("PNG", "RGBA", {}),
        ("JPEG", "RGB", {}),
        ("JPEG", "L", {"progressive": True}),
        ("JPEG", "CMYK", {}),
        ("TIFF", "RGB", {"compression": "tiff_lzw"}),
        ("TIFF", "1", {"compression": "group4"}),
        ("TIFF", "L", {"compression": "jpeg"}),
        ("TIFF", "F", {}),
        ("WEBP", "RGB", {}),
        ("GIF", "P", {}),
        ("MPO", "RGB", {"save_all": True, "append_images": [image]}),
    )
    for image_format, mode, more in options:
        buffer = io.BytesIO()
        image.convert(mode).save(buffer, image_format, **more)
        files.append(buffer.getvalue())
    return files


def make_intact_pdf() -> bytes:
    """A PDF of one small page."""
    buffer = io.BytesIO()
    Image.new("RGB", (100, 100), "white").save(buffer, "PDF")
    return buffer.getvalue()
