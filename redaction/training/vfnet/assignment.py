"""Label assignment and losses: which points of the feature pyramid learn which redaction, and what score they learn.

VFNet takes its positive points from ATSS (arXiv:1912.02424): on each level the nine points nearest to the center of a box, if
their square anchors overlap the box well. That fails for a bar over a line of text, which is forty times as wide as it is tall.
No square anchor overlaps it, and the level with the least bad overlap has points so far apart that none may lie on the bar: of
201 such bars on real pages 12 % had no positive point and were learnt as background. Also, all points inside a black bar look
alike, so the network cannot tell those near the center from the others. Here every point on a redaction is positive, as in FCOS
(arXiv:1904.01355), on the levels that fit the *shorter* side of the box.
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

MIN_SHORTER_SIDE_STRIDES, MAX_SHORTER_SIDE_STRIDES = 1.5, 6.0
"""A level learns boxes whose shorter side is this many of its strides; the ranges of neighboring levels overlap."""
END_MARGIN_SHARE = 0.15
"""Share of a box's width and height, at each end, whose points are not positive: the opposite end is too far away to predict."""
MIN_SIDE_STRIDES_FOR_MARGIN = 4
"""A side with at most this many strides has no margin: a thin bar needs all its points."""


@BBOX_ASSIGNERS.register_module()
class InsideBoxAssigner(BaseAssigner):  # type: ignore[misc]
    """Assigns to each redaction the points inside it.

    Args:
        strides: distance between the points of each level, in pixels of the network input, ascending.
    """

    def __init__(self, strides: Sequence[int]) -> None:
        self.strides = tuple(float(stride) for stride in strides)

    def assign(
        self, anchors: Tensor, points_per_level: list[int], truth: Tensor, _ignored: Any = None, labels: Tensor | None = None
    ) -> AssignResult:
        """The number of each point's redaction, counted from 1; 0 is background. A point inside several learns the smallest.

        Args:
            anchors: (points, 4), xyxy around each point.
            truth: (redactions, 4), xyxy, in pixels of the network input.
            labels: (redactions,).
        """
        strides = torch.cat(
            [anchors.new_full((points, 1), stride) for points, stride in zip(points_per_level, self.strides, strict=True)]
        )
        assigned = torch.zeros(len(anchors), dtype=torch.long, device=anchors.device)
        if len(truth):
            positive = self._is_on_fitting_level(strides, truth) & _is_inside(anchors, strides, truth)
            area = (truth[:, 2:] - truth[:, :2]).prod(1).expand(len(anchors), -1)
            smallest, index = area.masked_fill(~positive, torch.inf).min(1)
            assigned = torch.where(smallest < torch.inf, index + 1, assigned)
        point_labels = None
        if labels is not None:
            # IceVision's labels of a page without redactions are floats
            point_labels = torch.cat([assigned.new_full((1,), -1), labels.to(assigned)])[assigned]
        return AssignResult(len(truth), assigned, (assigned > 0).to(anchors.dtype), labels=point_labels)

    def _is_on_fitting_level(self, strides: Tensor, truth: Tensor) -> Tensor:
        """Mask (points, redactions): the point's level fits the redaction's shorter side."""
        shorter = (truth[:, 2:] - truth[:, :2]).amin(1)
        # Python floats: clamping to a tensor fails if it is on another device than the redactions
        finest, coarsest = self.strides[0] * MIN_SHORTER_SIDE_STRIDES, self.strides[-1] * MAX_SHORTER_SIDE_STRIDES
        return (strides * MIN_SHORTER_SIDE_STRIDES <= shorter.clamp(min=finest)) & (
            strides * MAX_SHORTER_SIDE_STRIDES >= shorter.clamp(max=coarsest)
        )


def _is_inside(anchors: Tensor, strides: Tensor, truth: Tensor) -> Tensor:
    """Mask (points, redactions): the point lies inside the redaction and outside the margins at its ends."""
    points = (anchors[:, None, :2] + anchors[:, None, 2:]) / 2
    size = truth[:, 2:] - truth[:, :2]
    has_margin = size > MIN_SIDE_STRIDES_FOR_MARGIN * strides[..., None]
    margin = torch.where(has_margin, END_MARGIN_SHARE * size, torch.zeros_like(size))
    return ((points > truth[:, :2] + margin) & (points < truth[:, 2:] - margin)).all(-1)


@LOSSES.register_module()
class SoftVarifocalLoss(VarifocalLoss):  # type: ignore[misc]
    """Varifocal loss whose positive points have target scores from 0.5 to 1.

    The original's target is the IoU alone. At the far ends of a bar, where boxes are wrong at first, the network would learn
    background. Refinement moves boxes to the page's edges later, so any point on a redaction is useful.
    """

    def forward(self, scores: Tensor, ious: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        """The loss; `ious` are 0 for background."""
        targets = torch.where(ious > 0, (1 + ious) / 2, ious)
        loss: Tensor = super().forward(scores, targets, *args, **kwargs)
        return loss


@LOSSES.register_module()
class UnweightedGIoULoss(GIoULoss):  # type: ignore[misc]
    """GIoU loss without VFNet's weights: those are the IoUs, so the worst boxes would learn the least."""

    def forward(self, boxes: Tensor, truth: Tensor, *_: Any, **__: Any) -> Tensor:
        """The mean over all positive points."""
        loss: Tensor = super().forward(boxes, truth)
        return loss
