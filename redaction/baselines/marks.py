"""What the rules share: boxes that were found with a reason to believe in them, and what lies inside a box."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from redaction.detection.rectangles import Mask
from redaction.pages.geometry import Detections, Xyxy, as_xyxy, iou_matrix

LONGEST_CODE = 14
"""Glyphs: ``(b)(7)(C)``, ``50X1-HUM`` and ``5.1.2.e, 5.1.2.i`` stand in boxes; more is text that nobody has covered."""
WIDEST_CODE = 0.45
"""Of the box: a code stands in the middle of what it explains; a heading or a stamp fills its frame."""
FEWEST_GLYPH_PIXELS = 8
SAME_BOX_IOU = 0.5


class Mark(NamedTuple):
    """A box that may be a redaction, ``x0, y0, x1, y1``, and how sure a rule is of it."""

    x0: int
    y0: int
    x1: int
    y1: int
    score: float


def best_of(marks: list[Mark]) -> Detections:
    """The marks without those that say again what a surer one says."""
    boxes = as_xyxy([mark[:4] for mark in marks])
    found = Detections(boxes, np.array([mark.score for mark in marks], np.float32))
    kept: list[int] = []
    overlaps = iou_matrix(found.xyxy, found.xyxy)
    for row in range(len(found)):
        if not kept or (overlaps[row, kept].max() < SAME_BOX_IOU and not _inside_any(found.xyxy[row], found.xyxy[kept])):
            kept.append(row)
    return Detections(found.xyxy[kept], found.scores[kept])


def _inside_any(box: NDArray[np.float32], others: Xyxy) -> bool:
    """Whether nine tenths of the box lie in one of the others, as the inside of an outlined gray box does."""
    sides = np.clip(np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2]), 0, None)
    return bool((sides[:, 0] * sides[:, 1] >= 0.9 * (box[2] - box[0]) * (box[3] - box[1])).any())


class Content(NamedTuple):
    """What lies inside a box."""

    share: float
    """Of its pixels that are ink."""
    glyphs: int
    is_code: bool
    """A short piece of one line in it, as exemption codes are."""


def content_of(ink: Mask) -> Content:
    """What the inside of a box holds.

    Args:
        ink: 1 where there is something else than the fill, for the box without its border.
    """
    if not ink.size:
        return Content(0.0, 0, False)
    share = float(ink.mean())
    if not share:
        return Content(0.0, 0, False)
    _, _, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    glyphs = stats[1:][stats[1:, cv2.CC_STAT_AREA] >= FEWEST_GLYPH_PIXELS]
    if not len(glyphs):
        return Content(share, 0, False)
    top, bottom = glyphs[:, cv2.CC_STAT_TOP].min(), (glyphs[:, cv2.CC_STAT_TOP] + glyphs[:, cv2.CC_STAT_HEIGHT]).max()
    left, right = glyphs[:, cv2.CC_STAT_LEFT].min(), (glyphs[:, cv2.CC_STAT_LEFT] + glyphs[:, cv2.CC_STAT_WIDTH]).max()
    one_line = bottom - top < 1.8 * np.median(glyphs[:, cv2.CC_STAT_HEIGHT])
    code = len(glyphs) <= LONGEST_CODE and one_line and right - left < WIDEST_CODE * ink.shape[1]
    return Content(share, len(glyphs), bool(code))
