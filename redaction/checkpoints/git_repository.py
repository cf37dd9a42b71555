"""The workspace's git repository. git runs with a configuration of its own: of the user's settings, only name and email count."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from redaction.errors import RedactionError
from redaction.values import Frozen

MAX_GIT_S = 120.0
"""The repository holds a few small files, so that a longer command hangs."""

_DEFAULT_IDENTITY = {"name": "redaction", "email": "redaction@localhost"}
_CONFIGURATION = {
    "commit.gpgSign": "false",
    "tag.gpgSign": "false",
    "core.hooksPath": os.devnull,
    "core.excludesFile": os.devnull,
    "core.attributesFile": os.devnull,
    "core.autocrlf": "false",
    "core.fsmonitor": "false",
    "log.showSignature": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
}
"""Takes precedence over the configuration files, the workspace's own ones included."""


class GitError(Exception):
    """git refused a command; the message is git's own."""


class Commit(Frozen):
    """A commit of the workspace's repository."""

    revision: str
    message: str
    made_at: datetime


class GitRepository:
    """The repository in a folder, used through git's own command."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def initialize(self) -> None:
        """Create the repository with the branch ``main``; an existing one stays as it is. Templates of the user are not used."""
        # with --work-tree, git would store the folder's absolute path, and the workspace could not be moved
        _run(["git", "init", "--quiet", "--template=", "--initial-branch=main", "--", str(self.root)], self.root, _environment())

    def run(self, *arguments: str, stdin: str = "") -> str:
        """Run a git command and return its standard output.

        Raises:
            GitError: git refuses the command.
            RedactionError: git is not installed, or does not finish in time.
        """
        return self._run(arguments, stdin).decode(errors="replace")

    def has_commits(self) -> bool:
        """Whether the current branch has a commit."""
        return bool(self._head())

    def commit_staged(self, message: str) -> None:
        """Commit what is staged, if anything is; ignore files, hooks and signing settings have no influence."""
        if self.has_commits() and not self.run("diff", "--cached", "--name-only"):
            return
        arguments = ("commit", "--quiet", "--no-verify", "--no-gpg-sign", "--allow-empty", "--allow-empty-message")
        self._run((*arguments, "--cleanup=verbatim", f"--message={message}"), variables=self._identity())

    def stage(self, files: Iterable[str]) -> None:
        """Stage these files, ignored or not."""
        self.run("add", "--force", "--", *files)

    def tag_head(self, name: str) -> None:
        """Set a tag on the current commit."""
        self.run("tag", "--no-sign", "--", name)

    def tags(self, prefix: str) -> list[str]:
        """The names of all tags below `prefix`."""
        return self.run("for-each-ref", "--format=%(refname:strip=2)", f"refs/tags/{prefix}").splitlines()

    def commits(self, tags: Sequence[str]) -> dict[str, Commit]:
        """The commit of each tag."""
        if not tags:
            return {}
        revisions = (f"refs/tags/{tag}^{{commit}}" for tag in tags)
        # the commits of two tags may be the same one, which git then shows once
        shown = self.run("log", "--no-walk=unsorted", "-z", "--format=%H%x00%ct%x00%B", "--stdin", stdin=_lines(revisions))
        fields = shown.removesuffix("\0").split("\0")
        found = {
            revision: Commit(revision=revision, message=message.rstrip("\n"), made_at=datetime.fromtimestamp(int(seconds), UTC))
            for revision, seconds, message in zip(fields[::3], fields[1::3], fields[2::3], strict=True)
        }
        listed = self.run("rev-parse", *(f"refs/tags/{tag}^{{commit}}" for tag in tags)).splitlines()
        return {tag: found[revision] for tag, revision in zip(tags, listed, strict=True)}

    def files(self, names: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
        """The text of the files that exist, for pairs of a tag and a path in its commit."""
        answer = self._run(("cat-file", "--batch"), _lines(f"refs/tags/{tag}:{path}" for tag, path in names))
        texts: dict[tuple[str, str], str] = {}
        for name in names:
            header, _, answer = answer.partition(b"\n")
            if header.endswith(b" missing"):
                continue
            size = int(header.rsplit(b" ", 1)[1])
            texts[name], answer = answer[:size].decode(errors="replace"), answer[size + 1 :]
        return texts

    def check_out_files(self, tag: str, paths: Iterable[str]) -> None:
        """Replace files by those in the tag's commit; the branch does not move."""
        self.run("checkout", "--quiet", f"refs/tags/{tag}", "--", *paths)

    def _head(self) -> str:
        try:
            return self.run("rev-parse", "--verify", "--quiet", "HEAD")
        except GitError:
            return ""

    def _run(self, arguments: Sequence[str], stdin: str = "", variables: Mapping[str, str] = MappingProxyType({})) -> bytes:
        places = (f"--git-dir={self.root / '.git'}", f"--work-tree={self.root}")
        options = [text for name, value in _CONFIGURATION.items() for text in ("-c", f"{name}={value}")]
        return _run(["git", *places, *options, *arguments], self.root, _environment() | dict(variables), stdin)

    def _identity(self) -> dict[str, str]:
        found = {key: self._user_setting(f"user.{key}") or default for key, default in _DEFAULT_IDENTITY.items()}
        identity = _identity_variables(found)
        try:
            self._run(("var", "GIT_COMMITTER_IDENT"), variables=identity)
        except GitError:  # a name of which git leaves nothing, such as "<>"
            return _identity_variables(_DEFAULT_IDENTITY)
        return identity

    def _user_setting(self, name: str) -> str:
        # the only place that reads the user's configuration; it may be broken, which must not matter
        environment = {key: value for key, value in _environment().items() if key not in _CONFIGURATION_FILES}
        environment |= {key: os.environ[key] for key in _CONFIGURATION_FILES if key in os.environ}
        command = ["git", f"--git-dir={self.root / '.git'}", "config", "--get", name]
        try:
            return _run(command, self.root, environment).decode(errors="replace").strip()
        except GitError:
            return ""


_CONFIGURATION_FILES = ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM")
"""Variables that say where the user's and the system's configuration are."""


def _environment() -> dict[str, str]:
    others = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    return others | {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_EDITOR": ":",
        "GIT_PAGER": "cat",
        "LC_ALL": "C.UTF-8",
    }


def _identity_variables(identity: Mapping[str, str]) -> dict[str, str]:
    return {f"GIT_{role}_{key.upper()}": value for role in ("AUTHOR", "COMMITTER") for key, value in identity.items()}


def _lines(texts: Iterable[str]) -> str:
    return "".join(f"{text}\n" for text in texts)


def _run(command: list[str], folder: Path, environment: dict[str, str], stdin: str = "") -> bytes:
    shown = f"`git {next((word for word in command[1:] if not word.startswith('-') and '=' not in word), '')}` in {folder}"
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, input=stdin.encode(), capture_output=True, timeout=MAX_GIT_S, check=False
        )
    except FileNotFoundError as error:
        raise RedactionError("git is not installed, and checkpoints need it: install git.") from error
    except subprocess.TimeoutExpired as error:
        raise RedactionError(
            f"{shown} did not finish within {MAX_GIT_S:g} s and was ended: check the disk, then try again."
        ) from error
    if done.returncode != 0:
        raise GitError(f"{shown}: {done.stderr.decode(errors='replace').strip() or f'exit status {done.returncode}'}")
    return done.stdout
