"""``python -m benchmarks.serving --detector FOLDER``: a page through POST /detect against the detector called directly.

Both take turns, page by page, so that whatever else the machine does falls on both: one client, one request at a time. The
detector alone gets a decoded page. A file has to be read first by whoever uses it, which for a small detector takes as long
again, so that is shown too. The server is the real one: the detector's Bento, run by ``bentoml serve`` on a loopback port.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import cv2
import httpx
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from redaction.detection.artifact import Detector
from redaction.detection.predictor import Predictor
from redaction.pages.image import PageImage, page_from_bytes
from redaction.workspace import Workspace
from serving.bento_store import bentoml_home
from serving.local import control
from serving.release.bento import build_bento, save_to_model_store

WIDTH, HEIGHT = 1275, 1650
"""US letter at 150 dpi."""
WARM_UP = 10

T = TypeVar("T")


@dataclass
class Times:
    """Milliseconds of each round."""

    alone: list[float] = field(default_factory=list)
    """The detector on the decoded page."""
    decoding: list[float] = field(default_factory=list)
    """Reading the image file, which whoever uses the detector has to do."""
    answered: list[float] = field(default_factory=list)
    """The whole request, as the client sees it."""


def filing(rng: np.random.Generator, noise: float) -> PageImage:
    """A page of text with some bars; `noise` is the standard deviation of a scanner's grain."""
    page = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
    for line in range(46):
        text = " ".join("".join(chr(97 + letter) for letter in rng.integers(0, 26, rng.integers(2, 10))) for _ in range(9))
        cv2.putText(page, text, (130, 130 + 31 * line), cv2.FONT_HERSHEY_SIMPLEX, 0.62, (0, 0, 0), 1, cv2.LINE_AA)
    for _ in range(6):
        x, y = rng.integers(130, 800), 130 + 31 * rng.integers(0, 46)
        page[y - 20 : y + 6, x : x + rng.integers(60, 340)] = 0
    return np.clip(page + rng.normal(0, noise, page.shape), 0, 255).astype(np.uint8) if noise else page


def pages() -> dict[str, bytes]:
    """Image files of two pages: one as rendered from text, one as scanned."""
    rng = np.random.default_rng(0)
    files = {}
    for image_format, kind, noise in (("PNG", "born digital", 0.0), ("JPEG", "scanned", 6.0)):
        buffer = io.BytesIO()
        Image.fromarray(filing(rng, noise)).save(buffer, image_format, quality=90)
        files[f"{image_format}, {kind}, {len(buffer.getvalue()) // 1024} KB"] = buffer.getvalue()
    return files


def measure(url: str, predictor: Predictor, data: bytes, rounds: int) -> Times:
    """Send the page `rounds` times, and give it to the detector as often."""
    times, page = Times(), page_from_bytes(data)
    media_type = "image/png" if data.startswith(b"\x89PNG") else "image/jpeg"
    with httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
        for round_number in range(-WARM_UP, rounds):
            alone = _timed(lambda: predictor.predict(page))[0]
            decoding = _timed(lambda: page_from_bytes(data))[0]
            answered, response = _timed(lambda: client.post("/detect", files={"page": ("page", data, media_type)}))
            response.raise_for_status()
            # the service writes its record of the page after the answer; the next round must not wait for that
            time.sleep(0.05)
            if round_number >= 0:
                times.alone.append(alone)
                times.decoding.append(decoding)
                times.answered.append(answered)
    return times


def report(name: str, times: Times) -> str:
    """One row of the table."""
    alone, decoding, answered = (np.array(values) for values in (times.alone, times.decoding, times.answered))
    whole = decoding + alone
    figures = [*_percentiles(alone), *_percentiles(whole), *_percentiles(answered)]
    overheads = [np.median(answered) / np.median(base) - 1 for base in (alone, whole)]
    cells = [name, *(f"{figure:.1f}" for figure in figures), *(f"{overhead:+.0%}" for overhead in overheads)]
    return f"| {' | '.join(cells)} |"


HEADER = """\
| page | detector p50 | p99 | reading + detector p50 | p99 | /detect p50 | p99 | p50 over detector | p50 over reading + detector |
|---|---|---|---|---|---|---|---|---|"""


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--detector", type=Path, required=True, help="folder of a detector")
    parser.add_argument("--rounds", type=int, default=200)
    options = parser.parse_args()
    detector = Detector.load(options.detector)
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace.at(folder)
        home = bentoml_home(workspace)
        tag = build_bento(home, save_to_model_store(home, detector))
        predictor = Predictor(detector)
        profile = detector.manifest.profile.name
        rows = [f"Milliseconds for a page of {WIDTH} x {HEIGHT}, profile {profile}, {predictor.runtime}:", "", HEADER]
        with control.candidate(workspace, tag) as url:
            rows += [report(name, measure(url, predictor, data, options.rounds)) for name, data in pages().items()]
    sys.stdout.write("\n".join(rows) + "\n")


def _percentiles(values: NDArray[np.float64]) -> tuple[float, float]:
    return float(np.median(values)), float(np.percentile(values, 99))


def _timed(call: Callable[[], T]) -> tuple[float, T]:
    started = time.perf_counter()
    result = call()
    return (time.perf_counter() - started) * 1000, result


if __name__ == "__main__":
    main()
