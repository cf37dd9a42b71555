"""The pages on which a detector makes the most errors, drawn."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
from PIL import Image

from redaction.dataset import Dataset
from redaction.evaluation.drawing import draw_page
from redaction.evaluation.matching import Matches, counts_by_page
from redaction.evaluation.predicting import EvaluatedPage
from redaction.pages.image import PageImage, page_from_file
from redaction.values import Frozen

MAX_WORST_PAGES = 12


class WorstPage(Frozen):
    """A page with many errors, drawn."""

    name: str
    found: int
    missed: int
    false: int
    picture: str
    """A JPEG as a ``data:`` URL."""


class WorstPages(Frozen):
    """The worst pages of one detector; empty if it makes no error."""

    version: str
    pages: tuple[WorstPage, ...]


def worst_pages(
    evaluated: Sequence[EvaluatedPage],
    operating_point: float,
    names: Sequence[str],
    open_images: Callable[[list[int]], Iterable[PageImage]],
) -> Iterator[WorstPage]:
    """Yield the pages with the most missed and false boxes, at most `MAX_WORST_PAGES`; ties keep the order of the list.

    Args:
        evaluated: the detections on each page.
        operating_point: score from which a detection counts.
        names: of each page.
        open_images: gives the images of the pages with these indices, in their order, to draw on.
    """
    matches = Matches.of(evaluated)
    hits, false, boxes = counts_by_page(matches, matches.everything, operating_point)
    errors = boxes - hits + false
    worst = [int(number) for number in np.argsort(-errors, kind="stable")[:MAX_WORST_PAGES] if errors[number]]
    for number, image in zip(worst, open_images(worst), strict=True):
        yield WorstPage(
            name=names[number],
            found=int(hits[number]),
            missed=int(boxes[number] - hits[number]),
            false=int(false[number]),
            picture=_data_url(draw_page(image, evaluated[number], operating_point)),
        )


def worst_of_dataset(
    version: str, evaluated: Sequence[EvaluatedPage], operating_point: float, dataset: Dataset, names: Sequence[str]
) -> WorstPages:
    """The worst pages of a dataset, whose pages are in the order of `evaluated`."""

    def open_images(numbers: list[int]) -> Iterator[PageImage]:
        return (page_from_file(dataset.image_path(dataset.pages[number])) for number in numbers)

    return WorstPages(version=version, pages=tuple(worst_pages(evaluated, operating_point, names, open_images)))


def _data_url(picture: Image.Image) -> str:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=72, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
