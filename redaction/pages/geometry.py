"""Boxes on a page: arrays of ``xyxy`` in page pixels, and computations on them.

Coordinate convention, everywhere in this project: the origin is the page's top left corner, x grows to the right and y
downwards, a box is ``(x0, y0, x1, y1)`` with ``x0 < x1`` and ``y0 < y1``, and the right and lower edges lie outside the box
(so a box that covers the whole page is ``(0, 0, width, height)`` and its area is ``width * height``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Xyxy = NDArray[np.float32]
"""Boxes as an array of shape (n, 4)."""


def as_xyxy(boxes: ArrayLike) -> Xyxy:
    """Convert boxes to a float32 array of shape (n, 4); an empty sequence becomes shape (0, 4).

    Raises:
        ValueError: the shape is not (n, 4), a number is not finite, or a box has no area.
    """
    xyxy = np.asarray(boxes, dtype=np.float32)
    if xyxy.size == 0:
        return np.zeros((0, 4), np.float32)
    if xyxy.ndim != 2 or xyxy.shape[1] != 4:
        raise ValueError(f"boxes must have shape (n, 4), not {xyxy.shape}")
    if not np.isfinite(xyxy).all():
        raise ValueError("boxes must be finite numbers")
    if not ((xyxy[:, 2] > xyxy[:, 0]) & (xyxy[:, 3] > xyxy[:, 1])).all():
        raise ValueError("boxes must have x0 < x1 and y0 < y1")
    return xyxy


@dataclass(frozen=True)
class Detections:
    """A detector's boxes on one page, (n, 4) in page pixels, and their scores (n,) in [0, 1], best first."""

    xyxy: Xyxy
    scores: NDArray[np.float32]

    def __post_init__(self) -> None:
        xyxy, scores = as_xyxy(self.xyxy), np.asarray(self.scores, dtype=np.float32).reshape(-1)
        if len(xyxy) != len(scores):
            raise ValueError(f"{len(xyxy)} boxes need as many scores, not {len(scores)}")
        order = np.argsort(-scores, kind="stable")
        object.__setattr__(self, "xyxy", xyxy[order])
        object.__setattr__(self, "scores", scores[order])

    def __len__(self) -> int:
        return len(self.scores)

    @classmethod
    def none(cls) -> Detections:
        """No detections."""
        return cls(np.zeros((0, 4), np.float32), np.zeros(0, np.float32))

    def at_least(self, score: float) -> Detections:
        """The detections with a score of `score` or more."""
        keep = self.scores >= score
        return Detections(self.xyxy[keep], self.scores[keep])


def xyxy_to_xywh(xyxy: ArrayLike) -> NDArray[np.float32]:
    """Convert ``xyxy`` to COCO's ``(x, y, width, height)``; shape (n, 4) in and out."""
    boxes = np.asarray(xyxy, dtype=np.float32).reshape(-1, 4)
    return np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)


def areas(xyxy: Xyxy) -> NDArray[np.float32]:
    """Area of each box in square pixels; shape (n,)."""
    return (xyxy[:, 2] - xyxy[:, 0]) * (xyxy[:, 3] - xyxy[:, 1])


def clip_to_page(xyxy: Xyxy, width: float, height: float) -> Xyxy:
    """Clip boxes to the page; boxes completely outside it are dropped."""
    clipped = np.clip(xyxy, 0, np.array([width, height, width, height], np.float32))
    return clipped[(clipped[:, 2] > clipped[:, 0]) & (clipped[:, 3] > clipped[:, 1])]


def iou_matrix(a: Xyxy, b: Xyxy) -> NDArray[np.float32]:
    """Intersection over union of every box of `a` with every box of `b`; shape (len(a), len(b))."""
    if not len(a) or not len(b):
        return np.zeros((len(a), len(b)), np.float32)
    top_left = np.maximum(a[:, None, :2], b[None, :, :2])
    bottom_right = np.minimum(a[:, None, 2:], b[None, :, 2:])
    sides = np.clip(bottom_right - top_left, 0, None)
    intersection = sides[..., 0] * sides[..., 1]
    union = areas(a)[:, None] + areas(b)[None, :] - intersection
    return np.asarray(intersection / union, np.float32)


def union_area(xyxy: Xyxy) -> float:
    """Area covered by at least one box, in square pixels; overlaps count once.

    Exact: it sums the cells of the grid spanned by the edges of the boxes, of which a page has a few hundred at most.
    """
    if not len(xyxy):
        return 0.0
    xs, ys = np.unique(xyxy[:, [0, 2]]), np.unique(xyxy[:, [1, 3]])
    covered = np.zeros((len(ys) - 1, len(xs) - 1), bool)
    for x0, y0, x1, y1 in xyxy:
        covered[np.searchsorted(ys, y0) : np.searchsorted(ys, y1), np.searchsorted(xs, x0) : np.searchsorted(xs, x1)] = True
    cells = np.diff(ys).astype(np.float64)[:, None] * np.diff(xs).astype(np.float64)[None, :]
    return float(cells[covered].sum())


def covered_share(xyxy: Xyxy, width: float, height: float) -> float:
    """Share of the page, in [0, 1], under at least one box."""
    return union_area(clip_to_page(xyxy, width, height)) / (width * height)
