"""The detector's BentoML service: ``POST /detect`` for one page image.

It runs the exported network on OpenVINO or ONNX Runtime: no torch, no IceVision and no ZenML in this process. BentoML adds
``/livez``, ``/readyz``, ``/metrics`` and the OpenAPI description at ``/docs.json``.
"""

from __future__ import annotations

import functools
import io
import os
import time
from pathlib import Path
from typing import Annotated, Any

import bentoml
import numpy as np
from bentoml.validators import ContentType
from PIL import Image
from pydantic import Field
from starlette.requests import Request

from redaction.detection.artifact import Detector
from redaction.detection.predictor import Predictor
from redaction.errors import RedactionError
from redaction.pages.geometry import Detections, covered_share
from redaction.pages.image import PageImage, page_from_bytes
from redaction.parent_process import SUPERVISED_BY, die_with_parent
from redaction.values import Frozen
from serving.app.request_log import RequestLog
from serving.app.requests import UPLOAD, PageUploads, RequestError, Upload

NAME = "redaction_detector"

MODEL_ALIAS = "detector"
"""Under this name a Bento knows the detector that it was built for, whatever its version."""


class PageRequest(bentoml.IODescriptor):  # type: ignore[misc]
    """What `/detect` takes, for the OpenAPI description and BentoML's clients; `serving.app.requests` has read it already."""

    page: Annotated[Path, ContentType("image/*")]
    threshold: float | None = Field(None, ge=0, le=1, description="Lowest score to report; the operating point when left out.")

    @classmethod
    async def from_http_request(cls, request: Request, serde: Any) -> Any:
        """Hand over what came through the door."""
        upload: Upload = request.scope[UPLOAD]
        return cls.model_construct(page=upload, threshold=upload.threshold)


class FoundBox(Frozen):
    """One redaction, in pixels of the page as it was sent (turned upright, where its camera said how)."""

    x0: float
    y0: float
    x1: float
    y1: float
    score: float


class PageAnswer(Frozen):
    """What the detector found on one page."""

    version: str = Field(description="The detector's version.")
    width: int
    height: int
    threshold: float
    boxes: list[FoundBox] = Field(description="Best first.")
    covered_share: float = Field(description="Share of the page, from 0 to 1, under at least one of the boxes.")
    runtime: str
    latency_ms: float = Field(description="Time the detector took.")


KEEP_MEMORY = [
    {"name": "MALLOC_MMAP_THRESHOLD_", "value": "268435456"},
    {"name": "MALLOC_TRIM_THRESHOLD_", "value": "268435456"},
    {"name": "MALLOC_ARENA_MAX", "value": "2"},
]
"""A page is tens of megabytes that glibc would give back to the kernel and fetch again, zeroed, for every request: measured, that
was half of what a request took besides the detector (53 ms against 25 ms on a busy machine)."""


# One page at a time, since the detector uses all cores already: with two threads pages per second were the same within what the
# machine's other work made of it. Requests that wait hold their body in memory, at most 32 MiB each.
@bentoml.service(name=NAME, workers=1, threads=1, envs=KEEP_MEMORY, traffic={"timeout": 60, "max_concurrency": 16})
class DetectionService:
    """Finds redactions on page images."""

    def __init__(self) -> None:
        if parent := os.environ.get(SUPERVISED_BY):
            die_with_parent(int(parent))
        self._detector = Detector.load(Path(bentoml.models.get(MODEL_ALIAS).path))
        self._predictor = Predictor(self._detector)
        self._predictor.predict(np.full((1650, 1275, 3), 255, np.uint8))
        self._log = RequestLog(self._detector.version, self._detector.operating_point)

    @bentoml.api(route="/detect", input_spec=PageRequest)  # type: ignore[untyped-decorator]
    def detect(self, page: Upload, threshold: float | None = None) -> PageAnswer:
        """Find the redactions on one page image, sent as the multipart file field `page` or as the body with its image type."""
        try:
            image = decode(page.image)
        except RequestError as error:
            return error.response()  # type: ignore[return-value]  # BentoML hands a finished response on as it is
        started = time.perf_counter()
        detections = self._predictor.predict(image)
        latency_ms = (time.perf_counter() - started) * 1000
        if not page.is_check:
            page.after_answer.append(functools.partial(self._log.add, image, detections, latency_ms))
        return self._answer(image, detections, threshold, latency_ms)

    @bentoml.on_shutdown  # type: ignore[untyped-decorator]
    def close(self) -> None:
        """Write the records that are still waiting."""
        self._log.close()

    def _answer(self, image: PageImage, detections: Detections, threshold: float | None, latency_ms: float) -> PageAnswer:
        least = self._detector.operating_point if threshold is None else threshold
        found = detections.at_least(least)
        height, width = image.shape[:2]
        boxes = [
            FoundBox(x0=x0, y0=y0, x1=x1, y1=y1, score=score)
            for (x0, y0, x1, y1), score in zip(found.xyxy.tolist(), found.scores.tolist(), strict=True)
        ]
        return PageAnswer(
            version=self._detector.version,
            width=width,
            height=height,
            threshold=least,
            boxes=boxes,
            covered_share=covered_share(found.xyxy, width, height),
            runtime=self._predictor.runtime,
            latency_ms=latency_ms,
        )


DetectionService.add_asgi_middleware(PageUploads)  # type: ignore[attr-defined]  # the decorator makes it a bentoml.Service


def decode(data: bytes) -> PageImage:
    """The image file's bytes as a page.

    Raises:
        Refusal: they cannot be read whole, are too many pixels, or are more than one page.
    """
    try:
        page = page_from_bytes(data, "The page")
        with Image.open(io.BytesIO(data)) as image:
            pages = getattr(image, "n_frames", 1)
    except RedactionError as fault:
        raise RequestError(422, str(fault)) from fault
    if pages > 1:
        raise RequestError(422, f"The file holds {pages} pages; send them one by one.")
    return page
