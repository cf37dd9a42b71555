"""Traces of handling and scanning: stamps, punched holes, dark scanner edges, toner streaks, bleed-through."""

from __future__ import annotations

from random import Random

import cv2
import numpy as np
from PIL import Image, ImageDraw

from redaction.pages.image import PageImage
from redaction.synthesis.painting import truetype_font
from redaction.synthesis.photocopies import as_page_image

_STAMPS = (
    "RECEIVED", "DECLASSIFIED", "COPY", "FILED", "TOP SECRET", "APPROVED", "SECRET", "UNCLASSIFIED", "INGEKOMEN", "KOPIE",
    "VERTRAULICH", "GEHEIM", "CONFIDENTIEL", "ENTWURF", "RELEASE IN PART", "SANITIZED", "EXHIBIT 7", "NO FOREIGN DISSEM",
)  # fmt: skip


def with_stamp(image: PageImage, rng: Random) -> PageImage:
    """Add a rubber stamp at a random place, possibly over redactions, with or without a frame and with uneven ink."""
    height, width = image.shape[:2]
    font = truetype_font(
        rng.choice(["DejaVuSans-Bold.ttf", "DejaVuSerif-Bold.ttf"]), max(10, round(height * rng.uniform(0.014, 0.03)))
    )
    text = rng.choice(_STAMPS)
    if rng.random() < 0.4:
        text += f"\n{rng.randint(1, 28)} {rng.choice(['JAN', 'MAR', 'MEI', 'SEP', 'DEC'])} {rng.randint(1958, 2023)}"
    ink = Image.new("L", (round(max(map(font.getlength, text.split(chr(10)))) + font.size * 2), round(font.size * 4)), 255)
    draw = ImageDraw.Draw(ink)
    draw.multiline_text((ink.width / 2, ink.height / 2), text, font=font, fill=0, anchor="mm", align="center")
    if rng.random() < 0.6:
        draw.rectangle((2, 2, ink.width - 3, ink.height - 3), outline=0, width=max(2, int(font.size // 9)))
    turned = np.asarray(ink.rotate(rng.uniform(-15, 15), Image.Resampling.BILINEAR, expand=True, fillcolor=255), np.float32)
    x, y = rng.randint(0, max(1, width - turned.shape[1])), rng.randint(0, max(1, height - turned.shape[0]))
    region = image[y : y + turned.shape[0], x : x + turned.shape[1]]
    turned = turned[: region.shape[0], : region.shape[1]]
    noise = np.random.default_rng(rng.getrandbits(64))
    worn = cv2.resize(noise.random((turned.shape[0] // 6 + 2, turned.shape[1] // 6 + 2), dtype=np.float32), turned.shape[::-1])
    strength = ((255 - turned) / 255 * (0.55 + 0.45 * worn))[:, :, None]
    color = np.asarray(rng.choice([(170, 20, 30), (30, 40, 140), (20, 20, 20), (90, 30, 120)]), np.float32) / 255
    image = image.copy()
    image[y : y + turned.shape[0], x : x + turned.shape[1]] = region * (1 - strength * (1 - color))
    return image


def with_punched_holes(image: PageImage, rng: Random) -> PageImage:
    """Add two to four holes along the left or upper edge as a scanner sees them: black, gray, or a rim of shadow."""
    image = image.copy()
    height, width = image.shape[:2]
    radius, count = max(3, round(height * rng.uniform(0.008, 0.012))), rng.choice([2, 2, 3, 4])
    inset, drift = rng.uniform(0.02, 0.045) * height, rng.uniform(-0.004, 0.004) * height
    along_top = rng.random() < 0.2
    color = (rng.choice([0, 20, 60, 130, 200]),) * 3
    rim = rng.random() < 0.3
    for index in range(count):
        share = 0.5 + (index - (count - 1) / 2) * rng.choice([0.1, 0.3]) if count == 2 else (index + 1) / (count + 1)
        x, y = (width * share, inset) if along_top else (inset, height * share)
        center = (round(x + drift * index), round(y))
        cv2.circle(image, center, radius, color, max(2, radius // 4) if rim else -1, cv2.LINE_AA)
    return image


def with_streaks(image: PageImage, rng: Random) -> PageImage:
    """Add fine vertical lines, dark or light, as dirt on the glass and worn drums leave them."""
    image = image.copy()
    for _ in range(rng.randint(1, 4)):
        x, wide = rng.randint(0, image.shape[1] - 4), rng.choice([1, 1, 1, 2, 3])
        start = rng.choice([0, 0, rng.randint(0, image.shape[0] // 2)])
        until = rng.choice([image.shape[0], rng.randint(start + 10, image.shape[0])])
        region = image[start:until, x : x + wide]
        tone, share = rng.choice([0, 40, 255]), rng.uniform(0.25, 0.8)
        region[:] = region * (1 - share) + tone * share
    return image


def with_bleed_through(image: PageImage, other_side: PageImage, rng: Random) -> PageImage:
    """Let the other side of the sheet show through, mirrored and faint."""
    back = cv2.GaussianBlur(cv2.cvtColor(other_side, cv2.COLOR_RGB2GRAY), (5, 5), rng.uniform(0.8, 2.0))[:, ::-1]
    back = np.roll(back, (rng.randint(-60, 60), rng.randint(-30, 30)), (0, 1))
    faint = 255 - ((255 - back) * rng.uniform(0.05, 0.18)).astype(np.uint8)
    return as_page_image(cv2.multiply(image, cv2.cvtColor(faint, cv2.COLOR_GRAY2RGB), scale=1 / 255))


def with_scanner_edges(image: PageImage, rng: Random) -> PageImage:
    """Add the dark or mottled strips that a scanner's lid leaves along the edges of a page."""
    image = image.copy()
    height, width = image.shape[:2]
    mottled, tone = rng.random() < 0.4, rng.choice([rng.randint(0, 50), rng.randint(60, 190)])
    noise = np.random.default_rng(rng.getrandbits(64))
    for side in rng.sample(["left", "right", "top", "bottom"], rng.choice([1, 2, 2, 4])):
        depth = max(3, round(height * rng.uniform(0.003, 0.022)))
        slant = rng.uniform(-0.6, 0.6) * depth
        along, widest = height if side in ("left", "right") else width, 2 * depth + 2
        ragged = noise.normal(0, depth * (0.12 if mottled else 0.02), along)
        strip = np.arange(widest)[None, :] < np.clip(np.linspace(depth, depth + slant, along) + ragged, 1, widest)[:, None]
        strip = strip if side in ("left", "top") else strip[:, ::-1]
        region = {
            "left": image[:, :widest],
            "right": image[:, -widest:],
            "top": image[:widest].swapaxes(0, 1),
            "bottom": image[-widest:].swapaxes(0, 1),
        }[side]
        if mottled:
            strip = strip & (noise.random(strip.shape) < 0.75)
        region[strip] = tone
    return image
