"""Draw the ground truth and the detections on a page image.

The colors are Okabe and Ito's, which remain distinct under color blindness; each kind of box also has a line pattern of its own.
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from redaction.evaluation.matching import match_boxes
from redaction.evaluation.predicting import EvaluatedPage
from redaction.pages.image import PageImage

PICTURE_WIDTH_PX = 760
FOUND, MISSED, FALSE, TRUTH = (0, 114, 178), (213, 94, 0), (204, 121, 167), (0, 158, 115)
LEGEND = (
    ("truth", "thin green line", "#009e73", "an annotated redaction that was found"),
    ("found", "thick blue line", "#0072b2", "the detection that found it"),
    ("missed", "orange, hatched", "#d55e00", "a redaction that no detection found"),
    ("false", "purple, crossed out", "#cc79a7", "a detection without a redaction of its own"),
)
"""Name, pattern, color and meaning of each kind of box."""

Corners = tuple[float, float, float, float]
"""``x0, y0, x1, y1``."""


def draw_page(image: PageImage, evaluated: EvaluatedPage, operating_point: float) -> Image.Image:
    """Scale the page to `PICTURE_WIDTH_PX` and draw its boxes and the detections that score at least `operating_point`."""
    scale = PICTURE_WIDTH_PX / image.shape[1]
    picture = Image.fromarray(image).resize((PICTURE_WIDTH_PX, max(1, round(image.shape[0] * scale))), Image.Resampling.BOX)
    # paler, so that the boxes stand out from black bars and dark text
    picture = Image.blend(picture.convert("RGB"), Image.new("RGB", picture.size, "white"), 0.35)
    draw = ImageDraw.Draw(picture, "RGBA")
    detections = evaluated.detections.at_least(operating_point)
    found_boxes = match_boxes(evaluated.truth, detections)
    for number, box in enumerate((evaluated.truth * scale).tolist()):
        if number in found_boxes:
            draw.rectangle(box, outline=TRUTH, width=1)
        else:
            _draw_missed(draw, box)
    for found, box in zip(found_boxes.tolist(), (detections.xyxy * np.float32(scale)).tolist(), strict=True):
        if found >= 0:
            draw.rectangle((box[0] - 2, box[1] - 2, box[2] + 2, box[3] + 2), outline=FOUND, width=2)
        else:
            _draw_false(draw, box)
    return picture


def _draw_missed(draw: ImageDraw.ImageDraw, box: Corners) -> None:
    """Draw a missed redaction: hatched, with a thick edge."""
    x0, y0, x1, y1 = box
    height = y1 - y0
    for start in np.arange(x0 - height, x1, 9):
        # the stroke from (start, y1) upwards to the right, clipped to the box
        left, right = max(start, x0), min(start + height, x1)
        draw.line((left, y1 - (left - start), right, y1 - (right - start)), fill=(*MISSED, 200), width=2)
    draw.rectangle((x0 - 1, y0 - 1, x1 + 1, y1 + 1), outline=MISSED, width=3)


def _draw_false(draw: ImageDraw.ImageDraw, box: Corners) -> None:
    """Draw a false detection: crossed out."""
    x0, y0, x1, y1 = box
    draw.rectangle((x0, y0, x1, y1), fill=(*FALSE, 70), outline=FALSE, width=2)
    draw.line((x0, y0, x1, y1), fill=FALSE, width=2)
    draw.line((x0, y1, x1, y0), fill=FALSE, width=2)
