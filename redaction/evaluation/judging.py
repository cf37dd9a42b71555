"""What a detector says of pages, beside what is there."""

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

Listed = TypeVar("Listed")
"""Whatever lists a page."""


@dataclass(frozen=True)
class EvaluatedPage:
    """The truth about a page, what a detector said of it, and how long that took."""

    style: str
    """See `page_style`."""
    truth: Xyxy
    detections: Detections
    seconds: float = 0.0
    """For predicting alone."""
    document: str = ""
    """What the page belongs to: pages of one document are alike, so that they are drawn together where chance is judged."""
    box_styles: tuple[str, ...] = ()
    """One for each box; left out, all are of the page's style."""
    area: float = 1275 * 1650
    """Of the page, in square pixels; US Letter at 150 dpi unless told."""
    reading_seconds: float = 0.0
    """For opening the image, or rendering it."""

    @property
    def styles(self) -> tuple[str, ...]:
        """The style of each box."""
        return self.box_styles or (self.style,) * len(self.truth)


class TimedPrediction(NamedTuple, Generic[Listed]):
    """What a detector said of a page, and how long its image took to come and it took to say so, in seconds."""

    page: Listed
    detections: Detections
    reading_seconds: float
    seconds: float


def predict_each(predictor: PagePredictor, pages: Iterable[tuple[Listed, PageImage]]) -> Iterator[TimedPrediction[Listed]]:
    """What the detector says of each page.

    Args:
        predictor: the detector.
        pages: with their images; taken one by one, so that an image may be opened when its turn comes.
    """
    started = time.perf_counter()
    for page, image in pages:
        read = time.perf_counter()
        detections = predictor.predict(image)
        yield TimedPrediction(page, detections, read - started, time.perf_counter() - read)
        started = time.perf_counter()


def predict_pages(predictor: PagePredictor, pages: Iterable[tuple[AnnotatedPage, PageImage]]) -> Iterator[EvaluatedPage]:
    """What the detector says of each page of a dataset, beside what is there; see `predict_each`."""
    for page, detections, reading_seconds, seconds in predict_each(predictor, pages):
        yield EvaluatedPage(
            page_style(page),
            page.xyxy,
            detections,
            seconds=seconds,
            document=page.document,
            box_styles=tuple(box.style.value for box in page.boxes),
            area=page.width * page.height,
            reading_seconds=reading_seconds,
        )


def page_style(page: AnnotatedPage) -> str:
    """The style that all redactions of the page share, else ``mixed``; ``no redaction`` where there is none."""
    return shared_style([box.style.value for box in page.boxes])


def shared_style(styles: Iterable[str]) -> str:
    """The same of the styles of a page's boxes."""
    different = set(styles)
    if not different:
        return NO_REDACTION
    return different.pop() if len(different) == 1 else MIXED
