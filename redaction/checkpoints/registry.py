"""The workspace as a data registry: a git + DVC repository of its own, opened by one process at a time."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import dvc.repo
import git
import yaml
from dvc.config import Config
from dvc.config_schema import RelPath
from dvc.exceptions import DvcException
from dvc.lock import LockError
from dvc.logger import set_loggers_level
from dvc.ui import ui
from filelock import FileLock, Timeout
from rich.console import Console

from redaction.errors import RedactionError
from redaction.files import write_text
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
_IDENTITY = {"name": "redaction", "email": "redaction@localhost"}

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
    git: git.Repo

    @property
    def remote_url(self) -> str:
        """Address of the DVC remote."""
        return str(self.dvc.config["remote"][REMOTE_NAME]["url"])

    def tags(self) -> list[str]:
        """The tags of all checkpoints, oldest first."""
        return sorted((tag.name for tag in self.git.tags if tag.name.startswith(TAG_PREFIX)), key=lambda name: (len(name), name))

    def commit_of(self, tag: str) -> git.Commit:
        """The commit of a checkpoint.

        Raises:
            RedactionError: there is no such checkpoint.
        """
        tags = self.tags()
        if tag not in tags:
            newest = f"the newest is {tags[-1]}" if tags else "there is none yet"
            raise RedactionError(
                f"There is no checkpoint {tag!r} in {self.workspace.root} ({newest}); see `redaction checkpoints list`."
            )
        return self.git.tags[tag].commit

    def record_of(self, commit: git.Commit) -> CheckpointRecord:
        """The summary of the checkpoint at `commit`."""
        return CheckpointRecord.model_validate(json.loads(commit.tree[RECORD_FILE].data_stream.read()))

    def pointers_at(self, commit: git.Commit) -> Pointers:
        """The pointers of the checkpoint at `commit`."""
        blobs = {folder: f"{folder}.dvc" for folder in FOLDERS if f"{folder}.dvc" in commit.tree}
        return {folder: _read_pointer(commit.tree[name].data_stream.read()) for folder, name in blobs.items()}

    def current_pointers(self) -> Pointers:
        """The pointers in the workspace, as of the last `add`."""
        paths = {folder: self.workspace.root / f"{folder}.dvc" for folder in FOLDERS}
        return {folder: _read_pointer(path.read_bytes()) for folder, path in paths.items() if path.is_file()}

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
    workspace.root.mkdir(parents=True, exist_ok=True)
    with _locked(workspace, MAX_LOCK_WAIT_S):
        _remove_git_locks(workspace)
        repository = git.Repo.init(workspace.root, initial_branch="main")
        _set_identity(repository)
        files = {".gitignore": _GIT_IGNORE, ".dvcignore": _DVC_IGNORE, ".dvc/.gitignore": _DVC_GIT_IGNORE}
        for name, text in files.items():
            path = workspace.root / name
            if not path.is_file() or path.read_text() != text:
                write_text(path, text)
        _configure_dvc(workspace, remote)
        repository.git.add("--", *files, ".dvc/config")
        if not repository.head.is_valid() or repository.git.diff("--cached", "--name-only"):
            repository.index.commit("Set up the data registry", skip_hooks=True)


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
    with _locked(workspace, max_wait_s), _silent_dvc():
        _remove_git_locks(workspace)
        try:
            with git.Repo(workspace.root) as repository, _open_dvc(workspace) as data:
                with data.lock:
                    Path(data.tmp_dir, "rwlock").unlink(missing_ok=True)
                yield Registry(workspace, data, repository)
        except LockError as error:
            raise RedactionError(
                f"A dvc command is running in {workspace.root}; wait until it has finished and try again."
            ) from error
        except (DvcException, git.GitError) as error:
            raise RedactionError(f"The registry in {workspace.root} could not be used: {error}") from error


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
    state.mkdir(parents=True, exist_ok=True)
    state.chmod(0o700)
    data = dvc.repo.Repo(str(workspace.root), config={"core": {"site_cache_dir": str(state)}})
    data.scm_context.quiet = True  # no advice to run `git add`, which is done here
    return data


@contextmanager
def _locked(workspace: Workspace, max_wait_s: float) -> Iterator[None]:
    workspace.state.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(workspace.state / "checkpoint.lock", timeout=max_wait_s):
            yield
    except Timeout as error:
        raise RedactionError(
            f"Another process has been making or restoring a checkpoint of {workspace.root} for {max_wait_s:g} s; "
            "wait until it has finished and try again."
        ) from error


def _remove_git_locks(workspace: Workspace) -> None:
    # Our own lock keeps other processes out of this repository, so a git lock file is from a killed process.
    git_folder = workspace.root / ".git"
    for path in [*git_folder.glob("*.lock"), *(git_folder / "refs").rglob("*.lock")]:
        path.unlink()


def _set_identity(repository: git.Repo) -> None:
    with repository.config_reader() as reader:
        missing = {key: value for key, value in _IDENTITY.items() if not reader.has_option("user", key)}
    if missing:
        with repository.config_writer("repository") as writer:
            for key, value in missing.items():
                writer.set_value("user", key, value)


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
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RedactionError(
            f"The remote folder {folder} cannot be created ({error.strerror}); choose another with --remote."
        ) from error
    # The default remote is stored as a relative path, so that the two folders can be moved together.
    return str(folder) if remote else RelPath(os.fspath(folder))


def _read_pointer(content: bytes) -> str:
    return str(yaml.safe_load(content)["outs"][0]["md5"])
