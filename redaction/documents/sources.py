"""Models of ``configs/sources.yaml``: where documents are published, and how to visit each source politely."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

import soupsieve
from pydantic import AfterValidator, Field, field_validator, model_validator

from redaction import __version__
from redaction.configuration import read_yaml
from redaction.documents.addresses import resolve
from redaction.pages.pdf import DEFAULT_DPI, MAX_WIDTH_PX
from redaction.values import Frozen

PDF_LINK_PATTERN = r"(?i)\.pdf($|[?;])"
"""Default pattern of links to documents: ``.pdf`` or ``.PDF``, with or without a query string or ``;jsessionid=…``."""


def _http_url(url: str) -> str:
    if not re.match(r"(?i)https?://[^/\s]+", url) or resolve(url) is None:
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
    """How to visit a source. By default at most two requests at a time, started at least half a second apart."""

    obey_robots: bool = True
    delay_seconds: float = Field(0.5, ge=0)
    """Minimum time between the starts of two requests to one host; a longer ``Crawl-delay`` in robots.txt wins."""
    concurrency: int = Field(2, ge=1, le=64)
    user_agent: str = Field(f"redaction-detector/{__version__}", min_length=1)
    """Sent with each request and matched in robots.txt. Add an address at which you can be reached."""
    timeout_seconds: float = Field(30, gt=0)
    """Limit for connecting and for each read."""
    download_seconds: float = Field(600, gt=0)
    """Limit for a whole document, so that a very slow server cannot block the run."""
    attempts: int = Field(4, ge=1)
    backoff_seconds: float = Field(1, ge=0)
    """Wait before the second attempt; doubled for each further attempt, with jitter."""
    longest_wait_seconds: float = Field(120, ge=0)
    """A link whose ``Retry-After`` is longer is left to the next run; a host whose ``Crawl-delay`` is longer, too."""
    max_megabytes: float = Field(100, gt=0)
    max_pages: int = Field(2000, ge=1)


class _Source(Frozen):
    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    enabled: bool = True
    politeness: Politeness = Politeness()


class IndexSource(_Source):
    """Web pages, sitemaps or feeds that link to documents."""

    kind: Literal["index"]
    urls: tuple[HttpUrl, ...] = Field(min_length=1)
    selector: Selector | None = None
    """CSS selector of the links to documents, or of elements that contain them; None selects all links."""
    pattern: Pattern | None = None
    """Regular expression searched in a link's absolute URL and in its decoded form; the default without a selector is
    `PDF_LINK_PATTERN`."""
    depth: int = Field(0, ge=0)
    """Maximum number of links from `urls` to a further index page."""
    follow: Pattern | None = None
    """Regular expression searched in the URL of a further index page; None follows links to the hosts of `urls`."""
    max_index_pages: int = Field(500, ge=1)

    @property
    def location(self) -> str:
        """Human-readable location."""
        return ", ".join(self.urls)

    @property
    def document_pattern(self) -> str:
        """Regular expression that a document's URL must match."""
        return self.pattern or (PDF_LINK_PATTERN if self.selector is None else "")


class UrlSource(_Source):
    """Documents at known URLs."""

    kind: Literal["urls"]
    urls: tuple[HttpUrl, ...] = Field(min_length=1)

    @property
    def location(self) -> str:
        """Human-readable location."""
        return self.urls[0] if len(self.urls) == 1 else f"{self.urls[0]} and {len(self.urls) - 1} more"


class FolderSource(_Source):
    """PDFs and images in a local folder; a relative path starts at the working directory."""

    kind: Literal["folder"]
    path: Path
    recursive: bool = True

    @property
    def location(self) -> str:
        """Human-readable location."""
        return str(self.path)


Source = Annotated[IndexSource | UrlSource | FolderSource, Field(discriminator="kind")]


class Rendering(Frozen):
    """How pages are rendered, and the limits for hostile pages."""

    dpi: float = Field(DEFAULT_DPI, gt=0)
    max_width_px: int = Field(MAX_WIDTH_PX, ge=64)
    """A wider page is rendered at a lower resolution."""
    max_megapixels: float = Field(25, gt=0)
    """A larger page is put in quarantine."""
    page_seconds: float = Field(60, gt=0)
    page_megabytes: int = Field(1024, ge=64)
    """Address space that a worker may use in addition to what it needs to start."""
    workers: int | None = Field(None, ge=1)
    """None uses every core available to this process."""


class SourcesConfig(Frozen):
    """Content of ``configs/sources.yaml``."""

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
        """The sources to visit, in the order of the file; a document belongs to the first source that lists it."""
        return tuple(source for source in self.sources if source.enabled)


def load_sources(path: Path) -> SourcesConfig:
    """Read and strictly check a sources file.

    Raises:
        RedactionError: it cannot be read or is not valid; the message names the file, the key and the nearest valid key.
    """
    return read_yaml(path, SourcesConfig)
