"""The comparison of synthetic with real pages as one HTML page: distributions side by side, and thumbnails of the odd pages."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from PIL import Image, ImageDraw

from redaction.contact_sheet import STYLE_COLORS
from redaction.dataset import Box
from redaction.html import render
from redaction.monitoring.histograms import Histograms

THUMBNAIL_WIDTH_PX, MAX_THUMBNAIL_HEIGHT_PX = 360, 520
CAPTION_FEATURES = 3
CLIPPED_SHARE = 0.05

FEATURES = {
    "brightness": ("Brightness", "mean gray level, 0 to 255"),
    "contrast": ("Contrast", "standard deviation of the gray levels"),
    "ink_density": ("Ink", "share of dark pixels"),
    "block_density": ("Dark areas", "share of the page in areas thicker than text"),
    "colourfulness": ("Color", "mean saturation, 0 to 255"),
    "sharpness": ("Sharpness", "low for blurred scans"),
    "boxes": ("Redactions", "number on a page"),
    "covered_share": ("Redacted share", "share of the page under redactions"),
    "box_width": ("Redaction width", "share of the page's width; the page's median"),
    "box_height": ("Redaction height", "share of the page's height; the page's median"),
    "box_share": ("Redaction area", "share of the page's area; the page's median"),
    "box_aspect": ("Redaction aspect", "width over height; the page's median"),
    "width": ("Page width", "pixels"),
    "height": ("Page height", "pixels"),
}
"""Title and unit of each feature."""

RESOLUTION_FEATURES = ("width", "height")
"""They depend on the resolution more than on the page, so they are shown last, and do not make a page unlike others."""


@dataclass(frozen=True)
class PageRow:
    """A page that is unlike all pages of the other kind."""

    image: Path
    boxes: Sequence[Box]
    values: pd.Series[float]
    nearest: pd.Series[float]
    """The values of the most similar page of the other kind."""
    differing: Sequence[str]
    """Names of the features, those that differ most from the nearest page first."""


def realism_html(
    real: pd.DataFrame,
    synthetic: pd.DataFrame,
    distances: dict[str, float],
    *,
    unlike_real: Sequence[PageRow],
    unlike_synthetic: Sequence[PageRow],
    min_marked_distance: float,
    evidently: str,
) -> str:
    """Render the self-contained page.

    Args:
        real: features, one row a page.
        synthetic: the same of the synthetic pages.
        distances: by feature; those to show.
        unlike_real: the synthetic pages that are least like real ones.
        unlike_synthetic: the real pages that are least like synthetic ones.
        min_marked_distance: distances from this on are marked.
        evidently: Evidently's report, shown on request.
    """
    ordered = sorted(distances, key=lambda name: (name in RESOLUTION_FEATURES, -distances[name]))
    return render(
        "redaction.monitoring",
        "realism.html.j2",
        real=real,
        synthetic=synthetic,
        distances=distances,
        features=[(name, *FEATURES[name], Histograms.of(real[name], synthetic[name], CLIPPED_SHARE)) for name in ordered],
        galleries=[
            (
                "Synthetic pages least like real ones",
                "nearest real page",
                [(_thumbnail(p), _differences(p)) for p in unlike_real],
            ),
            (
                "Real pages least like synthetic ones",
                "nearest synthetic page",
                [(_thumbnail(p), _differences(p)) for p in unlike_synthetic],
            ),
        ],
        min_marked_distance=min_marked_distance,
        number=_number,
        evidently=evidently,
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2g}"


def _differences(page: PageRow) -> list[tuple[str, float, float]]:
    """Title, own value and the nearest page's of the features that differ most."""
    shown = [name for name in page.differing if page.values[[name]].notna().all() and page.nearest[[name]].notna().all()]
    return [(FEATURES[n][0], float(page.values[n]), float(page.nearest[n])) for n in shown[:CAPTION_FEATURES]]


def _thumbnail(page: PageRow) -> str:
    """The page with its boxes, as the data URL of a JPEG."""
    with Image.open(page.image) as opened:
        image = opened.convert("RGB")
    width, height = image.size
    image.thumbnail((THUMBNAIL_WIDTH_PX, MAX_THUMBNAIL_HEIGHT_PX))
    across, down = image.width / width, image.height / height
    draw = ImageDraw.Draw(image)
    for box in page.boxes:
        corners = [(box.x0 * across - 1, box.y0 * down - 1), (box.x1 * across, box.y1 * down)]
        draw.rectangle(corners, outline=STYLE_COLORS[box.style], width=2)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=75, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
