"""Layout of a workspace: the folders of the data registry, and the state of this machine."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from redaction.errors import RedactionError

DEFAULT_ROOT = Path("workspace")


@dataclass(frozen=True)
class Workspace:
    """A data registry: a git + DVC repository of its own, separate from the history of the code.

    Checkpoints hold ``documents/``, ``pages/``, ``annotations/``, ``models/`` and ``catalogue/`` (an export of the database).
    ``catalogue.sqlite`` and ``state/`` (logs, unfinished trainings, reports, request records of the service) stay on this
    machine and are ignored by git.
    """

    root: Path

    @classmethod
    def at(cls, root: str | Path | None = None) -> Workspace:
        """The workspace at `root`, else at ``REDACTION_WORKSPACE``, else at ``./workspace``. Creates nothing."""
        return cls(Path(root or os.environ.get("REDACTION_WORKSPACE") or DEFAULT_ROOT).expanduser().resolve())

    @classmethod
    def existing(cls) -> Workspace:
        """The workspace at ``REDACTION_WORKSPACE``, else at ``./workspace``, for commands that only look into one.

        Raises:
            RedactionError: there is no such folder, perhaps because its name was mistyped.
        """
        workspace = cls.at()
        if not workspace.root.is_dir():
            raise workspace._missing()
        return workspace

    @classmethod
    def named_must_exist(cls) -> Workspace:
        """As `at`, but what was asked for by name must be a workspace; the default ``./workspace`` need not exist.

        Raises:
            RedactionError: ``REDACTION_WORKSPACE`` or --workspace names no workspace.
        """
        workspace = cls.at()
        if is_named() and not workspace.exists():
            raise workspace._missing()
        return workspace

    def _missing(self) -> RedactionError:
        named = f" (named by REDACTION_WORKSPACE={os.environ['REDACTION_WORKSPACE']} or --workspace)" if is_named() else ""
        return RedactionError(
            f"There is no workspace at {self.root}{named}: run the ingestion first, or name another with --workspace."
        )

    def exists(self) -> bool:
        """Whether the folder is a workspace: it holds a catalog, DVC's folder, or one of a workspace's folders."""
        folders = (self.documents, self.pages, self.annotations, self.models, self.state)
        return any(path.exists() for path in (self.root / "catalogue.sqlite", self.root / ".dvc", *folders))

    def has_documents(self) -> bool:
        """Whether it holds fetched documents, or is a clone of a registry that does."""
        names = (path.name for path in self.documents.glob("*"))
        # a name that begins with a dot is a file that is being written
        return (self.root / "documents.dvc").is_file() or any(not name.startswith(".") for name in names)

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

    def detector(self, version: str) -> Path:
        """Folder of a detector version.

        Raises:
            RedactionError: the version's name leads out of the workspace.
        """
        return self.inside(f"models/{version}/detector")

    @property
    def catalog_export(self) -> Path:
        """The catalog's tables as JSON lines, as of the last checkpoint."""
        return self.root / "catalogue"

    @property
    def state(self) -> Path:
        """State of this machine only: logs, reports, unfinished trainings, request records of the service."""
        return self.root / "state"

    @property
    def catalog_url(self) -> str:
        """SQLAlchemy URL of the catalog: ``REDACTION_CATALOG``, else SQLite in the workspace."""
        # earlier versions spelled the variable, the file and the export's folder "catalogue"; existing ones stay valid
        url = os.environ.get("REDACTION_CATALOG") or os.environ.get("REDACTION_CATALOGUE")
        return url or f"sqlite:///{self.root / 'catalogue.sqlite'}"

    def inside(self, relative: str) -> Path:
        """Absolute path of a file whose path in the catalog is relative to the root.

        Raises:
            RedactionError: the path leads out of the workspace.
        """
        path = (self.root / relative).resolve()
        if not path.is_relative_to(self.root):
            raise RedactionError(f"{relative!r} leads out of the workspace {self.root}; refusing to touch it.")
        return path


def is_named() -> bool:
    """Whether the user named a workspace, with ``REDACTION_WORKSPACE`` or with --workspace, which sets that variable."""
    return bool(os.environ.get("REDACTION_WORKSPACE"))
