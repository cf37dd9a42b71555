"""What the demo does, one function a chapter. Every pipeline and command runs in a process of its own, as it would by hand."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml
from rich.console import Console
from rich.markup import escape
from sqlmodel import col, select

from redaction.catalog import open_catalog
from redaction.catalog.tables import Page
from redaction.cli.demo import traffic
from redaction.configuration import read_mapping
from redaction.errors import RedactionError
from redaction.files import write_text
from redaction.samples import make_reading_room, serve_reading_room
from redaction.workspace import Workspace
from serving.local import control

MARKER = ".made-by-the-demo"
SEED = 20
ORDINARY_PAGES, DARK_PHOTOCOPIES = 60, 150
QUIET = {
    "ZENML_ANALYTICS_OPT_IN": "false",
    "ZENML_ENABLE_REPO_INIT_WARNINGS": "false",
    "ZENML_ENABLE_RICH_TRACEBACK": "false",
    "PYTHONWARNINGS": "ignore",
}
FORGET = ("REDACTION_CATALOG",)  # a demo must not write into somebody's real database


@dataclass(frozen=True)
class Demo:
    """One demo: where it keeps everything, and where it tells its story."""

    workspace: Workspace
    console: Console

    @property
    def environment(self) -> dict[str, str]:
        """What the commands run with."""
        kept = {name: value for name, value in os.environ.items() if name not in FORGET}
        colors = {} if self.console.is_terminal else {"ZENML_LOGGING_COLORS_DISABLED": "true"}
        return QUIET | colors | kept | {"REDACTION_WORKSPACE": str(self.workspace.root)}

    def chapter(self, title: str) -> None:
        """Say what comes next."""
        self.console.rule(f"[bold]{title}", align="left")

    def run(self, *command: str) -> None:
        """Show a command and run it, as a person would.

        Raises:
            RedactionError: it failed.
        """
        self.console.print(f"[dim]$ {escape(shlex.join(command))}", soft_wrap=True, highlight=False)
        executable = Path(sys.executable).parent / command[0]
        finished = subprocess.run([str(executable), *command[1:]], env=self.environment, check=False)
        if finished.returncode:
            raise RedactionError(f"The demo stopped: '{shlex.join(command)}' failed with status {finished.returncode}.")


def clear(workspace: Workspace) -> None:
    """Remove what an earlier demo left, and nothing else.

    Raises:
        RedactionError: the folder is there, but no demo made it.
    """
    if workspace.root.exists():
        if not (workspace.root / MARKER).is_file():
            raise RedactionError(f"{workspace.root} is there and no demo made it: move it away or name another with --folder.")
        control.stop(workspace)  # the earlier demo's service, which else would keep its port for ever
        shutil.rmtree(workspace.root)
        shutil.rmtree(workspace.root.with_name(f"{workspace.root.name}-remote"), ignore_errors=True)
    workspace.root.mkdir(parents=True)
    (workspace.root / MARKER).touch()


def require_free_port(config: str) -> None:
    """Do nothing if the detector can be served where the run configuration says.

    Raises:
        RedactionError: it cannot, which is better known before the training.
    """
    address = read_mapping(Path(config)).get("steps", {}).get("deploy", {}).get("parameters", {})
    try:
        control.require_free_port(address.get("host", control.HOST), address.get("port", control.PORT))
    except RedactionError as error:
        raise RedactionError(f"{error} (The port is steps.deploy.parameters.port in {config}.)") from error


@contextlib.contextmanager
def sample_documents(demo: Demo, documents: int) -> Iterator[tuple[dict[str, object], Path]]:
    """A reading room on loopback: the source to read it from, and what an annotator says of its pages."""
    room = make_reading_room(demo.workspace.root / "reading-room", seed=SEED, documents=documents)
    with serve_reading_room(room.folder) as server:
        demo.console.print(f"A reading room with {len(room.documents)} documents is open at {server.url}")
        politeness = {"delay_seconds": 0.0, "concurrency": 4, "backoff_seconds": 0.1}
        source = {
            "name": "sample-reading-room",
            "kind": "index",
            "urls": [f"{server.url}index.html"],
            "selector": "a.document",
            "depth": 1,
            "politeness": politeness,
        }
        yield source, room.annotations


def own_documents(documents: Path, annotations: Path) -> tuple[dict[str, object], Path]:
    """A person's own folder of PDFs as the source, and their COCO file.

    Raises:
        RedactionError: one of them is not there.
    """
    if not documents.is_dir():
        raise RedactionError(f"{documents} is no folder: give one with PDFs in it (DOCUMENTS=DIR).")
    if not annotations.is_file():
        raise RedactionError(f"{annotations} is no file: give the COCO file of the documents' annotations (ANNOTATIONS=FILE).")
    return {"name": "own-documents", "kind": "folder", "path": str(documents.resolve())}, annotations


def ingest(demo: Demo, source: dict[str, object]) -> None:
    """Documents found, fetched, rendered and put into a checkpoint."""
    demo.chapter("1. Documents are found, fetched, rendered, kept in a checkpoint")
    sources, config = demo.workspace.root / "sources.yaml", demo.workspace.root / "annotation_ingestion.yaml"
    write_text(sources, yaml.safe_dump({"sources": [source]}, sort_keys=False))
    settings = yaml.safe_load(Path("configs/annotation_ingestion.yaml").read_text(encoding="utf-8"))
    settings["parameters"] = {"sources": str(sources)}
    write_text(config, yaml.safe_dump(settings, sort_keys=False))
    demo.run("zenml", "pipeline", "run", "pipelines.annotation_ingestion.annotation_ingestion", "-c", as_typed(config))


def annotate(demo: Demo, annotations: Path) -> None:
    """The known boxes come in as an annotator's work."""
    demo.chapter("2. An annotator hands in boxes")
    demo.run("redaction", "annotations", "import", as_typed(annotations), "--annotator", "demo")


def train_and_deploy(demo: Demo, config: str) -> None:
    """Check, validate, synthesize, train, evaluate, decide, deploy."""
    demo.chapter("3. A detector is trained, judged, and put into production")
    demo.run("zenml", "pipeline", "run", "pipelines.ct_cd.ct_cd", "-c", config)


def send_requests(demo: Demo) -> None:
    """Readers send pages: first some like those it knows, then dark photocopies."""
    demo.chapter("4. Readers send pages: ordinary ones, then dark photocopies")
    url = service_url(demo.workspace)
    if url is None:
        demo.console.print("Nothing was deployed, so there is no service to ask.")
        return
    pages = page_images(demo.workspace)
    for count, title, alter in (
        (ORDINARY_PAGES, "ordinary pages", traffic.as_they_are),
        (DARK_PHOTOCOPIES, "dark photocopies", traffic.dark_photocopy),
    ):
        boxes = traffic.send_pages(url, pages, count, alter, title)
        demo.console.print(f"{count} {title}: {boxes} redactions found")


def watch(demo: Demo, config: str) -> None:
    """The same pipeline again: nothing to learn, but traffic to judge."""
    demo.chapter("5. The next run: nothing new to learn, but traffic to judge")
    demo.run("zenml", "pipeline", "run", "pipelines.ct_cd.ct_cd", "-c", config)


def page_images(workspace: Workspace) -> list[Path]:
    """Every rendered page, in the order of their names."""
    with open_catalog(workspace).transaction() as session:
        images = session.exec(select(Page.image).where(col(Page.image).is_not(None)).order_by(Page.name)).all()
    return [workspace.inside(image) for image in images if image]


def service_url(workspace: Workspace) -> str | None:
    """Where the workspace's service answers, if it runs."""
    return control.status(workspace).url


def timed(started: float) -> str:
    """Minutes and seconds since `started` (of `time.monotonic`)."""
    minutes, seconds = divmod(round(time.monotonic() - started), 60)
    return f"{minutes} min {seconds:02d} s"


def as_typed(path: Path) -> str:
    """The path as a person would type it from here."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
