"""Rounding to 16 bits changes the network's output only slightly, and an export in 16 bits does not change it further."""

import pytest
import torch
from torch import nn

from redaction.detection.profiles import PROFILES
from redaction.training.vfnet.compat import prepare_icevision


@pytest.fixture
def trained() -> nn.Module:
    """`nano` with batch normalizations as after a training: no factor is a power of two, and one channel is inactive."""
    prepare_icevision()
    from redaction.training.vfnet.model import build_model

    torch.manual_seed(0)
    model = build_model(PROFILES["nano"])
    for norm in model.modules():
        if isinstance(norm, nn.BatchNorm2d):
            nn.init.uniform_(norm.weight, 0.3, 1.7)
            nn.init.normal_(norm.bias)
            norm.running_mean.normal_()  # type: ignore[union-attr]
            norm.running_var.uniform_(0.2, 3)  # type: ignore[union-attr]
            with torch.no_grad():
                norm.weight[0] = 0
    return model.eval()


def test_the_output_changes_only_by_the_rounding(trained: nn.Module) -> None:
    from redaction.training.vfnet.half_precision import round_to_half_precision

    page = torch.randn(1, 3, 96, 96)
    with torch.no_grad():
        before = trained.extract_feat(page)  # type: ignore[operator]
        round_to_half_precision(trained)
        after = trained.extract_feat(page)  # type: ignore[operator]
    for one, other in zip(before, after, strict=True):
        assert (one - other).abs().max() < 0.01 * one.abs().max()


def test_weights_and_biases_folded_into_a_convolution_are_exact_in_16_bits(trained: nn.Module) -> None:
    from redaction.training.vfnet.half_precision import round_to_half_precision

    round_to_half_precision(trained)
    backbone = trained.backbone
    for convolution, norm in ((backbone.conv1, backbone.bn1), (backbone.layer2[0].conv2, backbone.layer2[0].bn2)):  # type: ignore[union-attr,index]
        factor = norm.weight / (norm.running_var + norm.eps).sqrt()
        weight, bias = convolution.weight * factor[:, None, None, None], norm.bias - factor * norm.running_mean
        assert torch.allclose(weight.half().float(), weight, rtol=1e-5, atol=1e-7)
        assert torch.allclose(bias.half().float(), bias, rtol=1e-5, atol=1e-6)


def test_loading_the_state_gives_the_same_network(trained: nn.Module) -> None:
    from redaction.training.vfnet.half_precision import round_to_half_precision
    from redaction.training.vfnet.model import build_model

    state = round_to_half_precision(trained)
    loaded = build_model(PROFILES["nano"])
    loaded.load_state_dict(state)
    for name, tensor in trained.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor), name
    size = sum(tensor.numel() * tensor.element_size() for tensor in state.values())
    assert size < 0.52 * sum(tensor.numel() * tensor.element_size() for tensor in trained.state_dict().values())
