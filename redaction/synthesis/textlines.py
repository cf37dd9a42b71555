"""Finding the text of a real page from its ink, so that redactions drawn on it follow the text."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from redaction.pages.image import PageImage
from redaction.synthesis.sheet import Line, Paragraph, WordBox

_MIN_LETTERS = 12
_MARGIN_SHARE = 0.03
"""Share of the page's height at the top and bottom, where courts and archives put stamps that nobody redacts."""


def find_paragraphs(image: PageImage) -> list[Paragraph]:
    """Paragraphs of words, with boxes in pixels; empty if no text can be told apart from pictures and rules."""
    letters, height = _letters(image)
    if len(letters) < _MIN_LETTERS:
        return []
    margin = image.shape[0] * _MARGIN_SHARE
    lines = [
        line
        for line in _lines(_words(letters, height, image.shape[:2]), height)
        if (len(line) > 1 or line[0][2] - line[0][0] > 3 * height)
        and line[0][1] > margin
        and line[0][3] < image.shape[0] - margin
    ]
    return _paragraphs(lines, height)


def _letters(image: PageImage) -> tuple[NDArray[np.int32], float]:
    """Boxes ``x, y, width, height`` of letter-sized components, and the median letter height."""
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    level, _ = cv2.threshold(gray, 0, 255, cv2.THRESH_OTSU)
    ink = (gray <= min(level, 190)).astype(np.uint8)
    _, _, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    boxes = np.asarray(stats[1:, :4], np.int32)
    page = image.shape[0]
    boxes = boxes[(boxes[:, 3] > page * 0.004) & (boxes[:, 3] < page * 0.035) & (boxes[:, 2] < page * 0.05) & (boxes[:, 2] > 1)]
    if not len(boxes):
        return boxes, 0.0
    usual = float(np.median(boxes[:, 3]))
    return boxes[(boxes[:, 3] > usual * 0.5) & (boxes[:, 3] < usual * 2.6)], usual


def _words(letters: NDArray[np.int32], height: float, shape: tuple[int, ...]) -> list[WordBox]:
    """Join letters closer than about half a letter height into words."""
    mask = np.zeros(shape[:2], np.uint8)
    reach = max(1, round(height * 0.22))
    for x, y, wide, high in letters.tolist():
        mask[y : y + high, max(0, x - reach) : x + wide + reach] = 1
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
    return [
        (float(x + reach), float(y), float(x + wide - reach), float(y + high))
        for x, y, wide, high, _ in stats[1:].tolist()
        if high < height * 3.2 and wide - 2 * reach > 2
    ]


def _lines(words: list[WordBox], height: float) -> list[Line]:
    """Join words at the same height without a wide gap between them, left to right."""
    lines: list[Line] = []
    for word in sorted(words):
        for line in lines:
            last = line[-1]
            shared = min(word[3], last[3]) - max(word[1], last[1])
            if shared > 0.45 * min(word[3] - word[1], last[3] - last[1]) and word[0] - last[2] < 2.4 * height:
                line.append(word)
                break
        else:
            lines.append([word])
    return lines


def _paragraphs(lines: list[Line], height: float) -> list[Paragraph]:
    """Join lines below each other in the same column, at most about a double-spaced line apart."""
    paragraphs: list[Paragraph] = []
    for line in sorted(lines, key=lambda line: min(word[1] for word in line)):
        top, left, right = min(word[1] for word in line), line[0][0], line[-1][2]
        for paragraph in paragraphs:
            above = paragraph[-1]
            gap = top - max(word[3] for word in above)
            shared = min(right, above[-1][2]) - max(left, above[0][0])
            if -0.2 * height < gap < 2.6 * height and shared > 0.5 * min(right - left, above[-1][2] - above[0][0]):
                paragraph.append(line)
                break
        else:
            paragraphs.append([line])
    return paragraphs
