"""Find white redactions with a thin outline: empty rectangles of ruled lines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from redaction.baselines.scored_boxes import ScoredBox, measure_content
from redaction.detection.rectangles import Mask

MAX_LINE_LEVEL = 205
"""Rendering and scanning turn lines of one pixel gray."""
MAX_WRITING_LEVEL = 150
MIN_HORIZONTAL_LINE_PX, MIN_VERTICAL_LINE_PX = 25, 15
"""Strokes of letters are shorter."""
MAX_LINE_GAP_PX = 5
MIN_CELL_WIDTH_PX, MIN_CELL_HEIGHT_PX = 22, 15
MIN_CELL_FILL_SHARE = 0.93
"""Share of its bounding box that a cell fills."""
MAX_CELL_PAGE_SHARE = 0.85
MAX_SPECKS_SHARE = 0.012
"""Share of ink in a cell; more is writing, less may be specks of a scan."""
MAX_WRITTEN_CELLS_SHARE = 0.34
"""Share of connected cells with writing; with more, they are a table or a form, and their empty cells are no redactions."""
COLUMN_TOLERANCE_PX = 3
TABLE_SCORE, WRITTEN_SCORE, CODE_SCORE, EMPTY_SCORE = 0.04, 0.05, 0.55, 0.9


class _Cell(NamedTuple):
    """A rectangle between ruled lines, and whether it holds writing."""

    box: ScoredBox
    is_written: bool


def find_outlined_boxes(gray: Mask) -> tuple[list[ScoredBox], list[ScoredBox]]:
    """Find every outlined box of a page (gray, uint8), and every cell of a table or form."""
    ink = np.asarray(cv2.threshold(gray, MAX_WRITING_LEVEL, 1, cv2.THRESH_BINARY_INV)[1], np.uint8)
    lines = _ruled_lines(gray)
    _, _, regions, _ = cv2.connectedComponentsWithStats(1 - lines, connectivity=4)
    _, networks = cv2.connectedComponents(lines, connectivity=8)
    height, width = gray.shape
    cells: dict[int, list[_Cell]] = defaultdict(list)
    for x, y, w, h, area in regions[1:].tolist():
        touches_edge = x == 0 or y == 0 or x + w == width or y + h == height
        is_small = w < MIN_CELL_WIDTH_PX or h < MIN_CELL_HEIGHT_PX
        if is_small or touches_edge or area < MIN_CELL_FILL_SHARE * w * h or w * h > MAX_CELL_PAGE_SHARE * gray.size:
            continue
        network = int(networks[y + h // 2, x - 1]) or int(networks[y - 1, x + w // 2])
        cells[network].append(_scored_cell(ink, (x, y, w, h)))
    outlined: list[ScoredBox] = []
    table: list[ScoredBox] = []
    for connected_cells in cells.values():
        (table if _is_table(connected_cells) else outlined).extend(cell.box for cell in connected_cells)
    return outlined, [box._replace(score=min(box.score, TABLE_SCORE)) for box in table]


def _scored_cell(ink: Mask, xywh: tuple[int, int, int, int]) -> _Cell:
    """Score a cell by the writing in it, except near its edges, where lines of text above and below may reach in."""
    x, y, w, h = xywh
    side_px, top_px = 3, max(3, round(0.12 * h)) if h < 120 else 8
    content = measure_content(np.ascontiguousarray(ink[y + top_px : y + h - top_px, x + side_px : x + w - side_px]))
    is_written = content.ink_share > MAX_SPECKS_SHARE and content.glyphs > 0
    written_score = CODE_SCORE if content.is_code else WRITTEN_SCORE
    score = written_score if is_written else EMPTY_SCORE - 4 * min(content.ink_share, 0.05)
    return _Cell(ScoredBox(x - 1, y - 1, x + w + 1, y + h + 1, score), is_written and not content.is_code)


def _ruled_lines(gray: Mask) -> Mask:
    """Mask of thin horizontal and vertical lines, with small gaps closed."""
    faint = np.asarray(cv2.threshold(gray, MAX_LINE_LEVEL, 1, cv2.THRESH_BINARY_INV)[1], np.uint8)
    thick = cv2.dilate(cv2.morphologyEx(faint, cv2.MORPH_OPEN, np.ones((9, 9), np.uint8)), np.ones((3, 3), np.uint8))
    thin = cv2.subtract(faint, thick)
    horizontal = cv2.morphologyEx(thin, cv2.MORPH_OPEN, np.ones((1, MIN_HORIZONTAL_LINE_PX), np.uint8))
    vertical = cv2.morphologyEx(thin, cv2.MORPH_OPEN, np.ones((MIN_VERTICAL_LINE_PX, 1), np.uint8))
    # also closes the openings of a pixel or two at the corners of outlines that touch
    gap = np.ones((MAX_LINE_GAP_PX, MAX_LINE_GAP_PX), np.uint8)
    return np.asarray(cv2.morphologyEx(cv2.bitwise_or(horizontal, vertical), cv2.MORPH_CLOSE, gap), np.uint8)


def _is_table(cells: Sequence[_Cell]) -> bool:
    """Whether connected cells form a table or a form: many hold writing, or they are aligned in columns."""
    if len(cells) < 2:
        return False
    if sum(cell.is_written for cell in cells) > MAX_WRITTEN_CELLS_SHARE * len(cells):
        return True
    spans = [(cell.box.x0 // COLUMN_TOLERANCE_PX, cell.box.x1 // COLUMN_TOLERANCE_PX) for cell in cells]
    columns = {span for span in spans if spans.count(span) >= 2}
    return len(columns) >= 2
