"""Which points of the pyramid learn which redaction, and what score they learn.

VFNet takes its positive points from ATSS (arXiv:1912.02424): on each level the nine points nearest to a box's middle, of
which those count whose square anchors overlap the box well. A bar over a line of text is forty times as wide as tall. No
square overlaps it, and the level that overlaps it least badly has points so far apart that none may lie on the bar: of 201
such bars on real pages 12 % had no point at all and were learnt as background. And inside a black bar all points look alike,
so that a network cannot tell the few in its middle from the others. Here every point on a redaction learns it, as in FCOS
(arXiv:1904.01355), on the levels that its *shorter* side asks for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmdet.core.bbox import AssignResult, BaseAssigner
from mmdet.core.bbox.builder import BBOX_ASSIGNERS
from mmdet.models import LOSSES
from mmdet.models.losses import GIoULoss, VarifocalLoss
from torch import Tensor

POINTS_ACROSS = (1.5, 6.0)
"""A level is for boxes whose shorter side is this many of its strides; neighboring levels share some boxes."""
MARGIN = 0.15
"""Share of a box's width and height, at each end, whose points do not learn it: from there the other end is far away."""
WIDE_STRIDES = 4
"""Only where a side has this many strides: of a thin bar every point is needed."""


@BBOX_ASSIGNERS.register_module()
class PointsOnRedactions(BaseAssigner):  # type: ignore[misc]
    """Assigns to each redaction the points on it.

    Args:
        strides: distance between the points of each level, in pixels of the frame, ascending.
    """

    def __init__(self, strides: Sequence[int]) -> None:
        self.strides = tuple(float(stride) for stride in strides)

    def assign(
        self, anchors: Tensor, points_of_level: list[int], truth: Tensor, _ignored: Any = None, labels: Tensor | None = None
    ) -> AssignResult:
        """For each point the number of its redaction, from 1; 0 is background. Of several, a point learns the smallest.

        Args:
            anchors: (points, 4), xyxy around each point.
            truth: (redactions, 4), xyxy, in pixels of the frame.
            labels: (redactions,).
        """
        strides = torch.cat(
            [anchors.new_full((points, 1), stride) for points, stride in zip(points_of_level, self.strides, strict=True)]
        )
        assigned = torch.zeros(len(anchors), dtype=torch.long, device=anchors.device)
        if len(truth):
            learns = self._on_its_levels(strides, truth) & _lies_on(anchors, strides, truth)
            area = (truth[:, 2:] - truth[:, :2]).prod(1).expand(len(anchors), -1)
            smallest, index = area.masked_fill(~learns, torch.inf).min(1)
            assigned = torch.where(smallest < torch.inf, index + 1, assigned)
        of_point = None
        if labels is not None:
            # IceVision's labels of a page without redactions are no integers
            of_point = torch.cat([assigned.new_full((1,), -1), labels.to(assigned)])[assigned]
        return AssignResult(len(truth), assigned, (assigned > 0).to(anchors.dtype), labels=of_point)

    def _on_its_levels(self, strides: Tensor, truth: Tensor) -> Tensor:
        """Which points, (points, redactions), are of a level that is for the redaction."""
        shorter = (truth[:, 2:] - truth[:, :2]).amin(1)
        fewest, most = POINTS_ACROSS
        # plain numbers: a tensor of another device than the redactions' cannot be clamped to
        at_least, at_most = self.strides[0] * fewest, self.strides[-1] * most
        return (strides * fewest <= shorter.clamp(min=at_least)) & (strides * most >= shorter.clamp(max=at_most))


def _lies_on(anchors: Tensor, strides: Tensor, truth: Tensor) -> Tensor:
    """Which points, (points, redactions), lie on the redaction and not at one of its ends."""
    points = (anchors[:, None, :2] + anchors[:, None, 2:]) / 2
    size = truth[:, 2:] - truth[:, :2]
    margin = torch.where(size > WIDE_STRIDES * strides[..., None], MARGIN * size, torch.zeros_like(size))
    return ((points > truth[:, :2] + margin) & (points < truth[:, 2:] - margin)).all(-1)


@LOSSES.register_module()
class SoftVarifocalLoss(VarifocalLoss):  # type: ignore[misc]
    """Varifocal loss whose positive points learn scores from 0.5 on.

    The original's score is the overlap alone: at the far ends of a bar, where boxes are wrong at first, it learns that there is
    nothing. Boxes are moved to the page's edges later, so that a point on a redaction is worth something wherever it lies.
    """

    def forward(self, scores: Tensor, overlaps: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        """The loss; `overlaps` are 0 for background."""
        wanted = torch.where(overlaps > 0, (1 + overlaps) / 2, overlaps)
        loss: Tensor = super().forward(scores, wanted, *args, **kwargs)
        return loss


@LOSSES.register_module()
class UnweightedGIoULoss(GIoULoss):  # type: ignore[misc]
    """GIoU loss without VFNet's weights, which are the overlaps themselves, so that what is wrong the most learns the least."""

    def forward(self, boxes: Tensor, truth: Tensor, *_: Any, **__: Any) -> Tensor:
        """The mean over all positive points."""
        loss: Tensor = super().forward(boxes, truth)
        return loss
