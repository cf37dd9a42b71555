"""``python -m benchmarks.pipelines``: re-runs of ct_cd compared with a minimal ZenML run, started by `zenml pipeline run`.

Set-up: documents are ingested and annotated, the starter is put into production by hand, and a tiny detector is trained, which
the gate judges as it judges every other one. Then three commands take turns: the minimal run, ct_cd with nothing new (it only
checks and monitors), and ct_cd with ``force`` (every pure step is cached).
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml
from rich.console import Console
from rich.table import Table
from sqlmodel import col, select

from redaction.annotations.importing import import_annotations
from redaction.catalog import open_catalog
from redaction.catalog.tables import TrainingRun
from redaction.lifecycle.gate import Decision
from redaction.samples import make_reading_room
from redaction.workspace import Workspace
from serving.local import control

ROUNDS = 5
DOCUMENTS = 20
PORT = 3917
LENIENT_LIMITS = {
    "min_test_pages": 1,
    "min_test_boxes": 1,
    "max_recall_loss": 1.0,
    "max_style_recall_loss": 1.0,
    "min_style_boxes": 1,
    "max_false_positives_per_clean_page": 1000.0,
    "max_seconds_per_page": 60.0,
    "first_deployment": {"ap50": 0.0, "recall": 0.0},
}


def main() -> None:
    """Run the benchmark and print the table."""
    console = Console()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ |= {
            "ZENML_CONFIG_PATH": str(folder / "zenml"),
            "ZENML_LOCAL_STORES_PATH": str(folder / "stores"),
            "ZENML_ANALYTICS_OPT_IN": "false",
            "ZENML_LOGGING_VERBOSITY": "ERROR",
            "ZENML_ENABLE_REPO_INIT_WARNINGS": "false",
            "REDACTION_WORKSPACE": str(folder / "workspace"),
            "BENTOML_HOME": str(folder / "bentoml"),
        }
        workspace = Workspace.at()
        try:
            commands, once = _prepare(folder, workspace)
            console.print(_table(_measure(commands), once))
            console.print(_decision(workspace), soft_wrap=True)
        finally:
            control.stop(workspace)


def _prepare(folder: Path, workspace: Workspace) -> tuple[dict[str, list[str]], dict[str, float]]:
    """The commands to repeat, and the seconds that the commands took that are run only once."""
    room = make_reading_room(folder / "room", seed=4, documents=DOCUMENTS)
    sources = {"sources": [{"name": "room", "kind": "folder", "path": str(room.site / "documents")}]}
    ingestion = {"parameters": {"sources": str(_write_yaml(folder / "sources.yaml", sources))}}
    _run(_zenml("annotation_ingestion.annotation_ingestion", _write_yaml(folder / "ingestion.yaml", ingestion)))
    import_annotations(workspace, room.annotations, annotator="benchmark")
    ordinary, forced = (_write_yaml(folder / f"ct_cd-{force}.yaml", _ct_cd(force)) for force in (False, True))
    once = {
        "redaction deploy starter": _run([_executable("redaction"), "deploy", "starter", "--port", str(PORT)]),
        "ct_cd, first run: train, evaluate, decide": _run(_zenml("ct_cd.ct_cd", ordinary)),
    }
    repeated = {
        "bare, two cached steps": [_executable("zenml"), "pipeline", "run", "benchmarks.bare.two_steps"],
        "ct_cd, nothing new": _zenml("ct_cd.ct_cd", ordinary),
        "ct_cd, forced, all cached": _zenml("ct_cd.ct_cd", forced),
    }
    return repeated, once


def _ct_cd(force: bool) -> dict[str, object]:
    parameters = {
        "check": {"min_new_annotations": 10, "force": force},
        "synthesize": {"config": {"seed": 1, "pages": 8, "long_side_px": 800, "workers": 1}},
        "train": {"config": {"profile": "nano", "epochs": 1, "width": 128, "height": 160}},
        "evaluate": {"config": {"panel": {"redacted_pages": 5, "clean_pages": 5, "long_side_px": 800}}},
        "decide": {"limits": LENIENT_LIMITS},
        "deploy": {"port": PORT},
    }
    return {"steps": {name: {"parameters": values} for name, values in parameters.items()}}


def _measure(commands: dict[str, list[str]]) -> dict[str, list[float]]:
    for command in commands.values():
        _run(command)  # fills the caches
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(ROUNDS):
        for name, command in commands.items():
            seconds[name].append(_run(command))
    return seconds


def _table(seconds: dict[str, list[float]], once: dict[str, float]) -> Table:
    table = Table("run", "median s", "fastest s", "relative to bare", title="zenml pipeline run")
    bare = statistics.median(next(iter(seconds.values())))
    for name, times in seconds.items():
        median = statistics.median(times)
        table.add_row(name, f"{median:.1f}", f"{min(times):.1f}", f"{median / bare:.2f}")
    table.add_section()
    for name, time_taken in once.items():
        table.add_row(name, f"{time_taken:.1f}", "once", "")
    return table


def _decision(workspace: Workspace) -> str:
    """What the gate said about the tiny detector: a result of the benchmark like the others."""
    with open_catalog(workspace).snapshot() as session:
        stored = session.exec(select(TrainingRun.decision).where(col(TrainingRun.finished_at).is_not(None))).first()
    decision = Decision.model_validate(stored)
    reasons = " ".join(reason.sentence for reason in decision.reasons)
    return f"Decision on {decision.candidate}: {'deploy' if decision.deploy else 'hold'}. {reasons}"


def _zenml(pipeline: str, configuration: Path) -> list[str]:
    return [_executable("zenml"), "pipeline", "run", f"pipelines.{pipeline}", "-c", str(configuration)]


def _executable(name: str) -> str:
    return str(Path(sys.executable).parent / name)


def _write_yaml(path: Path, content: object) -> Path:
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def _run(command: list[str]) -> float:
    """Run a command, and return the seconds that it took."""
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
