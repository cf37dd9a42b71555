"""Pages drawn with what was there and what was found.

Colors of Okabe and Ito, which people see apart who see few colors; and each kind has a form of its own, for those who see none.
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from redaction.evaluation.judging import EvaluatedPage
from redaction.evaluation.matching import match_boxes
from redaction.pages.image import PageImage

WIDTH_PX = 760
FOUND, MISSED, FALSE, TRUTH = (0, 114, 178), (213, 94, 0), (204, 121, 167), (0, 158, 115)
LEGEND = (
    ("truth", "thin green line", "#009e73", "a redaction that was found, as annotated"),
    ("found", "thick blue line", "#0072b2", "the detection that found it"),
    ("missed", "orange, hatched", "#d55e00", "a redaction that no detection found"),
    ("false", "purple, crossed out", "#cc79a7", "a detection that finds nothing new"),
)
"""Name, look, color and meaning of what is drawn."""

Rectangle = tuple[float, float, float, float]


def drawn_page(image: PageImage, judged: EvaluatedPage, operating_point: float) -> Image.Image:
    """The page, scaled to `WIDTH_PX`, with boxes and with what scores at least `operating_point`."""
    scale = WIDTH_PX / image.shape[1]
    picture = Image.fromarray(image).resize((WIDTH_PX, max(1, round(image.shape[0] * scale))), Image.Resampling.BOX)
    # paler, so that the boxes stand out from black bars and dark text
    picture = Image.blend(picture.convert("RGB"), Image.new("RGB", picture.size, "white"), 0.35)
    draw = ImageDraw.Draw(picture, "RGBA")
    detections = judged.detections.at_least(operating_point)
    box_of = match_boxes(judged.truth, detections)
    for number, box in enumerate((judged.truth * scale).tolist()):
        if number in box_of:
            draw.rectangle(box, outline=TRUTH, width=1)
        else:
            _hatch(draw, box)
    for found, box in zip(box_of.tolist(), (detections.xyxy * np.float32(scale)).tolist(), strict=True):
        if found >= 0:
            draw.rectangle((box[0] - 2, box[1] - 2, box[2] + 2, box[3] + 2), outline=FOUND, width=2)
        else:
            _cross(draw, box)
    return picture


def _hatch(draw: ImageDraw.ImageDraw, box: Rectangle) -> None:
    """A missed redaction: hatched, with a thick edge."""
    x0, y0, x1, y1 = box
    height = y1 - y0
    for start in np.arange(x0 - height, x1, 9):
        # the stroke from (start, y1) upwards to the right, cut at the box
        left, right = max(start, x0), min(start + height, x1)
        draw.line((left, y1 - (left - start), right, y1 - (right - start)), fill=(*MISSED, 200), width=2)
    draw.rectangle((x0 - 1, y0 - 1, x1 + 1, y1 + 1), outline=MISSED, width=3)


def _cross(draw: ImageDraw.ImageDraw, box: Rectangle) -> None:
    """A false detection: crossed out."""
    x0, y0, x1, y1 = box
    draw.rectangle((x0, y0, x1, y1), fill=(*FALSE, 70), outline=FALSE, width=2)
    draw.line((x0, y0, x1, y1), fill=FALSE, width=2)
    draw.line((x0, y1, x1, y0), fill=FALSE, width=2)
