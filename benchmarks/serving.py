"""``python -m benchmarks.serving --detector FOLDER``: POST /detect compared with calling the detector directly.

Both take turns page by page, so that other load on the machine affects both: one client, one request at a time. The direct call
gets a decoded page. Any user has to decode the image file first, which takes as long as a small detector, so that time is shown,
too. The server is the real one: the detector's Bento, on a loopback port.
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
from serving.local.address import free_port
from serving.release.bento import build_bento, save_to_model_store

WIDTH_PX, HEIGHT_PX = 1275, 1650
"""US Letter at 150 dpi."""
WARM_UP_ROUNDS = 10

T = TypeVar("T")


@dataclass
class Timings:
    """Milliseconds per round."""

    detector: list[float] = field(default_factory=list)
    """The detector on the decoded page."""
    decoding: list[float] = field(default_factory=list)
    """Decoding the image file."""
    request: list[float] = field(default_factory=list)
    """The whole request, measured by the client."""


def make_page(rng: np.random.Generator, noise: float) -> PageImage:
    """A page of text with some bars; `noise` is the standard deviation of the scanner noise."""
    page = np.full((HEIGHT_PX, WIDTH_PX, 3), 255, np.uint8)
    for line in range(46):
        text = " ".join("".join(chr(97 + letter) for letter in rng.integers(0, 26, rng.integers(2, 10))) for _ in range(9))
        cv2.putText(page, text, (130, 130 + 31 * line), cv2.FONT_HERSHEY_SIMPLEX, 0.62, (0, 0, 0), 1, cv2.LINE_AA)
    for _ in range(6):
        x, y = rng.integers(130, 800), 130 + 31 * rng.integers(0, 46)
        page[y - 20 : y + 6, x : x + rng.integers(60, 340)] = 0
    return np.clip(page + rng.normal(0, noise, page.shape), 0, 255).astype(np.uint8) if noise else page


def image_files() -> dict[str, bytes]:
    """Image files of two pages: one rendered from text, one scanned."""
    rng = np.random.default_rng(0)
    files = {}
    for image_format, kind, noise in (("PNG", "born digital", 0.0), ("JPEG", "scanned", 6.0)):
        buffer = io.BytesIO()
        Image.fromarray(make_page(rng, noise)).save(buffer, image_format, quality=90)
        files[f"{image_format}, {kind}, {len(buffer.getvalue()) // 1024} KB"] = buffer.getvalue()
    return files


def measure(url: str, predictor: Predictor, data: bytes, rounds: int) -> Timings:
    """Send the page `rounds` times, and run the detector on it as often."""
    times, page = Timings(), page_from_bytes(data)
    media_type = "image/png" if data.startswith(b"\x89PNG") else "image/jpeg"
    with httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
        for round_number in range(-WARM_UP_ROUNDS, rounds):
            detector_ms = _timed(lambda: predictor.predict(page))[0]
            decoding_ms = _timed(lambda: page_from_bytes(data))[0]
            request_ms, response = _timed(lambda: client.post("/detect", files={"page": ("page", data, media_type)}))
            response.raise_for_status()
            # the service records the page after the response; the next round must not overlap with that
            time.sleep(0.05)
            if round_number >= 0:
                times.detector.append(detector_ms)
                times.decoding.append(decoding_ms)
                times.request.append(request_ms)
    return times


def table_row(name: str, times: Timings) -> str:
    """One row of the table, in Markdown."""
    detector, decoding, request = (np.array(column) for column in (times.detector, times.decoding, times.request))
    offline = decoding + detector
    values = [*_percentiles(detector), *_percentiles(offline), *_percentiles(request)]
    overheads = [np.median(request) / np.median(base) - 1 for base in (detector, offline)]
    cells = [name, *(f"{value:.1f}" for value in values), *(f"{overhead:+.0%}" for overhead in overheads)]
    return f"| {' | '.join(cells)} |"


HEADER = """\
| page | detector p50 | p99 | decoding + detector p50 | p99 | /detect p50 | p99 | p50 over detector | over decoding + detector |
|---|---|---|---|---|---|---|---|---|"""


def main() -> None:
    """Run the benchmark and print the table."""
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
        rows = [f"Milliseconds per page of {WIDTH_PX} x {HEIGHT_PX}, profile {profile}, {predictor.runtime}:", "", HEADER]
        url = str(control.start(workspace, tag, port=free_port()).url)
        try:
            rows += [table_row(name, measure(url, predictor, data, options.rounds)) for name, data in image_files().items()]
        finally:
            control.stop(workspace)
    sys.stdout.write("\n".join(rows) + "\n")


def _percentiles(values: NDArray[np.float64]) -> tuple[float, float]:
    return float(np.median(values)), float(np.percentile(values, 99))


def _timed(call: Callable[[], T]) -> tuple[float, T]:
    started = time.perf_counter()
    result = call()
    return (time.perf_counter() - started) * 1000, result


if __name__ == "__main__":
    main()
