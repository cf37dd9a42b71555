"""The workspace as a data registry: a git + DVC repository of its own, opened by one process at a time."""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import dvc.repo
import yaml
from dvc.config import Config
from dvc.config_schema import RelPath
from dvc.exceptions import DvcException
from dvc.lock import LockError
from dvc.logger import set_loggers_level
from dvc.ui import ui
from rich.console import Console

from redaction.checkpoints.git_repository import Commit, GitError, GitRepository
from redaction.errors import RedactionError
from redaction.files import make_private_folder, storage_errors, write_text
from redaction.locks import exclusive
from redaction.values import Frozen
from redaction.workspace import Workspace

FOLDERS = ("documents", "pages", "annotations", "models", "catalogue")
"""The folders of a checkpoint; each is one DVC output with a pointer file ``<folder>.dvc`` in git."""

TAG_PREFIX = "data/"
REMOTE_NAME = "storage"
RECORD_FILE = "checkpoint.json"
MAX_LOCK_WAIT_S = 600.0
"""How long a process waits while another one makes or restores a checkpoint."""

_GIT_IGNORE = "/catalogue.sqlite*\n/state/\n.*.part\n" + "".join(f"/{folder}\n" for folder in FOLDERS)
# Files that are being written, by this project (.part) or by DVC itself (.tmp), belong to no checkpoint.
_DVC_IGNORE = ".*.part\n.*.tmp\n"
_DVC_GIT_IGNORE = "/config.local\n/tmp\n/cache\n"
_TAG = re.compile(re.escape(TAG_PREFIX) + r"\d+")
_DIGEST_OF_FOLDER = re.compile(r"[0-9a-f]{32}\.dir")

Pointers = dict[str, str]
"""For each folder of a checkpoint, DVC's digest of its content."""


class CheckpointRecord(Frozen):
    """Summary of a checkpoint, stored under git as `RECORD_FILE`."""

    documents: int
    pages: int
    annotations: int
    digest: str


@dataclass(frozen=True)
class Registry:
    """A workspace's repositories, open and locked."""

    workspace: Workspace
    dvc: dvc.repo.Repo
    git: GitRepository

    @property
    def remote_url(self) -> str:
        """Address of the DVC remote."""
        return str(self.dvc.config["remote"][REMOTE_NAME]["url"])

    def tags(self) -> list[str]:
        """The tags of all checkpoints, oldest first."""
        tags = (tag for tag in self.git.tags(TAG_PREFIX) if _TAG.fullmatch(tag))
        return sorted(tags, key=lambda tag: (len(tag), tag))

    def require_checkpoint(self, tag: str) -> None:
        """Check that there is a checkpoint with this tag.

        Raises:
            RedactionError: there is none.
        """
        tags = self.tags()
        if tag not in tags:
            newest = f"the newest is {tags[-1]}" if tags else "there is none yet"
            raise RedactionError(
                f"There is no checkpoint {tag!r} in {self.workspace.root} ({newest}); see `redaction checkpoints list`."
            )

    def commits(self, tags: Sequence[str]) -> dict[str, Commit]:
        """The commit of each checkpoint."""
        return self.git.commits(tags)

    def records(self, tags: Sequence[str]) -> dict[str, CheckpointRecord]:
        """The summary of each checkpoint.

        Raises:
            RedactionError: a commit has none, so that it was not made by this project.
        """
        texts = self.git.files([(tag, RECORD_FILE) for tag in tags])
        try:
            return {tag: CheckpointRecord.model_validate(json.loads(texts[tag, RECORD_FILE])) for tag in tags}
        except (KeyError, ValueError) as error:
            raise RedactionError(
                f"A tag {TAG_PREFIX}… in {self.workspace.root} is not on a checkpoint ({error}); delete it with `git tag -d`."
            ) from error

    def pointers(self, tags: Sequence[str]) -> dict[str, Pointers]:
        """The pointers of each checkpoint.

        Raises:
            RedactionError: a pointer file does not point to its own folder.
        """
        texts = self.git.files([(tag, f"{folder}.dvc") for tag in tags for folder in FOLDERS])
        found: dict[str, Pointers] = {tag: {} for tag in tags}
        for (tag, name), text in texts.items():
            folder = name.removesuffix(".dvc")
            found[tag][folder] = _read_pointer(text, folder, tag)
        return found

    def current_pointers(self) -> Pointers:
        """The pointers in the workspace, as of the last `add`."""
        paths = {folder: self.workspace.root / f"{folder}.dvc" for folder in FOLDERS}
        existing = {folder: path.read_text(encoding="utf-8") for folder, path in paths.items() if path.is_file()}
        return {folder: _read_pointer(text, folder, "the workspace") for folder, text in existing.items()}

    def add(self, folders: tuple[str, ...] = FOLDERS) -> None:
        """Add the folders' content to DVC's cache and write their pointer files; a missing folder loses its pointer file."""
        existing = [folder for folder in folders if (self.workspace.root / folder).is_dir()]
        for folder in folders:
            if folder not in existing:
                (self.workspace.root / f"{folder}.dvc").unlink(missing_ok=True)
        if existing:
            # relink=False: otherwise DVC replaces the files in the workspace by copies, and for a moment there is neither.
            self.dvc.add([str(self.workspace.root / folder) for folder in existing], relink=False)


def is_registry(workspace: Workspace) -> bool:
    """Whether the workspace is a git + DVC repository of its own."""
    return all((workspace.root / name).is_file() for name in (".git/HEAD", ".dvc/config"))


def initialize(workspace: Workspace, remote: str | None = None) -> None:
    """Make the workspace a git + DVC repository of its own. In an existing repository only missing parts are added.

    Args:
        workspace: the folder; created if it does not exist.
        remote: where the data are pushed to: a folder, or an address that DVC knows (``s3://…``, ``ssh://…``). If None, the
            current remote is kept; the first remote is the folder ``<workspace>-remote`` beside the workspace.

    Raises:
        RedactionError: the folder of the remote cannot be created, or another process holds the workspace.
    """
    with storage_errors(workspace.root):
        make_private_folder(workspace.root)
    with storage_errors(workspace.root), _locked(workspace, MAX_LOCK_WAIT_S), _own_settings(workspace):
        _remove_git_locks(workspace)
        repository = GitRepository(workspace.root)
        repository.initialize()
        files = {".gitignore": _GIT_IGNORE, ".dvcignore": _DVC_IGNORE, ".dvc/.gitignore": _DVC_GIT_IGNORE}
        for name, text in files.items():
            path = workspace.root / name
            if not path.is_file() or path.read_text() != text:
                write_text(path, text)
        _configure_dvc(workspace, remote)
        repository.stage([*files, ".dvc/config"])
        repository.commit_staged("Set up the data registry")


@contextmanager
def open_registry(workspace: Workspace, max_wait_s: float = MAX_LOCK_WAIT_S) -> Iterator[Registry]:
    """Open the workspace's registry and lock it against other processes until the block ends.

    Remains of a killed process (git's lock files, DVC's list of paths in use) are removed first.

    Raises:
        RedactionError: the workspace is not a registry, another process holds it for longer than `max_wait_s`, or DVC or git
            fails.
    """
    if not is_registry(workspace):
        raise RedactionError(
            f"There are no checkpoints in {workspace.root}; create the first with `redaction checkpoints create`, "
            "or name another workspace with --workspace."
        )
    with storage_errors(workspace.root):
        make_private_folder(workspace.root)
    with storage_errors(workspace.root), _locked(workspace, max_wait_s), _own_settings(workspace), _silent_dvc():
        _remove_git_locks(workspace)
        with _open_dvc(workspace) as data:
            with data.lock:
                Path(data.tmp_dir, "rwlock").unlink(missing_ok=True)
            yield Registry(workspace, data, GitRepository(workspace.root))


@contextmanager
def _own_settings(workspace: Workspace) -> Iterator[None]:
    """Keep the user's and the machine's settings of DVC out, and turn what DVC and git refuse into a RedactionError."""
    nowhere = str(workspace.root / ".dvc" / "tmp" / "no-settings")
    own = {"DVC_GLOBAL_CONFIG_DIR": nowhere, "DVC_SYSTEM_CONFIG_DIR": nowhere}
    before = {name: os.environ.get(name) for name in (*own, "DVC_SITE_CACHE_DIR")}
    os.environ.pop("DVC_SITE_CACHE_DIR", None)
    os.environ.update(own)
    try:
        yield
    except LockError as error:
        raise RedactionError(
            f"A dvc command is running in {workspace.root}; wait until it has finished and try again."
        ) from error
    except (DvcException, GitError) as error:
        raise RedactionError(f"The registry in {workspace.root} could not be used: {error}") from error
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


@contextmanager
def _silent_dvc() -> Iterator[None]:
    """Turn DVC's terminal output off: its spinner, its progress bars (shown from the log level ERROR down) and its log lines.

    Nothing is lost: DVC reports failures as exceptions. The console is replaced rather than set to quiet, because a spinner on a
    terminal redirects everything that other threads print.
    """
    console = ui.error_console
    ui.error_console = Console(stderr=True, quiet=True, force_terminal=False)
    try:
        with set_loggers_level(logging.CRITICAL):
            yield
    finally:
        ui.error_console = console


def _open_dvc(workspace: Workspace) -> dvc.repo.Repo:
    # By default DVC keeps this state in a folder that every user of the machine can write to.
    state = workspace.root / ".dvc" / "tmp" / "site"
    make_private_folder(state)
    # With no_scm, DVC never uses git, whose libraries would read the user's settings. All that git does is done here.
    return dvc.repo.Repo(str(workspace.root), config={"core": {"site_cache_dir": str(state), "no_scm": True}})


@contextmanager
def _locked(workspace: Workspace, max_wait_s: float) -> Iterator[None]:
    refusal = (
        f"Another process has been making or restoring a checkpoint of {workspace.root} for {max_wait_s:g} s; "
        "wait until it has finished and try again."
    )
    with exclusive(workspace.state / "checkpoint.lock", refusal, max_wait_s):
        yield


def _remove_git_locks(workspace: Workspace) -> None:
    # Our own lock keeps other processes out of this repository, so a git lock file is from a killed process.
    git_folder = workspace.root / ".git"
    for path in [*git_folder.glob("*.lock"), *(git_folder / "refs").rglob("*.lock")]:
        path.unlink()


def _configure_dvc(workspace: Workspace, remote: str | None) -> None:
    folder = workspace.root / ".dvc"
    if not (folder / "config").is_file():
        write_text(folder / "config", "")
    config = Config(str(folder))
    core, remotes = config["core"], config["remote"]
    url = remotes.get(REMOTE_NAME, {}).get("url")
    if remote is not None or url is None:
        url = _remote_url(workspace, remote)
    if core.get("remote") == REMOTE_NAME and core.get("analytics") is False and remotes.get(REMOTE_NAME, {}).get("url") == url:
        return
    with config.edit(level="repo") as edited:
        edited["core"] |= {"remote": REMOTE_NAME, "analytics": False, "check_update": False, "autostage": False}
        edited["remote"].setdefault(REMOTE_NAME, {})["url"] = url


def _remote_url(workspace: Workspace, remote: str | None) -> str:
    if remote is not None and "://" in remote:
        return remote
    folder = Path(remote).expanduser().resolve() if remote else workspace.root.with_name(f"{workspace.root.name}-remote")
    if folder == workspace.root or folder.is_relative_to(workspace.root):
        raise RedactionError(f"The remote {folder} is inside the workspace; choose a folder outside it, or an address.")
    try:
        if remote is None or not folder.exists():
            make_private_folder(folder)
    except OSError as error:
        raise RedactionError(
            f"The remote folder {folder} cannot be created ({error.strerror}); choose another with --remote."
        ) from error
    # The default remote is stored as a relative path, so that the two folders can be moved together.
    return str(folder) if remote else RelPath(os.fspath(folder))


def _read_pointer(text: str, folder: str, where: str) -> str:
    # a registry may come from elsewhere: a pointer to another folder would let it write anywhere
    try:
        (output,) = yaml.safe_load(text)["outs"]
        if output["path"] == folder and _DIGEST_OF_FOLDER.fullmatch(output["md5"]):
            return str(output["md5"])
    except (yaml.YAMLError, KeyError, TypeError, ValueError):
        pass
    raise RedactionError(f"{folder}.dvc of {where} does not point to the folder {folder}; use another checkpoint.")
