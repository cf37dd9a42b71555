"""Weights in 16 bits that an export does not round once more.

An export folds each batch normalization into the convolution before it, and rounds the product. Multiplied by a number that is no
power of two, what was rounded is rounded again, to something else than PyTorch computes with: ends of long boxes moved by 0.9
pixels. So each channel is scaled, which batch normalization undoes again, until the factor folded into it is a power of two.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

SMALLEST = 1e-4
"""Channels with less variance or a smaller factor say nothing, and stay as they are."""


def rounded(model: nn.Module) -> dict[str, Tensor]:
    """Round the network to 16 bits, in place, so that its exports in 16 bits say the same.

    Returns:
        Its state for a file: what belongs to batch normalizations in 32 bits (a hundredth of the whole), the rest in 16.
    """
    exact: set[str] = set()
    with torch.no_grad():
        for name, convolution, norm in _normalized(model):
            _scale_to_powers_of_two(convolution, norm)
            exact |= {f"{name}.{tensor}" for tensor in norm.state_dict()}
        state = {
            name: tensor if name in exact or not tensor.is_floating_point() else tensor.half()
            for name, tensor in model.state_dict().items()
        }
        model.load_state_dict(state)
        for _, _, norm in _normalized(model):
            # what is folded into the convolution's bias
            mean, variance = _statistics(norm)
            shift = norm.weight / (variance + norm.eps).sqrt() * mean
            norm.bias.copy_((norm.bias - shift).half().float() + shift)
    now = model.state_dict()
    return {name: (now[name] if name in exact else tensor).clone().contiguous() for name, tensor in state.items()}


def _statistics(norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Running mean and variance, which it has because it was trained."""
    return norm.running_mean, norm.running_var  # type: ignore[return-value]


def _normalized(model: nn.Module) -> Iterator[tuple[str, nn.Conv2d, nn.BatchNorm2d]]:
    """Each batch normalization of the ResNet with its name and the convolution before it."""
    modules: dict[str, Any] = dict(model.named_modules())
    for name, norm in modules.items():
        if isinstance(norm, nn.BatchNorm2d):
            parent, _, own = name.rpartition(".")
            before = "0" if own == "1" else own.replace("bn", "conv")  # in a shortcut they are only numbered
            yield name, modules[f"{parent}.{before}"], norm


def _scale_to_powers_of_two(convolution: nn.Conv2d, norm: nn.BatchNorm2d) -> None:
    """Scale the convolution's channels by about one, and the running statistics with them; nothing that is computed changes."""
    mean, variance = _statistics(norm)
    deviation = (variance + norm.eps).sqrt()
    factor = norm.weight.abs() / deviation
    alive = (factor > SMALLEST) & (variance > SMALLEST)
    power = torch.exp2(factor.clamp(min=SMALLEST).log2().round())
    scale = torch.where(alive, norm.weight.abs() / power / deviation, torch.ones_like(factor))
    convolution.weight *= scale[:, None, None, None]
    mean *= scale
    variance.copy_(torch.where(alive, (norm.weight / power) ** 2 - norm.eps, variance))
