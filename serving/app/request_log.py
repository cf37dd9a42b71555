"""The request log: one JSON line per page, written through BentoML's monitoring API; drift is measured on it."""

from __future__ import annotations

import contextvars
import logging
import os
import time
from concurrent.futures import Future, ThreadPoolExecutor

import bentoml

from redaction.monitoring.records import page_record
from redaction.pages.features import page_features
from redaction.pages.geometry import Detections
from redaction.pages.image import PageImage
from serving.app.names import MONITORING_FOLDER_VARIABLE

MONITOR_NAME = "redaction_pages"

logger = logging.getLogger(__name__)


class RequestLog:
    """Writes one line per page to ``<folder>/redaction_pages/data/data.<worker>.log``, rotated daily.

    Computing the features takes as long as decoding the page, so a background thread does it and the client does not wait. It is
    a single thread because BentoML's monitor is not thread-safe.
    """

    def __init__(self, version: str, operating_point: float) -> None:
        self._version = version
        self._operating_point = operating_point
        folder = os.environ.get(MONITORING_FOLDER_VARIABLE)
        self._options = {"monitor_options": {"log_path": folder}} if folder else {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="request-log")

    def add(self, image: PageImage, detections: Detections, latency_ms: float, document: str | None = None) -> None:
        """Queue the record of one page: its features, the detections at the operating point, and the latency.

        Args:
            image: of the page.
            detections: of any score.
            latency_ms: time that the prediction took.
            document: digest of a name of the page's document, if the client gave one.
        """
        # the context holds the request ID, which BentoML adds to the line
        write = contextvars.copy_context().run
        task = self._thread.submit(write, self._write, image, detections, latency_ms, document, time.time())
        task.add_done_callback(_log_error)

    def close(self) -> None:
        """Write the records that are still queued."""
        self._thread.shutdown(wait=True)

    def _write(
        self, image: PageImage, detections: Detections, latency_ms: float, document: str | None, received_at: float
    ) -> None:
        record = page_record(page_features(image), detections, self._operating_point, latency_ms)
        with bentoml.monitor(MONITOR_NAME, **self._options) as monitor:
            monitor.log(self._version, name="version", role="feature", data_type="categorical")
            monitor.log(received_at, name="received_at", role="feature", data_type="numerical")
            monitor.log(document, name="document", role="feature", data_type="categorical")
            for name, value in record.model_dump().items():
                role = "prediction" if name in _PREDICTION_COLUMNS else "feature"
                monitor.log(value, name=name, role=role, data_type="numerical")


_PREDICTION_COLUMNS = {"boxes", "top_score", "mean_score", "covered_share"}


def _log_error(future: Future[None]) -> None:
    if error := future.exception():
        logger.error("A page was served but could not be recorded for monitoring: %s", error, exc_info=error)
