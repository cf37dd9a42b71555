"""Where documents are published, and how politely each place is to be visited: the models behind ``configs/sources.yaml``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

import soupsieve
from pydantic import AfterValidator, Field, field_validator, model_validator

from redaction import __version__
from redaction.configuration import read_yaml
from redaction.values import Frozen

ENDS_IN_PDF = r"(?i)\.pdf($|\?)"
"""What a link to a document looks like unless the source says otherwise: ``.pdf`` or ``.PDF``, with or without a query string."""


def _http_url(url: str) -> str:
    if not re.match(r"(?i)https?://[^/\s]+", url):
        raise ValueError(f"{url!r} is not an http:// or https:// address")
    return url


def _regular_expression(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{pattern!r} is not a regular expression: {error}") from error
    return pattern


def _css_selector(selector: str) -> str:
    try:
        soupsieve.compile(selector)
    except soupsieve.SelectorSyntaxError as error:
        raise ValueError(f"{selector!r} is not a CSS selector: {error}") from error
    return selector


HttpUrl = Annotated[str, AfterValidator(_http_url)]
Pattern = Annotated[str, AfterValidator(_regular_expression)]
Selector = Annotated[str, AfterValidator(_css_selector)]


class Politeness(Frozen):
    """How a source is visited. The defaults are gentle: two requests at a time, at least half a second between two starts."""

    obey_robots: bool = True
    delay_seconds: float = Field(0.5, ge=0)
    """Between the starts of two requests to one host; a longer ``Crawl-delay`` in robots.txt wins."""
    concurrency: int = Field(2, ge=1, le=64)
    user_agent: str = Field(f"redaction-detector/{__version__}", min_length=1)
    """Sent with each request and looked up in robots.txt. Add an address at which you can be reached."""
    timeout_seconds: float = Field(30, gt=0)
    """For connecting, and for each wait for bytes."""
    download_seconds: float = Field(600, gt=0)
    """For one document as a whole: a server that drips must not hold the run."""
    attempts: int = Field(4, ge=1)
    backoff_seconds: float = Field(1, ge=0)
    """Before the second attempt; doubled for each further one, with jitter."""
    longest_wait_seconds: float = Field(120, ge=0)
    """A ``Retry-After`` longer than this ends the attempts until the next run."""
    max_megabytes: float = Field(100, gt=0)
    max_pages: int = Field(2000, ge=1)


class _Source(Frozen):
    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    enabled: bool = True
    politeness: Politeness = Politeness()


class IndexSource(_Source):
    """Web pages that link to documents."""

    kind: Literal["index"]
    urls: tuple[HttpUrl, ...] = Field(min_length=1)
    selector: Selector | None = None
    """CSS selector of the links to documents (or of elements that hold them); none looks at all links."""
    pattern: Pattern | None = None
    """Regular expression searched in a link's absolute address. Without a selector the default is `ENDS_IN_PDF`."""
    depth: int = Field(0, ge=0)
    """How many links away from `urls` further index pages may lie."""
    follow: Pattern | None = None
    """Regular expression searched in the address of a further index page; none follows links on the hosts of `urls`."""
    max_index_pages: int = Field(500, ge=1)

    @property
    def location(self) -> str:
        """Where it is, for people."""
        return ", ".join(self.urls)

    @property
    def document_pattern(self) -> str:
        """The regular expression that a document's address must match."""
        return self.pattern or (ENDS_IN_PDF if self.selector is None else "")


class UrlSource(_Source):
    """Documents at known addresses."""

    kind: Literal["urls"]
    urls: tuple[HttpUrl, ...] = Field(min_length=1)

    @property
    def location(self) -> str:
        """Where it is, for people."""
        return self.urls[0] if len(self.urls) == 1 else f"{self.urls[0]} and {len(self.urls) - 1} more"


class FolderSource(_Source):
    """PDFs in a folder of this machine, taken relative to the folder in which the command runs."""

    kind: Literal["folder"]
    path: Path
    recursive: bool = True

    @property
    def location(self) -> str:
        """Where it is, for people."""
        return str(self.path)


Source = Annotated[IndexSource | UrlSource | FolderSource, Field(discriminator="kind")]


class Rendering(Frozen):
    """How pages become images, and what a hostile one may cost."""

    dpi: float = Field(150, gt=0)
    max_width_px: int = Field(1275, ge=64)
    """A wider page is rendered at a lower resolution. 1275 is US Letter at 150 dpi."""
    max_megapixels: float = Field(25, gt=0)
    """A page that would be larger than this is put in quarantine."""
    page_seconds: float = Field(60, gt=0)
    page_megabytes: int = Field(1024, ge=64)
    """Address space that a worker may take beyond what it needs to start."""
    workers: int | None = Field(None, ge=1)
    """None takes every core that this process may use."""


class SourcesConfig(Frozen):
    """The whole of ``configs/sources.yaml``."""

    sources: tuple[Source, ...] = Field(min_length=1)
    rendering: Rendering = Rendering()

    @field_validator("sources")
    @classmethod
    def _names_are_unique(cls, sources: tuple[Source, ...]) -> tuple[Source, ...]:
        names = [source.name for source in sources]
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two sources are named {repeated[0]!r}")
        return sources

    @model_validator(mode="after")
    def _something_is_enabled(self) -> SourcesConfig:
        if not self.enabled:
            raise ValueError("no source is enabled")
        return self

    @property
    def enabled(self) -> tuple[IndexSource | UrlSource | FolderSource, ...]:
        """The sources to visit, in the order of the file: the first one that has a document owns it."""
        return tuple(source for source in self.sources if source.enabled)


def load_sources(path: Path) -> SourcesConfig:
    """The sources file, checked strictly.

    Raises:
        RedactionError: it cannot be read or does not fit; the sentence names the file, the key and the nearest valid one.
    """
    return read_yaml(path, SourcesConfig)
