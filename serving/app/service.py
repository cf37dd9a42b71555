"""The detector's BentoML service: ``POST /detect`` for one page image.

It runs the exported network on OpenVINO or ONNX Runtime, without torch, IceVision or ZenML in the process. BentoML adds
``/livez``, ``/readyz``, ``/metrics`` and the OpenAPI description at ``/docs.json``.
"""

from __future__ import annotations

import functools
import time
from pathlib import Path
from typing import Annotated, Any

import bentoml
import numpy as np
from bentoml.validators import ContentType
from pydantic import ConfigDict, Field
from starlette.requests import Request

from redaction.detection.artifact import Detector
from redaction.detection.predictor import Predictor
from redaction.errors import RedactionError
from redaction.pages.geometry import Detections
from redaction.pages.image import PageImage
from redaction.pages.image_document import ImageDocument
from redaction.pages.shape import page_warnings
from redaction.reports.document import PageFindings, Redaction, page_findings
from serving.app.errors import RequestError
from serving.app.front_page import front_page
from serving.app.names import MODEL_ALIAS, SERVICE_NAME
from serving.app.request_log import RequestLog
from serving.app.requests import UPLOAD_KEY, PageUploadMiddleware, Upload


class PageRequest(bentoml.IODescriptor):  # type: ignore[misc]
    """Input of `/detect`, for the OpenAPI description and BentoML's clients; `serving.app.requests` has already read it."""

    page: Annotated[Path, ContentType("image/*")]
    threshold: float | None = Field(None, ge=0, le=1, description="Lowest score to report; the operating point if omitted.")

    @classmethod
    async def from_http_request(cls, request: Request, serde: Any) -> Any:
        """Return the upload that the middleware has read."""
        upload: Upload = request.scope[UPLOAD_KEY]
        return cls.model_construct(page=upload, threshold=upload.threshold)


class PageAnswer(PageFindings):
    """What the detector found on one page image, turned upright where its camera recorded the orientation."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    redactions: tuple[Redaction, ...] = Field((), alias="boxes", description="Highest score first.")
    version: str = Field(description="The detector's version.")
    threshold: float = Field(description="Lowest score that is reported.")
    runtime: str = Field(description="What runs the network.")
    latency_ms: float = Field(description="Time that the detector took.")
    warnings: tuple[str, ...] = Field((), description="What makes the boxes less reliable, such as the shape of the page.")


MALLOC_SETTINGS = [
    {"name": "MALLOC_MMAP_THRESHOLD_", "value": "268435456"},
    {"name": "MALLOC_TRIM_THRESHOLD_", "value": "268435456"},
    {"name": "MALLOC_ARENA_MAX", "value": "2"},
]
"""Keep freed memory in the process. By default glibc returns the tens of megabytes of a page to the kernel and requests zeroed
pages again for every request, which took half of the time outside the detector (53 ms against 25 ms on a busy machine)."""


# One page at a time, because the detector already uses all cores: a second thread did not increase pages per second. BentoML's
# max_concurrency is not set: it counts a request from its first byte; `serving.app.requests` does from its last.
@bentoml.service(name=SERVICE_NAME, workers=1, threads=1, envs=MALLOC_SETTINGS, traffic={"timeout": 60})
class DetectionService:
    """Finds redactions on page images."""

    def __init__(self) -> None:
        self._detector = front_page.state.detector = Detector.load(Path(bentoml.models.get(MODEL_ALIAS).path))
        self._predictor = Predictor(self._detector)
        self._predictor.predict(np.full((1650, 1275, 3), 255, np.uint8))
        self._log = RequestLog(self._detector.version, self._detector.operating_point)

    @bentoml.api(route="/detect", input_spec=PageRequest)  # type: ignore[untyped-decorator]
    def detect(self, page: Upload, threshold: float | None = None) -> PageAnswer:
        """Find the redactions on one page image, sent as the multipart file field `page` or as the body with its image type."""
        try:
            image = decode(page.image)
        except RequestError as error:
            return error.response()  # type: ignore[return-value]  # BentoML passes a finished response through
        started = time.perf_counter()
        detections = self._predictor.predict(image)
        latency_ms = (time.perf_counter() - started) * 1000
        if not page.is_check:
            page.after_response.append(functools.partial(self._log.add, image, detections, latency_ms, page.document))
        return self._answer(image, detections, threshold, latency_ms)

    @bentoml.on_shutdown  # type: ignore[untyped-decorator]
    def close(self) -> None:
        """Write the records that are still queued."""
        self._log.close()

    def _answer(self, image: PageImage, detections: Detections, threshold: float | None, latency_ms: float) -> PageAnswer:
        lowest = self._detector.operating_point if threshold is None else threshold
        return PageAnswer(
            **dict(page_findings(image, detections, lowest)),
            version=self._detector.version,
            threshold=lowest,
            runtime=self._predictor.runtime,
            latency_ms=latency_ms,
            warnings=page_warnings(image),
        )


DetectionService.add_asgi_middleware(PageUploadMiddleware)  # type: ignore[attr-defined]  # the decorator returns a bentoml.Service
DetectionService.mount_asgi_app(front_page)  # type: ignore[attr-defined]


def decode(data: bytes) -> PageImage:
    """Decode an image file.

    Raises:
        RequestError: the file is damaged, has too many pixels, or contains more than one page.
    """
    try:
        with ImageDocument(data, "The page") as document:
            pages = len(document)
            if pages == 1:
                return document.page(0)
    except RedactionError as error:
        raise RequestError(422, str(error)) from error
    raise RequestError(422, f"The file contains {pages:,} pages; send them one by one, or use 'redaction detect'.")
