"""The renderer: a process of its own that turns pages into images under a memory limit, and may be killed at any time.

It reads one `Job` a line on standard input and answers with messages, one a line, on standard output. Everything hostile in a PDF
happens in here; `redaction.documents.rendering.rendering` watches the clock from outside.

**File format: JPEG, quality 90, no chroma subsampling.** Measured on 54 pages of real court and agency documents (WebP on 39) at
150 dpi (1275 x 1650, one core; milliseconds of processor time and kilobytes for each page):

==========================  ======  =====
format                          ms     KB
==========================  ======  =====
JPEG q90, 4:2:0                3.5    292
**JPEG q90, 4:4:4**            5.1    320
PNG, level 1 (OpenCV)         33.3    321
PNG, level 6 (Pillow)         47.8    354
WebP, lossless                73.4    143
WebP q90                      93.7    154
==========================  ======  =====

Rendering itself takes about 20 ms, so PNG would cut the pages per second by four tenths; and on scans, which hold noise, it was
measured four to six times as large (4 to 7 MB a page at 200 dpi). Grey, thinly outlined and coloured boxes survive, as
tests/documents/test_rendering.py shows: the inside of a filled box moves by at most 4 of 255 levels, and a one-pixel outline,
gray or coloured, by at most 32 from the lossless picture. Without chroma subsampling a thin coloured outline keeps its color,
for a tenth more bytes. One-bit formats are smaller still, but lose gray boxes. A page without color is a gray JPEG: encoded in
2.3 ms instead of 5.2, with a tenth fewer bytes, and the same to whoever reads it.
"""

from __future__ import annotations

import hashlib
import math
import os
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import cv2
import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_raw
from numpy.typing import NDArray
from PIL import Image
from pydantic import Field, TypeAdapter

from redaction.pages.features import PageFeatures, features_of
from redaction.parent_process import die_with_parent
from redaction.values import Frozen

JPEG_OPTIONS = (cv2.IMWRITE_JPEG_QUALITY, 90, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444)
IMAGE_SUFFIX = ".jpg"
END_MARK = b"%%EOF"
END_MARK_WITHIN = 4096
"""Acrobat looks for the end mark in the last 1024 bytes; real files carry a little more behind it."""
HASH_PIXELS = 32


class Job(Frozen):
    """Pages of one document to render."""

    document: str
    """Path of the PDF."""
    folder: str
    """Where the images go, see `image_name`; made where it is not there."""
    first: int
    stop: int
    """The first page that is not to be rendered; may lie behind the last page."""
    max_pages: int
    dpi: float
    max_width_px: int
    max_megapixels: float


class Ready(Frozen):
    """The process has started and waits for a job."""

    kind: Literal["ready"] = "ready"


class Opened(Frozen):
    """The document can be read."""

    kind: Literal["opened"] = "opened"
    page_count: int


class Refused(Frozen):
    """The document cannot be used at all."""

    kind: Literal["refused"] = "refused"
    reason: str
    page_count: int | None = None


class RenderedPage(Frozen):
    """A page's image is written; whoever gives it its place has it reach the disk first."""

    kind: Literal["page"] = "page"
    page_index: int
    width: int
    height: int
    dpi: float
    sha256: str
    perceptual_hash: str
    features: PageFeatures


class FailedPage(Frozen):
    """A page could not be rendered."""

    kind: Literal["failed"] = "failed"
    page_index: int
    reason: str


class Done(Frozen):
    """Nothing more comes for this job."""

    kind: Literal["done"] = "done"


class Broken(Frozen):
    """This machine is at fault (a full disk, say) and not the document: no use to go on."""

    kind: Literal["broken"] = "broken"
    reason: str


Message = Annotated[Ready | Opened | Refused | RenderedPage | FailedPage | Done | Broken, Field(discriminator="kind")]
MESSAGES: TypeAdapter[Message] = TypeAdapter(Message)


def serve(megabytes: int, parent: int) -> None:
    """Work until standard input ends.

    Args:
        megabytes: address space to allow beyond what the process has by now.
        parent: process whose death must be ours, too.
    """
    die_with_parent(parent, signal.SIGKILL)
    # What a library prints must not end up among the messages.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    cv2.setNumThreads(1)
    _limit_memory(megabytes)

    def answer(message: Message) -> None:
        answers.write(message.model_dump_json() + "\n")
        answers.flush()

    answer(Ready())
    for line in sys.stdin:
        work(Job.model_validate_json(line), answer)


def work(job: Job, answer: Callable[[Message], None]) -> None:
    """Render the job's pages, one message each; the last message is always `Done`, `Refused` or `Broken`."""
    try:
        with pdfium.PdfDocument(job.document) as document:
            if refusal := _refusal(job, document):
                return answer(refusal)
            Path(job.folder).mkdir(exist_ok=True)
            answer(Opened(page_count=len(document)))
            for page_index in range(job.first, min(job.stop, len(document))):
                answer(_page(job, document, page_index))
            return answer(Done())
    except pdfium.PdfiumError as error:
        return answer(Refused(reason=_open_failure(error, Path(job.document))))
    except MemoryError:
        return answer(Refused(reason="cannot be opened within the memory limit"))
    except OSError as error:
        return answer(Broken(reason=str(error)))


def _refusal(job: Job, document: pdfium.PdfDocument) -> Refused | None:
    count = len(document)
    if not _has_end_mark(Path(job.document)):
        return Refused(reason="is truncated: the mark at its end is missing")
    if count > job.max_pages:
        return Refused(reason=f"has {count} pages, more than the limit of {job.max_pages}", page_count=count)
    return None


def _has_end_mark(path: Path) -> bool:
    # A document cut short may still open: what is at its front, or what pdfium repairs, promises pages that are not there.
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - END_MARK_WITHIN))
        return END_MARK in file.read()


def _open_failure(error: pdfium.PdfiumError, path: Path) -> str:
    # For a document without pages pdfium sets no error, and what is read is the error of an earlier document.
    if error.err_code in (pdfium_raw.FPDF_ERR_PASSWORD, pdfium_raw.FPDF_ERR_SECURITY) and b"/Encrypt" in path.read_bytes():
        return "is encrypted: it needs a password"
    return "cannot be opened: it is damaged, truncated or without pages"


def _page(job: Job, document: pdfium.PdfDocument, page_index: int) -> RenderedPage | FailedPage:
    try:
        page = document[page_index]
        try:
            return _rendered(job, page, page_index)
        finally:
            page.close()
    except (pdfium.PdfiumError, cv2.error, ValueError) as error:
        return FailedPage(page_index=page_index, reason=str(error) or type(error).__name__)
    except MemoryError:
        return FailedPage(page_index=page_index, reason="needs more memory than the limit")


def _rendered(job: Job, page: pdfium.PdfPage, page_index: int) -> RenderedPage:
    """Render, write, measure.

    Raises:
        ValueError: the page has no area, or too much of it.
    """
    width_pt, height_pt = page.get_size()
    if not (width_pt > 0 and height_pt > 0):
        raise ValueError(f"has no area ({width_pt:g} x {height_pt:g} pt)")
    scale = min(job.dpi / 72, job.max_width_px / width_pt)
    if width_pt * height_pt * scale**2 > job.max_megapixels * 1e6:
        raise ValueError(
            f"would be {width_pt * scale:.0f} x {height_pt * scale:.0f} pixels, more than {job.max_megapixels:g} million"
        )
    # pdfium composes four bytes a pixel faster than three, to the same colors
    image = page.render(scale=scale, prefer_bgrx=True).to_numpy()
    gray = cv2.cvtColor(image, cv2.COLOR_BGRA2GRAY)
    features = features_of(gray, image)
    jpeg = _jpeg(gray if features.colourfulness == 0 and _is_gray(image, gray) else image)
    height, width = gray.shape
    rendered = RenderedPage(
        page_index=page_index,
        width=width,
        height=height,
        dpi=scale * 72,
        sha256=hashlib.sha256(jpeg).hexdigest(),
        perceptual_hash=perceptual_hash(gray),
        features=features,
    )
    (Path(job.folder) / image_name(page_index)).write_bytes(jpeg)
    return rendered


def image_name(page_index: int) -> str:
    """The file name of a page's image in its document's folder."""
    return f"{page_index:04d}{IMAGE_SUFFIX}"


def perceptual_hash(gray: NDArray[np.uint8]) -> str:
    """What ``imagehash.phash`` gives for the page at a quarter of its size: 16 hexadecimal digits, alike for pages that are.

    Args:
        gray: shape (height, width), uint8.
    """
    # imagehash would import SciPy for its cosine transform, which is a third of the time that a renderer takes to start. The
    # hash looks at 32 x 32 pixels only; halving the page first gives Pillow's slow, careful filter little to do.
    for _ in range(2):
        if min(gray.shape) >= 2 * HASH_PIXELS:
            gray = cv2.resize(gray, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    small = Image.fromarray(gray).resize((HASH_PIXELS, HASH_PIXELS), Image.Resampling.LANCZOS)
    low = cv2.dct(np.asarray(small, np.float64))[:8, :8]
    # OpenCV's transform is the orthonormal one, whose constant terms are smaller than those of the plain one by this factor
    low[0] *= math.sqrt(2)
    low[:, 0] *= math.sqrt(2)
    return np.packbits(low > np.median(low)).tobytes().hex()


def _is_gray(image: NDArray[np.uint8], gray: NDArray[np.uint8]) -> bool:
    return bool(np.array_equal(image.view(np.uint32), cv2.cvtColor(gray, cv2.COLOR_GRAY2BGRA).view(np.uint32)))


def _jpeg(image: NDArray[np.uint8]) -> bytes:
    encoded, buffer = cv2.imencode(IMAGE_SUFFIX, image, JPEG_OPTIONS)
    if not encoded:
        raise ValueError("cannot be written as JPEG")
    return buffer.tobytes()


def _limit_memory(megabytes: int) -> None:
    pages_in_use = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages_in_use * resource.getpagesize() + megabytes * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    serve(megabytes=int(sys.argv[1]), parent=int(sys.argv[2]))
