"""Handwriting: signatures, cursive notes, and readers' rings and brackets around words."""

from __future__ import annotations

import math
from itertools import pairwise

from redaction.synthesis.sheet import Line, Paragraph, Rgb, Sheet, WordBox

_INKS: list[Rgb] = [(0, 0, 0), (15, 25, 120), (30, 30, 60), (120, 20, 30), (70, 70, 70)]


def signature(sheet: Sheet, x: float, y: float, width: float) -> None:
    """A few pen loops above the line at `y`; redactable as a whole."""
    rng = sheet.rng
    phase, tall, points = rng.uniform(0, 6), rng.uniform(6, 13), []
    turns, slant = rng.uniform(18, 36), rng.uniform(-6, 2)
    for step in range(60):
        t = step / 59
        across = x + t * width + 6 * math.sin(t * turns * 0.7 + phase)
        points.append((across, y + slant * t - tall * math.sin(t * turns + phase) * (1.1 - t) - 4 * math.cos(t * 13)))
    sheet.stroke(points, rng.uniform(0.8, 1.6), rng.choice(_INKS))
    if rng.random() < 0.4:
        sheet.stroke([(x, y + 4), (x + width * 0.6, y + 1), (x + width, y + 3)], 1, (0, 0, 0))
    xs, ys = [point[0] for point in points], [point[1] for point in points]
    sheet.add_redactable_area(min(xs), min(ys), max(xs), max(ys))


def handwritten_line(sheet: Sheet, x: float, baseline: float, width: float, size: float, ink: Rgb | None = None) -> Line:
    """A line of meaningless cursive words, up to this width."""
    rng, line, left = sheet.rng, [], x
    color, pen = ink or rng.choice(_INKS), rng.uniform(0.7, 1.3)
    while left < x + width - size:
        word = _word(sheet, left, baseline + rng.uniform(-1, 1), rng.randint(2, 9), size, color, pen)
        if word[2] > x + width + size:
            break
        line.append(word)
        left = word[2] + size * rng.uniform(0.4, 0.8)
    return line


def _word(sheet: Sheet, x: float, y: float, letters: int, size: float, color: Rgb, pen: float) -> WordBox:
    rng, points = sheet.rng, [(x, y)]
    high = size * 0.42
    for _ in range(letters):
        kind, wide = rng.choice("aaannnmuuelltbgpy"), size * rng.uniform(0.25, 0.42)
        if kind in "lbt":
            points += [
                (x + wide * 0.5, y - size * 0.85),
                (x + wide * 0.25, y - size * 0.9),
                (x + wide * 0.35, y),
                (x + wide, y - 1),
            ]
        elif kind in "gpy":
            points += [
                (x + wide * 0.2, y - high),
                (x + wide * 0.6, y),
                (x + wide * 0.5, y + high * 0.9),
                (x + wide * 0.1, y + high * 0.7),
                (x + wide, y),
            ]
        elif kind in "ae":
            points += [
                (x + wide * 0.7, y - high),
                (x + wide * 0.1, y - high * 0.5),
                (x + wide * 0.5, y),
                (x + wide * 0.8, y - high * 0.8),
                (x + wide, y),
            ]
        else:
            points += [(x + wide * 0.3, y - high), (x + wide * 0.35, y), (x + wide * 0.8, y - high * 0.9), (x + wide, y)]
        x += wide
    sheet.stroke(_smooth(points), pen, color)
    return (points[0][0], y - size * 0.9, x, y + high * 0.7)


def _smooth(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Cut the corners twice (Chaikin's algorithm)."""
    for _ in range(2):
        cut = [points[0]]
        for (ax, ay), (bx, by) in pairwise(points):
            cut += [(ax * 0.75 + bx * 0.25, ay * 0.75 + by * 0.25), (ax * 0.25 + bx * 0.75, ay * 0.25 + by * 0.75)]
        points = [*cut, points[-1]]
    return points


def handwritten_note(sheet: Sheet, x: float, top: float, width: float, lines: int, size: float) -> float:
    """A redactable paragraph of handwriting; return where the next line would start."""
    rng, paragraph, y = sheet.rng, Paragraph(), top
    ink, leading = rng.choice(_INKS), size * rng.uniform(1.4, 1.9)
    for index in range(lines):
        share = rng.uniform(0.2, 1) if index == lines - 1 else rng.uniform(0.85, 1)
        line = handwritten_line(sheet, x + rng.uniform(0, 6), y + size, width * share, size, ink)
        paragraph.append(line)
        y += leading
    sheet.add_redactable_lines(paragraph)
    return y


def reader_marks(sheet: Sheet) -> None:
    """Readers' frames, rings, brackets and underlines at words that stay readable, and ticks in the margin."""
    rng = sheet.rng
    words = [word for paragraph in sheet.paragraphs for line in paragraph for word in line]
    color, pen = rng.choice(_INKS), rng.uniform(0.7, 1.6)
    kinds = rng.choices(["frame", "ring", "brackets", "under", "tick"], k=2)
    for x0, y0, x1, y1 in rng.sample(words, min(len(words), rng.randint(1, 10))):
        kind = rng.choice(kinds)
        if kind == "frame":
            sheet.stroke([(x0 - 2, y0 - 1), (x1 + 2, y0 - 2), (x1 + 3, y1 + 1), (x0 - 3, y1 + 2), (x0 - 2, y0 - 1)], pen, color)
        elif kind == "ring":
            sheet.ellipse(x0 - 5, y0 - 3, x1 + 5, y1 + 3, edge=color, line_width=pen)
        elif kind == "brackets":
            sheet.stroke([(x0 + 1, y0 - 1), (x0 - 3, y0 - 1), (x0 - 3, y1 + 1), (x0 + 1, y1 + 1)], pen, color)
            sheet.stroke([(x1 - 1, y0 - 1), (x1 + 3, y0 - 1), (x1 + 3, y1 + 1), (x1 - 1, y1 + 1)], pen, color)
        elif kind == "under":
            sheet.stroke([(x0, y1), ((x0 + x1) / 2, y1 + 1.5), (x1, y1 - 0.5)], pen, color)
        else:
            sheet.stroke([(20, y1 - 6), (25, y1), (38, y0 - 4)], pen, color)
