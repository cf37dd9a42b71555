"""The network: IceVision's VFNet in the size of a profile."""

from __future__ import annotations

from typing import Any

from icevision.models.mmdet import vfnet
from mmdet.models import HEADS
from mmdet.models.dense_heads import VFNetHead
from torch import Tensor, nn

from redaction.detection.profiles import Profile
from redaction.training.vfnet.assignment import InsideBoxAssigner, SoftVarifocalLoss, UnweightedGIoULoss

STRIDES = (8, 16, 32, 64, 128)
"""Distance between the points of each level of the feature pyramid, in pixels of the network input."""


@HEADS.register_module()
class VFNetHeadWithValidationLoss(VFNetHead):  # type: ignore[misc]
    """VFNet's head, with a loss that can be computed in evaluation mode too.

    In evaluation mode the original returns two outputs, but its loss takes three, so there is no validation loss
    (airctic/icevision#1006, open-mmlab/mmdetection#6851). This head always returns all three, and `get_bboxes` ignores the
    unrefined boxes.
    """

    def forward_single(self, *args: Any) -> tuple[Tensor, Tensor, Tensor]:
        """Scores, boxes and refined boxes of one level, in either mode."""
        mode = self.training  # type: ignore[has-type]
        self.training = True
        try:
            outputs: tuple[Tensor, Tensor, Tensor] = super().forward_single(*args)
        finally:
            self.training = mode
        return outputs

    def get_bboxes(self, scores: Any, _unrefined: Any, refined: Any, *args: Any, **kwargs: Any) -> Any:
        """The refined boxes after non-maximum suppression."""
        return super().get_bboxes(scores, refined, *args, **kwargs)


def build_model(profile: Profile, number_of_classes: int = 1, pretrained: bool = False) -> nn.Module:
    """The network with random weights, as IceVision builds it.

    Args:
        number_of_classes: without the background.
        pretrained: freeze the first stages and the running statistics of the batch normalization (the caller loads weights that
            were trained with large batches).
    """
    backbone = {
        "depth": profile.depth,
        "base_channels": profile.base_channels,
        "stem_channels": profile.base_channels,
        # the default downloads torchvision's ResNet
        "init_cfg": None,
        "norm_eval": pretrained,
        "frozen_stages": 1 if pretrained else -1,
    }
    head = {
        "type": VFNetHeadWithValidationLoss.__name__,
        "in_channels": profile.neck_channels,
        "feat_channels": profile.neck_channels,
        "stacked_convs": profile.stacked_convs,
        "regress_ranges": _regress_ranges(profile.finest_box),
        "loss_cls.type": SoftVarifocalLoss.__name__,
        "loss_bbox.type": UnweightedGIoULoss.__name__,
        "loss_bbox_refine.type": UnweightedGIoULoss.__name__,
        "anchor_generator": {
            "type": "AnchorGenerator",
            "ratios": [1.0],
            "octave_base_scale": profile.finest_box // STRIDES[0],
            "scales_per_octave": 1,
            "center_offset": 0.0,
            "strides": list(STRIDES),
        },
    }
    options = {
        **{f"model.backbone.{key}": value for key, value in backbone.items()},
        **{f"model.bbox_head.{key}": value for key, value in head.items()},
        "model.neck.in_channels": profile.stage_channels,
        "model.neck.out_channels": profile.neck_channels,
        "model.train_cfg.assigner": {"_delete_": True, "type": InsideBoxAssigner.__name__, "strides": list(STRIDES)},
        "model.test_cfg.score_thr": 0.01,
        "model.test_cfg.max_per_img": 300,
    }
    config = vfnet.backbones.resnet50_fpn_1x(pretrained=False)
    model: nn.Module = vfnet.model(backbone=config, num_classes=number_of_classes + 1, cfg_options=options)
    return model


def _regress_ranges(finest_box_px: int) -> tuple[tuple[float, float], ...]:
    """Box sizes of each level, in pixels of the network input; VFNet predicts distances in units of the upper bounds."""
    bounds = [finest_box_px * 2**level for level in range(len(STRIDES) - 1)]
    return tuple(zip([-1, *bounds], [*bounds, float("inf")], strict=True))
