"""Every redaction, however thin, is learnt by points that lie on it."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from redaction.detection.profiles import PROFILES
from redaction.training.vfnet.compat import prepare_icevision

FRAME = (640, 832)
STRIDES = (8, 16, 32, 64, 128)


@pytest.fixture(scope="module")
def grid() -> tuple[torch.Tensor, list[int]]:
    """Square anchors around the points of every level, as `nano` has them."""
    anchors, counts = [], []
    for stride in STRIDES:
        y, x = torch.meshgrid(torch.arange(0.0, FRAME[1], stride), torch.arange(0.0, FRAME[0], stride), indexing="ij")
        points = torch.stack([x, y], -1).reshape(-1, 2)
        anchors.append(torch.cat([points - 2 * stride, points + 2 * stride], 1))
        counts.append(len(points))
    return torch.cat(anchors), counts


def points_of(grid: tuple[torch.Tensor, list[int]], *boxes: tuple[float, float, float, float]) -> list[tuple[Any, Any]]:
    """For each box, the points that learn it and their strides."""
    prepare_icevision()
    from redaction.training.vfnet.assignment import PointsOnRedactions

    anchors, counts = grid
    labels = torch.zeros(len(boxes), dtype=torch.long)
    result = PointsOnRedactions(STRIDES).assign(anchors, counts, torch.tensor(boxes, dtype=torch.float32), None, labels)
    strides = torch.tensor(STRIDES).repeat_interleave(torch.tensor(counts))
    assert ((result.gt_inds > 0) == (result.labels == 0)).all()
    middle = (anchors[:, :2] + anchors[:, 2:]) / 2
    return [(middle[result.gt_inds == number], strides[result.gt_inds == number]) for number in range(1, len(boxes) + 1)]


@settings(max_examples=300, deadline=None)
@given(st.floats(0, 400), st.floats(0, 700), st.floats(9, 600), st.floats(9, 800))
def test_every_box_as_wide_as_the_points_are_apart_is_learnt_by_points_on_it(
    grid: tuple[torch.Tensor, list[int]], x: float, y: float, width: float, height: float
) -> None:
    right, bottom = min(x + width, FRAME[0] - 1), min(y + height, FRAME[1] - 1)
    ((points, _),) = points_of(grid, (x, y, right, bottom))
    assert len(points)
    assert ((points > torch.tensor([x, y])) & (points < torch.tensor([right, bottom]))).all()


@pytest.mark.parametrize("top", range(160, 177))
def test_a_bar_over_one_line_is_learnt_wherever_it_lies(grid: tuple[torch.Tensor, list[int]], top: int) -> None:
    """Ten pixels tall, as on a transcript: of every sixteen rows where it can begin, ATSS learnt nothing at six."""
    ((points, strides),) = points_of(grid, (160.0, top, 550.0, top + 10.0))
    assert len(points) >= 30
    assert (strides == 8).all()


@pytest.mark.parametrize(
    ("box", "strides"),
    [
        ((100, 100, 112, 120), {8}),  # a letter
        ((100, 100, 500, 130), {8, 16}),  # two lines
        ((100, 100, 500, 200), {32, 64}),  # a paragraph; 16 ends at 96
        ((100, 100, 550, 450), {64, 128}),
        ((10, 10, 630, 820), {128}),  # a whole page, though it is more than six strides of the coarsest level
    ],
)
def test_the_shorter_side_names_the_levels(
    grid: tuple[torch.Tensor, list[int]], box: tuple[float, float, float, float], strides: set[int]
) -> None:
    ((_, of_points),) = points_of(grid, box)
    assert set(of_points.tolist()) == strides


def test_points_on_two_boxes_learn_the_smaller(grid: tuple[torch.Tensor, list[int]]) -> None:
    (large, _), (small, _) = points_of(grid, (100.0, 100.0, 400.0, 140.0), (200.0, 108.0, 260.0, 132.0))
    assert len(large)
    assert len(small)
    assert ((small[:, 0] > 200) & (small[:, 0] < 260)).all()


def test_a_page_without_redactions_is_background() -> None:
    prepare_icevision()
    from redaction.training.vfnet.assignment import PointsOnRedactions

    anchors = torch.tensor([[-16.0, -16.0, 16.0, 16.0]])
    result = PointsOnRedactions((8,)).assign(anchors, [1], torch.zeros(0, 4), None, torch.zeros(0))  # as IceVision has them
    assert (result.gt_inds.tolist(), result.labels.tolist()) == ([0], [-1])


def test_a_point_on_a_redaction_is_worth_something_however_wrong_its_box() -> None:
    prepare_icevision()
    from redaction.training.vfnet.assignment import SoftVarifocalLoss, UnweightedGIoULoss
    from redaction.training.vfnet.model import build_model

    head: Any = build_model(PROFILES["nano"]).bbox_head
    assert isinstance(head.loss_cls, SoftVarifocalLoss)
    assert isinstance(head.loss_bbox, UnweightedGIoULoss)
    # of scores -1 to 2 (as log-odds), the one with the least loss where the overlap is nearly nothing is that of one half
    odds = torch.linspace(-1, 2, 31)
    losses = [float(head.loss_cls(score.view(1, 1), torch.tensor([[0.01]]))) for score in odds]
    assert abs(float(odds[losses.index(min(losses))])) < 0.11
    boxes, truth = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 10]]), torch.tensor([[0.0, 0, 10, 10], [8, 8, 90, 90]])
    assert head.loss_bbox(boxes, truth, weight=torch.tensor([1.0, 0.0])) == head.loss_bbox(boxes, truth)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_gpu_the_same_points_learn_the_same_redactions(grid: tuple[torch.Tensor, list[int]]) -> None:
    """A limit that lay on the processor stopped every training on a GPU; on a processor nothing can be seen of that."""
    prepare_icevision()
    from redaction.training.vfnet.assignment import PointsOnRedactions

    anchors, counts = grid
    truth, labels = torch.tensor([[160.0, 160.0, 550.0, 170.0], [40.0, 300.0, 400.0, 700.0]]), torch.zeros(2)
    assigner = PointsOnRedactions(STRIDES)
    here, there = (
        assigner.assign(*(anchors.to(device), counts, truth.to(device), None, labels.to(device))) for device in ("cpu", "cuda")
    )
    assert torch.equal(here.gt_inds, there.gt_inds.cpu())
    assert torch.equal(here.labels, there.labels.cpu())
