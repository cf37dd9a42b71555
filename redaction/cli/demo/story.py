"""The chapters of the demo, one function each. Every pipeline and command runs in its own process, as it would by hand."""

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
from rich.text import Text
from sqlmodel import col, select

from redaction.catalog import open_catalog
from redaction.catalog.tables import Page
from redaction.cli.demo import traffic
from redaction.configuration import read_mapping
from redaction.errors import RedactionError
from redaction.files import write_text
from redaction.samples import make_reading_room, serve_reading_room
from redaction.workspace import Workspace
from serving.local import address, control

MARKER = ".made-by-the-demo"
DEMO_SEED = 2
ORDINARY_PAGES, DARK_PHOTOCOPIES = 60, 150
QUIET_ENVIRONMENT = {
    "ZENML_ANALYTICS_OPT_IN": "false",
    "ZENML_AUTO_OPEN_DASHBOARD": "false",
    "ZENML_ENABLE_RICH_TRACEBACK": "false",
    "PYTHONWARNINGS": "ignore",
}
DROPPED_VARIABLES = ("REDACTION_CATALOG", "REDACTION_CATALOGUE")
"""Removed from the environment, so that a demo never writes to the user's real database."""


@dataclass(frozen=True)
class Demo:
    """One demo: its workspace, and the console that it prints to."""

    workspace: Workspace
    console: Console

    @property
    def environment(self) -> dict[str, str]:
        """Environment of the commands."""
        inherited = {name: value for name, value in os.environ.items() if name not in DROPPED_VARIABLES}
        return QUIET_ENVIRONMENT | inherited | {"REDACTION_WORKSPACE": str(self.workspace.root)}

    def chapter(self, title: str) -> None:
        """Print the title of the next chapter."""
        self.console.rule(Text(title, style="bold"), align="left")

    def run(self, *command: str) -> None:
        """Print a command of ours and run it.

        Raises:
            RedactionError: the command failed.
        """
        shown = shlex.join(command)
        self.console.print(f"$ {shown}", style="dim", soft_wrap=True)
        program = str(Path(sys.executable).parent / command[0])
        finished = subprocess.run([program, *command[1:]], env=self.environment, check=False)
        if finished.returncode:
            raise RedactionError(f"The demo stopped: '{shown}' failed with exit status {finished.returncode}.")


def clear(workspace: Workspace) -> None:
    """Remove an earlier demo, and start its folder again.

    Raises:
        RedactionError: the folder exists, but was not made by a demo.
    """
    if workspace.root.exists():
        if not (workspace.root / MARKER).is_file():
            raise RedactionError(f"{workspace.root} was not made by a demo: move it away, or name another with --folder.")
        control.stop(workspace)  # the service of the earlier demo would otherwise keep its port
        shutil.rmtree(workspace.root)
        shutil.rmtree(workspace.root.with_name(f"{workspace.root.name}-remote"), ignore_errors=True)
    workspace.root.mkdir(parents=True)
    (workspace.root / MARKER).touch()


def require_free_port(config: str) -> None:
    """Check before the training that the detector can be served on the port in the run configuration.

    Raises:
        RedactionError: the port cannot be used.
    """
    try:
        address.require_free_port(*service_address(config))
    except RedactionError as error:
        raise RedactionError(f"{error} (The port is steps.deploy.parameters.port in {config}.)") from error


def service_address(config: str) -> tuple[str, int]:
    """Host and port of the service in the run configuration."""
    parameters = read_mapping(Path(config)).get("steps", {}).get("deploy", {}).get("parameters", {})
    return parameters.get("host", address.DEFAULT_HOST), parameters.get("port", address.DEFAULT_PORT)


@contextlib.contextmanager
def sample_documents(demo: Demo, documents: int) -> Iterator[tuple[dict[str, object], Path]]:
    """Serve a reading room on loopback; gives the source to ingest, and the COCO file of its redactions."""
    room = make_reading_room(demo.workspace.root / "reading-room", seed=DEMO_SEED, documents=documents)
    with serve_reading_room(room.folder) as server:
        demo.console.print(f"A reading room with {len(room.documents)} documents is open at {server.url}", soft_wrap=True)
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
    """The user's folder of PDFs as a source, and the COCO file of its redactions.

    Raises:
        RedactionError: one of them does not exist.
    """
    if not documents.is_dir():
        raise RedactionError(f"{documents} is not a folder: give one that holds PDFs (DOCUMENTS=DIR).")
    if not annotations.is_file():
        raise RedactionError(f"{annotations} is not a file: give the COCO file of the documents' redactions (ANNOTATIONS=FILE).")
    return {"name": "own-documents", "kind": "folder", "path": str(documents.resolve())}, annotations


def ingest(demo: Demo, source: dict[str, object]) -> None:
    """Discover, fetch and render the documents, and put them into a checkpoint."""
    demo.chapter("1. Ingest: find, fetch and render documents, and make a checkpoint")
    sources, config = demo.workspace.root / "sources.yaml", demo.workspace.root / "annotation_ingestion.yaml"
    write_text(sources, yaml.safe_dump({"sources": [source]}, sort_keys=False))
    settings = yaml.safe_load(Path("configs/annotation_ingestion.yaml").read_text(encoding="utf-8"))
    settings["parameters"] = {"sources": str(sources)}
    write_text(config, yaml.safe_dump(settings, sort_keys=False))
    demo.run("redaction", "run", "annotation_ingestion", "-c", as_typed(config))


def serve_starter(demo: Demo, config: str) -> None:
    """Put the detector that ships with the program into production: it is the champion that a candidate has to beat."""
    demo.chapter("2. Serve: put the detector that ships with the program into production")
    host, port = service_address(config)
    demo.run("redaction", "deploy", "starter", "--host", host, "--port", str(port))


def annotate(demo: Demo, annotations: Path) -> None:
    """Import the known redactions as an annotator's work."""
    demo.chapter("3. Annotate: import the boxes of an annotator")
    demo.run("redaction", "annotations", "import", as_typed(annotations), "--annotator", "demo")


def train(demo: Demo, config: str) -> None:
    """Check, validate, synthesize, train, evaluate, decide, and deploy or hold."""
    demo.chapter("4. Train a detector, compare it with the one in production, and deploy it only if it is better")
    demo.run("redaction", "run", "ct_cd", "-c", config)


def send_requests(demo: Demo) -> None:
    """Send pages to the service: first some like the training pages, then dark photocopies."""
    demo.chapter("5. Use: requests with ordinary pages, then with dark photocopies")
    url = service_url(demo.workspace)
    if url is None:
        raise RedactionError("The demo stopped: the service has ended; see 'redaction service logs'.")
    pages = page_images(demo.workspace)
    for count, title, alter in (
        (ORDINARY_PAGES, "ordinary pages", traffic.unchanged),
        (DARK_PHOTOCOPIES, "dark photocopies", traffic.dark_photocopy),
    ):
        boxes = traffic.send_pages(url, pages, count, alter, title)
        demo.console.print(f"{count} {title}: {boxes} redactions found")


def monitor(demo: Demo, config: str) -> None:
    """Run the same pipeline again: there is nothing new to train on, but there are requests to monitor."""
    demo.chapter("6. Monitor: the next run has nothing to train on, and checks the requests")
    demo.run("redaction", "run", "ct_cd", "-c", config)


def page_images(workspace: Workspace) -> list[Path]:
    """Every rendered page, ordered by name."""
    with open_catalog(workspace).snapshot() as session:
        images = session.exec(select(Page.image).where(col(Page.image).is_not(None)).order_by(Page.name)).all()
    return [workspace.inside(image) for image in images if image]


def service_url(workspace: Workspace) -> str | None:
    """URL of the workspace's service, if it is running."""
    return control.status(workspace).url


def elapsed(started: float) -> str:
    """Minutes and seconds since `started` (of `time.monotonic`)."""
    minutes, seconds = divmod(round(time.monotonic() - started), 60)
    return f"{minutes} min {seconds:02d} s"


def as_typed(path: Path) -> str:
    """The path as a user in the current folder would type it."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
