"""Discovery: the URLs of the documents that the sources list, found without downloading documents."""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from redaction.documents.addresses import host_of, matches, resolve
from redaction.documents.failures import Rejected, Unavailable
from redaction.documents.folders import local_documents
from redaction.documents.index_pages import IndexPage, read_index_page
from redaction.documents.responses import describe, shown_reason
from redaction.documents.sources import FolderSource, IndexSource, SourcesConfig, UrlSource
from redaction.documents.web import PoliteClient
from redaction.progress import ProgressCallback, log_progress
from redaction.values import Frozen

logger = logging.getLogger(__name__)

NO_MATCH = "does not match the pattern"


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


class UnusedLinks(Frozen):
    """Links on the index pages of a source that lead to no document, by reason."""

    source: str
    reason: str
    count: int
    example: str


class Discovery(Frozen):
    """The links of all sources: each URL once, in the order of the configuration, under the first source that lists it."""

    links: tuple[FoundLink, ...]
    problems: tuple[Problem, ...] = ()
    """Index pages and folders that could not be read. Documents fetched from them earlier stay."""
    warnings: tuple[Problem, ...] = ()
    """Places that were read and are perhaps not as intended: an index page without documents, for example."""
    unused: tuple[UnusedLinks, ...] = ()


def discover(config: SourcesConfig, progress: ProgressCallback | None = None) -> Discovery:
    """List the documents of every enabled source, one source after the other.

    A source that cannot be read becomes a problem in the result; the others are still visited.
    """
    progress = progress or log_progress()
    links: dict[str, FoundLink] = {}
    visits = [_SourceVisit(source) for source in config.enabled]
    for done, visit in enumerate(visits):
        progress("discover", done, len(visits))
        for url in visit.document_urls():
            links.setdefault(url, FoundLink(url=url, source=visit.source.name))
    progress("discover", len(visits), len(visits))
    return Discovery(
        links=tuple(links.values()),
        problems=tuple(problem for visit in visits for problem in visit.problems),
        warnings=tuple(warning for visit in visits for warning in visit.warnings),
        unused=tuple(unused for visit in visits for unused in visit.unused_links()),
    )


class _ReadPage(NamedTuple):
    """What an index page leads to."""

    documents: list[str]
    further: list[str]
    """Further index pages."""
    next_page: str | None
    """The page that takes its place."""


@dataclass
class _SourceVisit:
    """The visit to one source, and what is to be said about it."""

    source: IndexSource | UrlSource | FolderSource
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    _unused: dict[str, dict[str, None]] = field(default_factory=dict)
    """For each reason the links, each once."""

    def document_urls(self) -> Iterator[str]:
        """The documents that the source lists, until something unexpected happens, which is a problem of this source alone."""
        try:
            match self.source:
                case IndexSource():
                    yield from self._crawl(self.source)
                case UrlSource():
                    yield from (address for url in self.source.urls if (address := resolve(url)) is not None)
                case FolderSource():
                    yield from local_documents(self.source, self.problem, self.warning)
        except Exception as error:  # a problem of one source must not end the others
            logger.debug("Source %s failed", self.source.name, exc_info=True)
            self.problem(self.source.location, f"could not be read: {describe(error)}")

    def problem(self, where: str, reason: str) -> None:
        self.problems.append(Problem(source=self.source.name, where=where, reason=shown_reason(reason)))

    def warning(self, where: str, reason: str) -> None:
        self.warnings.append(Problem(source=self.source.name, where=where, reason=shown_reason(reason)))

    def unused_links(self) -> Iterator[UnusedLinks]:
        for reason, links in self._unused.items():
            example = shown_reason(next(iter(links)))
            yield UnusedLinks(source=self.source.name, reason=reason, count=len(links), example=example)

    def _crawl(self, source: IndexSource) -> Iterator[str]:
        """Yield the documents linked from index pages, which are visited breadth first and once each."""
        starts = list(dict.fromkeys(resolve(url) or url for url in source.urls))
        queue = deque((url, url, 0) for url in starts)
        seen, visited = set(starts), 0
        found: Counter[str] = Counter()
        with PoliteClient(source.politeness, source.urls) as client:
            while queue:
                url, start, depth = queue.popleft()
                if visited == source.max_index_pages:
                    self.problem(url, f"not read: more than {source.max_index_pages} index pages")
                    break
                visited += 1
                page = self._read(client, source, url, depth)
                if page is None:
                    continue
                documents, further, next_page = page
                found[start] += len(documents)  # also when there are none: the page was read
                yield from documents
                if next_page is not None and next_page not in seen:
                    seen.add(next_page)
                    queue.appendleft((next_page, start, depth))
                if depth < source.depth:
                    further = [link for link in further if link not in seen and link not in documents]
                    seen.update(further)
                    queue.extend((link, start, depth + 1) for link in further)
        for start, count in found.items():
            if not count:
                self.warning(start, "no link to a document was found: compare its links with the selector and the pattern")

    def _read(self, client: PoliteClient, source: IndexSource, url: str, depth: int) -> _ReadPage | None:
        """What a page leads to; None if it cannot be read."""
        try:
            page = client.get(url, read_index_page)
            further = _further_pages(source, page)
            documents = self._documents(source, page, set(further) if depth < source.depth else set())
            next_page = page.refresh()
            if next_page is not None and _is_document(source, next_page):
                documents, next_page = list(dict.fromkeys((*documents, next_page))), None
        except Rejected as error:
            # a followed link often is not an index page: a spreadsheet, or a page that robots.txt forbids
            if depth == 0:
                self.problem(url, str(error))
        except Unavailable as error:
            self.problem(url, str(error))
        except Exception as error:  # whatever a page contains must not end more than its own visit
            logger.debug("Reading %s failed", url, exc_info=True)
            self.problem(url, f"could not be read: {describe(error)}")
        else:
            return _ReadPage(documents, further, next_page)
        return None

    def _documents(self, source: IndexSource, page: IndexPage, further: set[str]) -> list[str]:
        links = page.links(source.selector)
        documents = [address for address in links.addresses if matches(source.document_pattern, address)]
        for reason, hrefs in links.unusable.items():
            self._unused.setdefault(reason, {}).update(dict.fromkeys(hrefs))
        taken = further.union(documents)
        if others := [address for address in links.addresses if address not in taken]:
            self._unused.setdefault(NO_MATCH, {}).update(dict.fromkeys(others))
        return documents


def _further_pages(source: IndexSource, page: IndexPage) -> list[str]:
    addresses = page.links().addresses
    if source.follow is not None:
        return [address for address in addresses if matches(source.follow, address)]
    hosts = {host_of(url) for url in source.urls}
    return [address for address in addresses if host_of(address) in hosts and not _is_document(source, address)]


def _is_document(source: IndexSource, address: str) -> bool:
    """Whether the pattern alone says that an address is a document's."""
    return bool(source.document_pattern) and matches(source.document_pattern, address)
