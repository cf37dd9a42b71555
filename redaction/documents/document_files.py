"""The files of the documents in a workspace: ``documents/<SHA-256>.<suffix of its kind>``."""

from __future__ import annotations

from pathlib import Path

from redaction.pages.kinds import SUFFIXES, DocumentKind
from redaction.workspace import Workspace


def new_document_file(workspace: Workspace, sha256: str, kind: DocumentKind) -> Path:
    """The path at which a document of this kind is stored."""
    return workspace.inside(f"documents/{sha256}{SUFFIXES[kind][0]}")


def document_file(workspace: Workspace, sha256: str) -> Path:
    """The file of a document, of whichever kind; if it is missing from the workspace, the path that a PDF would have."""
    paths = [new_document_file(workspace, sha256, kind) for kind in (DocumentKind.PDF, *SUFFIXES)]
    return next((path for path in paths if path.is_file()), paths[0])


def stored_documents(workspace: Workspace) -> set[str]:
    """The SHA-256 of every document whose file is in the workspace."""
    suffixes = {suffixes[0] for suffixes in SUFFIXES.values()}
    return {path.stem for path in workspace.documents.glob("*.*") if path.suffix in suffixes}
