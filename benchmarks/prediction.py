"""``python -m benchmarks.prediction [PDFS]``: the exported networks against eager PyTorch, and PDFs to boxes with the starter.

With a folder of PDFs its pages are looked at, else made-up ones. The runtimes take turns, page by page, so that whatever else the
machine does falls on all of them. The networks have fresh weights: how fast they are does not depend on what they have learnt.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.ingestion import make_pdfs
from redaction.detection.artifact import ONNX, OPENVINO
from redaction.detection.predictor import Graph, Predictor, load_onnxruntime, load_openvino
from redaction.detection.profiles import PROFILES
from redaction.detection.starter import starter_detector
from redaction.errors import RedactionError
from redaction.pages.pdf import Pdf
from redaction.values import Frozen

ROUNDS = 10
BATCH = 8
MIN_SPEEDUP = {"nano": 4.0, "small": 2.5}
MIN_PAGES_PER_SECOND = 8.0


class Reading(Frozen):
    """PDFs read by one process."""

    pages: int
    pages_per_second: float
    waiting_ms: float
    """For the next page to be opened and rendered, which goes on while the last one is looked at; a median, as the next."""
    predicting_ms: float
    peak_mb: float


def network_times(profile: str, folder: Path) -> dict[str, float]:
    """Median milliseconds a page of each way to run the network of a profile."""
    import torch

    from redaction.detection.profiles import TrainingConfig
    from redaction.training.vfnet.export import DecodedNetwork, export
    from redaction.training.vfnet.model import build_model

    cores = len(os.sched_getaffinity(0))
    torch.set_num_threads(cores)
    torch.manual_seed(0)
    preprocessing = TrainingConfig.model_validate({"profile": profile}).preprocessing
    model = build_model(PROFILES[profile]).eval()
    export(model, preprocessing, folder, [])
    eager = DecodedNetwork(model, preprocessing).eval()
    page = np.zeros((1, 3, preprocessing.height, preprocessing.width), np.float32)
    batch = np.repeat(page, BATCH, axis=0)

    def run_eager() -> None:
        with torch.no_grad():
            eager(torch.from_numpy(page))

    def over(graph: Graph, pages: np.ndarray) -> Callable[[], object]:
        return lambda: graph(pages)

    openvino, onnxruntime = str(folder / OPENVINO), str(folder / ONNX)
    ways: dict[str, tuple[Callable[[], object], int]] = {
        "PyTorch, eager": (run_eager, 1),
        "OpenVINO": (over(load_openvino(openvino, cores), page), 1),
        "OpenVINO, one thread": (over(load_openvino(openvino, 1), page), 1),
        f"OpenVINO, {BATCH} pages at once": (over(load_openvino(openvino, cores), batch), BATCH),
        "ONNX Runtime": (over(load_onnxruntime(onnxruntime, cores), page), 1),
        f"ONNX Runtime, {BATCH} pages at once": (over(load_onnxruntime(onnxruntime, cores), batch), BATCH),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for round_number in range(-2, ROUNDS):
        for name, (way, pages) in ways.items():
            started = time.perf_counter()
            way()
            if round_number >= 0:
                times[name].append((time.perf_counter() - started) * 1000 / pages)
    return {name: statistics.median(values) for name, values in times.items()}


def read_pdfs(folder: Path) -> Reading:
    """Every page of every PDF from file to boxes, one after the other, as `redaction detect` does it."""
    predictor, waiting, predicting = Predictor(starter_detector()), [], []
    started = before = time.perf_counter()
    for path in sorted(folder.glob("*.pdf")):
        with Pdf(path) as pdf:
            for page in pdf.pages():
                if isinstance(page, RedactionError):
                    raise page
                rendered = time.perf_counter()
                predictor.predict(page)
                waiting.append(rendered - before)
                before = time.perf_counter()
                predicting.append(before - rendered)
    return Reading(
        pages=len(waiting),
        pages_per_second=len(waiting) / (time.perf_counter() - started),
        waiting_ms=statistics.median(waiting) * 1000,
        predicting_ms=statistics.median(predicting) * 1000,
        peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    )


def _in_its_own_process(folder: Path) -> Reading:
    """To be called before PyTorch is used here: Linux counts a process's peak memory also for what it starts."""
    command = [sys.executable, "-m", "benchmarks.prediction", "--read-only", str(folder)]
    return Reading.model_validate(json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout))


def _networks_table(console: Console) -> None:
    table = Table("profile", "way", "ms a page", "against eager", "goal", title="One page through the network")
    for profile, goal in MIN_SPEEDUP.items():
        with tempfile.TemporaryDirectory() as folder:
            times = network_times(profile, Path(folder))
        eager = times["PyTorch, eager"]
        for name, value in times.items():
            wanted = f"{goal:g} x" if name == "OpenVINO" else ""
            table.add_row(profile, name, f"{value:.1f}", f"{eager / value:.1f} x", wanted)
    console.print(table)


def _reading_table(console: Console, reading: Reading) -> None:
    table = Table("what", "measured", "goal", title=f"PDFs to boxes with the starter, one process, {reading.pages} pages")
    table.add_row("pages/s", f"{reading.pages_per_second:.1f}", f"{MIN_PAGES_PER_SECOND:g}")
    table.add_row("waiting for a page to be rendered, median", f"{reading.waiting_ms:.1f} ms", "")
    table.add_row("predicting, median", f"{reading.predicting_ms:.1f} ms", "")
    table.add_row("peak memory", f"{reading.peak_mb:.0f} MB", "")
    console.print(table)


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pdfs", type=Path, nargs="?", help="folder of PDFs")
    parser.add_argument("--read-only", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.read_only:
        sys.stdout.write(read_pdfs(options.pdfs).model_dump_json())
        return
    console = Console()
    with tempfile.TemporaryDirectory() as scratch:
        _reading_table(console, _in_its_own_process(options.pdfs or make_pdfs(Path(scratch))))
    _networks_table(console)


if __name__ == "__main__":
    main()
