"""Which page of the catalog a row of an annotation file means."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Iterator
from pathlib import PurePosixPath

from sqlmodel import Session, select

from redaction.annotations.records import ParsedPage, RefusalReason, RefusedRow
from redaction.catalog.tables import Document, Page, page_name

_PAGE_NAME = re.compile(r"([0-9a-f]{64})[/_](\d{4})(?:\.\w+)?$")
"""The end of a path laid out like the workspace's pages, or of a name given by `redaction.annotations.page_copies`."""
_IMAGE_SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp"}


class PageIndex:
    """The catalog's pages by every name that an annotation file may call them."""

    def __init__(self, session: Session) -> None:
        self._pages: dict[str, Page] = {}
        self._by_key: dict[Hashable, set[str]] = defaultdict(set)
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
                self._by_key[key].add(page.name)

    def find(self, record: ParsedPage) -> Page | RefusedRow:
        """The one page that everything the record says agrees on, or why there is none.

        A name that fits several pages (two documents published under one file name, two blank pages with the same bytes) is no
        evidence, as long as another name of the same record fits just one.
        """
        candidates = [self._by_key[key] for key in _keys(record) if key in self._by_key]
        certain = {next(iter(names)) for names in candidates if len(names) == 1}
        if len(certain) > 1:
            return RefusedRow(row=record.row, reason=RefusalReason.AMBIGUOUS_PAGE, detail="its names belong to different pages")
        if not certain and candidates:
            detail = f"{len(candidates[0])} pages go by its name; add the page's sha256 or the document's to the file"
            return RefusedRow(row=record.row, reason=RefusalReason.AMBIGUOUS_PAGE, detail=detail)
        if not certain:
            called = record.paths[0] if record.paths else record.pdf or "it"
            detail = f"no page goes by the name {called!r:.200}; ingest its document first"
            return RefusedRow(row=record.row, reason=RefusalReason.UNKNOWN_PAGE, detail=detail)
        page = self._pages[certain.pop()]
        if page.image is None:
            return RefusedRow(
                row=record.row, reason=RefusalReason.UNRENDERED_PAGE, detail=page.reason or "the page was never rendered"
            )
        return page


def _keys(record: ParsedPage) -> Iterator[Hashable]:
    if record.sha256:
        yield ("sha256", record.sha256.lower())
    if record.document and record.page_index is not None:
        yield ("document", record.document.lower(), record.page_index)
    if record.pdf and record.page_index is not None:
        yield ("pdf", _base_name(record.pdf), record.page_index)
    for path in record.paths:
        if match := _PAGE_NAME.search(path):
            yield ("page", page_name(match.group(1), int(match.group(2))))
        name = _base_name(path)
        yield ("file", name)
        # Only an image's suffix is cut: file names of court records are full of dots.
        if PurePosixPath(name).suffix.lower() in _IMAGE_SUFFIXES:
            yield ("file", PurePosixPath(name).stem)


def _base_name(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[2]
