"""Pictures on pages that are not redactions: photographs, maps, charts."""

from __future__ import annotations

import math
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from redaction.synthesis.colors import bright_color, dark_color, pale_color
from redaction.synthesis.sheet import Font, Rgb, Sheet

_PHOTOGRAPHS = {
    "skimage": ("data/astronaut.png", "data/camera.png", "data/chelsea.png", "data/coffee.png", "data/rocket.jpg",
                "data/motorcycle_left.png", "data/moon.png", "data/brick.png", "data/retina.jpg"),
    "sklearn": ("datasets/images/china.jpg", "datasets/images/flower.jpg"),
    "matplotlib": ("mpl-data/sample_data/grace_hopper.jpg",),
}  # fmt: skip
"""Photographs shipped with installed packages, in the public domain or free to use."""


@lru_cache
def _library() -> list[Path]:
    paths = []
    for package, files in _PHOTOGRAPHS.items():
        spec = find_spec(package)
        folders = spec.submodule_search_locations if spec else None
        paths += [Path(folder) / file for folder in folders or [] for file in files]
    return [path for path in paths if path.is_file()]


@lru_cache(maxsize=16)
def _original(path: Path) -> Image.Image:
    picture = Image.open(path).convert("RGB")
    picture.thumbnail((700, 700))
    return picture


def photograph(rng: Random, width: int, height: int) -> Image.Image:
    """A photograph, or random tones like one: light and dark areas, a horizon; in color, gray or very dark."""
    width, height = max(8, width), max(8, height)
    known = _library()
    if known and rng.random() < 0.75:
        original = _original(rng.choice(known))
        share, (across, down) = rng.uniform(0.4, 1), original.size
        left, top = rng.uniform(0, 1 - share) * across, rng.uniform(0, 1 - share) * down
        part = original.crop((int(left), int(top), int(left + share * across), int(top + share * down)))
        picture = ImageOps.fit(part, (width, height))
        picture = ImageOps.mirror(picture) if rng.random() < 0.5 else picture
    else:
        picture = _tones(rng, width, height)
    if rng.random() < 0.5:
        picture = picture.convert("L").convert("RGB")
    darkness = rng.choice([1, 1, 1, 0.8, 0.5])
    return Image.fromarray((np.asarray(picture) * darkness).astype(np.uint8))


def _tones(rng: Random, width: int, height: int) -> Image.Image:
    noise = np.random.default_rng(rng.getrandbits(64))
    tones: NDArray[np.float32] = np.zeros((height, width), np.float32)
    for cells, weight in ((3, 1.0), (8, 0.6), (24, 0.3), (90, 0.12)):
        coarse = Image.fromarray(noise.random((cells, cells), dtype=np.float32))
        tones += weight * np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC))
    tones = (tones - tones.min()) / (tones.max() - tones.min())
    if rng.random() < 0.5:
        tones[int(height * rng.uniform(0.4, 0.7)) :] *= rng.uniform(0.2, 0.6)
    gray = np.clip(tones * rng.uniform(200, 300), 0, 255)
    tint = np.array([rng.uniform(0.6, 1.0) for _ in range(3)], np.float32)
    return Image.fromarray((gray[:, :, None] * tint).astype(np.uint8))


def photo(sheet: Sheet, x: float, y: float, width: float, height: float, *, caption: bool = True) -> None:
    """A photograph, sometimes with a dark frame and a caption; sometimes redactable, as people redact photographs too."""
    rng = sheet.rng
    sheet.pdf.image(photograph(rng, int(width), int(height)), x, y, width, height)
    if rng.random() < 0.3:
        sheet.rect(x, y, x + width, y + height, edge=(0, 0, 0), line_width=rng.choice([0.6, 2]))
    if rng.random() < 0.12 and height > 60:
        _recording(sheet, x, y, width, height)
    if rng.random() < 0.5:
        sheet.add_redactable_area(x, y, x + width, y + height)
    if caption:
        text = sheet.truncated(
            f"Figure {rng.randint(1, 20)}. {sheet.words.words(rng.randint(0, 8))}", Font("Helvetica", 8, "I"), width
        )
        sheet.redactable_text(x, y + height + 11, text, Font("Helvetica", 8, "I"))


def _recording(sheet: Sheet, x: float, y: float, width: float, height: float) -> None:
    """Black strips with camera and time above and below, as in a video still."""
    high = min(22.0, height * sheet.rng.uniform(0.06, 0.14))
    font = Font("Courier", high * 0.6, "B", (255, 255, 255))
    when = f"{sheet.words.date()} {sheet.words.time()}"
    for top, text in ((y, f"CAM {sheet.rng.randint(1, 16):02}"), (y + height - high, when)):
        sheet.rect(x, top, x + width, top + high, fill=(0, 0, 0))
        sheet.text(x + 4, top + high * 0.7, sheet.truncated(text, font, width - 8), font)


def map_drawing(sheet: Sheet, x: float, y: float, width: float, height: float) -> None:
    """Coasts, borders, rivers and town names; as a line drawing, tinted, or over a photograph."""
    rng = sheet.rng
    sea: Rgb = rng.choice([(255, 255, 255), (205, 225, 240), (90, 130, 180)])
    sheet.rect(x, y, x + width, y + height, fill=sea)
    if rng.random() < 0.3:
        sheet.pdf.image(photograph(rng, int(width), int(height)), x, y, width, height)
    for _ in range(rng.randint(2, 5)):
        shore = _shore(
            rng, x + width * rng.uniform(0.2, 0.8), y + height * rng.uniform(0.2, 0.8), min(width, height) * rng.uniform(0.1, 0.4)
        )
        shore = [(min(max(px, x), x + width), min(max(py, y), y + height)) for px, py in shore]
        sheet.polygon(shore, fill=pale_color(rng) if rng.random() < 0.6 else None, edge=(30, 30, 30))
    for _ in range(rng.randint(3, 12)):
        sheet.stroke(
            _river(rng, x, y, width, height),
            rng.choice([0.4, 0.8, 1.6]),
            rng.choice([(60, 90, 160), (60, 60, 60), (190, 60, 40)]),
        )
    for _ in range(rng.randint(4, 20)):
        px, py = x + rng.uniform(0.03, 0.8) * width, y + rng.uniform(0.05, 0.95) * height
        if rng.random() < 0.4:
            sheet.ellipse(px - 5, py - 4, px - 2, py - 1, fill=(0, 0, 0))
        text = rng.choice([sheet.words.surname(), sheet.words.surname().upper()])
        sheet.text(
            px, py, sheet.truncated(text, Font("Helvetica", 9), x + width - px), Font("Helvetica", rng.choice([6.0, 7.0, 9.0]))
        )
    sheet.rect(x, y, x + width, y + height, edge=(0, 0, 0), line_width=rng.choice([0.6, 1.5]))
    if rng.random() < 0.5:
        _legend(sheet, x + 6, y + height - 66)
    _scale_bar(sheet, x + width - 110, y + height - 14)


def route_map(sheet: Sheet, x: float, y: float, width: float, height: float) -> None:
    """A screenshot of a route map: satellite-like land, water, a highlighted route, and its duration on small white labels."""
    rng = sheet.rng
    noise = np.random.default_rng(rng.getrandbits(64))
    land = np.array([rng.uniform(40, 110), rng.uniform(60, 120), rng.uniform(40, 90)])
    tones = np.asarray(
        Image.fromarray(noise.random((40, 40), dtype=np.float32)).resize((int(width), int(height)), Image.Resampling.BICUBIC)
    )
    ground = np.clip(land + (tones[:, :, None] - 0.5) * rng.uniform(30, 110) + noise.normal(0, 6, (*tones.shape, 1)), 0, 255)
    sheet.pdf.image(Image.fromarray(ground.astype(np.uint8)), x, y, width, height)
    for _ in range(rng.randint(1, 4)):
        shore = _shore(rng, x + rng.random() * width, y + rng.random() * height, rng.uniform(0.1, 0.4) * min(width, height))
        inside = [(min(max(px, x), x + width), min(max(py, y), y + height)) for px, py in shore]
        sheet.polygon(inside, fill=rng.choice([(50, 70, 120), (90, 130, 190), (120, 180, 215), (30, 40, 60)]))
    route = _river(rng, x, y, width, height)
    for color, line in (((30, 70, 160), 3.2), ((90, 160, 255), 2.0)):
        sheet.stroke(route, line, color)
    for _ in range(rng.randint(1, 5)):
        left, top = x + rng.uniform(0.1, 0.85) * width, y + rng.uniform(0.1, 0.9) * height
        sheet.rounded(left, top, left + 30, top + 16, fill=(255, 255, 255), edge=(120, 120, 120), radius=3)
        sheet.text(left + 15, top + 11, f"{rng.randint(2, 90)} min", Font("Helvetica", 7, "B"), "center")
    for _ in range(rng.randint(4, 16)):
        name = Font("Helvetica", rng.choice([6.0, 8.0, 11.0]), "", (255, 255, 255))
        sheet.text(x + rng.uniform(0.03, 0.75) * width, y + rng.uniform(0.05, 0.95) * height, sheet.words.surname(), name)
    text = Font("Helvetica", 9)
    sheet.redactable_text(x + width, y - 6, f"Drive {rng.randint(2, 90)} miles, {rng.randint(2, 59)} min", text, "right")


def _shore(rng: Random, x: float, y: float, radius: float) -> list[tuple[float, float]]:
    waves = [(rng.randint(1, 12), rng.uniform(0, 6.3), rng.uniform(0, 0.2)) for _ in range(7)]
    points = []
    for step in range(90):
        angle = step / 90 * 2 * math.pi
        reach = radius * (1 + sum(size * math.sin(times * angle + phase) for times, phase, size in waves))
        points.append((x + reach * math.cos(angle), y + reach * math.sin(angle)))
    return points


def _river(rng: Random, x: float, y: float, width: float, height: float) -> list[tuple[float, float]]:
    px, py, angle = x + rng.random() * width, y + rng.random() * height, rng.uniform(0, 6.3)
    points = [(px, py)]
    for _ in range(rng.randint(10, 60)):
        angle += rng.uniform(-0.6, 0.6)
        px, py = px + 5 * math.cos(angle), py + 5 * math.sin(angle)
        if not (x < px < x + width and y < py < y + height):
            break
        points.append((px, py))
    return points if len(points) > 1 else [(px, py), (px, py + 1)]


def _legend(sheet: Sheet, x: float, y: float) -> None:
    sheet.rect(x, y, x + 92, y + 58, fill=(255, 255, 255), edge=(0, 0, 0))
    for row in range(4):
        sheet.rect(x + 5, y + 6 + row * 13, x + 17, y + 14 + row * 13, fill=bright_color(sheet.rng), edge=(0, 0, 0))
        sheet.text(x + 22, y + 13 + row * 13, sheet.words.surname(), Font("Helvetica", 7))


def _scale_bar(sheet: Sheet, x: float, y: float) -> None:
    for step in range(4):
        sheet.rect(x + step * 22, y, x + step * 22 + 22, y + 4, fill=(0, 0, 0) if step % 2 else (255, 255, 255), edge=(0, 0, 0))
    sheet.text(x, y - 3, "0", Font("Helvetica", 6))
    sheet.text(x + 88, y - 3, f"{sheet.rng.choice([1, 5, 20, 100])} km", Font("Helvetica", 6), "center")


def chart(sheet: Sheet, x: float, y: float, width: float, height: float) -> None:
    """A column, bar, line or pie chart, a schedule, or progress bars, with labels."""
    kind = sheet.rng.choice([_columns, _bars, _schedule, _lines, _pie, _progress])
    sheet.text(
        x + width / 2,
        y + 10,
        sheet.truncated(sheet.words.title().title(), Font("Helvetica", 10, "B"), width),
        Font("Helvetica", 10, "B"),
        "center",
    )
    kind(sheet, x + 34, y + 20, width - 44, height - 44)


def _axes(sheet: Sheet, x: float, y: float, width: float, height: float) -> None:
    steps = sheet.rng.randint(3, 6)
    for step in range(steps + 1):
        level = y + height * step / steps
        if sheet.rng.random() < 0.7:
            sheet.rule(x, level, x + width, level, 0.4, (200, 200, 200))
        sheet.text(x - 4, level + 3, f"{(steps - step) * 20}", Font("Helvetica", 7), "right")
    sheet.rule(x, y, x, y + height)
    sheet.rule(x, y + height, x + width, y + height)


def _columns(sheet: Sheet, x: float, y: float, width: float, height: float) -> None:
    rng, count, series = sheet.rng, sheet.rng.randint(3, 14), sheet.rng.choice([1, 1, 2, 3])
    _axes(sheet, x, y, width, height)
    colors = [rng.choice([dark_color(rng), bright_color(rng)]) for _ in range(series)]
    step, thick = width / count, width / count / series * rng.uniform(0.5, 0.95)
    for index in range(count):
        for one, color in enumerate(colors):
            left = x + index * step + one * thick + 1
            sheet.rect(left, y + height * (1 - rng.uniform(0.05, 0.98)), left + thick, y + height, fill=color)
        sheet.text(x + (index + 0.4) * step, y + height + 9, str(2000 + index), Font("Helvetica", 6), "center")


def _bars(sheet: Sheet, x: float, y: float, width: float, height: float) -> None:
    rng, count = sheet.rng, sheet.rng.randint(3, 12)
    color, step, left = rng.choice([dark_color(rng), bright_color(rng)]), height / count, x + 40
    for index in range(count):
        top, right = y + index * step + step * 0.15, left + (width - 70) * rng.uniform(0.03, 1)
        sheet.rect(left, top, right, top + step * 0.7, fill=color)
        sheet.text(left - 4, top + step * 0.45 + 2, sheet.words.surname()[:9], Font("Helvetica", 7), "right")
        sheet.text(right + 3, top + step * 0.45 + 2, f"{rng.randint(1, 99)}%", Font("Helvetica", 7))
    sheet.rule(left, y, left, y + height)


def _schedule(sheet: Sheet, x: float, y: float, width: float, height: float) -> None:
    rng, count = sheet.rng, sheet.rng.randint(5, 16)
    step, left = height / (count + 1), x + 70
    for month in range(12):
        at = left + month * (width - 70) / 12
        sheet.rule(at, y, at, y + height, 0.4, (190, 190, 190))
        sheet.text(at + 3, y + step * 0.6, "JFMAMJJASOND"[month], Font("Helvetica", 7, "B"))
    for index in range(count):
        top, start = y + (index + 1) * step, left + (width - 70) * rng.uniform(0, 0.7)
        sheet.text(left - 4, top + step * 0.6, f"{index + 1}. {sheet.words.surname()}"[:14], Font("Helvetica", 7), "right")
        until = start + (left + width - 70 - start) * rng.uniform(0.1, 1)
        sheet.rect(
            start,
            top + step * 0.15,
            until,
            top + step * 0.8,
            fill=rng.choice([dark_color(rng), bright_color(rng), pale_color(rng)]),
        )
        sheet.rule(x - 30, top, left + width - 70, top, 0.3, (200, 200, 200))


def _lines(sheet: Sheet, x: float, y: float, width: float, height: float) -> None:
    rng = sheet.rng
    _axes(sheet, x, y, width, height)
    for _ in range(rng.randint(1, 4)):
        level, points = rng.uniform(0.3, 0.7), []
        for step in range(24):
            level = min(0.98, max(0.02, level + rng.uniform(-0.12, 0.12)))
            points.append((x + width * step / 23, y + height * level))
        sheet.stroke(points, rng.uniform(0.8, 2), rng.choice([dark_color(rng), bright_color(rng)]))


def _pie(sheet: Sheet, x: float, y: float, width: float, height: float) -> None:
    rng, radius, start = sheet.rng, min(width, height) / 2, 0.0
    cx, cy = x + radius, y + height / 2
    for index in range(rng.randint(2, 6)):
        until = start + rng.uniform(0.6, 1.6)
        arc = [
            (cx + radius * math.cos(start + k / 20 * (until - start)), cy + radius * math.sin(start + k / 20 * (until - start)))
            for k in range(21)
        ]
        color = rng.choice([dark_color(rng), bright_color(rng), pale_color(rng)])
        sheet.polygon([(cx, cy), *arc], fill=color, edge=(255, 255, 255))
        sheet.rect(x + 2 * radius + 14, y + index * 16, x + 2 * radius + 24, y + index * 16 + 10, fill=color)
        sheet.text(x + 2 * radius + 28, y + index * 16 + 8, sheet.words.surname()[:10], Font("Helvetica", 8))
        start = until


def _progress(sheet: Sheet, x: float, y: float, width: float, height: float) -> None:
    """Progress bars with their percentages."""
    rng, count = sheet.rng, sheet.rng.randint(3, 9)
    step, left, color = height / count, x + 60, rng.choice([dark_color(rng), bright_color(rng)])
    for index in range(count):
        top, share = y + index * step + step * 0.2, rng.uniform(0.05, 1)
        high = min(step * 0.55, 16)
        sheet.text(left - 5, top + high * 0.8, sheet.words.surname()[:11], Font("Helvetica", 7), "right")
        sheet.rect(left, top, left + (width - 90), top + high, fill=(232, 232, 232), edge=(150, 150, 150), line_width=0.4)
        sheet.rect(left, top, left + (width - 90) * share, top + high, fill=color)
        sheet.text(left + width - 86, top + high * 0.8, f"{share:.0%}", Font("Helvetica", 7))
