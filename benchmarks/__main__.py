"""``make bench``: run all benchmarks and write docs/benchmarks.md; the text from ``## Notes`` on is kept."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import psutil

from redaction.detection.starter import starter_detector
from redaction.files import write_text

REPORT_FILE = Path("docs/benchmarks.md")
NOTES_HEADING = "## Notes"


def main() -> None:
    """Run the benchmarks and write the report."""
    sections = [
        _section("Small install", "benchmarks.install"),
        _section("Ingestion", "benchmarks.ingestion"),
        _section("A re-run of ct_cd", "benchmarks.pipelines"),
        _section("Prediction", "benchmarks.prediction"),
        _section("Serving", "benchmarks.serving", "--detector", str(starter_detector().folder)),
        _section("The service under load", "benchmarks.service"),
    ]
    kept = REPORT_FILE.read_text(encoding="utf-8").partition(NOTES_HEADING)[2] if REPORT_FILE.exists() else "\n"
    write_text(REPORT_FILE, "\n".join([_head(), *sections, NOTES_HEADING]) + kept, private=False)


def _head() -> str:
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    memory = psutil.virtual_memory().total / 2**30
    return f"""# Benchmarks

Made by `make bench` on {datetime.now(UTC):%Y-%m-%d}, revision {_revision()}: {os.cpu_count()} cores ({_processor()}),
{memory:.0f} GiB of memory, Python {platform.python_version()}, load average at the end {load}. Times on a shared machine are
noisy: compare the ratios.
"""


def _section(title: str, module: str, *arguments: str) -> str:
    command = [sys.executable, "-m", module, *arguments]
    environment = os.environ | {"COLUMNS": "120", "NO_COLOR": "1"}
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment).stdout
    sys.stdout.write(output)
    shown = f"python -m {module}" + (" --detector FOLDER" if arguments else "")
    return f"## {title}\n\n`{shown}`\n\n```\n{output.strip()}\n```\n"


def _revision() -> str:
    return subprocess.run(["git", "rev-parse", "--short", "HEAD"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


if __name__ == "__main__":
    main()
