"""``python -m benchmarks.install``: the small install, from the sources to the first answer, and the start of `redaction detect`.

The packages are downloaded first, since that depends on the network alone; pip then builds the wheel and installs it without an
index. Needs a package index; takes a minute or two.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import pypdfium2
from rich.console import Console
from rich.table import Table

from redaction.import_graph import REPOSITORY

EXAMPLE = REPOSITORY / "docs" / "example.pdf"
ROUNDS = 7
MAX_SIZE_MB = 400
MAX_TIME_TO_ANSWER_S = 60
MAX_START_S = 2
LOAD_DETECTOR = "from redaction.lifecycle.detectors import load_detector as load; load('starter', None)"


def copy_sources(target: Path) -> Path:
    """A copy of the working tree as git sees it, without the environment and other generated files."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=REPOSITORY, check=True, stdout=subprocess.PIPE, text=True).stdout
    for name in filter(None, listed.split("\0")):
        source = REPOSITORY / name
        if source.is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target / name)
    return target


def first_page(pdf: Path, target: Path) -> Path:
    """A PDF of the first page of another."""
    with pypdfium2.PdfDocument(pdf) as document, pypdfium2.PdfDocument.new() as single:
        single.import_pages(document, [0])
        single.save(target)
    return target


def seconds(folder: Path, *command: str | Path) -> float:
    """Wall time of a command that runs in a folder, in seconds.

    Raises:
        subprocess.CalledProcessError: it failed; what it printed is in the exception.
    """
    started = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - started


def megabytes(paths: Iterable[Path]) -> float:
    """Size of files, and of all files in folders."""
    files = (file for path in paths for file in (path, *path.rglob("*")) if file.is_file())
    return sum(file.stat().st_size for file in files) / 1e6


def _rows(scratch: Path) -> list[tuple[str, str, str]]:
    sources, downloads = copy_sources(scratch / "sources"), scratch / "downloads"
    python, folder = scratch / "environment" / "bin" / "python", scratch
    redaction = python.with_name("redaction")
    page = first_page(EXAMPLE, scratch / "page.pdf")
    seconds(folder, sys.executable, "-m", "venv", scratch / "environment")
    (packages,) = (scratch / "environment").rglob("site-packages")
    pip = set(packages.iterdir())
    seconds(folder, python, "-m", "pip", "download", "--quiet", "--dest", downloads, sources, "setuptools>=78")
    offline = ("--no-index", "--find-links", downloads)
    install_s = seconds(folder, python, "-m", "pip", "install", *offline, sources)
    answer_s = seconds(folder, redaction, "detect", EXAMPLE)
    starts = {
        "redaction --help": (redaction, "--help"),
        "imports and the starter loaded": (python, "-c", LOAD_DETECTOR),
        "redaction detect, one page": (redaction, "detect", page),
    }
    # in turn, so that other load on the machine affects all of them
    rounds = [{name: seconds(folder, *command) for name, command in starts.items()} for _ in range(ROUNDS)]
    medians = {name: statistics.median(times[name] for times in rounds) for name in starts}
    return [
        ("installed, without pip", f"{megabytes(set(packages.iterdir()) - pip):.0f} MB", f"{MAX_SIZE_MB} MB"),
        ("downloaded", f"{megabytes([downloads]):.0f} MB", ""),
        ("pip install ., beside the download", f"{install_s:.1f} s", ""),
        ("the first answer, on three pages", f"{answer_s:.1f} s", ""),
        ("both together", f"{install_s + answer_s:.1f} s", f"{MAX_TIME_TO_ANSWER_S} s"),
        *((name, f"{value:.2f} s", f"{MAX_START_S} s" if "detect" in name else "") for name, value in medians.items()),
    ]


def main() -> None:
    """Run the benchmark and print the table."""
    os.environ.pop("PYTHONPATH", None)
    table = Table("what", "measured", "goal", title="The small install")
    with tempfile.TemporaryDirectory() as scratch:
        for row in _rows(Path(scratch)):
            table.add_row(*row)
    Console().print(table)


if __name__ == "__main__":
    main()
