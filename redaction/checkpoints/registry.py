"""The workspace as a data registry: a git + DVC repository of its own, opened by one process at a time."""

from __future__ import annotations

import json
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
from filelock import FileLock, Timeout

from redaction.errors import RedactionError
from redaction.files import write_text
from redaction.values import Frozen
from redaction.workspace import Workspace

FOLDERS = ("documents", "pages", "annotations", "models", "catalogue")
"""What a checkpoint holds; each folder is one DVC output with a pointer file ``<folder>.dvc`` in git."""

TAG_PREFIX = "data/"
REMOTE = "storage"
RECORD = "checkpoint.json"
WAIT_SECONDS = 600.0
"""How long a second process waits for the first one to finish its checkpoint."""

_GIT_IGNORE = "/catalogue.sqlite*\n/state/\n.*.part\n" + "".join(f"/{folder}\n" for folder in FOLDERS)
# What is being written at this moment, by us (.part) or by DVC itself (.tmp), belongs to no checkpoint.
_DVC_IGNORE = ".*.part\n.*.tmp\n"
_DVC_GIT_IGNORE = "/config.local\n/tmp\n/cache\n"
_IDENTITY = {"name": "redaction", "email": "redaction@localhost"}

Pointers = dict[str, str]
"""For each folder of a checkpoint the digest that DVC knows its content by."""


class Record(Frozen):
    """What a checkpoint says of itself, in a file under git."""

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
        """Where the registry pushes its data to."""
        return str(self.dvc.config["remote"][REMOTE]["url"])

    def tags(self) -> list[str]:
        """The names of all checkpoints, oldest first."""
        return sorted((tag.name for tag in self.git.tags if tag.name.startswith(TAG_PREFIX)), key=lambda name: (len(name), name))

    def commit_of(self, tag: str) -> git.Commit:
        """The commit that a checkpoint's tag stands at.

        Raises:
            RedactionError: there is no such checkpoint.
        """
        known = self.tags()
        if tag not in known:
            newest = f"the newest is {known[-1]}" if known else "there is none yet"
            raise RedactionError(
                f"No checkpoint is called {tag!r} in {self.workspace.root} ({newest}); see `redaction checkpoints list`."
            )
        return self.git.tags[tag].commit

    def record_of(self, commit: git.Commit) -> Record:
        """What the checkpoint at `commit` says of itself."""
        return Record.model_validate(json.loads(commit.tree[RECORD].data_stream.read()))

    def pointers_at(self, commit: git.Commit) -> Pointers:
        """The content of each folder at `commit`."""
        blobs = {folder: f"{folder}.dvc" for folder in FOLDERS if f"{folder}.dvc" in commit.tree}
        return {folder: _pointer(commit.tree[name].data_stream.read()) for folder, name in blobs.items()}

    def pointers_here(self) -> Pointers:
        """The content of each folder as it was last added."""
        paths = {folder: self.workspace.root / f"{folder}.dvc" for folder in FOLDERS}
        return {folder: _pointer(path.read_bytes()) for folder, path in paths.items() if path.is_file()}

    def add(self, folders: tuple[str, ...] = FOLDERS) -> None:
        """Take the folders' content into DVC's cache and write their pointer files; a folder that is gone loses its pointer."""
        there = [folder for folder in folders if (self.workspace.root / folder).is_dir()]
        for folder in folders:
            if folder not in there:
                (self.workspace.root / f"{folder}.dvc").unlink(missing_ok=True)
        if there:
            # relink=False: DVC would otherwise replace the files in the workspace by copies, for a moment without either
            self.dvc.add([str(self.workspace.root / folder) for folder in there], relink=False)


def is_registry(workspace: Workspace) -> bool:
    """Whether the workspace is a git + DVC repository of its own."""
    return all((workspace.root / name).is_file() for name in (".git/HEAD", ".dvc/config"))


def initialize(workspace: Workspace, remote: str | None = None) -> None:
    """Make the workspace a git + DVC repository of its own; where it is one already, only what is missing is added.

    Args:
        workspace: the folder to make a registry; created when it is not there.
        remote: where the data are pushed to: a folder, or an address that DVC knows (``s3://…``, ``ssh://…``). When not given,
            the remote that is set stays; the first time it is the folder ``<workspace>-remote`` beside the workspace.

    Raises:
        RedactionError: the folder of the remote cannot be made, or another process holds the workspace.
    """
    workspace.root.mkdir(parents=True, exist_ok=True)
    with _locked(workspace, WAIT_SECONDS):
        _remove_git_leftovers(workspace)
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
def open_registry(workspace: Workspace, wait_seconds: float = WAIT_SECONDS) -> Iterator[Registry]:
    """The workspace's registry, for this process alone until the block is left.

    What a process that was killed has left behind (git's lock files, DVC's list of paths in use) is removed first.

    Raises:
        RedactionError: the workspace is no registry, another process is at it for longer than `wait_seconds`, or DVC or git
            refuses.
    """
    if not is_registry(workspace):
        raise RedactionError(
            f"There are no checkpoints in {workspace.root}; make the first with `redaction checkpoints create`, "
            "or name another workspace with --workspace."
        )
    with _locked(workspace, wait_seconds):
        _remove_git_leftovers(workspace)
        try:
            with git.Repo(workspace.root) as repository, _open_dvc(workspace) as data:
                with data.lock:
                    Path(data.tmp_dir, "rwlock").unlink(missing_ok=True)
                yield Registry(workspace, data, repository)
        except LockError as error:
            raise RedactionError(f"A dvc command is at work in {workspace.root}; wait for it to end and try again.") from error
        except (DvcException, git.GitError) as error:
            raise RedactionError(f"The registry in {workspace.root} could not be used: {error}") from error


def _open_dvc(workspace: Workspace) -> dvc.repo.Repo:
    # DVC's own place for its state is a folder that everybody on the machine may write to.
    state = workspace.root / ".dvc" / "tmp" / "site"
    state.mkdir(parents=True, exist_ok=True)
    state.chmod(0o700)
    data = dvc.repo.Repo(str(workspace.root), config={"core": {"site_cache_dir": str(state)}})
    data.scm_context.quiet = True  # it would tell people to run git add, which is done here
    return data


@contextmanager
def _locked(workspace: Workspace, wait_seconds: float) -> Iterator[None]:
    workspace.state.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(workspace.state / "checkpoint.lock", timeout=wait_seconds):
            yield
    except Timeout as error:
        raise RedactionError(
            f"Another process has been making or restoring a checkpoint of {workspace.root} for {wait_seconds:g} s; "
            "wait for it to end and try again."
        ) from error


def _remove_git_leftovers(workspace: Workspace) -> None:
    # Under our own lock nobody else uses this repository, so a lock file of git is what a killed process left.
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
    url = remotes.get(REMOTE, {}).get("url")
    if remote is not None or url is None:
        url = _remote_url(workspace, remote)
    if core.get("remote") == REMOTE and core.get("analytics") is False and remotes.get(REMOTE, {}).get("url") == url:
        return
    with config.edit(level="repo") as edited:
        edited["core"] |= {"remote": REMOTE, "analytics": False, "check_update": False, "autostage": False}
        edited["remote"].setdefault(REMOTE, {})["url"] = url


def _remote_url(workspace: Workspace, remote: str | None) -> str:
    if remote is not None and "://" in remote:
        return remote
    folder = Path(remote).expanduser().resolve() if remote else workspace.root.with_name(f"{workspace.root.name}-remote")
    if folder == workspace.root or folder.is_relative_to(workspace.root):
        raise RedactionError(f"The remote {folder} lies inside the workspace; name a folder outside of it, or an address.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RedactionError(
            f"The remote folder {folder} cannot be made ({error.strerror}); name another with --remote."
        ) from error
    # The default remote is kept relative, so that the two folders can be moved together.
    return str(folder) if remote else RelPath(os.fspath(folder))


def _pointer(content: bytes) -> str:
    return str(yaml.safe_load(content)["outs"][0]["md5"])
