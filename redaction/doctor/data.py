"""Checks of the data: the workspace folder, its DVC remote and its catalog."""

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
from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from redaction.catalog import MIGRATIONS
from redaction.catalog.connection import connect, damage, file_of, readers_of
from redaction.doctor.findings import Finding, command_output, failure, ok, warning
from redaction.errors import RedactionError
from redaction.workspace import Workspace

_GET_BACK = (
    "restore the last checkpoint ('redaction checkpoints list', then 'redaction checkpoints restore TAG'), "
    "or set REDACTION_CATALOG if the catalog is elsewhere"
)


def workspace_folder(workspace: Workspace) -> Iterator[Finding]:
    """Check that the workspace is a writable git + DVC repository, or can become one."""
    root = workspace.root
    existing = next(path for path in (root, *root.parents) if path.exists())
    if not existing.is_dir():
        yield failure("workspace", f"{existing} is a file", "move it, or set REDACTION_WORKSPACE")
    elif not os.access(existing, os.W_OK | os.X_OK):
        yield failure("workspace", f"{existing} is not writable", f"run 'chmod u+wx {existing}', or set REDACTION_WORKSPACE")
    elif existing != root:
        yield warning("workspace", f"{root} does not exist yet", "the first annotation_ingestion creates it")
    elif not ((root / ".git").exists() and (root / ".dvc").is_dir()):
        yield warning("workspace", f"{root} is not a git + DVC repository yet", "the first checkpoint makes it one")
    else:
        yield ok("workspace", f"{root} is a git + DVC repository")


def remote(workspace: Workspace) -> Iterator[Finding]:
    """Check that the default DVC remote is reachable; ``redaction checkpoints verify`` checks that it is complete."""
    files = [workspace.root / ".dvc" / "config", workspace.root / ".dvc" / "config.local"]
    config = configparser.ConfigParser(interpolation=None)
    try:
        config.read(files, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError):
        yield failure(
            "remote",
            f"DVC's configuration {files[0]} cannot be parsed",
            "repair it, or run 'git checkout .dvc/config' in the workspace",
        )
        return
    # DVC writes its section names as ['remote "storage"'].
    quoted_name = f'"{config.get("core", "remote", fallback="")}"'
    options = next((config[section] for section in config.sections() if "remote" in section and quoted_name in section), None)
    url = options.get("url", "") if options else ""
    scheme = urlsplit(url).scheme
    if options is None or not url:
        if files[0].parent.is_dir():
            yield warning("remote", "no DVC remote is configured", "the first checkpoint configures one")
    elif scheme in ("", "file"):
        yield _local_remote((files[0].parent / urlsplit(url).path).resolve(), workspace)
    elif util.find_spec(f"dvc_{scheme}") is None:
        yield failure("remote", f"{_without_credentials(url)} needs dvc-{scheme}", f"run 'uv pip install dvc-{scheme}'")
    else:
        yield _network_remote(_without_credentials(url), options.get("endpointurl", url))


def _local_remote(folder: Path, workspace: Workspace) -> Finding:
    if not folder.exists() and command_output(["git", f"--git-dir={workspace.root / '.git'}", "tag"]):
        remedy = "restore it, or run 'redaction checkpoints repair' to push this machine's copies again"
        return failure("remote", f"the folder {folder} with the checkpoints is missing", remedy)
    if folder.exists() and not os.access(folder, os.W_OK | os.X_OK):
        return failure("remote", f"{folder} is not writable", f"run 'chmod u+wx {folder}'")
    return ok("remote", str(folder))


def _network_remote(shown: str, address: str) -> Finding:
    parts = urlsplit(address)
    host = "s3.amazonaws.com" if parts.scheme == "s3" else parts.hostname or ""
    port = parts.port or {"ssh": 22, "http": 80}.get(parts.scheme, 443)
    try:
        socket.create_connection((host, port), timeout=3).close()
    except OSError as error:
        return failure("remote", f"{shown} does not answer ({error})", "check the network and .dvc/config in the workspace")
    return ok("remote", f"{shown} answers; access rights are checked at the first push")


def _without_credentials(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"


def catalog(workspace: Workspace) -> Iterator[Finding]:
    """Check that the catalog is a sound database of this version or an older one, or that a new workspace has none yet."""
    url = workspace.catalog_url
    try:
        engine = connect(url)
    except RedactionError:
        # The error's text may contain the password.
        yield failure(
            "catalog", "the URL in REDACTION_CATALOG cannot be used", "set it to an SQLAlchemy URL whose driver is installed"
        )
        return
    shown = engine.url.render_as_string(hide_password=True)
    is_missing = engine.dialect.name == "sqlite" and file_of(engine.url) is None
    try:
        if is_missing and workspace.has_documents():
            yield failure("catalog", f"{shown} is missing, although {workspace.root} holds documents", _GET_BACK)
        elif is_missing:
            yield ok("catalog", f"{shown} will be created when it is needed")
        elif found := damage(url):
            yield failure("catalog", f"{shown} is damaged ({found})", _GET_BACK)
        else:
            yield _schema(engine, shown, workspace)
    except RedactionError as error:
        detail, _, remedy = str(error).rpartition(": ")
        yield failure("catalog", detail, remedy)
    except SQLAlchemyError as error:
        kind = type(error).__name__
        yield failure("catalog", f"{shown} cannot be opened ({kind})", "check REDACTION_CATALOG, or restore a checkpoint")
    finally:
        engine.dispose()


def _schema(engine: Engine, shown: str, workspace: Workspace) -> Finding:
    scripts = ScriptDirectory(str(MIGRATIONS))
    version: str | None = None
    with readers_of(engine).connect() as connection:
        if "alembic_version" in inspect(connection).get_table_names():
            version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    try:
        scripts.get_revision(version or "base")
    except CommandError:
        return failure("catalog", f"{shown} has schema {version!r} of a newer version of this project", "update the project")
    if version is None and workspace.has_documents():
        return failure("catalog", f"{shown} is empty, although {workspace.root} holds documents", _GET_BACK)
    current = version == scripts.get_current_head()
    return ok("catalog", f"{shown} {'is up to date' if current else 'will be migrated when it is opened'}")
