"""Warnings about pages of a shape on which detectors find little: very long, very wide, or lying on their side."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from redaction.pages.image import PageImage

MAX_HEIGHT_OVER_WIDTH = 2.6
"""US Legal has 1.65."""
MAX_WIDTH_OVER_HEIGHT = 1.5
"""Landscape A4 has 1.41. Pages are scaled to a fixed width, which makes the text of wider ones small."""

MAX_ANALYSIS_PX = 700
"""Long side of the picture in which words are looked for; it is a whole fraction of the page's."""
WORD_PX = 5, 40
"""Lowest and highest short side of a word in that picture."""
MIN_WORD_RATIO = 1.6
"""Long side over short side."""
MIN_WORDS = 15
"""Too few words do not show the direction of the text."""
MAX_WORDS_ALONG_OVER_ACROSS = 0.5
"""Of 141 real pages none was taken to lie on its side, and 96 % were once they had been turned by a quarter."""


def page_warnings(image: PageImage) -> tuple[str, ...]:
    """What makes the detections on this page less reliable, one phrase each.

    Args:
        image: RGB, shape (height, width, 3), uint8.
    """
    height, width = image.shape[:2]
    warnings = []
    if height > MAX_HEIGHT_OVER_WIDTH * width:
        warnings.append(f"the page is {height / width:.1f} times as high as wide, so redactions may be missed; split it")
    if width > MAX_WIDTH_OVER_HEIGHT * height:
        warnings.append(f"the page is {width / height:.1f} times as wide as high, so redactions may be missed; split it")
    if _lies_on_its_side(image):
        warnings.append("the text seems to run from top to bottom, so redactions may be missed; turn the page upright")
    return tuple(warnings)


def _lies_on_its_side(image: PageImage) -> bool:
    """Whether words are higher than wide."""
    widths, heights = _ink_sizes(image)
    shorter, longer = np.minimum(widths, heights), np.maximum(widths, heights)
    are_words = (shorter >= WORD_PX[0]) & (shorter <= WORD_PX[1]) & (longer >= MIN_WORD_RATIO * shorter)
    along = np.count_nonzero(are_words & (widths > heights))
    across = np.count_nonzero(are_words & (heights > widths))
    return bool(across >= MIN_WORDS and along < MAX_WORDS_ALONG_OVER_ACROSS * across)


def _ink_sizes(image: PageImage) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Widths and heights of the connected pieces of ink, of which most are words once letters are joined."""
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    shrink = -(-max(gray.shape) // MAX_ANALYSIS_PX)
    height, width = (max(1, side // shrink) for side in gray.shape)
    gray = cv2.resize(gray[: height * shrink, : width * shrink], (width, height), interpolation=cv2.INTER_AREA)
    ink = cv2.adaptiveThreshold(gray, 1, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, blockSize=31, C=12)
    joined = cv2.dilate(ink, np.ones((2, 2), np.uint8))
    _, _, pieces, _ = cv2.connectedComponentsWithStats(joined, connectivity=4)
    return pieces[1:, cv2.CC_STAT_WIDTH], pieces[1:, cv2.CC_STAT_HEIGHT]
