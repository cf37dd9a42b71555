"""Checks of ZenML's client and of the W&B key."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import yaml

from redaction.doctor.findings import Finding, failure, ok
from redaction.doctor.ports import answers


def zenml_client() -> Iterator[Finding]:
    """Check that ZenML's client can reach its server.

    After 'zenml login --local' every command needs a local server, which does not survive a reboot.
    """
    folder = Path(
        os.environ.get("ZENML_CONFIG_PATH") or Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config", "zenml")
    ).expanduser()
    stores = Path(os.environ.get("ZENML_LOCAL_STORES_PATH") or folder / "local_stores")
    yield from _incomplete_database(stores / "default_zen_store" / "zenml.db")
    try:
        store = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))["store"]
        kind, url = store["type"], str(store["url"])
    except (OSError, yaml.YAMLError, KeyError, TypeError):
        return  # ZenML was not used yet, or uses its defaults
    if kind != "rest":
        yield ok("zenml", "the client uses a database directly")
    elif answers(f"{url.rstrip('/')}/health"):
        yield ok("zenml", f"the client uses the server {url}")
    else:
        remedy = "start it, or run 'zenml logout --local' to use the local database again"
        yield failure("zenml", f"the client uses the server {url}, which does not answer", remedy)


def _incomplete_database(database: Path) -> Iterator[Finding]:
    """Report the database of an interrupted first ZenML command: it makes every later command fail."""
    if not database.is_file():
        return
    uri = f"{database.absolute().as_uri()}?mode=ro"
    # A database that cannot be read (locked, no permission) is not necessarily incomplete.
    with suppress(sqlite3.Error), closing(sqlite3.connect(uri, uri=True)) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        versions = connection.execute("SELECT * FROM alembic_version").fetchall() if "alembic_version" in tables else []
        if tables and not versions:
            yield failure(
                "zenml", f"the first start was interrupted, {database} is incomplete", "delete that file; it holds no data yet"
            )


def wandb_key(needed: bool) -> Iterator[Finding]:
    """Check whether the W&B key is set, without showing it. Tracking ignores the key that 'wandb login' writes to ~/.netrc."""
    if os.environ.get("WANDB_API_KEY"):
        yield ok("WANDB_API_KEY", "set")
    elif needed:
        yield failure("WANDB_API_KEY", "not set", "set it to the key from your W&B settings")
    else:
        yield ok("WANDB_API_KEY", "not set: W&B works offline")
