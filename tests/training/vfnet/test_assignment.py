"""Every redaction, however thin, has positive points, and all of them lie inside it."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from redaction.detection.profiles import PROFILES
from redaction.training.vfnet.compat import prepare_icevision

INPUT_SIZE = (640, 832)
STRIDES = (8, 16, 32, 64, 128)


@pytest.fixture(scope="module")
def grid() -> tuple[torch.Tensor, list[int]]:
    """The square anchors of `nano` around the points of every level, and the number of points per level."""
    anchors, counts = [], []
    for stride in STRIDES:
        y, x = torch.meshgrid(torch.arange(0.0, INPUT_SIZE[1], stride), torch.arange(0.0, INPUT_SIZE[0], stride), indexing="ij")
        points = torch.stack([x, y], -1).reshape(-1, 2)
        anchors.append(torch.cat([points - 2 * stride, points + 2 * stride], 1))
        counts.append(len(points))
    return torch.cat(anchors), counts


def positive_points(grid: tuple[torch.Tensor, list[int]], *boxes: tuple[float, float, float, float]) -> list[tuple[Any, Any]]:
    """For each box, its positive points and their strides."""
    prepare_icevision()
    from redaction.training.vfnet.assignment import InsideBoxAssigner

    anchors, counts = grid
    labels = torch.zeros(len(boxes), dtype=torch.long)
    result = InsideBoxAssigner(STRIDES).assign(anchors, counts, torch.tensor(boxes, dtype=torch.float32), None, labels)
    strides = torch.tensor(STRIDES).repeat_interleave(torch.tensor(counts))
    assert ((result.gt_inds > 0) == (result.labels == 0)).all()
    centers = (anchors[:, :2] + anchors[:, 2:]) / 2
    return [(centers[result.gt_inds == number], strides[result.gt_inds == number]) for number in range(1, len(boxes) + 1)]


@settings(max_examples=300, deadline=None)
@given(st.floats(0, 400), st.floats(0, 700), st.floats(9, 600), st.floats(9, 800))
def test_every_box_at_least_as_wide_as_the_stride_has_positive_points_all_inside_it(
    grid: tuple[torch.Tensor, list[int]], x: float, y: float, width: float, height: float
) -> None:
    right, bottom = min(x + width, INPUT_SIZE[0] - 1), min(y + height, INPUT_SIZE[1] - 1)
    ((points, _),) = positive_points(grid, (x, y, right, bottom))
    assert len(points)
    assert ((points > torch.tensor([x, y])) & (points < torch.tensor([right, bottom]))).all()


@pytest.mark.parametrize("top", range(160, 177))
def test_a_bar_over_one_line_has_positive_points_at_any_position(grid: tuple[torch.Tensor, list[int]], top: int) -> None:
    """Ten pixels tall, as on a transcript: of sixteen vertical positions, ATSS assigned no point at six."""
    ((points, strides),) = positive_points(grid, (160.0, top, 550.0, top + 10.0))
    assert len(points) >= 30
    assert (strides == 8).all()


@pytest.mark.parametrize(
    ("box", "strides"),
    [
        ((100, 100, 112, 120), {8}),  # a letter
        ((100, 100, 500, 130), {8, 16}),  # two lines
        ((100, 100, 500, 200), {32, 64}),  # a paragraph; stride 16 covers up to 96 pixels
        ((100, 100, 550, 450), {64, 128}),
        ((10, 10, 630, 820), {128}),  # a whole page, though its shorter side exceeds six strides of the coarsest level
    ],
)
def test_the_shorter_side_selects_the_levels(
    grid: tuple[torch.Tensor, list[int]], box: tuple[float, float, float, float], strides: set[int]
) -> None:
    ((_, point_strides),) = positive_points(grid, box)
    assert set(point_strides.tolist()) == strides


def test_a_point_inside_two_boxes_is_assigned_to_the_smaller(grid: tuple[torch.Tensor, list[int]]) -> None:
    (large, _), (small, _) = positive_points(grid, (100.0, 100.0, 400.0, 140.0), (200.0, 108.0, 260.0, 132.0))
    assert len(large)
    assert len(small)
    assert ((small[:, 0] > 200) & (small[:, 0] < 260)).all()


def test_all_points_of_a_page_without_redactions_are_background() -> None:
    prepare_icevision()
    from redaction.training.vfnet.assignment import InsideBoxAssigner

    anchors = torch.tensor([[-16.0, -16.0, 16.0, 16.0]])
    result = InsideBoxAssigner((8,)).assign(
        anchors, [1], torch.zeros(0, 4), None, torch.zeros(0)
    )  # IceVision's labels of an empty page
    assert (result.gt_inds.tolist(), result.labels.tolist()) == ([0], [-1])


def test_the_target_score_of_a_positive_point_is_at_least_one_half_whatever_its_iou() -> None:
    prepare_icevision()
    from redaction.training.vfnet.assignment import SoftVarifocalLoss, UnweightedGIoULoss
    from redaction.training.vfnet.model import build_model

    head: Any = build_model(PROFILES["nano"]).bbox_head
    assert isinstance(head.loss_cls, SoftVarifocalLoss)
    assert isinstance(head.loss_bbox, UnweightedGIoULoss)
    # at an IoU of nearly 0, the loss over log-odds from -1 to 2 has its minimum at a score of one half
    odds = torch.linspace(-1, 2, 31)
    losses = [float(head.loss_cls(score.view(1, 1), torch.tensor([[0.01]]))) for score in odds]
    assert abs(float(odds[losses.index(min(losses))])) < 0.11
    boxes, truth = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 10]]), torch.tensor([[0.0, 0, 10, 10], [8, 8, 90, 90]])
    assert head.loss_bbox(boxes, truth, weight=torch.tensor([1.0, 0.0])) == head.loss_bbox(boxes, truth)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_the_assignment_is_the_same_on_a_gpu(grid: tuple[torch.Tensor, list[int]]) -> None:
    """Regression test: a bound that was a CPU tensor failed on a GPU, which a CPU cannot show."""
    prepare_icevision()
    from redaction.training.vfnet.assignment import InsideBoxAssigner

    anchors, counts = grid
    truth, labels = torch.tensor([[160.0, 160.0, 550.0, 170.0], [40.0, 300.0, 400.0, 700.0]]), torch.zeros(2)
    assigner = InsideBoxAssigner(STRIDES)
    cpu, gpu = (
        assigner.assign(*(anchors.to(device), counts, truth.to(device), None, labels.to(device))) for device in ("cpu", "cuda")
    )
    assert torch.equal(cpu.gt_inds, gpu.gt_inds.cpu())
    assert torch.equal(cpu.labels, gpu.labels.cpu())
