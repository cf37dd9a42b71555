"""Boxes with the score of a rule, and what lies inside a box."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from redaction.detection.rectangles import Mask
from redaction.pages.geometry import Detections, Xyxy, as_xyxy, iou_matrix

MAX_CODE_GLYPHS = 14
"""Codes such as ``(b)(7)(C)``, ``50X1-HUM`` and ``5.1.2.e, 5.1.2.i`` stand in boxes; more glyphs are unredacted text."""
MAX_CODE_WIDTH_SHARE = 0.45
"""Share of the box's width: a code stands in the middle of its box; a heading or a stamp fills its frame."""
MIN_GLYPH_AREA_PX = 8
MIN_SUPPRESSION_IOU = 0.5
MIN_CONTAINED_SHARE = 0.9


class ScoredBox(NamedTuple):
    """A box that may be a redaction, ``x0, y0, x1, y1`` in pixels, and a rule's score for it."""

    x0: int
    y0: int
    x1: int
    y1: int
    score: float


def suppress_duplicates(boxes: list[ScoredBox]) -> Detections:
    """Drop every box that a better one overlaps or contains."""
    found = Detections(as_xyxy([box[:4] for box in boxes]), np.array([box.score for box in boxes], np.float32))
    kept: list[int] = []
    ious = iou_matrix(found.xyxy, found.xyxy)
    for row in range(len(found)):
        if not kept or (ious[row, kept].max() < MIN_SUPPRESSION_IOU and not _inside_any(found.xyxy[row], found.xyxy[kept])):
            kept.append(row)
    return Detections(found.xyxy[kept], found.scores[kept])


def _inside_any(xyxy: NDArray[np.float32], others: Xyxy) -> bool:
    """Whether most of a box lies in one of the others, as the fill of an outlined gray box does."""
    sides = np.clip(np.minimum(xyxy[2:], others[:, 2:]) - np.maximum(xyxy[:2], others[:, :2]), 0, None)
    area = (xyxy[2] - xyxy[0]) * (xyxy[3] - xyxy[1])
    return bool((sides[:, 0] * sides[:, 1] >= MIN_CONTAINED_SHARE * area).any())


class BoxContent(NamedTuple):
    """What lies inside a box."""

    ink_share: float
    """Share of its pixels that differ from the fill."""
    glyphs: int
    is_code: bool
    """Whether it is one short line, as exemption codes are."""


def measure_content(ink: Mask) -> BoxContent:
    """Measure the content of a box.

    Args:
        ink: 1 where a pixel differs from the fill, for the box without its border.
    """
    if not ink.size:
        return BoxContent(0.0, 0, False)
    share = float(ink.mean())
    if not share:
        return BoxContent(0.0, 0, False)
    _, _, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    glyphs = stats[1:][stats[1:, cv2.CC_STAT_AREA] >= MIN_GLYPH_AREA_PX]
    if not len(glyphs):
        return BoxContent(share, 0, False)
    top, bottom = glyphs[:, cv2.CC_STAT_TOP].min(), (glyphs[:, cv2.CC_STAT_TOP] + glyphs[:, cv2.CC_STAT_HEIGHT]).max()
    left, right = glyphs[:, cv2.CC_STAT_LEFT].min(), (glyphs[:, cv2.CC_STAT_LEFT] + glyphs[:, cv2.CC_STAT_WIDTH]).max()
    one_line = bottom - top < 1.8 * np.median(glyphs[:, cv2.CC_STAT_HEIGHT])
    is_code = len(glyphs) <= MAX_CODE_GLYPHS and one_line and right - left < MAX_CODE_WIDTH_SHARE * ink.shape[1]
    return BoxContent(share, len(glyphs), bool(is_code))
