"""The record of requests: one JSON line per page, through BentoML's monitoring API, from which drift is judged."""

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

MONITOR = "redaction_pages"

MONITORING_FOLDER = "REDACTION_MONITORING_FOLDER"
"""Environment variable: the folder of the request log. Without it BentoML's own configuration decides."""

logger = logging.getLogger(__name__)


class RequestLog:
    """Writes a line per page to ``<folder>/redaction_pages/data/data.<worker>.log``, rotated daily.

    The arithmetic on a page takes as long as its decoding and the client need not wait for it, so it happens on a thread of its
    own: one, because BentoML's monitor keeps its columns in one place.
    """

    def __init__(self, version: str, operating_point: float) -> None:
        self._version = version
        self._operating_point = operating_point
        folder = os.environ.get(MONITORING_FOLDER)
        self._options = {"monitor_options": {"log_path": folder}} if folder else {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="request-log")

    def add(self, image: PageImage, detections: Detections, latency_ms: float) -> None:
        """Record one page, soon: its features, what was found at the operating point, and the time that took."""
        # the context carries the request's id, which BentoML writes into the line
        write = contextvars.copy_context().run
        self._thread.submit(write, self._write, image, detections, latency_ms, time.time()).add_done_callback(_log_fault)

    def close(self) -> None:
        """Write what is still waiting."""
        self._thread.shutdown(wait=True)

    def _write(self, image: PageImage, detections: Detections, latency_ms: float, received_at: float) -> None:
        record = page_record(page_features(image), detections, self._operating_point, latency_ms)
        with bentoml.monitor(MONITOR, **self._options) as monitor:
            monitor.log(self._version, name="version", role="feature", data_type="categorical")
            monitor.log(received_at, name="received_at", role="feature", data_type="numerical")
            for name, value in record.model_dump().items():
                role = "prediction" if name in _PREDICTIONS else "feature"
                monitor.log(value, name=name, role=role, data_type="numerical")


_PREDICTIONS = {"boxes", "top_score", "mean_score", "covered_share"}


def _log_fault(future: Future[None]) -> None:
    if fault := future.exception():
        logger.error("A page was served but could not be recorded for monitoring: %s", fault, exc_info=fault)
