"""Index pages: the links of HTML pages, sitemaps (XML), and RSS and Atom feeds, however malformed."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field

from bs4 import BeautifulSoup, MarkupResemblesLocatorWarning, Tag, XMLParsedAsHTMLWarning
from lxml import etree

from redaction.documents.addresses import MAX_ADDRESS_CHARS, resolve
from redaction.documents.web import Rejected

MAX_INDEX_TAGS = 1_000_000
"""Parsing takes some 15 µs and 1 KB per tag."""
ROOT_SEARCH_BYTES = 64 * 1024
FEED_ROOTS = {"rss", "feed", "rdf", "urlset", "sitemapindex"}
HTML_ADDRESSES = {
    "a": ("href",),
    "area": ("href",),
    "iframe": ("src",),
    "frame": ("src",),
    "embed": ("src",),
    "object": ("data",),
}
"""Elements that lead to a document or a further page, and the attributes that can hold the address."""
FEED_ADDRESSES = {"link": ("href",), "enclosure": ("url",), "content": ("url", "src")}
"""The same for feeds; the address can also be the text of an element in `FEED_TEXTS`."""
FEED_TEXTS = {"link", "loc"}

NOT_WEB = "is not an http or https address"
NOT_VALID = "is not a valid address"
TOO_LONG = f"has more than {MAX_ADDRESS_CHARS} characters"


@dataclass(frozen=True)
class PageLinks:
    """Links of a page: absolute http(s) addresses, each once and in page order, and the links that are none, by reason."""

    addresses: list[str] = field(default_factory=list)
    unusable: dict[str, list[str]] = field(default_factory=dict)


class IndexPage:
    """A parsed index page.

    Args:
        url: its address, after redirects.
        body: its bytes.
        encoding: the encoding in the ``Content-Type`` header, if any.

    Raises:
        Rejected: it has too many tags.
    """

    def __init__(self, url: str, body: bytes, encoding: str | None) -> None:
        if body.count(b"<") > MAX_INDEX_TAGS:
            raise Rejected(f"has more than {MAX_INDEX_TAGS} tags")
        self._is_feed = _root_name(body) in FEED_ROOTS
        with warnings.catch_warnings():
            # pages of XHTML and very short pages are parsed as they should be
            warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)
            warnings.simplefilter("ignore", MarkupResemblesLocatorWarning)
            self._tree = BeautifulSoup(body, "xml" if self._is_feed else "lxml", from_encoding=encoding)
        self._base = self._base_address(url)

    def links(self, selector: str | None = None) -> PageLinks:
        """The links of the elements that the CSS selector finds, or of their descendants; without one, all links."""
        links = PageLinks()
        for element in self._tree.select(selector) if selector else [self._tree]:
            for href in self._hrefs(element):
                address = resolve(href, self._base)
                if reason := _reason_not_to_use(address):
                    links.unusable.setdefault(reason, []).append(href)
                elif address is not None:
                    links.addresses.append(address)
        return PageLinks(list(dict.fromkeys(links.addresses)), links.unusable)

    def _hrefs(self, element: Tag) -> Iterator[str]:
        if (own := self._href(element)) is not None:
            yield own
        else:
            yield from (href for descendant in element.find_all(True) if (href := self._href(descendant)) is not None)

    def _href(self, element: Tag) -> str | None:
        name = element.name.rpartition(":")[2]
        attributes = (FEED_ADDRESSES if self._is_feed else HTML_ADDRESSES).get(name, ())
        for attribute in attributes:
            if (href := element.get(attribute)) is not None:
                return str(href)
        return (element.get_text().strip() or None) if self._is_feed and name in FEED_TEXTS else None

    def _base_address(self, url: str) -> str:
        base = self._tree.find("base", href=True)
        address = resolve(str(base["href"]), url) if isinstance(base, Tag) else None
        return address if address is not None and _reason_not_to_use(address) is None else url


def _reason_not_to_use(address: str | None) -> str | None:
    if address is None:
        return NOT_VALID
    if not address.startswith(("http:", "https:")):
        return NOT_WEB
    return TOO_LONG if len(address) > MAX_ADDRESS_CHARS else None


def _root_name(body: bytes) -> str | None:
    """Local name of the first element in lower case; None if there is none."""
    parser = etree.XMLPullParser(events=("start",), recover=True, resolve_entities=False, no_network=True)
    try:
        parser.feed(body[:ROOT_SEARCH_BYTES])
        _, root = next(iter(parser.read_events()))
    except (etree.XMLSyntaxError, StopIteration):
        return None
    return str(etree.QName(root).localname).lower()
