"""Copy page images under names that survive an upload, for tools that cannot read a folder of the workspace."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from redaction.annotations.page_index import PageIndex
from redaction.annotations.records import ParsedPage
from redaction.catalog import open_catalog
from redaction.catalog.tables import Page
from redaction.errors import RedactionError
from redaction.files import new_file, sha256_of_file
from redaction.workspace import Workspace

_SAFE_UPLOAD_NAME = re.compile(r"[A-Za-z0-9_][-A-Za-z0-9_.]{0,79}")
"""Names that a tool stores unchanged. Label Studio replaces spaces and brackets, adds a prefix, and cuts names at 100 characters.
The pattern also prevents a document's file name from leading out of the folder."""


def copy_pages(workspace: Workspace, pages: Sequence[Page], folder: Path) -> list[Path]:
    """Copy the pages' images into a folder, under names by which an import finds the pages again; see `upload_name`.

    Existing copies are kept. All images and names are checked before the first one is copied.

    Raises:
        RedactionError: an image is missing or outside the workspace, or the folder holds another file of the same name.
    """
    with open_catalog(workspace).snapshot() as session:
        index = PageIndex(session)
    copies = {folder / upload_name(page, index): workspace.inside(str(page.image)) for page in pages}
    new = [copy for copy, image in copies.items() if not _is_copied(image, copy)]
    for copy in new:
        with new_file(copy) as temporary:
            shutil.copyfile(copies[copy], temporary)
    return list(copies)


def upload_name(page: Page, index: PageIndex) -> str:
    """A file name for the page's image: the page's own (``report_p0001.jpg``) if it is safe and unique.

    If another document has the same file name, or a tool would change the name, it is the document's SHA-256 and the page index:
    ``<document>_0000.jpg``.
    """
    suffix = PurePosixPath(str(page.image)).suffix
    name = f"{page.file_name}{suffix}"
    found = index.find(ParsedPage(row=name, paths=(name,)))
    if _SAFE_UPLOAD_NAME.fullmatch(name) and isinstance(found, Page) and found.name == page.name:
        return name
    return f"{page.name.replace('/', '_')}{suffix}"


def _is_copied(image: Path, copy: Path) -> bool:
    if not image.is_file():
        raise RedactionError(f"The page image {image} is missing; restore a checkpoint that has it, or run the ingestion again.")
    if not copy.exists():
        return False
    if copy.is_file() and sha256_of_file(copy) == sha256_of_file(image):
        return True
    raise RedactionError(f"{copy} already exists and is not this page's image; choose another folder.")
