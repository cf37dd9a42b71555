"""Run a detector on annotated pages: its detections beside the ground truth."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from redaction.dataset import AnnotatedPage
from redaction.detection.predictor import PagePredictor
from redaction.pages.geometry import Detections, Xyxy
from redaction.pages.image import PageImage

NO_REDACTION = "no redaction"
MIXED = "mixed"

PageEntry = TypeVar("PageEntry")
"""Any description of a page."""


@dataclass(frozen=True)
class EvaluatedPage:
    """One page: the ground truth, what the detector found, and how long that took."""

    style: str
    """See `page_style`."""
    truth: Xyxy
    detections: Detections
    seconds: float = 0.0
    """Time of the prediction alone."""
    document: str = ""
    """The document of the page: pages of one document are not independent, so they are resampled together."""
    box_styles: tuple[str, ...] = ()
    """One for each box; if empty, every box has the page's style."""
    area_px: float = 1275 * 1650
    """Area of the page in square pixels; the default is US Letter at 150 dpi."""
    reading_seconds: float = 0.0
    """Time for decoding or rendering the image."""
    scale: tuple[float, float] = (1.0, 1.0)
    """Pixels of the page per pixel of the annotated image, across and down."""

    @property
    def styles(self) -> tuple[str, ...]:
        """The style of each box."""
        return self.box_styles or (self.style,) * len(self.truth)


class TimedPrediction(NamedTuple, Generic[PageEntry]):
    """The detections of one page, with the seconds spent on reading its image and on predicting."""

    page: PageEntry
    detections: Detections
    reading_seconds: float
    seconds: float


def predict_each(predictor: PagePredictor, pages: Iterable[tuple[PageEntry, PageImage]]) -> Iterator[TimedPrediction[PageEntry]]:
    """Run the detector on each page and time it.

    Args:
        predictor: the detector.
        pages: with their images; consumed one by one, so an image can be opened lazily.
    """
    started = time.perf_counter()
    for page, image in pages:
        read = time.perf_counter()
        detections = predictor.predict(image)
        yield TimedPrediction(page, detections, read - started, time.perf_counter() - read)
        started = time.perf_counter()


def predict_pages(predictor: PagePredictor, pages: Iterable[tuple[AnnotatedPage, PageImage]]) -> Iterator[EvaluatedPage]:
    """Run the detector on each page of a dataset; see `predict_each`."""
    for page, detections, reading_seconds, seconds in predict_each(predictor, pages):
        yield EvaluatedPage(
            page_style(page),
            page.xyxy,
            detections,
            seconds=seconds,
            document=page.document,
            box_styles=tuple(box.style.value for box in page.boxes),
            area_px=page.width * page.height,
            reading_seconds=reading_seconds,
        )


def page_style(page: AnnotatedPage) -> str:
    """The style of all redactions on the page: ``mixed`` if they differ, ``no redaction`` if there are none."""
    return shared_style([box.style.value for box in page.boxes])


def shared_style(styles: Iterable[str]) -> str:
    """The style shared by all boxes of a page: ``mixed`` if they differ, ``no redaction`` if there are none."""
    different = set(styles)
    if not different:
        return NO_REDACTION
    return different.pop() if len(different) == 1 else MIXED
