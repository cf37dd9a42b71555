"""What the sources list by now: the addresses of documents, found without downloading one."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
from bs4 import BeautifulSoup, Tag

from redaction.documents.sources import FolderSource, IndexSource, SourcesConfig, UrlSource
from redaction.documents.web import PoliteClient, Unavailable, Unwanted, bounded
from redaction.progress import ProgressCallback, logged
from redaction.values import Frozen

MAX_INDEX_BYTES = 32 * 1024 * 1024


class FoundLink(Frozen):
    """An address at which a source says that a document lies: a URL, or a ``file:`` URL for a local file."""

    url: str
    source: str


class Problem(Frozen):
    """Something that could not be used, and why."""

    source: str
    where: str
    """An address, a document's file name, or a page's name."""
    reason: str


class Discovery(Frozen):
    """What the sources list: each address once, in the order of the configuration, under the first source that lists it."""

    links: tuple[FoundLink, ...]
    problems: tuple[Problem, ...] = ()
    """Index pages and folders that could not be read. What was fetched from them before stays."""


def discover(config: SourcesConfig, progress: ProgressCallback | None = None) -> Discovery:
    """Look at every enabled source, one after the other.

    A source that cannot be read is a problem in the result, not an error: the others are still looked at.
    """
    progress = progress or logged()
    links: dict[str, FoundLink] = {}
    problems: list[Problem] = []
    for done, source in enumerate(config.enabled):
        progress("discover", done, len(config.enabled))

        def report(where: str, reason: str, name: str = source.name) -> None:
            problems.append(Problem(source=name, where=where, reason=reason))

        for url in _addresses(source, report):
            links.setdefault(url, FoundLink(url=url, source=source.name))
    progress("discover", len(config.enabled), len(config.enabled))
    return Discovery(links=tuple(links.values()), problems=tuple(problems))


def _addresses(source: IndexSource | UrlSource | FolderSource, report: Callable[[str, str], None]) -> Iterator[str]:
    match source:
        case IndexSource():
            yield from _crawl(source, report)
        case UrlSource():
            yield from (_without_fragment(httpx.URL(url)) for url in source.urls)
        case FolderSource():
            yield from _files(source, report)


def _files(source: FolderSource, report: Callable[[str, str], None]) -> Iterator[str]:
    folder = source.path.expanduser()
    if not folder.is_dir():
        report(str(folder), "there is no such folder: make it and put PDFs there, or disable this source")
        return
    found = folder.rglob("*") if source.recursive else folder.iterdir()
    yield from sorted(path.resolve().as_uri() for path in found if path.suffix.lower() == ".pdf" and path.is_file())


def _crawl(source: IndexSource, report: Callable[[str, str], None]) -> Iterator[str]:
    """Index pages, breadth first, each once however they link to each other; yields the documents that they link to."""
    waiting = deque((_without_fragment(httpx.URL(url)), 0) for url in source.urls)
    seen = {url for url, _ in waiting}
    visited = 0
    with PoliteClient(source.politeness, source.urls) as client:
        while waiting:
            url, depth = waiting.popleft()
            if visited == source.max_index_pages:
                report(url, f"not read: more than {source.max_index_pages} index pages")
                return
            visited += 1
            try:
                base, page = _index_page(client, source, url)
            except (Unavailable, Unwanted) as error:
                # Of what was merely followed, much is no index page: a spreadsheet, a page closed to crawlers.
                if depth == 0 or isinstance(error, Unavailable):
                    report(url, str(error))
                continue
            documents = dict.fromkeys(_documents(source, base, page))
            yield from documents
            if depth < source.depth:
                further = [link for link in _further_pages(source, base, page) if link not in seen and link not in documents]
                seen.update(further)
                waiting.extend((link, depth + 1) for link in further)


def _index_page(client: PoliteClient, source: IndexSource, url: str) -> tuple[httpx.URL, BeautifulSoup]:
    def read(response: httpx.Response) -> tuple[httpx.URL, bytes, str | None]:
        kind = response.headers.get("Content-Type", "text/html").split(";")[0].strip().lower()
        if not ("html" in kind or "xml" in kind or kind.startswith("text/")):
            raise Unwanted(f"is not an index page but {kind}")
        body = b"".join(bounded(response, MAX_INDEX_BYTES, source.politeness.download_seconds))
        return response.url, body, response.charset_encoding

    address, body, encoding = client.get(url, read)
    page = BeautifulSoup(body, "html.parser", from_encoding=encoding)
    base = page.find("base", href=True)
    return (_joined(address, str(base["href"])) or address) if isinstance(base, Tag) else address, page


def _documents(source: IndexSource, base: httpx.URL, page: BeautifulSoup) -> list[str]:
    chosen = _links(base, page.select(source.selector) if source.selector else [page])
    return [link for link in chosen if re.search(source.document_pattern, link)]


def _further_pages(source: IndexSource, base: httpx.URL, page: BeautifulSoup) -> list[str]:
    links = _links(base, [page])
    if source.follow is not None:
        return [link for link in links if re.search(source.follow, link)]
    hosts = {httpx.URL(url).netloc for url in source.urls}
    return [link for link in links if httpx.URL(link).netloc in hosts and not re.search(source.document_pattern or r"$^", link)]


def _links(base: httpx.URL, elements: list[Tag]) -> list[str]:
    """The absolute http(s) addresses that the elements, or what is inside them, link to: each once, in the page's order."""
    anchors = (anchor for element in elements for anchor in ([element] if element.has_attr("href") else element.select("[href]")))
    joined = (_joined(base, str(anchor["href"])) for anchor in anchors if anchor.name in ("a", "area"))
    return list(dict.fromkeys(_without_fragment(url) for url in joined if url is not None and url.scheme in ("http", "https")))


def _joined(base: httpx.URL, href: str) -> httpx.URL | None:
    try:
        return base.join(href.strip())
    except (httpx.InvalidURL, ValueError):
        return None


def _without_fragment(url: httpx.URL) -> str:
    return str(url.copy_with(fragment=None))


def path_of(url: str) -> Path | None:
    """The local file that a ``file:`` URL names; none for any other URL."""
    return Path(httpx.URL(url).path) if url.startswith("file:") else None
