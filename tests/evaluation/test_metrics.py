"""Metrics of a detector: hand-counted cases, and comparisons with three other implementations."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from redaction.dataset import AnnotatedPage, Box, Split, Style
from redaction.evaluation import EvaluatedPage, average_precision, bootstrap_weights, compute_metrics, evaluate, match, page_style
from redaction.evaluation.bootstrap import interval
from redaction.evaluation.differences import differences
from redaction.evaluation.matching import Matches, weighted_metrics
from redaction.pages.geometry import Detections, as_xyxy
from tests.evaluation.builders import evaluated_page

HERE = [0, 0, 10, 10]
BESIDE = [20, 0, 30, 10]
FAR = [100, 100, 110, 110]


@pytest.mark.parametrize(
    ("truth", "found", "expected"),
    [
        ([HERE], [(HERE, 0.9)], [True]),
        ([HERE], [(FAR, 0.9)], [False]),
        ([HERE], [(HERE, 0.9), (HERE, 0.8)], [True, False]),  # the box is already found
        ([HERE], [([0, 0, 10, 5.1], 0.9)], [True]),
        ([HERE], [([0, 0, 10, 5], 0.9)], [False]),  # an IoU of exactly 0.5 does not match
        ([], [(HERE, 0.9)], [False]),
        ([HERE, BESIDE], [], []),
        ([HERE, [2, 0, 12, 10]], [([1, 0, 11, 10], 0.9), ([1, 0, 11, 10], 0.8)], [True, True]),  # each finds a different box
    ],
)
def test_a_box_is_found_once_and_by_an_iou_above_half(truth: list, found: list, expected: list[bool]) -> None:
    page = evaluated_page(truth, found)
    assert match(page.truth, page.detections).tolist() == expected


def test_metrics_equal_a_hand_count() -> None:
    pages = [
        evaluated_page([HERE, BESIDE], [(HERE, 0.9), (FAR, 0.8), (BESIDE, 0.2)]),  # BESIDE is below the operating point
        evaluated_page([], [(FAR, 0.7)]),
    ]
    counted = compute_metrics(pages, operating_point=0.5)
    assert (counted.pages, counted.boxes, counted.false_positives) == (2, 2, 2)
    assert counted.recall == 1 / 2
    assert counted.precision == 1 / 3
    assert counted.f1 == pytest.approx(2 * 1 / (2 * 1 + 2 + 1))
    # precision is 1 up to recall .5 (51 of the 101 points), and 2/4 beyond (50 points)
    assert counted.ap50 == pytest.approx((51 * 1 + 50 * 0.5) / 101)
    assert counted.pixel_recall == 1 / 2
    assert counted.pixel_precision == 1 / 3


def test_overlapping_detections_count_once_in_pixel_metrics() -> None:
    page = evaluated_page([HERE], [(HERE, 0.9), ([0, 0, 10, 8], 0.8), ([5, 0, 15, 10], 0.7)])
    counted = compute_metrics([page], operating_point=0.5)
    assert counted.pixel_precision == pytest.approx(100 / 150)
    assert counted.pixel_recall == 1.0


def test_an_undefined_metric_is_none_and_not_zero() -> None:
    nothing = compute_metrics([evaluated_page([], [])], operating_point=0.5)
    assert (nothing.ap, nothing.ap50, nothing.precision, nothing.recall, nothing.f1) == (None,) * 5
    assert (nothing.pixel_precision, nothing.pixel_recall) == (None, None)
    blind = compute_metrics([evaluated_page([HERE], [])], operating_point=0.5)
    assert (blind.ap, blind.ap50, blind.precision, blind.recall, blind.f1) == (0.0, 0.0, None, 0.0, 0.0)
    assert compute_metrics([], operating_point=0.5).pages == 0


def test_more_than_a_hundred_redactions_on_a_page_all_count() -> None:
    boxes = [[x * 20, y * 20, x * 20 + 10, y * 20 + 10] for x in range(15) for y in range(15)]
    assert average_precision([evaluated_page(boxes, [(box, 0.9) for box in boxes])]) == (1.0, 1.0)


def page(*styles: Style) -> AnnotatedPage:
    boxes = tuple(Box(x0=i, y0=0, x1=i + 1, y1=1, style=style) for i, style in enumerate(styles))
    return AnnotatedPage(page="d/0000", document="d", image="i", sha256="s", width=9, height=9, split=Split.TEST, boxes=boxes)


def test_the_style_of_a_page_is_the_style_of_all_its_redactions() -> None:
    assert page_style(page()) == "no redaction"
    assert page_style(page(Style.GREY, Style.GREY)) == "grey"
    assert page_style(page(Style.GREY, Style.BLACK)) == "mixed"


def test_a_page_with_two_styles_counts_for_both_with_the_boxes_of_each() -> None:
    mixed = evaluated_page([HERE, BESIDE], [(HERE, 0.9), (FAR, 0.8)], "mixed", box_styles=("black", "grey"))
    other = evaluated_page([HERE], [(HERE, 0.9)], "black")
    by_style = evaluate([mixed, other], "p", version="v", detector_digest="d", operating_point=0.5).by_style
    assert list(by_style) == ["black", "grey"]
    black, gray = by_style["black"], by_style["grey"]
    assert (black.pages, black.boxes, black.recall, black.false_positives) == (2, 2, 1.0, 1)
    assert (gray.pages, gray.boxes, gray.recall, gray.false_positives) == (1, 1, 0.0, 1)
    assert gray.pixel_precision == pytest.approx(1 / 2)  # half the area under detections is redacted, though in black


def test_sizes_are_shares_of_the_page_and_every_detection_counts_once() -> None:
    small, medium, large = [0, 0, 30, 30], [0, 100, 100, 130], [0, 200, 400, 300]  # .09 %, .3 % and 4 % of one megapixel
    found = [(small, 0.9), (large, 0.9), ([500, 500, 510, 510], 0.8), ([500, 700, 900, 800], 0.8)]
    evaluation = evaluate(
        [evaluated_page([small, medium, large], found, area_px=1e6)], "p", version="v", detector_digest="d", operating_point=0.5
    )
    sizes = evaluation.by_size
    assert {name: (row.boxes, row.recall, row.false_positives) for name, row in sizes.items()} == {
        "small": (1, 1.0, 1),
        "medium": (1, 0.0, 0),
        "large": (1, 1.0, 1),
    }
    assert sum(row.false_positives for row in sizes.values()) == evaluation.overall.false_positives


def test_false_positives_on_clean_pages_are_counted_separately() -> None:
    pages = [evaluated_page([], [(HERE, 0.9), (FAR, 0.1)]), evaluated_page([], []), evaluated_page([HERE], [(HERE, 0.9)])]
    evaluation = evaluate(pages, "p", version="v", detector_digest="d", operating_point=0.5)
    assert evaluation.false_positives_per_clean_page == 1 / 2
    assert evaluation.by_style["black"].recall == 1.0
    assert evaluation.by_style["no redaction"].false_positives == 1


# -- confidence intervals


def test_whole_documents_are_resampled_and_the_seed_decides_the_resamples() -> None:
    weights = bootstrap_weights(["a", "b", "a", "c"], resamples=50)
    assert (weights[:, 0] == weights[:, 2]).all()
    assert (weights[:, [0, 1, 3]].sum(axis=1) == 3).all()
    assert (weights == bootstrap_weights(["a", "b", "a", "c"], resamples=50)).all()
    assert (weights != bootstrap_weights(["a", "b", "a", "c"], resamples=50, seed=1)).any()


def test_an_interval_is_wider_when_whole_documents_are_missed() -> None:
    """Half of 200 boxes is missed: those on every second page, or those of every second document of ten pages."""
    found, missed = (HERE, 0.9), (FAR, 0.9)
    apart = [evaluated_page([HERE], [found if n % 2 else missed], document=str(n // 10)) for n in range(200)]
    together = [evaluated_page([HERE], [found if n // 10 % 2 else missed], document=str(n // 10)) for n in range(200)]
    widths = []
    for pages in (apart, together):
        overall = evaluate(pages, "p", version="v", detector_digest="d", operating_point=0.5).overall
        assert overall.recall == 0.5
        recall = overall.intervals["recall"]
        assert recall.low <= 0.5 <= recall.high
        widths.append(recall.high - recall.low)
    assert widths[0] == 0.0  # each document is half found, so all resamples agree
    assert 0.35 < widths[1] < 0.5  # binomial: 2 x 1.96 x sqrt(.25 / 20) = .44


def test_too_few_documents_give_no_interval() -> None:
    pages = [evaluated_page([HERE], [(HERE, 0.9)], document=str(number)) for number in range(4)]
    assert evaluate(pages, "p", version="v", detector_digest="d", operating_point=0.5).overall.intervals == {}
    assert interval(np.array([0.5, np.nan, np.nan]), documents=9) is None  # undefined on most resamples


def test_two_detectors_are_compared_on_the_same_resamples() -> None:
    """One detector finds one more box in each document, so the difference is certain although the recall is not."""
    hard = [number % 2 == 0 for number in range(30)]
    boxes = [HERE, BESIDE]
    first = [evaluated_page(boxes, [(HERE, 0.9)] + ([] if h else [(BESIDE, 0.9)]), document=str(n)) for n, h in enumerate(hard)]
    second = [evaluated_page(boxes, [] if h else [(HERE, 0.9)], document=str(n)) for n, h in enumerate(hard)]
    recall = next(d for d in differences(first, 0.5, second, 0.5) if (d.group, d.metric) == ("all", "recall"))
    assert recall.value == 0.5
    assert recall.interval is not None
    assert (recall.interval.low, recall.interval.high) == pytest.approx((0.5, 0.5))
    backwards = next(d for d in differences(second, 0.5, first, 0.5) if (d.group, d.metric) == ("all", "recall"))
    assert backwards.value == -0.5
    assert all(d.value == 0 for d in differences(first, 0.5, first, 0.5))


def test_a_page_with_weight_two_counts_as_two_pages() -> None:
    pages = [
        evaluated_page([HERE, BESIDE], [(HERE, 0.9), (FAR, 0.6)], document="a"),
        evaluated_page([HERE], [(HERE, 0.7)], document="b"),
    ]
    matches = Matches.of(pages)
    weighted = weighted_metrics(matches, matches.everything, 0.5, np.array([[2.0, 0.0], [2.0, 1.0]]))
    for row, copies in enumerate(([pages[0]] * 2, [pages[0], pages[0], pages[1]])):
        expected = compute_metrics(copies, 0.5)
        for name in ("precision", "recall", "f1", "ap", "ap50", "pixel_precision", "pixel_recall"):
            assert weighted[name][row] == pytest.approx(getattr(expected, name)), name


# -- comparisons with other implementations


def plain_ap50_and_f1(pages: Sequence[EvaluatedPage], operating_point: float) -> tuple[float, float]:
    """AP50 and F1 computed plainly, one detection at a time."""

    def iou(a: Sequence[float], b: Sequence[float]) -> float:
        width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
        common = max(0.0, width) * max(0.0, height)
        return common / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - common)

    hits_by_score = []
    for page in pages:
        unmatched = page.truth.tolist()
        for box, score in zip(page.detections.xyxy.tolist(), page.detections.scores.tolist(), strict=True):
            best = max(unmatched, key=lambda truth, box=box: iou(box, truth), default=None)
            hit = best is not None and iou(box, best) > 0.5
            if hit:
                unmatched.remove(best)
            hits_by_score.append((score, hit))
    boxes = sum(len(page.truth) for page in pages)
    hits_by_score.sort(key=lambda scored: -scored[0])
    hits_at_rank = np.cumsum([hit for _, hit in hits_by_score]).tolist()
    curve = [(hits / boxes, hits / rank) for rank, hits in enumerate(hits_at_rank, start=1)]
    ap = sum(max((p for r, p in curve if r >= level / 100), default=0.0) for level in range(101)) / 101
    hits = sum(hit for score, hit in hits_by_score if score >= operating_point)
    reported = sum(score >= operating_point for score, _ in hits_by_score)
    return ap, 2 * hits / (reported + boxes)


cells = st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(2, 6), st.integers(2, 6)).map(
    lambda xywh: [xywh[0], xywh[1], xywh[0] + xywh[2], xywh[1] + xywh[3]]
)
scored = st.tuples(cells, st.integers(1, 1000).map(lambda thousandths: thousandths / 1024))
# at most four boxes, so that every recall is exact in binary
some_pages = st.lists(st.tuples(st.lists(cells, max_size=2), st.lists(scored, max_size=5)), min_size=1, max_size=2)


@settings(max_examples=150, deadline=None)
@given(some_pages)
def test_metrics_agree_with_a_plain_implementation(drawn: list) -> None:
    pages = [evaluated_page(truth, found) for truth, found in drawn]
    if not any(len(one.truth) for one in pages):
        return
    ours = compute_metrics(pages, operating_point=0.5)
    assert (ours.ap50, ours.f1) == pytest.approx(plain_ap50_and_f1(pages, 0.5), abs=1e-9)


def noisy_pages(random: np.random.Generator, truths: Sequence[np.ndarray]) -> list[EvaluatedPage]:
    """Pages with these boxes, and jittered copies of them plus noise as detections."""
    pages = []
    for truth in truths:
        noise = random.uniform(0, 500, (int(random.integers(0, 3)), 2)).astype(np.float32)
        found = np.concatenate([truth + random.normal(0, 3, truth.shape), np.concatenate([noise, noise + 40], axis=1)])
        found = found[(found[:, 2] > found[:, 0]) & (found[:, 3] > found[:, 1])]
        pages.append(EvaluatedPage("x", truth, Detections(as_xyxy(found), random.uniform(0, 1, len(found)).astype(np.float32))))
    return pages


def xywh(xyxy: np.ndarray) -> list[list[float]]:
    boxes = xyxy.astype(np.float64)
    return np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1).tolist()


def test_ap_agrees_with_pycocotools() -> None:
    random = np.random.default_rng(3)
    corners = random.uniform(0, 400, (12, 6, 2)).astype(np.float32)
    sides = random.uniform(15, 90, corners.shape).astype(np.float32)
    pages = noisy_pages(random, list(np.concatenate([corners, corners + sides], axis=2)))
    truth = COCO()
    annotations = [(number, box) for number, one in enumerate(pages, start=1) for box in xywh(one.truth)]
    truth.dataset = {
        "info": {},
        "images": [{"id": number} for number in range(1, len(pages) + 1)],
        "annotations": [
            {"id": n, "image_id": number, "category_id": 1, "bbox": box, "area": box[2] * box[3], "iscrowd": 0}
            for n, (number, box) in enumerate(annotations, start=1)
        ],
        "categories": [{"id": 1, "name": "redaction"}],
    }
    results = [
        {"image_id": number, "category_id": 1, "bbox": box, "score": float(score)}
        for number, one in enumerate(pages, start=1)
        for box, score in zip(xywh(one.detections.xyxy), one.detections.scores, strict=True)
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        truth.createIndex()
        run = COCOeval(truth, truth.loadRes(results), "bbox")
        run.evaluate()
        run.accumulate()
        run.summarize()
    assert average_precision(pages) == pytest.approx((run.stats[0], run.stats[1]), abs=1e-6)


@pytest.fixture(scope="module")
def scorer(real_dev: Path) -> Path:
    """The scorer published with the real pages."""
    path = real_dev.parent.parent / "tools" / "score.py"
    if not path.is_file():
        pytest.skip("needs the scorer published with the real annotated pages")
    return path


def test_metrics_agree_with_the_published_scorer_on_real_pages(tmp_path: Path, real_dev: Path, scorer: Path) -> None:
    content = json.loads((real_dev / "annotations.json").read_text())
    boxes = {
        image["id"]: [a["bbox"] for a in content["annotations"] if a["image_id"] == image["id"]] for image in content["images"]
    }
    truths = [as_xyxy([[x, y, x + w, y + h] for x, y, w, h in boxes[image["id"]]]) for image in content["images"]]
    pages = noisy_pages(np.random.default_rng(7), truths)
    results = [
        {"image_id": image["id"], "bbox": box, "score": float(score)}
        for image, one in zip(content["images"], pages, strict=True)
        for box, score in zip(xywh(one.detections.xyxy), one.detections.scores, strict=True)
    ]
    (tmp_path / "predictions.json").write_text(json.dumps(results))
    command = [sys.executable, str(scorer), str(real_dev / "annotations.json"), str(tmp_path / "predictions.json")]
    table = subprocess.run([*command, "--threshold", "0.4"], check=True, capture_output=True, text=True).stdout
    precision, recall, f1, _, ap50, ap = (float(cell) for cell in table.splitlines()[-1].split()[3:9])
    ours = compute_metrics(pages, operating_point=0.4)
    assert (ours.precision, ours.recall, ours.f1, ours.ap50, ours.ap) == pytest.approx(
        (precision, recall, f1, ap50, ap),
        abs=5.1e-4,  # it prints three digits
    )


def test_metrics_agree_with_the_published_scorer_to_twelve_digits(scorer: Path) -> None:
    """On random boxes with integer corners, which often give an IoU of exactly 0.5 and ties."""
    module = _imported(scorer)
    random = np.random.default_rng(0)
    for _ in range(60):
        pages = []
        for _ in range(4):
            corners = random.integers(0, 12, (int(random.integers(0, 5)), 2))
            truth = np.concatenate([corners, corners + random.integers(2, 9, corners.shape)], axis=1)
            corners = random.integers(0, 12, (int(random.integers(0, 7)), 2))
            found = np.concatenate([corners, corners + random.integers(2, 9, corners.shape)], axis=1)
            scores = random.integers(1, 64, len(found)) / 64
            pages.append(EvaluatedPage("x", as_xyxy(truth), Detections(as_xyxy(found), scores.astype(np.float32))))
        if not any(len(one.truth) for one in pages):
            continue
        theirs = [(np.array(xywh(p.truth)), np.array(xywh(p.detections.xyxy)), p.detections.scores.astype(float)) for p in pages]
        ours = compute_metrics(pages, operating_point=0.5)
        assert ours.ap50 == pytest.approx(module.ap(theirs, 0.5), abs=1e-12)
        assert ours.ap == pytest.approx(np.mean([module.ap(theirs, iou) for iou in np.arange(0.5, 0.96, 0.05)]), abs=1e-12)
        assert ours.f1 == pytest.approx(module.prf(theirs, 0.5, 0.5)[2], abs=1e-12)


def _imported(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("scorer", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_false_boxes_are_compared_on_clean_pages() -> None:
    first = [evaluated_page([], [(FAR, 0.9), (HERE, 0.9)], document="a"), evaluated_page([HERE], [], document="b")]
    second = [evaluated_page([], [(FAR, 0.9)], document="a"), evaluated_page([HERE], [(FAR, 0.9)], document="b")]
    found = [d for d in differences(first, 0.5, second, 0.5) if d.metric == "false_boxes_per_page"]
    assert [(d.group, d.value, d.interval) for d in found] == [("no redaction", 1.0, None)]
