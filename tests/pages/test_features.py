"""Image statistics of pages."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from redaction.pages.features import page_features


def test_features_match_their_definitions() -> None:
    rng = np.random.default_rng(0)
    page = np.clip(rng.normal(200, 60, (1001, 777, 3)), 0, 255).astype(np.uint8)
    page[100:300, 100:500] = 0
    features = page_features(page)
    gray, saturation = cv2.cvtColor(page, cv2.COLOR_RGB2GRAY), cv2.cvtColor(page, cv2.COLOR_RGB2HSV)[..., 1]
    assert (features.width, features.height) == (777, 1001)
    assert features.brightness == pytest.approx(gray.mean())
    assert features.contrast == pytest.approx(gray.std())
    assert features.ink_density == pytest.approx((gray < 128).mean())
    assert features.block_density == pytest.approx(200 * 400 / gray.size, rel=0.02)
    assert features.sharpness == pytest.approx(cv2.Laplacian(gray, cv2.CV_64F).std())
    assert features.colourfulness == pytest.approx(saturation.mean(), rel=0.01), "from a sample of the pixels"


@pytest.mark.parametrize("size", [(1, 1), (1, 2), (2, 1), (3, 3)])
def test_a_tiny_page_has_features(size: tuple[int, int]) -> None:
    features = page_features(np.full((*size, 3), (255, 0, 0), np.uint8))
    assert (features.colourfulness, features.sharpness) == (255, 0)
