"""``python -m benchmarks.prediction [PDFS]``: exported networks compared with eager PyTorch, and the starter detector on PDFs.

Without a folder of PDFs, generated ones are used. The runtimes take turns page by page, so that other load on the machine affects
all of them. The networks have random weights, which do not affect their speed.
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
BATCH_PAGES = 8
MIN_SPEEDUP = {"nano": 4.0, "small": 2.5}
MIN_PAGES_PER_SECOND = 8.0


class DetectionSpeed(Frozen):
    """Detection on PDFs in one process."""

    pages: int
    pages_per_second: float
    waiting_ms: float
    """Median wait for the next page to be opened and rendered, which overlaps with prediction."""
    predicting_ms: float
    """Median time of a prediction."""
    peak_mib: float


def network_times(profile: str, folder: Path) -> dict[str, float]:
    """Median milliseconds per page for each way to run the network of a profile."""
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
    batch = np.repeat(page, BATCH_PAGES, axis=0)

    def run_eager() -> None:
        with torch.no_grad():
            eager(torch.from_numpy(page))

    def over(graph: Graph, pages: np.ndarray) -> Callable[[], object]:
        return lambda: graph(pages)

    openvino, onnxruntime = str(folder / OPENVINO), str(folder / ONNX)
    methods: dict[str, tuple[Callable[[], object], int]] = {
        "PyTorch, eager": (run_eager, 1),
        "OpenVINO": (over(load_openvino(openvino, cores), page), 1),
        "OpenVINO, one thread": (over(load_openvino(openvino, 1), page), 1),
        f"OpenVINO, batches of {BATCH_PAGES} pages": (over(load_openvino(openvino, cores), batch), BATCH_PAGES),
        "ONNX Runtime": (over(load_onnxruntime(onnxruntime, cores), page), 1),
        f"ONNX Runtime, batches of {BATCH_PAGES} pages": (over(load_onnxruntime(onnxruntime, cores), batch), BATCH_PAGES),
    }
    times: dict[str, list[float]] = {name: [] for name in methods}
    for round_number in range(-2, ROUNDS):
        for name, (run, pages) in methods.items():
            started = time.perf_counter()
            run()
            if round_number >= 0:
                times[name].append((time.perf_counter() - started) * 1000 / pages)
    return {name: statistics.median(values) for name, values in times.items()}


def detect_in_pdfs(folder: Path) -> DetectionSpeed:
    """Detect on every page of every PDF, one after the other, as `redaction detect` does."""
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
    return DetectionSpeed(
        pages=len(waiting),
        pages_per_second=len(waiting) / (time.perf_counter() - started),
        waiting_ms=statistics.median(waiting) * 1000,
        predicting_ms=statistics.median(predicting) * 1000,
        peak_mib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    )


def _in_new_process(folder: Path) -> DetectionSpeed:
    """Call this before PyTorch is used here: on Linux a child process inherits the peak memory of its parent."""
    command = [sys.executable, "-m", "benchmarks.prediction", "--detect-only", str(folder)]
    return DetectionSpeed.model_validate(json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout))


def _networks_table(console: Console) -> None:
    table = Table("profile", "method", "ms per page", "relative to eager", "goal", title="One page through the network")
    for profile, goal in MIN_SPEEDUP.items():
        with tempfile.TemporaryDirectory() as folder:
            times = network_times(profile, Path(folder))
        eager = times["PyTorch, eager"]
        for name, value in times.items():
            shown_goal = f"{goal:g} x" if name == "OpenVINO" else ""
            table.add_row(profile, name, f"{value:.1f}", f"{eager / value:.1f} x", shown_goal)
    console.print(table)


def _detection_table(console: Console, speed: DetectionSpeed) -> None:
    table = Table("what", "measured", "goal", title=f"Detection on PDFs with the starter, one process, {speed.pages} pages")
    table.add_row("pages/s", f"{speed.pages_per_second:.1f}", f"{MIN_PAGES_PER_SECOND:g}")
    table.add_row("wait for a rendered page, median", f"{speed.waiting_ms:.1f} ms", "")
    table.add_row("prediction, median", f"{speed.predicting_ms:.1f} ms", "")
    table.add_row("peak memory", f"{speed.peak_mib:.0f} MiB", "")
    console.print(table)


def main() -> None:
    """Run the benchmark and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pdfs", type=Path, nargs="?", help="folder of PDFs")
    parser.add_argument("--detect-only", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.detect_only:
        sys.stdout.write(detect_in_pdfs(options.pdfs).model_dump_json())
        return
    console = Console()
    with tempfile.TemporaryDirectory() as scratch:
        _detection_table(console, _in_new_process(options.pdfs or make_pdfs(Path(scratch))))
    _networks_table(console)


if __name__ == "__main__":
    main()
