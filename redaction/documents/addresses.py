"""Web addresses as browsers read them (WHATWG URL standard), and the patterns that select them."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote_to_bytes

import ada_url

MAX_ADDRESS_CHARS = 2048
"""A longer link is not followed; the sitemap protocol has the same limit, and databases limit the length of a key."""


def resolve(href: str, base: str | None = None) -> str | None:
    """The absolute address, normalized and without its fragment; None if a browser would not accept it."""
    try:
        url = ada_url.URL(href, base=base)
    except ValueError:  # also for text that is not valid Unicode
        return None
    url.hash = ""
    return str(url.href)


def host_of(address: str) -> str:
    """Host and port of an address, as in `resolve`; without the port if it is the usual one."""
    return str(ada_url.URL(address).host)


def matches(pattern: str, address: str) -> bool:
    """Whether the regular expression is found in the address, in its decoded form, or in what a person sees of that."""
    if re.search(pattern, address):
        return True
    decoded = readable(unquote_to_bytes(address))
    return any(re.search(pattern, form) for form in (decoded, _visible(decoded)))


def readable(data: bytes) -> str:
    """Text of unknown encoding, such as a file name: UTF-8, or else Latin-1, which accepts every byte."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _visible(decoded: str) -> str:
    """Without invisible characters, and without spaces at the end of the path or of the query."""
    shown = "".join(character for character in decoded if unicodedata.category(character) != "Cf")
    return re.sub(r"\s+(?=[?;]|$)", "", shown)
