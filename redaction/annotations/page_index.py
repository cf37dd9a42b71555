"""Find the catalog's page that a row of an annotation file refers to."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Iterator
from pathlib import PurePosixPath

from sqlmodel import Session, select

from redaction.annotations.records import ParsedPage, RefusalReason, RefusedRow
from redaction.catalog.tables import Document, Page, page_name

_PAGE_NAME = re.compile(r"([0-9a-f]{64})[/_](\d{4})(?:\.\w+)?$")
"""The end of a page image's path in a workspace, or of a name given by `redaction.annotations.page_copies`."""
_IMAGE_SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp"}


class PageIndex:
    """The catalog's pages, indexed by every key that an annotation file may use."""

    def __init__(self, session: Session) -> None:
        self._pages: dict[str, Page] = {}
        self._names_by_key: dict[Hashable, set[str]] = defaultdict(set)
        pdfs = {document.sha256: _base_name(document.file_name) for document in session.exec(select(Document))}
        for page in session.exec(select(Page)):
            self._pages[page.name] = page
            for key in (
                ("sha256", page.sha256),
                ("document", page.document, page.page_index),
                ("page", page.name),
                ("pdf", pdfs[page.document], page.page_index),
                ("file", page.file_name),
            ):
                self._names_by_key[key].add(page.name)

    def find(self, parsed: ParsedPage) -> Page | RefusedRow:
        """The one page that all keys of the row agree on, or the reason for refusing the row.

        A key that fits several pages (two documents published under one file name, two blank pages with the same bytes) is
        ignored as long as another key of the same row fits exactly one.
        """
        candidates = [self._names_by_key[key] for key in _keys(parsed) if key in self._names_by_key]
        unique = {next(iter(names)) for names in candidates if len(names) == 1}
        if len(unique) > 1:
            return RefusedRow(row=parsed.row, reason=RefusalReason.AMBIGUOUS_PAGE, detail="its names belong to different pages")
        if not unique and candidates:
            detail = f"{len(candidates[0])} pages have this name; add the page's sha256 or the document's to the file"
            return RefusedRow(row=parsed.row, reason=RefusalReason.AMBIGUOUS_PAGE, detail=detail)
        if not unique:
            name = parsed.paths[0] if parsed.paths else parsed.pdf
            detail = f"no page is named {name!r:.200}; ingest its document first" if name else "the row names no page"
            return RefusedRow(row=parsed.row, reason=RefusalReason.UNKNOWN_PAGE, detail=detail)
        page = self._pages[unique.pop()]
        if page.image is None:
            return RefusedRow(
                row=parsed.row, reason=RefusalReason.UNRENDERED_PAGE, detail=page.reason or "the page was never rendered"
            )
        return page


def _keys(parsed: ParsedPage) -> Iterator[Hashable]:
    if parsed.sha256:
        yield ("sha256", parsed.sha256.lower())
    if parsed.document and parsed.page_index is not None:
        yield ("document", parsed.document.lower(), parsed.page_index)
    if parsed.pdf and parsed.page_index is not None:
        yield ("pdf", _base_name(parsed.pdf), parsed.page_index)
    for path in parsed.paths:
        if match := _PAGE_NAME.search(path):
            yield ("page", page_name(match.group(1), int(match.group(2))))
        name = _base_name(path)
        yield ("file", name)
        # Only an image suffix is removed: file names of court records are full of dots.
        if PurePosixPath(name).suffix.lower() in _IMAGE_SUFFIXES:
            yield ("file", PurePosixPath(name).stem)


def _base_name(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[2]
