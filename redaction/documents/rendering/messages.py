"""The messages to and from the renderer processes: one JSON object per line."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from redaction.pages.features import PageFeatures
from redaction.values import Frozen


class Job(Frozen):
    """A range of pages of one document to render."""

    document: str
    """Path of the document."""
    folder: str
    """Folder for the images (see `image_name`), created if missing."""
    first: int
    stop: int
    """Index after the last page to render; may exceed the page count."""
    max_pages: int
    dpi: float
    max_width_px: int
    max_megapixels: float


class Ready(Frozen):
    """The process has started and waits for a job."""

    kind: Literal["ready"] = "ready"


class Opened(Frozen):
    """The document was opened."""

    kind: Literal["opened"] = "opened"
    page_count: int
    remarks: tuple[str, ...] = ()
    """What the user should know about it; see `redaction.pages.opened.OpenDocument`."""
    embedded_files: int = 0


class Refused(Frozen):
    """The document cannot be used."""

    kind: Literal["refused"] = "refused"
    reason: str
    page_count: int | None = None


class RenderedPage(Frozen):
    """A page's image was written. It is not yet synced to disk."""

    kind: Literal["page"] = "page"
    page_index: int
    width: int
    height: int
    dpi: float | None
    """None for an image that does not say how large its page is."""
    sha256: str
    perceptual_hash: str
    features: PageFeatures
    attached_files: int = 0


class FailedPage(Frozen):
    """A page could not be rendered."""

    kind: Literal["failed"] = "failed"
    page_index: int
    reason: str


class Done(Frozen):
    """The job is complete."""

    kind: Literal["done"] = "done"


class MachineError(Frozen):
    """This machine is at fault, not the document (for example, the disk is full); rendering cannot continue."""

    kind: Literal["machine_error"] = "machine_error"
    reason: str


Message = Annotated[Ready | Opened | Refused | RenderedPage | FailedPage | Done | MachineError, Field(discriminator="kind")]
MESSAGES: TypeAdapter[Message] = TypeAdapter(Message)
