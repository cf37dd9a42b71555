"""Index pages: the links of HTML pages, sitemaps (XML, also compressed), and RSS and Atom feeds, however malformed."""

from __future__ import annotations

import gzip
import io
import re
import warnings
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx
from bs4 import BeautifulSoup, MarkupResemblesLocatorWarning, Tag, XMLParsedAsHTMLWarning
from lxml import etree

from redaction.documents.addresses import MAX_ADDRESS_CHARS, resolve
from redaction.documents.failures import Rejected, Unavailable
from redaction.documents.responses import body_of

MAX_INDEX_BYTES = 32 * 1024 * 1024
"""Of an index page, also when unpacked."""
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

GZIP_TYPES = ("application/gzip", "application/x-gzip")
GZIP_SIGNATURE = b"\x1f\x8b"
SNIFFED_BYTES = 1024
"""So much of a compressed file shows whether it holds markup; others, such as archives, need not be downloaded."""

REFRESH = re.compile(r"""(?i)\s*(?:\d|\.)[\d.]*\s*(?:[;,]|\s)\s*(?:url\s*=\s*)?(?:'([^']*)|"([^"]*)|(.*))""", re.DOTALL)
"""The content of ``<meta http-equiv=refresh>`` (WHATWG HTML): seconds, and the address in any of three groups."""

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
        self.url = resolve(url)
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

    def refresh(self) -> str | None:
        """The other page or document to which ``<meta http-equiv=refresh>`` leads, after whatever time."""
        for meta in self._tree.find_all("meta", attrs={"http-equiv": re.compile(r"(?i)^\s*refresh\s*$"), "content": True}):
            if match := REFRESH.match(str(meta["content"])):
                address = resolve(next(filter(None, match.groups()), ""), self._base)
                is_other = address not in (None, self.url) and _reason_not_to_use(address) is None
                return address if is_other else None
        return None

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


def read_index_page(response: httpx.Response) -> IndexPage:
    """Read an index page from a streamed response.

    Raises:
        Rejected: it is something else, larger than `MAX_INDEX_BYTES`, or has too many tags.
        Unavailable: it is compressed and damaged.
    """
    kind = response.headers.get("Content-Type", "text/html").split(";")[0].strip().lower()
    is_packed = kind in GZIP_TYPES or urlsplit(str(response.url)).path.lower().endswith(".xml.gz")
    if not (is_packed or "html" in kind or "xml" in kind or kind.startswith("text/")):
        raise Rejected(f"is not an index page but {kind}")
    chunks = body_of(response, MAX_INDEX_BYTES)
    body = _unpacked(chunks, kind) if is_packed else b"".join(chunks)
    return IndexPage(str(response.url), body, response.charset_encoding)


def _unpacked(chunks: Iterator[bytes], kind: str) -> bytes:
    start = b""
    for chunk in chunks:
        start += chunk
        if len(start) >= SNIFFED_BYTES:
            break
    if not start.startswith(GZIP_SIGNATURE):
        return start + b"".join(chunks)  # a server that also says so in Content-Encoding
    try:
        if (
            not zlib.decompressobj(zlib.MAX_WBITS | 16)
            .decompress(start, SNIFFED_BYTES)
            .lstrip(b"\xef\xbb\xbf \t\r\n")
            .startswith(b"<")
        ):
            raise Rejected(f"is not an index page but {kind}")
        with gzip.GzipFile(fileobj=io.BytesIO(start + b"".join(chunks))) as file:
            body = file.read(MAX_INDEX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise Unavailable(f"its compression is damaged: {error}") from error
    if len(body) > MAX_INDEX_BYTES:
        raise Rejected(f"larger than {MAX_INDEX_BYTES / 1e6:g} MB when unpacked")
    return body


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
