"""The weights that a training starts from."""

from __future__ import annotations

import logging
from pathlib import Path

import torch
from icevision.models.mmdet import vfnet
from safetensors.torch import load_file
from torch import Tensor, nn

from redaction.detection.artifact import WEIGHTS, Detector
from redaction.detection.profiles import TrainingConfig
from redaction.detection.starter import STARTER_PROFILE, starter_detector
from redaction.errors import RedactionError
from redaction.files import sha256_of_file
from redaction.training.vfnet.model import build_model

logger = logging.getLogger(__name__)

MIN_MATCHING_SHARE = 0.9
"""Of the network's parameters. The last layer of a COCO network scores 80 classes and never matches."""


def initial_model(config: TrainingConfig, downloads: Path) -> nn.Module:
    """The network of the config's profile, with the weights that `config.init` names.

    Args:
        downloads: folder for downloads (only with ``init: coco``).

    Raises:
        RedactionError: the weights are unavailable or belong to another profile.
    """
    torch.manual_seed(config.seed)
    if config.init == "scratch":
        return build_model(config.shape)
    coco = config.init == "coco"
    model = build_model(config.shape, pretrained=coco)
    weights = _coco_weights(config, downloads) if coco else load_file(_weights_file(config))
    _load_matching(model, weights, config)
    return model


def initial_weights_digest(config: TrainingConfig) -> str:
    """SHA-256 of the weights file that the training starts from; empty for ``scratch`` and for ``coco``, whose download is
    verified."""
    return "" if config.init in ("scratch", "coco") else sha256_of_file(_weights_file(config))


def _coco_weights(config: TrainingConfig, downloads: Path) -> dict[str, Tensor]:
    if config.profile != "base":
        raise RedactionError(f"init: coco needs profile: base, not {config.profile}; use init: scratch, or a detector's folder.")
    url = vfnet.backbones.resnet50_fpn_mstrain_2x.weights_url
    try:
        # check_hash: the file name contains the first digits of its SHA-256; weights_only: the file cannot run code
        saved = torch.hub.load_state_dict_from_url(url, str(downloads), "cpu", False, check_hash=True, weights_only=True)
    except OSError as error:
        raise RedactionError(f"mmdet's COCO weights cannot be downloaded from {url} ({error}); use init: scratch.") from error
    weights: dict[str, Tensor] = saved["state_dict"]
    return weights


def _weights_file(config: TrainingConfig) -> Path:
    if config.init == "starter":
        if config.profile != STARTER_PROFILE:
            raise RedactionError(
                f"init: starter needs profile: {STARTER_PROFILE}, not {config.profile}; use init: scratch, or a detector."
            )
        return starter_detector().path(WEIGHTS)
    path = Path(config.init)
    if path.is_dir():
        path = Detector.load(path).path(WEIGHTS)
    if not path.is_file():
        known = "`starter`, `scratch`, `coco`, a detector's folder or a .safetensors file"
        raise RedactionError(f"init: {path} does not exist; use {known}.")
    if path.suffix != ".safetensors":
        raise RedactionError(f"init: {path} is not a .safetensors file; other formats can run code when they are read.")
    return path


def _load_matching(model: nn.Module, weights: dict[str, Tensor], config: TrainingConfig) -> None:
    """Load the tensors whose name and shape match the network's."""
    state = model.state_dict()
    matching = {name: tensor for name, tensor in weights.items() if name in state and state[name].shape == tensor.shape}
    share = sum(state[name].numel() for name in matching) / sum(tensor.numel() for tensor in state.values())
    if share < MIN_MATCHING_SHARE:
        raise RedactionError(
            f"init: only {share:.0%} of the weights of {config.init} fit the profile {config.profile}; use weights of that one."
        )
    model.load_state_dict(matching, strict=False)
    logger.info("loaded %d of %d tensors from %s", len(matching), len(state), config.init)
