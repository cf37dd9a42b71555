"""Weights in 16 bits that an export does not round a second time.

An export folds each batch normalization into the convolution before it and rounds the product. A rounded weight times a factor
that is not a power of two is rounded again, and then differs from what PyTorch computes with: the ends of long boxes moved by
0.9 pixels. So each channel is scaled until the factor folded into it is a power of two; batch normalization undoes the scaling.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

MIN_ACTIVE = 1e-4
"""Channels with a smaller variance or a smaller factor are inactive and stay as they are."""


def round_to_half_precision(model: nn.Module) -> dict[str, Tensor]:
    """Round the network to 16 bits, in place, so that its exports in 16 bits predict the same.

    Returns:
        The state to store: batch normalizations in 32 bits (a hundredth of the whole), the rest in 16.
    """
    full_precision: set[str] = set()
    with torch.no_grad():
        for name, convolution, norm in _normalized_convolutions(model):
            _scale_to_powers_of_two(convolution, norm)
            full_precision |= {f"{name}.{tensor}" for tensor in norm.state_dict()}
        state = {
            name: tensor if name in full_precision or not tensor.is_floating_point() else tensor.half()
            for name, tensor in model.state_dict().items()
        }
        model.load_state_dict(state)
        for _, _, norm in _normalized_convolutions(model):
            # round the bias that results from folding
            mean, variance = _running_statistics(norm)
            shift = norm.weight / (variance + norm.eps).sqrt() * mean
            norm.bias.copy_((norm.bias - shift).half().float() + shift)
    rounded = model.state_dict()
    return {name: (rounded[name] if name in full_precision else tensor).clone().contiguous() for name, tensor in state.items()}


def _running_statistics(norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Running mean and variance."""
    return norm.running_mean, norm.running_var  # type: ignore[return-value]


def _normalized_convolutions(model: nn.Module) -> Iterator[tuple[str, nn.Conv2d, nn.BatchNorm2d]]:
    """The name of each batch normalization of the ResNet, the convolution before it, and the normalization itself."""
    modules: dict[str, Any] = dict(model.named_modules())
    for name, norm in modules.items():
        if isinstance(norm, nn.BatchNorm2d):
            parent, _, own = name.rpartition(".")
            convolution = "0" if own == "1" else own.replace("bn", "conv")  # a shortcut numbers its modules
            yield name, modules[f"{parent}.{convolution}"], norm


def _scale_to_powers_of_two(convolution: nn.Conv2d, norm: nn.BatchNorm2d) -> None:
    """Scale the convolution's channels by a factor near 1 and the running statistics with them; the output does not change."""
    mean, variance = _running_statistics(norm)
    deviation = (variance + norm.eps).sqrt()
    factor = norm.weight.abs() / deviation
    active = (factor > MIN_ACTIVE) & (variance > MIN_ACTIVE)
    power = torch.exp2(factor.clamp(min=MIN_ACTIVE).log2().round())
    scale = torch.where(active, norm.weight.abs() / power / deviation, torch.ones_like(factor))
    convolution.weight *= scale[:, None, None, None]
    mean *= scale
    variance.copy_(torch.where(active, (norm.weight / power) ** 2 - norm.eps, variance))
