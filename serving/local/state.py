"""What the supervisor and the commands tell each other, in files of the workspace.

A command writes the version that it wants to ``change.json``; the supervisor writes what runs, and what became of the change, to
``service.json``. Either may be killed at any instant: the other one still finds a complete file.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from pathlib import Path

from pydantic import Field

from redaction.files import write_text
from redaction.process_identity import ProcessIdentity
from redaction.values import Frozen

MAX_STARTUP_S = 90.0
"""Time that a worker has to load its detector: 5 s on an idle machine, much more on one that is training."""


class FolderIdentity(Frozen):
    """A folder by its number in the file system, which stays when it is moved and differs in a copy."""

    device: int
    inode: int

    @classmethod
    def of(cls, folder: Path) -> FolderIdentity:
        """The folder that has this path now."""
        found = folder.stat()
        return cls(device=found.st_dev, inode=found.st_ino)


class Change(Frozen):
    """A version that is to serve from now on."""

    id: str = Field(default_factory=lambda: uuid.uuid4().hex)
    bento_tag: str
    host: str
    port: int
    check_golden_pages: bool
    """Serve it only if it reproduces the golden pages of its version."""
    max_startup_s: float = MAX_STARTUP_S

    @property
    def version(self) -> str:
        """The detector's version."""
        return self.bento_tag.partition(":")[2]

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        return self.host, self.port


class Answer(Frozen):
    """What became of a change."""

    change: str
    """Its ID."""
    problems: tuple[str, ...] = ()
    """Why the version does not serve, one sentence each; empty if it does."""


class ServiceState(Frozen):
    """What the supervisor runs, as written to ``service.json``."""

    supervisor: ProcessIdentity
    service: ProcessIdentity | None
    """The worker that accepts requests; None while there is none."""
    workers: tuple[ProcessIdentity, ...] = ()
    """All workers, also those that start or finish their last requests."""
    bento_tag: str
    host: str
    port: int
    started_at: datetime
    restarts: int = 0
    folder: FolderIdentity | None = None
    """Where the service was started; None in states of earlier versions."""
    answer: Answer | None = None
    """To the last change; None while the first one is in progress."""
    follows_changes: bool = False
    """False for a supervisor of an earlier version of this program, which runs one version until it is stopped."""

    def belongs_to(self, folder: Path) -> bool:
        """Whether the service was started for this folder, which may have been moved since, and not for one it is a copy of."""
        return self.folder is None or self.folder == FolderIdentity.of(folder)

    @property
    def url(self) -> str:
        """URL of the service."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"


class ServiceFolder:
    """The service's files in the state folder of a workspace."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state_file = folder / "service.json"
        self.change_file = folder / "change.json"
        self.log_file = folder / "service.log"
        self.lock_file = folder / "supervisor.lock"
        self.monitoring = folder / "monitoring"
        self.workers = folder / "workers"

    def golden(self, version: str) -> Path:
        """Folder of the golden pages of a version."""
        return self.folder / "golden" / version

    def read_state(self) -> ServiceState | None:
        """The last state written; its processes may have ended."""
        if not self.state_file.exists():
            return None
        return ServiceState.model_validate_json(self.state_file.read_bytes())

    def write_state(self, state: ServiceState) -> None:
        """Replace the state atomically."""
        write_text(self.state_file, state.model_dump_json(indent=1))

    def read_change(self) -> Change:
        """The last change asked for."""
        return Change.model_validate_json(self.change_file.read_bytes())

    def write_change(self, change: Change) -> None:
        """Ask for a change."""
        write_text(self.change_file, change.model_dump_json(indent=1))
