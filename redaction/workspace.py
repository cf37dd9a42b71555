"""Where a workspace keeps what: the folders of the data registry and of this machine's own state."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from redaction.errors import RedactionError

DEFAULT_ROOT = Path("workspace")


@dataclass(frozen=True)
class Workspace:
    """A folder that is a git + DVC repository of its own: a data registry beside the code, never inside its history.

    ``documents/``, ``pages/``, ``annotations/``, ``models/`` and ``catalogue/`` (an export of the database) belong to
    checkpoints. ``catalogue.sqlite`` and ``state/`` (logs, half-done trainings, reports, what the service wrote) belong to this
    machine and are ignored by git.
    """

    root: Path

    @classmethod
    def at(cls, root: str | Path | None = None) -> Workspace:
        """The workspace at `root`, else at ``REDACTION_WORKSPACE``, else at ``./workspace``; nothing is created."""
        return cls(Path(root or os.environ.get("REDACTION_WORKSPACE") or DEFAULT_ROOT).expanduser().resolve())

    @classmethod
    def existing(cls) -> Workspace:
        """The workspace at ``REDACTION_WORKSPACE``, else at ``./workspace``, for commands that look into one.

        Raises:
            RedactionError: there is none, so perhaps its name was mistyped.
        """
        place = cls.at()
        if not place.root.is_dir():
            raise RedactionError(
                f"There is no workspace at {place.root}: run the ingestion first, or name another with --workspace."
            )
        return place

    @property
    def documents(self) -> Path:
        """Fetched PDFs, named by the SHA-256 of their bytes."""
        return self.root / "documents"

    @property
    def pages(self) -> Path:
        """Rendered page images, a folder for each document."""
        return self.root / "pages"

    @property
    def annotations(self) -> Path:
        """The accepted annotations, as COCO."""
        return self.root / "annotations"

    @property
    def models(self) -> Path:
        """Detectors, a folder for each version."""
        return self.root / "models"

    @property
    def catalog_export(self) -> Path:
        """The catalog's tables as JSON lines, as of the last checkpoint."""
        return self.root / "catalogue"

    @property
    def state(self) -> Path:
        """What belongs to this machine only: logs, reports, half-done trainings, the service's record of requests."""
        return self.root / "state"

    @property
    def catalog_url(self) -> str:
        """The catalog's database: ``REDACTION_CATALOG`` (an SQLAlchemy URL), else SQLite in the workspace."""
        # the variable, the file and the export's folder once had British names; those of existing installations stay valid
        named = os.environ.get("REDACTION_CATALOG") or os.environ.get("REDACTION_CATALOGUE")
        return named or f"sqlite:///{self.root / 'catalogue.sqlite'}"

    def inside(self, relative: str) -> Path:
        """The path of something that the catalog names relative to the root.

        Raises:
            RedactionError: the name leads out of the workspace.
        """
        path = (self.root / relative).resolve()
        if not path.is_relative_to(self.root):
            raise RedactionError(f"{relative!r} leads out of the workspace {self.root}; refusing to touch it.")
        return path
