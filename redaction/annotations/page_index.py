"""Find the catalog's page that a row of an annotation file refers to."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from pathlib import PurePosixPath
from urllib.parse import parse_qs, unquote, urlsplit

from sqlmodel import Session, select

from redaction.annotations.records import ParsedPage, RefusalReason, RefusedRow
from redaction.catalog.tables import Document, Page, page_name

_PAGE_NAME = re.compile(r"([0-9a-f]{64})[/_](\d{4,})(?:\.\w+)?$")
"""The end of a page image's path in a workspace, or of a name given by `redaction.annotations.page_copies`."""
_UPLOAD_PREFIX = re.compile(r"[0-9a-f]{8}-")
"""The prefix that Label Studio adds to the name of an uploaded file."""
_ROBOFLOW_NAME = re.compile(r"(.+)_([a-z]{3,4})\.rf\.\w+\.\w+")
"""The name that Roboflow gives to an image: its own name, suffix, and a digest."""
_IMAGE_SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp"}


class PageIndex:
    """The catalog's pages, indexed by every key that an annotation file may use."""

    def __init__(self, session: Session) -> None:
        self._pages: dict[str, Page] = {}
        self._names_by_key: dict[Hashable, set[str]] = defaultdict(set)
        file_names = {document.sha256: _base_name(document.file_name) for document in session.exec(select(Document))}
        for page in session.exec(select(Page)):
            self._pages[page.name] = page
            file_name = file_names[page.document]
            for key in (
                ("sha256", page.sha256),
                ("document", page.document, page.page_index),
                ("page", page.name),
                ("pdf", file_name, page.page_index),
                ("file", page.file_name),
                ("pages of", file_name),
            ):
                self._names_by_key[key].add(page.name)

    def find(self, parsed: ParsedPage) -> Page | RefusedRow:
        """The one page that all keys of the row agree on, or the reason for refusing the row.

        A key that fits several pages (two documents published under one file name, two blank pages with the same bytes) is
        ignored as long as another key of the same row fits exactly one.
        """
        known = ([key for key in spellings if key in self._names_by_key] for spellings in _keys(parsed))
        candidates = [self._names_by_key[keys[0]] for keys in known if keys]
        unique = {next(iter(names)) for names in candidates if len(names) == 1}
        if len(unique) > 1:
            return RefusedRow(row=parsed.row, reason=RefusalReason.AMBIGUOUS_PAGE, detail="its names belong to different pages")
        if not unique and candidates:
            detail = f"{len(candidates[0])} pages have this name; add the page's sha256, or document and page_index, to the file"
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


def in_different_folders(answers: Sequence[ParsedPage]) -> bool:
    """Whether answers that fit one page by the names of their images alone come from images in different folders.

    Those may be images of several documents that have the same name. A folder below another place is the same folder.
    """
    folders = sorted({folder for answer in answers if (folder := _folder(answer))}, key=len)
    return any(not f"/{folders[-1]}".endswith(f"/{folder}") for folder in folders)


def _folder(parsed: ParsedPage) -> str | None:
    """The folder of a row's image; None if it names none, or if it also says by something else which page it is."""
    if parsed.sha256 or parsed.document or parsed.pdf or not parsed.paths:
        return None
    names = [name for path in parsed.paths for name in _names(path)]
    if any(_PAGE_NAME.search(name) or _UPLOAD_PREFIX.match(_base_name(name)) for name in names):
        return None
    return _path_of_url(parsed.paths[0]).replace("\\", "/").rpartition("/")[0].strip("./") or None


def _keys(parsed: ParsedPage) -> Iterator[Iterable[Hashable]]:
    """The keys of the row; for each, its spellings, of which the first that is known counts."""
    if parsed.sha256:
        yield [("sha256", parsed.sha256.lower())]
    if parsed.document and parsed.page_index is not None:
        yield [("document", parsed.document.lower(), parsed.page_index)]
    if parsed.pdf and parsed.page_index is not None:
        yield [("pdf", _base_name(parsed.pdf), parsed.page_index)]
    for path in parsed.paths:
        yield _spellings(path, parsed.page_index)


def _spellings(path: str, page_index: int | None) -> Iterator[Hashable]:
    for name in _names(path):
        if match := _PAGE_NAME.search(name):
            yield ("page", page_name(match.group(1), int(match.group(2))))
        base = _base_name(name)
        yield ("file", base)
        # Only an image suffix is removed: file names of court records are full of dots.
        if PurePosixPath(base).suffix.lower() in _IMAGE_SUFFIXES:
            yield ("file", PurePosixPath(base).stem)
        if page_index is not None:
            yield ("pdf", base, page_index)
        yield ("pages of", base)


def _names(path: str) -> Iterator[str]:
    """The path as it is, and as it was before a tool changed it."""
    for name in dict.fromkeys((path, _path_of_url(path))):
        name = name.replace("\\", "/")
        yield name
        folder, _, base = name.rpartition("/")
        if prefix := _UPLOAD_PREFIX.match(base):
            yield f"{folder}/{base[prefix.end() :]}"
        if match := _ROBOFLOW_NAME.fullmatch(base):
            yield f"{folder}/{match.group(1)}.{match.group(2)}"


def _path_of_url(url: str) -> str:
    try:
        address = urlsplit(url)
        local = parse_qs(address.query).get("d", [""])[0]  # Label Studio's /data/local-files/?d=folder/name.png
        return local or unquote(address.path)
    except ValueError:
        return url  # not a URL, so possibly a file name


def _base_name(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[2]
