"""Discovery: the URLs of the documents that the sources list, found without downloading documents."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
from bs4 import BeautifulSoup, Tag

from redaction.documents.sources import FolderSource, IndexSource, SourcesConfig, UrlSource
from redaction.documents.web import PoliteClient, Rejected, Unavailable, read_bounded
from redaction.progress import ProgressCallback, log_progress
from redaction.values import Frozen

MAX_INDEX_BYTES = 32 * 1024 * 1024


class FoundLink(Frozen):
    """The URL of a document that a source lists; a ``file:`` URL for a local file."""

    url: str
    source: str


class Problem(Frozen):
    """A link, source, document or page that could not be used."""

    source: str
    where: str
    """A URL, a folder, or the file name of a document or page."""
    reason: str


class Discovery(Frozen):
    """The links of all sources: each URL once, in the order of the configuration, under the first source that lists it."""

    links: tuple[FoundLink, ...]
    problems: tuple[Problem, ...] = ()
    """Index pages and folders that could not be read. Documents fetched from them earlier stay."""


def discover(config: SourcesConfig, progress: ProgressCallback | None = None) -> Discovery:
    """List the documents of every enabled source, one source after the other.

    A source that cannot be read becomes a problem in the result; the others are still visited.
    """
    progress = progress or log_progress()
    links: dict[str, FoundLink] = {}
    problems: list[Problem] = []
    for done, source in enumerate(config.enabled):
        progress("discover", done, len(config.enabled))

        def report(where: str, reason: str, name: str = source.name) -> None:
            problems.append(Problem(source=name, where=where, reason=reason))

        for url in _document_urls(source, report):
            links.setdefault(url, FoundLink(url=url, source=source.name))
    progress("discover", len(config.enabled), len(config.enabled))
    return Discovery(links=tuple(links.values()), problems=tuple(problems))


def _document_urls(source: IndexSource | UrlSource | FolderSource, report: Callable[[str, str], None]) -> Iterator[str]:
    match source:
        case IndexSource():
            yield from _crawl(source, report)
        case UrlSource():
            yield from (_without_fragment(httpx.URL(url)) for url in source.urls)
        case FolderSource():
            yield from _local_files(source, report)


def _local_files(source: FolderSource, report: Callable[[str, str], None]) -> Iterator[str]:
    folder = source.path.expanduser()
    if not folder.is_dir():
        report(str(folder), "there is no such folder: create it and put PDFs there, or disable this source")
        return
    found = folder.rglob("*") if source.recursive else folder.iterdir()
    yield from sorted(path.resolve().as_uri() for path in found if path.suffix.lower() == ".pdf" and path.is_file())


def _crawl(source: IndexSource, report: Callable[[str, str], None]) -> Iterator[str]:
    """Yield the documents linked from index pages, which are visited breadth first and once each."""
    queue = deque((_without_fragment(httpx.URL(url)), 0) for url in source.urls)
    seen = {url for url, _ in queue}
    visited = 0
    with PoliteClient(source.politeness, source.urls) as client:
        while queue:
            url, depth = queue.popleft()
            if visited == source.max_index_pages:
                report(url, f"not read: more than {source.max_index_pages} index pages")
                return
            visited += 1
            try:
                base, page = _index_page(client, source, url)
            except (Rejected, Unavailable) as error:
                # A followed link often is not an index page: a spreadsheet, or a page that robots.txt forbids.
                if depth == 0 or isinstance(error, Unavailable):
                    report(url, str(error))
                continue
            documents = dict.fromkeys(_documents(source, base, page))
            yield from documents
            if depth < source.depth:
                further = [link for link in _further_pages(source, base, page) if link not in seen and link not in documents]
                seen.update(further)
                queue.extend((link, depth + 1) for link in further)


def _index_page(client: PoliteClient, source: IndexSource, url: str) -> tuple[httpx.URL, BeautifulSoup]:
    def read(response: httpx.Response) -> tuple[httpx.URL, bytes, str | None]:
        kind = response.headers.get("Content-Type", "text/html").split(";")[0].strip().lower()
        if not ("html" in kind or "xml" in kind or kind.startswith("text/")):
            raise Rejected(f"is not an index page but {kind}")
        body = b"".join(read_bounded(response, MAX_INDEX_BYTES, source.politeness.download_seconds))
        return response.url, body, response.charset_encoding

    final_url, body, encoding = client.get(url, read)
    page = BeautifulSoup(body, "html.parser", from_encoding=encoding)
    base = page.find("base", href=True)
    return (_joined(final_url, str(base["href"])) or final_url) if isinstance(base, Tag) else final_url, page


def _documents(source: IndexSource, base: httpx.URL, page: BeautifulSoup) -> list[str]:
    links = _links(base, page.select(source.selector) if source.selector else [page])
    return [link for link in links if re.search(source.document_pattern, link)]


def _further_pages(source: IndexSource, base: httpx.URL, page: BeautifulSoup) -> list[str]:
    links = _links(base, [page])
    if source.follow is not None:
        return [link for link in links if re.search(source.follow, link)]
    hosts = {httpx.URL(url).netloc for url in source.urls}
    return [link for link in links if httpx.URL(link).netloc in hosts and not re.search(source.document_pattern or r"$^", link)]


def _links(base: httpx.URL, elements: list[Tag]) -> list[str]:
    """The absolute http(s) URLs linked from the elements or their descendants: each once, in page order."""
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


def local_path(url: str) -> Path | None:
    """The path of a ``file:`` URL; None for any other URL."""
    return Path(httpx.URL(url).path) if url.startswith("file:") else None
