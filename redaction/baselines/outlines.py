"""Redactions that are white with a thin outline: rectangles of ruled lines with nothing in them."""

from __future__ import annotations

import cv2
import numpy as np

from redaction.baselines.marks import Mark, Mask, content_of

FAINTEST_LINE = 205
"""Lines of one pixel come out of rendering and scanning as grey."""
INK = 150
LEAST_LINE_PX = (25, 15)
"""Of a line across and a line down; strokes of letters are shorter."""
GAP_PX = 5
"""By how much a line may be broken."""
LEAST_WIDTH_PX, LEAST_HEIGHT_PX = 22, 15
FILL = 0.93
LARGEST_SHARE = 0.85
TEXT_SHARE = 0.012
"""Ink in a box above this share is writing; specks of a scan are less."""
MOST_WRITTEN = 0.34
"""Of the cells that hang together: where more hold writing it is a table or a form, and its empty cells are no redactions."""


def outlined_marks(grey: Mask) -> list[Mark]:
    """Every empty rectangle of a page (grey, uint8)."""
    ink = np.asarray(cv2.threshold(grey, INK, 1, cv2.THRESH_BINARY_INV)[1], np.uint8)
    lines = _lines(grey)
    _, _, cells, _ = cv2.connectedComponentsWithStats(1 - lines, connectivity=4)
    _, networks = cv2.connectedComponents(lines, connectivity=8)
    height, width = grey.shape
    found: list[tuple[int, Mark, bool]] = []
    for x, y, w, h, area in cells[1:].tolist():
        touches_edge = x == 0 or y == 0 or x + w == width or y + h == height
        if w < LEAST_WIDTH_PX or h < LEAST_HEIGHT_PX or touches_edge or area < FILL * w * h or w * h > LARGEST_SHARE * grey.size:
            continue
        content = content_of(ink[y + 2 : y + h - 2, x + 2 : x + w - 2])
        written = content.share > TEXT_SHARE and content.glyphs > 0
        score = 0.9 - 4 * min(content.share, 0.05) if not written else (0.55 if content.is_code else 0.05)
        network = int(networks[y + h // 2, x - 1]) or int(networks[y - 1, x + w // 2])
        found.append((network, Mark(x - 1, y - 1, x + w + 1, y + h + 1, score), written and not content.is_code))
    return _without_tables(found)


def _lines(grey: Mask) -> Mask:
    """Ruled lines across and down, thin ones only, with small gaps closed."""
    faint = np.asarray(cv2.threshold(grey, FAINTEST_LINE, 1, cv2.THRESH_BINARY_INV)[1], np.uint8)
    thick = cv2.dilate(cv2.morphologyEx(faint, cv2.MORPH_OPEN, np.ones((9, 9), np.uint8)), np.ones((3, 3), np.uint8))
    thin = cv2.subtract(faint, thick)
    across = cv2.morphologyEx(thin, cv2.MORPH_OPEN, np.ones((1, LEAST_LINE_PX[0]), np.uint8))
    down = cv2.morphologyEx(thin, cv2.MORPH_OPEN, np.ones((LEAST_LINE_PX[1], 1), np.uint8))
    across = cv2.morphologyEx(across, cv2.MORPH_CLOSE, np.ones((1, GAP_PX), np.uint8))
    down = cv2.morphologyEx(down, cv2.MORPH_CLOSE, np.ones((GAP_PX, 1), np.uint8))
    return np.asarray(cv2.bitwise_or(across, down), np.uint8)


def _without_tables(found: list[tuple[int, Mark, bool]]) -> list[Mark]:
    """The marks, but for those of line networks in which many cells hold writing."""
    written: dict[int, list[bool]] = {}
    for network, _, has_text in found:
        written.setdefault(network, []).append(has_text)
    kept = []
    for network, mark, _ in found:
        is_table = len(written[network]) > 1 and sum(written[network]) > MOST_WRITTEN * len(written[network])
        kept.append(mark._replace(score=min(mark.score, 0.05)) if is_table else mark)
    return kept
