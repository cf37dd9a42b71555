"""Checks of what else lives on this machine: ports, ZenML's client, keys."""

from __future__ import annotations

import os
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import httpx
import yaml

from redaction.doctor.findings import Finding, bad, doubtful, fine

SERVICE_PORT, DASHBOARD_PORT = 3000, 8237


def port(name: str, number: int, path: str, needed: bool) -> Iterator[Finding]:
    """Free, or held by what belongs there: a program that answers at `path`."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", number))
        except OSError:
            if _answers(f"http://127.0.0.1:{number}{path}"):
                yield fine(name, f"{number} is held by what belongs there")
            else:
                remedy = f"end that program ('ss -ltnp sport = :{number}' names it), or use another port"
                yield (bad if needed else doubtful)(name, f"{number} is taken by another program", remedy)
        else:
            yield fine(name, f"{number} is free")


def zenml_client() -> Iterator[Finding]:
    """After 'zenml login --local' the client needs a server that does not survive a reboot; without it every command fails."""
    folder = Path(
        os.environ.get("ZENML_CONFIG_PATH") or Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config", "zenml")
    ).expanduser()
    stores = Path(os.environ.get("ZENML_LOCAL_STORES_PATH") or folder / "local_stores")
    yield from _half_made(stores / "default_zen_store" / "zenml.db")
    try:
        store = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))["store"]
        kind, url = store["type"], str(store["url"])
    except (OSError, yaml.YAMLError, KeyError, TypeError):
        return  # ZenML was not used yet, or keeps to its defaults
    if kind != "rest":
        yield fine("zenml", "its client uses a database directly")
    elif _answers(f"{url.rstrip('/')}/health"):
        yield fine("zenml", f"its client uses the server {url}")
    else:
        remedy = "start it, or run 'zenml logout --local' to go back to the local database"
        yield bad("zenml", f"its client uses the server {url}, which does not answer", remedy)


def _half_made(database: Path) -> Iterator[Finding]:
    """The database of a first ZenML command that was interrupted: every later command would fail over it."""
    if not database.is_file():
        return
    uri = f"{database.absolute().as_uri()}?mode=ro"
    # one that cannot be read just now (locked, another's) is not half made for that
    with suppress(sqlite3.Error), closing(sqlite3.connect(uri, uri=True)) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        versions = connection.execute("SELECT * FROM alembic_version").fetchall() if "alembic_version" in tables else []
        if tables and not versions:
            yield bad(
                "zenml", f"its first start was interrupted, {database} is half made", "remove that file; it holds nothing yet"
            )


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=3, trust_env=False).is_success
    except (httpx.HTTPError, httpx.InvalidURL):
        return False


def keys(tracking_needed: bool) -> Iterator[Finding]:
    """Present or absent; never their values. What 'wandb login' leaves in ~/.netrc does not count: the tracking ignores it."""
    if os.environ.get("WANDB_API_KEY"):
        yield fine("WANDB_API_KEY", "present")
    elif tracking_needed:
        yield bad("WANDB_API_KEY", "absent", "set it to the key from your W&B settings")
    else:
        yield fine("WANDB_API_KEY", "absent: W&B works offline")
