"""The user's own settings of git and DVC, in files and in the environment, do not reach the workspace's repository."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import git
import pytest

from redaction.checkpoints import checkpoint, list_checkpoints, restore, verify
from redaction.checkpoints import git_repository as git_module
from redaction.errors import RedactionError
from redaction.workspace import Workspace

from .conftest import add_document, data_of, put


class User:
    """A user's home, and the environment of the user's shell."""

    def __init__(self, home: Path, set_variable: Callable[[str, str], None]) -> None:
        self.home, self.set = home, set_variable

    def write(self, name: str, text: str, executable: bool = False) -> Path:
        put(self.home / name, text.encode())
        (self.home / name).chmod(0o755 if executable else 0o644)
        return self.home / name


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> User:
    for name in [name for name in os.environ if name.startswith(("GIT_", "DVC_", "XDG_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(git_module, "MAX_GIT_S", 20)
    (tmp_path / "home").mkdir()
    return User(tmp_path / "home", monkeypatch.setenv)


def signs_tags(user: User) -> None:
    user.write(".gitconfig", "[tag]\n gpgSign = true\n[user]\n name = A B\n email = a@example.org\n")


def signs_commits(user: User) -> None:
    user.write(".gitconfig", "[commit]\n gpgSign = true\n[user]\n signingKey = nobody\n[gpg]\n program = /bin/false\n")


def edits_every_tag_and_message(user: User) -> None:
    user.write(".gitconfig", "[tag]\n forceSignAnnotated = true\n[commit]\n verbose = true\n")
    user.set("GIT_EDITOR", "sleep 600")


def ignores_what_a_checkpoint_commits(user: User) -> None:
    ignored = user.write("global-ignore", "*.json\n*.csv\n*.dvc\n.dvc\n.gitignore\n")
    user.write(".gitconfig", f"[core]\n excludesFile = {ignored}\n")


def ignores_everything_in_the_default_file(user: User) -> None:
    user.write(".config/git/ignore", "*\n")


def changes_line_ends_and_filters(user: User) -> None:
    user.write(".config/git/attributes", "* text eol=crlf filter=broken\n")
    user.write(".gitconfig", '[core]\n autocrlf = true\n[filter "broken"]\n clean = false\n required = true\n')


def has_hooks(user: User) -> None:
    for name in ("pre-commit", "commit-msg", "post-commit", "reference-transaction", "post-checkout"):
        user.write(f"hooks/{name}", "#!/bin/sh\nexit 1\n", executable=True)
    user.write(".gitconfig", f"[core]\n hooksPath = {user.home / 'hooks'}\n")


def has_templates(user: User) -> None:
    user.write("template/hooks/reference-transaction", "#!/bin/sh\nexit 1\n", executable=True)
    user.write("template/info/exclude", "*\n")
    user.write(".gitconfig", f"[init]\n templateDir = {user.home / 'template'}\n defaultBranch = trunk\n")


def has_a_broken_configuration(user: User) -> None:
    user.write(".gitconfig", "[core\nnonsense")


def works_in_another_repository(user: User) -> None:
    subprocess.run(["git", "init", "--quiet", str(user.home / "other")], check=True)
    user.set("GIT_DIR", str(user.home / "other" / ".git"))
    user.set("GIT_WORK_TREE", str(user.home / "other"))
    user.set("GIT_INDEX_FILE", str(user.home / "other" / "index"))
    user.set("GIT_OBJECT_DIRECTORY", str(user.home / "other" / ".git" / "objects"))
    user.set("GIT_CEILING_DIRECTORIES", "/")


def configures_git_in_the_environment(user: User) -> None:
    for number, (name, value) in enumerate({"tag.gpgSign": "true", "core.hooksPath": "/", "core.excludesFile": "/x"}.items()):
        user.set(f"GIT_CONFIG_KEY_{number}", name)
        user.set(f"GIT_CONFIG_VALUE_{number}", value)
    user.set("GIT_CONFIG_COUNT", "3")
    user.set("GIT_CONFIG_PARAMETERS", "'commit.gpgsign=true'")
    user.set("GIT_NAMESPACE", "elsewhere")
    user.set("GIT_LITERAL_PATHSPECS", "nonsense")


def has_settings_of_dvc(user: User) -> None:
    settings = "[core]\n remote = elsewhere\n autostage = true\n[cache]\n type = symlink\n dir = /nonexistent/cache\n"
    user.write(".config/dvc/config", settings)
    user.set("DVC_SITE_CACHE_DIR", "/nonexistent/site")


def has_a_name_of_which_git_leaves_nothing(user: User) -> None:
    user.write(".gitconfig", "[user]\n name = <>\n email =\n useConfigOnly = true\n")


SETTINGS = [
    signs_tags,
    signs_commits,
    edits_every_tag_and_message,
    ignores_what_a_checkpoint_commits,
    ignores_everything_in_the_default_file,
    changes_line_ends_and_filters,
    has_hooks,
    has_templates,
    has_a_broken_configuration,
    works_in_another_repository,
    configures_git_in_the_environment,
    has_settings_of_dvc,
    has_a_name_of_which_git_leaves_nothing,
]


@pytest.mark.parametrize("set_up", SETTINGS, ids=lambda set_up: set_up.__name__)
def test_checkpoints_are_made_and_restored_whatever_the_user_has_configured(
    set_up: Callable[[User], None], user: User, filled: Workspace
) -> None:
    set_up(user)
    before = sorted(user.home.rglob("*"))
    first = checkpoint(filled, "# the first batch")
    data = data_of(filled)
    add_document(filled, 3)
    second = checkpoint(filled, "the second batch")
    assert [first.tag, second.tag] == [row.tag for row in list_checkpoints(filled)] == ["data/0001", "data/0002"]
    assert first.message == "# the first batch"
    assert verify(filled).complete
    shutil.rmtree(filled.pages)
    restore(filled, first.tag, discard=True)
    assert data_of(filled) == data
    assert not any(path.is_symlink() for path in filled.pages.rglob("*"))
    assert sorted(user.home.rglob("*")) == before, "the user's own files and repositories stay as they are"


def test_a_repository_that_asks_for_signatures_itself_is_no_obstacle(user: User, filled: Workspace) -> None:
    checkpoint(filled, "first")
    with (filled.root / ".git" / "config").open("a") as file:
        file.write("[tag]\n gpgSign = true\n[commit]\n gpgSign = true\n[core]\n hooksPath = /\n")
    add_document(filled, 3)
    assert checkpoint(filled, "second").tag == "data/0002"


def test_a_folder_that_belongs_to_another_user_can_be_used(user: User, filled: Workspace) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can give a folder away")
    checkpoint(filled, "first")
    for path in (filled.root, filled.root / ".git", filled.root / ".git" / "config"):
        os.chown(path, 65534, 65534)
    add_document(filled, 3)
    assert checkpoint(filled, "second").tag == "data/0002"


@pytest.mark.parametrize(
    ("global_settings", "own_settings", "expected"),
    [
        ("", "", "redaction <redaction@localhost>"),
        ("[user]\n name = Ann Å\n email = ann@example.org\n", "", "Ann Å <ann@example.org>"),
        ("[user]\n name = Ann\n", "", "Ann <redaction@localhost>"),
        ("[user]\n name = Ann\n", "[user]\n name = Robot\n email = r@example.org\n", "Robot <r@example.org>"),
    ],
)
def test_commits_are_made_in_the_name_that_git_knows_or_else_as_redaction(
    global_settings: str, own_settings: str, expected: str, user: User, filled: Workspace
) -> None:
    user.write(".gitconfig", global_settings)
    checkpoint(filled, "first")
    with (filled.root / ".git" / "config").open("a") as file:
        file.write(own_settings)
    add_document(filled, 3)
    commit = git.Repo(filled.root).commit(checkpoint(filled, "second").revision)
    assert f"{commit.author.name} <{commit.author.email}>" == expected
    assert f"{commit.committer.name} <{commit.committer.email}>" == expected


def test_a_git_command_that_hangs_is_ended(user: User, filled: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint(filled, "first")
    add_document(filled, 3)
    monkeypatch.setattr(git_module, "MAX_GIT_S", 0.5)
    hanging = user.write("bin/git", "#!/bin/sh\nexec sleep 60\n", executable=True)
    monkeypatch.setenv("PATH", f"{hanging.parent}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(RedactionError, match=r"did not finish within 0\.5 s"):
        checkpoint(filled, "second")


def test_without_git_the_user_is_told_to_install_it(filled: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RedactionError, match="git is not installed"):
        checkpoint(filled, "first")


def test_stray_tags_are_not_checkpoints(filled: Workspace) -> None:
    checkpoint(filled, "first")
    git.Repo(filled.root).create_tag("data/before-the-move", message="an annotated tag of the user")
    add_document(filled, 3)
    assert checkpoint(filled, "second").tag == "data/0002"
    assert [row.tag for row in list_checkpoints(filled)] == ["data/0001", "data/0002"]
