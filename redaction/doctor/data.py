"""Checks of the data: the workspace, its DVC remote, its catalog."""

from __future__ import annotations

import configparser
import os
import socket
from collections.abc import Iterator
from importlib import util
from pathlib import Path
from urllib.parse import urlsplit

from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from redaction.catalog import MIGRATIONS
from redaction.doctor.findings import Finding, bad, doubtful, fine, output
from redaction.workspace import Workspace


def folder(workspace: Workspace) -> Iterator[Finding]:
    """A git + DVC repository that can be written to, or a place where one can be made."""
    root = workspace.root
    place = next(path for path in (root, *root.parents) if path.exists())
    if not place.is_dir():
        yield bad("workspace", f"{place} is a file", "move it away, or set REDACTION_WORKSPACE")
    elif not os.access(place, os.W_OK | os.X_OK):
        yield bad("workspace", f"{place} cannot be written to", f"'chmod u+wx {place}', or set REDACTION_WORKSPACE")
    elif place != root:
        yield doubtful("workspace", f"{root} is not there yet", "the first annotation_ingestion makes it")
    elif not ((root / ".git").exists() and (root / ".dvc").is_dir()):
        yield doubtful("workspace", f"{root} is no git + DVC repository yet", "the first checkpoint makes it one")
    else:
        yield fine("workspace", f"{root} is a git + DVC repository")


def remote(workspace: Workspace) -> Iterator[Finding]:
    """The default DVC remote answers. Whether it still holds everything is for ``redaction checkpoints verify`` to say."""
    files = [workspace.root / ".dvc" / "config", workspace.root / ".dvc" / "config.local"]
    config = configparser.ConfigParser(interpolation=None)
    try:
        config.read(files, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError):
        yield bad("remote", f"DVC's configuration {files[0]} is damaged", "repair it, or 'git checkout .dvc/config' there")
        return
    # DVC writes its sections as ['remote "storage"']
    marked = f'"{config.get("core", "remote", fallback="")}"'
    options = next((config[section] for section in config.sections() if "remote" in section and marked in section), None)
    url = options.get("url", "") if options else ""
    scheme = urlsplit(url).scheme
    if options is None or not url:
        if files[0].parent.is_dir():
            yield doubtful("remote", "no DVC remote is set", "the first checkpoint sets one")
    elif scheme in ("", "file"):
        yield _local_remote((files[0].parent / urlsplit(url).path).resolve(), workspace)
    elif util.find_spec(f"dvc_{scheme}") is None:
        yield bad("remote", f"{_without_secrets(url)} needs dvc-{scheme}", f"'uv pip install dvc-{scheme}'")
    else:
        yield _distant_remote(_without_secrets(url), options.get("endpointurl", url))


def _local_remote(place: Path, workspace: Workspace) -> Finding:
    if not place.exists() and output(["git", "-C", str(workspace.root), "tag"]):
        remedy = "bring it back, or run 'redaction checkpoints repair' to push again what this machine still has"
        return bad("remote", f"the folder {place} with the checkpoints is gone", remedy)
    if place.exists() and not os.access(place, os.W_OK | os.X_OK):
        return bad("remote", f"{place} cannot be written to", f"'chmod u+wx {place}'")
    return fine("remote", str(place))


def _distant_remote(shown: str, address: str) -> Finding:
    parts = urlsplit(address)
    host = "s3.amazonaws.com" if parts.scheme == "s3" else parts.hostname or ""
    port = parts.port or {"ssh": 22, "http": 80}.get(parts.scheme, 443)
    try:
        socket.create_connection((host, port), timeout=3).close()
    except OSError as error:
        return bad("remote", f"{shown} does not answer ({error})", "look at the network and at .dvc/config in the workspace")
    return fine("remote", f"{shown} answers; whether it lets us in shows at the first push")


def _without_secrets(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"


def catalog(workspace: Workspace) -> Iterator[Finding]:
    """A database of this version or an older one, or none yet."""
    try:
        url = make_url(workspace.catalog_url)
        shown = url.render_as_string(hide_password=True)
        if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
            yield fine("catalog", f"{shown} will be made when it is needed")
            return
        engine = create_engine(url)
    except (ArgumentError, ImportError):
        # its text would show the password
        yield bad(
            "catalog", "the address in REDACTION_CATALOG cannot be used", "give an SQLAlchemy URL whose driver is installed"
        )
        return
    scripts = ScriptDirectory(str(MIGRATIONS))
    version: str | None = None
    try:
        with engine.connect() as connection:
            if "alembic_version" in inspect(connection).get_table_names():
                version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        scripts.get_revision(version or "base")
    except CommandError:
        yield bad("catalog", f"{shown} has schema {version!r}, made by a newer version of this project", "update the project")
    except SQLAlchemyError as error:
        kind = type(error).__name__
        yield bad("catalog", f"{shown} cannot be opened ({kind})", "look at REDACTION_CATALOG, or restore a checkpoint")
    else:
        current = version == scripts.get_current_head()
        yield fine("catalog", f"{shown} {'is up to date' if current else 'will be migrated when it is opened'}")
    finally:
        engine.dispose()
