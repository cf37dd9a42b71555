"""Two histograms over the same bins as SVG geometry, for the HTML pages."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

BINS = 24
HEIGHT_PX = 56


@dataclass(frozen=True)
class Histograms:
    """The first distribution as bars, the second as a step line. Coordinates are in a box of `width` times `height`."""

    bars: list[tuple[int, float, float]]
    """``x``, ``y`` and height of each bar that is not empty."""
    steps: str
    """The points of the line."""
    low: float
    high: float
    """The values at the ends of the axis."""
    bar_width: int = 9
    width: int = 10 * BINS
    height: int = HEIGHT_PX + 2

    @classmethod
    def of(cls, first: pd.Series[float], second: pd.Series[float], clipped_share: float = 0.01) -> Histograms:
        """Draw two samples, each with at least one value; NaN is ignored.

        Args:
            first: drawn as bars.
            second: drawn as a line.
            clipped_share: this share of each sample at either end is drawn in the end bins, else outliers would flatten the rest.
        """
        samples = [sample.dropna().to_numpy(float) for sample in (first, second)]
        low = min(float(np.quantile(sample, clipped_share)) for sample in samples)
        high = max(float(np.quantile(sample, 1 - clipped_share)) for sample in samples)
        high = high if high > low else low + 1.0
        edges = np.linspace(low, high, BINS + 1)
        shares = [np.histogram(np.clip(sample, low, high), edges)[0] / len(sample) for sample in samples]
        top = max(float(share.max()) for share in shares)
        bar_heights, step_heights = (np.round(HEIGHT_PX * share / top, 1).tolist() for share in shares)
        steps = [f"{x},{HEIGHT_PX - height + 1}" for n, height in enumerate(step_heights) for x in (n * 10, (n + 1) * 10)]
        bars = [(n * 10, HEIGHT_PX - height, height) for n, height in enumerate(bar_heights) if height]
        return cls(bars, " ".join(steps), low, high)
