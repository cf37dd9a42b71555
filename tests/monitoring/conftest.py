"""Simulated traffic that resembles real traffic: similar pages within a document, and correlated features.

The kinds of document and their parameters follow 69 real pages of 55 documents (court filings and declassified reports, rendered
at 150 dpi: brightness quartiles 218-235-244, contrast 45-62-79, ink 0.04-0.08-0.15, sharpness 45-55-64, most pages 1275 wide and
1650 high, one in fifteen in color). Scores are those of a confident detector. Nothing here uses the code under test.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

Traffic = Callable[..., pd.DataFrame]

MEAN_PAGES = 4
"""Default mean of the geometric number of pages per document. The 55 real documents have 17 pages on average."""


@dataclass(frozen=True)
class Kind:
    """A kind of document: mean and spread between documents, and spread between the pages of one document."""

    share: float
    brightness: tuple[float, float, float]
    sharpness: tuple[float, float, float]
    color: float
    height: float


KINDS = (
    Kind(0.50, (242, 4, 5), (60, 8, 6), 0.0, 1650),
    Kind(0.42, (226, 9, 8), (48, 9, 6), 0.5, 1651),
    Kind(0.08, (180, 25, 20), (38, 9, 6), 40.0, 1700),
)


@pytest.fixture(scope="session")
def traffic() -> Traffic:
    """`traffic(rng, count, mean_pages)` are `count` consecutive pages, as `PageRecord` columns."""
    return _pages


def _pages(rng: np.random.Generator, count: int, mean_pages: float = MEAN_PAGES) -> pd.DataFrame:
    # more documents than needed: each has at least one page
    document = np.repeat(np.arange(count), rng.geometric(1 / mean_pages, count))[:count]
    documents = int(document[-1]) + 1
    kind = rng.choice(len(KINDS), documents, p=[k.share for k in KINDS])

    def level(parameters: np.ndarray) -> np.ndarray:
        by_document = parameters[kind, 0] + parameters[kind, 1] * rng.normal(size=documents)
        return np.asarray(by_document[document] + parameters[kind[document], 2] * rng.normal(size=count))

    brightness = np.clip(level(np.array([k.brightness for k in KINDS])), 60, 254)
    color = np.array([k.color for k in KINDS])[kind] * rng.gamma(4, 0.25, documents)
    redacted = rng.random(documents) < 0.7
    per_page = rng.gamma(1.2, 6, documents)
    has_boxes = redacted[document] & (rng.random(count) < 0.8)
    boxes = np.where(has_boxes, 1 + rng.poisson(per_page[document]), 0)
    covered = np.clip(boxes * rng.gamma(3, 0.004, documents)[document] * rng.lognormal(0, 0.3, count), 0, 0.9)
    found_score = np.clip(0.82 + 0.05 * rng.normal(size=documents)[document] + 0.04 * rng.normal(size=count), 0.3, 0.99)
    noise_score = np.clip(rng.beta(2, 12, count), 0.01, 0.45)
    blocks = np.clip(0.8 * covered + np.where(kind[document] == 2, 0.1, 0.005) * rng.gamma(2, 0.5, count), 0, 1)
    brightness = np.clip(brightness - 120 * covered, 20, 254)
    return pd.DataFrame(
        {
            "width": np.where(rng.random(documents) < 0.92, 1275, 1250 + rng.integers(0, 20, documents))[document].astype(float),
            "height": (np.array([k.height for k in KINDS])[kind] + rng.integers(0, 2, documents))[document].astype(float),
            "brightness": brightness,
            "contrast": np.clip(40 + 0.9 * (245 - brightness) + 150 * covered + 5 * rng.normal(size=count), 5, 127),
            "ink_density": np.clip((250 - brightness) / 280 + 0.01 * rng.normal(size=count), 0.001, 1),
            "block_density": blocks,
            "colourfulness": np.clip(color[document] * rng.lognormal(0, 0.2, count), 0, 255),
            "sharpness": np.clip(level(np.array([k.sharpness for k in KINDS])), 3, None),
            "boxes": boxes.astype(float),
            "top_score": np.where(has_boxes, np.clip(found_score + 0.06, 0, 0.999), noise_score),
            "mean_score": np.where(has_boxes, found_score, 0.0),
            "covered_share": covered,
            "latency_ms": rng.lognormal(5.7, 0.25, count),
        }
    )
