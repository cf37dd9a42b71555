"""The renderer process: renders pages to image files under a memory limit, and may be killed at any time.

It reads one `Job` per line from standard input and writes messages, one per line, to standard output. Hostile files are only ever
opened here; `redaction.documents.rendering.pool` enforces the time limits from outside.

Images are JPEGs of quality 90 without chroma subsampling: six times faster to write than PNG, which would cost four tenths of the
pages per second, and small also for noisy scans. Gray and thinly outlined boxes survive, and without subsampling thin colored
outlines keep their color; a page without color is stored as a gray JPEG. Measurements: docs/benchmarks.md.
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

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from redaction.documents.rendering.messages import (
    Done,
    FailedPage,
    Job,
    MachineError,
    Message,
    Opened,
    Ready,
    Refused,
    RenderedPage,
)
from redaction.pages.document import open_document
from redaction.pages.features import features_of
from redaction.pages.opened import DocumentError, OpenDocument
from redaction.parent_process import die_with_parent

JPEG_OPTIONS = (cv2.IMWRITE_JPEG_QUALITY, 90, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444)
IMAGE_SUFFIX = ".jpg"
HASH_INPUT_PX = 32


def serve(megabytes: int, parent: int) -> None:
    """Process jobs until standard input ends.

    Args:
        megabytes: address space allowed in addition to what the process uses at the start.
        parent: id of the parent process; this process ends with it.
    """
    die_with_parent(parent, signal.SIGKILL)
    # libraries that print must not write into the messages
    output = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    cv2.setNumThreads(1)
    _limit_memory(megabytes)

    def send(message: Message) -> None:
        output.write(message.model_dump_json() + "\n")
        output.flush()

    send(Ready())
    for line in sys.stdin:
        render_job(Job.model_validate_json(line), send)


def render_job(job: Job, send: Callable[[Message], None]) -> None:
    """Render the pages of a job, one message per page; the last message is `Done`, `Refused` or `MachineError`."""
    try:
        with open_document(Path(job.document)) as document:
            if refused := _check_document(job, document):
                return send(refused)
            Path(job.folder).mkdir(exist_ok=True)
            send(Opened(page_count=len(document), remarks=document.remarks, embedded_files=document.embedded_files))
            for page_index in range(job.first, min(job.stop, len(document))):
                send(_try_page(job, document, page_index))
            return send(Done())
    except DocumentError as error:
        return send(Refused(reason=error.reason))
    except MemoryError:
        return send(Refused(reason="cannot be opened within the memory limit"))
    except OSError as error:
        return send(MachineError(reason=str(error)))


def _check_document(job: Job, document: OpenDocument) -> Refused | None:
    page_count = len(document)
    if document.is_cut_off:
        return Refused(reason="is cut off: the end of the file is missing, and perhaps pages with it")
    if page_count > job.max_pages:
        return Refused(reason=f"has {page_count} pages, more than the limit of {job.max_pages}", page_count=page_count)
    return None


def _try_page(job: Job, document: OpenDocument, page_index: int) -> RenderedPage | FailedPage:
    try:
        return _render_page(job, document, page_index)
    except (cv2.error, ValueError) as error:
        return FailedPage(page_index=page_index, reason=str(error) or type(error).__name__)
    except MemoryError:
        return FailedPage(page_index=page_index, reason="needs more memory than the limit")


def _render_page(job: Job, document: OpenDocument, page_index: int) -> RenderedPage:
    """Render a page, compute its features, and write its image.

    Raises:
        ValueError: the page cannot be read, has no area, or is larger than allowed.
    """
    bgrx, dpi = document.rendered(page_index, job.dpi, job.max_width_px, job.max_megapixels * 1e6)
    gray = cv2.cvtColor(bgrx, cv2.COLOR_BGRA2GRAY)
    features = features_of(gray, bgrx)
    jpeg = _encode_jpeg(gray if features.colourfulness == 0 and _is_gray(bgrx, gray) else bgrx)
    height, width = gray.shape
    rendered = RenderedPage(
        page_index=page_index,
        width=width,
        height=height,
        dpi=dpi,
        sha256=hashlib.sha256(jpeg).hexdigest(),
        perceptual_hash=perceptual_hash(gray),
        features=features,
        attached_files=document.attached_files.get(page_index, 0),
    )
    (Path(job.folder) / image_name(page_index)).write_bytes(jpeg)
    return rendered


def image_name(page_index: int) -> str:
    """File name of a page's image in its document's folder."""
    return f"{page_index:04d}{IMAGE_SUFFIX}"


def perceptual_hash(gray: NDArray[np.uint8]) -> str:
    """Hash of a page's appearance, for finding near-duplicate pages: 16 hexadecimal digits, similar for similar pages.

    Equal to ``imagehash.phash`` of the page at a quarter of its width and height.

    Args:
        gray: shape (height, width), uint8.
    """
    # imagehash imports SciPy for its cosine transform, which would take a third of a renderer's start; halving the page first is
    # faster than Pillow's filter on the whole page
    for _ in range(2):
        if min(gray.shape) >= 2 * HASH_INPUT_PX:
            gray = cv2.resize(gray, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    small = Image.fromarray(gray).resize((HASH_INPUT_PX, HASH_INPUT_PX), Image.Resampling.LANCZOS)
    low = cv2.dct(np.asarray(small, np.float64))[:8, :8]
    # OpenCV's transform is orthonormal: its constant terms are smaller by this factor than those of SciPy's default
    low[0] *= math.sqrt(2)
    low[:, 0] *= math.sqrt(2)
    return np.packbits(low > np.median(low)).tobytes().hex()


def _is_gray(bgrx: NDArray[np.uint8], gray: NDArray[np.uint8]) -> bool:
    return bool(np.array_equal(bgrx.view(np.uint32), cv2.cvtColor(gray, cv2.COLOR_GRAY2BGRA).view(np.uint32)))


def _encode_jpeg(image: NDArray[np.uint8]) -> bytes:
    encoded, buffer = cv2.imencode(IMAGE_SUFFIX, image, JPEG_OPTIONS)
    if not encoded:
        raise ValueError("cannot be encoded as JPEG")
    return buffer.tobytes()


def _limit_memory(megabytes: int) -> None:
    pages_in_use = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages_in_use * resource.getpagesize() + megabytes * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    serve(megabytes=int(sys.argv[1]), parent=int(sys.argv[2]))
