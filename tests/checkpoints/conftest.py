"""A small but real workspace with documents, pages, a model and a catalog."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from redaction.annotations.importing import digest_of_boxes
from redaction.catalog import open_catalog
from redaction.catalog.tables import (
    AnnotatedBox,
    Annotation,
    Deployment,
    Document,
    DocumentStatus,
    Link,
    LinkOutcome,
    MonitoringWindow,
    Page,
    Source,
    Stage,
    TrainingRun,
    Verdict,
    page_name,
)
from redaction.dataset import Box, Split
from redaction.files import sha256_of_bytes
from redaction.workspace import Workspace

Files = dict[str, bytes]


def add_document(workspace: Workspace, seed: int, pages: int = 3) -> str:
    """Add a document with page images of random bytes to the workspace and the catalog, as the ingestion would."""
    content = random.Random(seed).randbytes(3000)
    sha256 = sha256_of_bytes(content)
    catalog = open_catalog(workspace)
    put(workspace.documents / f"{sha256}.pdf", content)
    with catalog.transaction() as session:
        if session.get(Source, "here") is None:
            session.add(Source(name="here", kind="folder", location="folder"))
            session.flush()
        session.add(
            Document(sha256=sha256, file_name=f"{seed}.pdf", source="here", size_bytes=3000, status=DocumentStatus.RENDERED)
        )
        session.flush()
        session.add(Link(url=f"folder/{seed}.pdf", source="here", outcome=LinkOutcome.FETCHED, document=sha256))
        for index in range(pages):
            image = random.Random(seed * 1000 + index).randbytes(2000)
            name = page_name(sha256, index)
            put(workspace.pages / f"{name}.png", image)
            session.add(
                Page(
                    name=name,
                    document=sha256,
                    page_index=index,
                    file_name=f"{seed}_p{index + 1:04d}",
                    image=f"pages/{name}.png",
                    width=100,
                    height=140,
                    sha256=sha256_of_bytes(image),
                    features={"ink_density": 0.1 + index / 7},
                )
            )
    return sha256


def annotate(workspace: Workspace, document: str, index: int = 0, boxes: int = 2) -> None:
    """Annotate a page, as an import would."""
    page = page_name(document, index)
    drawn = [Box(x0=10 * n, y0=5.25, x1=10 * n + 8, y1=20) for n in range(boxes)]
    with open_catalog(workspace).transaction() as session:
        session.add(Annotation(page=page, annotator="maria", tool="coco", digest=digest_of_boxes(drawn)))
        session.flush()
        session.add_all(AnnotatedBox(page=page, **box.model_dump()) for box in drawn)
        session.get_one(Document, document).split = Split.TRAIN


def add_history(workspace: Workspace) -> None:
    """Add a training run, its deployment, and a monitoring window."""
    with open_catalog(workspace).transaction() as session:
        session.add(TrainingRun(run="run-1", revision="abc", annotated_pages=1, version="1"))
        session.add(Deployment(version="1", detector_digest="d", bento_tag="here:1", stage=Stage.PRODUCTION))
        session.add(MonitoringWindow(version="1", requests=3, verdict=Verdict.STABLE))


def put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def data_of(workspace: Workspace) -> Files:
    """The bytes of every file of the checkpointed folders, by its path in the workspace."""
    folders = (workspace.documents, workspace.pages, workspace.annotations, workspace.models, workspace.catalog_export)
    return {
        str(path.relative_to(workspace.root)): path.read_bytes()
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def remote_of(workspace: Workspace) -> Path:
    return workspace.root.with_name(f"{workspace.root.name}-remote")


def objects_of(workspace: Workspace) -> list[Path]:
    """The files on the remote."""
    return sorted(path for path in remote_of(workspace).rglob("*") if path.is_file())


@pytest.fixture
def filled(workspace: Workspace) -> Workspace:
    """A workspace with two documents of three pages each, one annotated page and one model."""
    first = add_document(workspace, 1)
    add_document(workspace, 2)
    annotate(workspace, first)
    put(workspace.models / "1" / "weights.safetensors", b"weights")
    return workspace
