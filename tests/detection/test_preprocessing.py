"""A page fits the network input, and its boxes find their way back."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from redaction.detection.preprocessing import Preprocessing


def test_the_padding_of_the_network_input_is_white() -> None:
    frame, placement = Preprocessing(width=64, height=96).place(np.zeros((50, 100, 3), np.uint8))
    assert frame.shape == (96, 64, 3)
    assert (frame[:32].max(), frame[32:].min()) == (0, 255)
    assert (placement.scale_x, placement.scale_y) == (0.64, 0.64)


sides = st.integers(1, 3000)


@given(sides, sides, st.lists(st.floats(0, 1, width=32), min_size=4, max_size=4))
def test_boxes_map_to_the_network_input_and_back(width: int, height: int, shares: list[float]) -> None:
    placement = Preprocessing(width=512, height=640).placement(width, height)
    x, y = sorted(shares[:2]), sorted(shares[2:])
    xyxy = np.array([[x[0] * width, y[0] * height, x[1] * width, y[1] * height]], np.float32)
    framed = placement.to_input(xyxy)
    assert (framed[:, [0, 2]] <= 512.01).all()
    assert (framed[:, [1, 3]] <= 640.01).all()
    np.testing.assert_allclose(placement.to_page(framed), xyxy, rtol=1e-4, atol=1e-3)
