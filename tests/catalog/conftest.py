"""Workspaces whose catalog is in SQLite and, where a server is installed, in PostgreSQL."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from importlib import util
from pathlib import Path

import pytest
from sqlmodel import Session

from redaction.catalog.tables import AnnotatedBox, Annotation, Document, Page, Source, page_name
from redaction.workspace import Workspace


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """URL of a PostgreSQL server that runs for these tests only and listens on a socket in a folder."""
    if not shutil.which("initdb") or not shutil.which("pg_ctl") or util.find_spec("psycopg") is None:
        pytest.skip("needs the PostgreSQL server's programs and psycopg (the extra 'postgres')")
    folder = Path(tempfile.mkdtemp())  # the server's own user may not enter pytest's folders
    user = None
    if os.getuid() == 0:  # the server refuses to run as root
        try:
            user = pwd.getpwnam("postgres")
        except KeyError:
            pytest.skip("root needs a user 'postgres' to run the server")
        os.chown(folder, user.pw_uid, user.pw_gid)
    name = user.pw_name if user else None

    def run(*command: str) -> None:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, user=name, cwd=folder, timeout=120)

    run("initdb", "--pgdata", f"{folder}/data", "--username", "redaction", "--auth", "trust", "--no-sync")
    options = f"-k {folder} -c listen_addresses= -c fsync=off"
    run("pg_ctl", "--pgdata", f"{folder}/data", "--log", f"{folder}/log", "--options", options, "--wait", "start")
    yield f"postgresql+psycopg://redaction@/postgres?host={folder}"
    run("pg_ctl", "--pgdata", f"{folder}/data", "--mode", "immediate", "stop")
    shutil.rmtree(folder)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """An empty workspace, once with each kind of database."""
    if request.param == "postgresql":
        server = request.getfixturevalue("postgresql")
        import psycopg

        name = f"test_{uuid.uuid4().hex}"
        with psycopg.connect(server.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        monkeypatch.setenv("REDACTION_CATALOG", server.replace("/postgres?", f"/{name}?"))
    return workspace


def add_document(session: Session, name: str, pages: int) -> None:
    """Add a document with rendered pages."""
    if session.get(Source, "a") is None:
        session.add(Source(name="a", kind="folder", location="x"))
        session.flush()
    session.add(Document(sha256=name, file_name=f"{name}.pdf", source="a", size_bytes=3))
    session.flush()
    session.add_all(
        Page(
            name=page_name(name, index),
            document=name,
            page_index=index,
            file_name=f"p{index}",
            image=f"pages/{page_name(name, index)}.png",
        )
        for index in range(pages)
    )
    session.flush()


def annotate(session: Session, page: str) -> None:
    """Add an annotation with one box."""
    session.add(Annotation(page=page, annotator="m", tool="coco", digest="d"))
    session.flush()
    session.add(AnnotatedBox(page=page, x0=1, y0=2, x1=3, y1=4))
