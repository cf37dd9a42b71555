"""Redactions that are white with a thin outline: rectangles of ruled lines with nothing in them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from redaction.baselines.marks import Mark, content_of
from redaction.detection.rectangles import Mask

FAINTEST_LINE = 205
"""Lines of one pixel come out of rendering and scanning as gray."""
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
ALIGNED_PX = 3
IN_TABLE, WRITTEN, CODED, EMPTY = 0.04, 0.05, 0.55, 0.9
"""Scores."""


class _Cell(NamedTuple):
    """A rectangle between ruled lines, and whether something is written in it."""

    mark: Mark
    is_written: bool


def outlined_marks(gray: Mask) -> tuple[list[Mark], list[Mark]]:
    """Every empty rectangle of a page (gray, uint8), and every cell of a table or form."""
    ink = np.asarray(cv2.threshold(gray, INK, 1, cv2.THRESH_BINARY_INV)[1], np.uint8)
    lines = _lines(gray)
    _, _, areas, _ = cv2.connectedComponentsWithStats(1 - lines, connectivity=4)
    _, networks = cv2.connectedComponents(lines, connectivity=8)
    height, width = gray.shape
    cells: dict[int, list[_Cell]] = defaultdict(list)
    for x, y, w, h, area in areas[1:].tolist():
        touches_edge = x == 0 or y == 0 or x + w == width or y + h == height
        if w < LEAST_WIDTH_PX or h < LEAST_HEIGHT_PX or touches_edge or area < FILL * w * h or w * h > LARGEST_SHARE * gray.size:
            continue
        network = int(networks[y + h // 2, x - 1]) or int(networks[y - 1, x + w // 2])
        cells[network].append(_judged(ink, (x, y, w, h)))
    empty: list[Mark] = []
    table: list[Mark] = []
    for network_cells in cells.values():
        (table if _is_table(network_cells) else empty).extend(cell.mark for cell in network_cells)
    return empty, [mark._replace(score=min(mark.score, IN_TABLE)) for mark in table]


def _judged(ink: Mask, xywh: tuple[int, int, int, int]) -> _Cell:
    """How sure a cell is: by what is written in it, its edges left out, where the lines of text above and below reach in."""
    x, y, w, h = xywh
    across, down = 3, max(3, round(0.12 * h)) if h < 120 else 8
    content = content_of(np.ascontiguousarray(ink[y + down : y + h - down, x + across : x + w - across]))
    is_written = content.share > TEXT_SHARE and content.glyphs > 0
    score = EMPTY - 4 * min(content.share, 0.05) if not is_written else (CODED if content.is_code else WRITTEN)
    return _Cell(Mark(x - 1, y - 1, x + w + 1, y + h + 1, score), is_written and not content.is_code)


def _lines(gray: Mask) -> Mask:
    """Ruled lines across and down, thin ones only, with small gaps closed."""
    faint = np.asarray(cv2.threshold(gray, FAINTEST_LINE, 1, cv2.THRESH_BINARY_INV)[1], np.uint8)
    thick = cv2.dilate(cv2.morphologyEx(faint, cv2.MORPH_OPEN, np.ones((9, 9), np.uint8)), np.ones((3, 3), np.uint8))
    thin = cv2.subtract(faint, thick)
    across = cv2.morphologyEx(thin, cv2.MORPH_OPEN, np.ones((1, LEAST_LINE_PX[0]), np.uint8))
    down = cv2.morphologyEx(thin, cv2.MORPH_OPEN, np.ones((LEAST_LINE_PX[1], 1), np.uint8))
    # also across corners: outlines that touch leave openings of a pixel or two between them
    closed = cv2.morphologyEx(cv2.bitwise_or(across, down), cv2.MORPH_CLOSE, np.ones((GAP_PX, GAP_PX), np.uint8))
    return np.asarray(closed, np.uint8)


def _is_table(cells: Sequence[_Cell]) -> bool:
    """Whether cells that hang together are those of a table or a form: many are written in, or they stand in rows and columns."""
    if len(cells) < 2:
        return False
    if sum(cell.is_written for cell in cells) > MOST_WRITTEN * len(cells):
        return True
    spans = [(cell.mark.x0 // ALIGNED_PX, cell.mark.x1 // ALIGNED_PX) for cell in cells]
    columns = {span for span in spans if spans.count(span) >= 2}
    return len(columns) >= 2
