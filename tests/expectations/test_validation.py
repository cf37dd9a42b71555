from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pytest

from expectations.tables import box_table, page_table
from expectations.validation import REAL_SUITES, SUITES, SYNTHETIC_SUITES, ValidationReport, quarantine, validate
from redaction.dataset import AnnotatedPage, Box, Dataset, Split, Style
from redaction.errors import RedactionError
from redaction.files import sha256_of_file

Corrupt = Callable[..., Dataset]
Corruption = Callable[[Dataset], Dataset]
GOOD_BOX = Box(x0=40, y0=60, x1=180, y1=78)


def with_pages(dataset: Dataset, *pages: AnnotatedPage) -> Dataset:
    return dataset.model_copy(update={"pages": pages})


def with_page(dataset: Dataset, number: int, **update: object) -> Dataset:
    pages = list(dataset.pages)
    pages[number] = pages[number].model_copy(update=update)
    return with_pages(dataset, *pages)


def with_box(dataset: Dataset, number: int, **corners: float | str) -> Dataset:
    return with_page(dataset, number, boxes=(*dataset.pages[number].boxes, GOOD_BOX.model_copy(update=corners)))


def with_every_box(dataset: Dataset, **corners: float) -> Dataset:
    pages = (p.model_copy(update={"boxes": (GOOD_BOX.model_copy(update=corners),)}) for p in dataset.pages)
    return with_pages(dataset, *pages)


def with_other_image(dataset: Dataset, number: int, data: bytes, *, keep_digest: bool) -> Dataset:
    """Give the page another image file with these bytes, and its old digest or that of the new bytes."""
    path = Path(dataset.root) / f"other-{number}-{keep_digest}-{len(data)}.png"
    path.write_bytes(data)
    digest = dataset.pages[number].sha256 if keep_digest else sha256_of_file(path)
    return with_page(dataset, number, image=path.name, sha256=digest)


def png(width: int, height: int) -> bytes:
    return bytes(cv2.imencode(".png", np.full((height, width, 3), 200, np.uint8))[1].tobytes())


def as_synthetic(dataset: Dataset) -> Dataset:
    pages = (p.model_copy(update={"synthetic": True, "split": Split.TRAIN}) for p in dataset.pages)
    return with_pages(dataset, *pages)


def failures(report: ValidationReport) -> dict[str, set[str]]:
    """Every failed rule with its failing pages."""
    return {f.rule: {row.page for row in f.failing} for f in report.failures}


PLANTED: dict[str, tuple[Corruption, str, set[int]]] = {
    "the same page twice": (
        lambda d: with_pages(d, *d.pages, d.pages[3].model_copy(update={"boxes": ()})),
        "No page appears twice.",
        {3},
    ),
    "no image file": (lambda d: with_page(d, 2, image="pages/gone.png"), "Every page has its image file.", {2}),
    "an image outside the root": (lambda d: with_page(d, 2, image="../../etc/hostname"), "Every page has its image file.", {2}),
    "a folder for an image": (lambda d: with_page(d, 2, image="pages"), "Every page has its image file.", {2}),
    "other bytes, same picture size": (
        lambda d: with_other_image(d, 5, png(340, 440), keep_digest=True),
        "Every image file holds the bytes that were annotated (its SHA-256 is unchanged).",
        {5},
    ),
    "an image of another size": (
        lambda d: with_other_image(d, 5, png(170, 220), keep_digest=False),
        "Every image has the size in which its boxes were drawn.",
        {5},
    ),
    "an image file that is not an image": (
        lambda d: with_other_image(d, 5, b"not an image", keep_digest=False),
        "Every image has the size in which its boxes were drawn.",
        {5},
    ),
    "a document in two splits": (lambda d: with_page(d, 0, split=Split.TEST), "No document has pages in two splits.", {0, 1}),
    "synthetic pages in the test split": (
        lambda d: with_page(with_page(d, 10, synthetic=True), 11, synthetic=True),
        "Synthetic pages are for training only.",
        {10, 11},
    ),
    "a synthetic page in validation": (lambda d: with_page(d, 8, synthetic=True), "Synthetic pages are for training only.", {8}),
    "a box over the right edge": (lambda d: with_box(d, 4, x1=340.5), "Every box lies inside its page.", {4}),
    "a box above the page": (lambda d: with_box(d, 4, y0=-0.5), "Every box lies inside its page.", {4}),
    "a box at infinity": (lambda d: with_box(d, 4, x1=float("inf")), "Every box lies inside its page.", {4}),
    "a box without width": (lambda d: with_box(d, 6, x1=40), "Every box has a positive width and height.", {6}),
    "a box with both pairs of corners swapped": (
        lambda d: with_box(d, 6, x0=180, x1=40, y0=78, y1=60),
        "Every box has a positive width and height.",
        {6},
    ),
    "an unknown label": (lambda d: with_box(d, 7, label="stamp"), "Every label is known.", {7}),
    "a box twice": (
        lambda d: with_page(d, 1, boxes=(*d.pages[1].boxes, d.pages[1].boxes[0])),
        "No two boxes on a page are identical.",
        {1},
    ),
    "boxes of whole pages": (
        lambda d: with_every_box(d, x0=1, y0=1, x1=339, y1=330),
        "Most boxes cover less than half of their page.",
        set(range(12)),
    ),
    "upright boxes": (
        lambda d: with_every_box(d, x1=58, y1=300),
        "Most redactions are at least as wide as tall.",
        set(range(12)),
    ),
    "no box at all": (
        lambda d: with_pages(d, *(p.model_copy(update={"boxes": ()}) for p in d.pages)),
        "There is at least one box.",
        set(),
    ),
}


def test_a_valid_dataset_passes_every_rule(valid: Dataset) -> None:
    report = validate(valid, REAL_SUITES)
    assert report.success, failures(report)
    assert (report.pages, report.boxes) == (12, 36)
    assert validate(as_synthetic(valid), SYNTHETIC_SUITES).success


@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_fails_exactly_its_rule(valid: Dataset, fault: str) -> None:
    plant, rule, numbers = PLANTED[fault]
    report = validate(plant(valid), REAL_SUITES)
    assert failures(report) == {rule: {valid.pages[n].page for n in numbers}}


SYNTHETIC_FAULTS: dict[str, tuple[Corruption, str]] = {
    "no style": (
        lambda d: with_page(d, 0, boxes=(d.pages[0].boxes[0].model_copy(update={"style": Style.UNKNOWN}),)),
        "Every generated redaction has a style.",
    ),
    "a real page in the synthetic set": (
        lambda d: with_page(d, 0, synthetic=False),
        "Every page of the synthetic set is marked as synthetic.",
    ),
}


@pytest.mark.parametrize("fault", SYNTHETIC_FAULTS)
def test_a_fault_in_the_synthetic_set_fails_exactly_its_rule(valid: Dataset, fault: str) -> None:
    plant, rule = SYNTHETIC_FAULTS[fault]
    report = validate(plant(as_synthetic(valid)), SYNTHETIC_SUITES)
    assert failures(report) == {rule: {valid.pages[0].page}}


def test_every_rule_has_a_planted_fault() -> None:
    planted = {rule for _, rule, _ in PLANTED.values()} | {rule for _, rule in SYNTHETIC_FAULTS.values()}
    rules = {e["description"] for path in SUITES.glob("*.json") for e in json.loads(path.read_text())["expectations"]}
    # these two need an empty table, see the test below
    assert rules - planted == {"There is at least one page.", "There is at least one generated box."}


def test_rules_are_unique_within_a_suite() -> None:
    for path in SUITES.glob("*.json"):
        suite = json.loads(path.read_text())
        rules = [e["description"] for e in suite["expectations"]]
        assert len(set(rules)) == len(rules), f"results are identified by their sentence: {path.name}"
        assert suite["name"] == path.stem


def test_a_box_with_nan_fails(valid: Dataset) -> None:
    report = validate(with_box(valid, 4, x0=float("nan")), REAL_SUITES)
    assert failures(report)["Every box lies inside its page."] == {valid.pages[4].page}


def test_an_empty_table_fails_every_suite(valid: Dataset) -> None:
    report = validate(with_pages(valid), SYNTHETIC_SUITES)
    assert [suite.success for suite in report.suites] == [False, False, False]
    assert set(failures(report)) == {
        "There is at least one page.",
        "There is at least one box.",
        "There is at least one generated box.",
    }


def test_validation_without_suites_fails(valid: Dataset) -> None:
    assert not validate(valid, ()).success


def test_an_unknown_suite_is_refused_by_name(valid: Dataset) -> None:
    with pytest.raises(RedactionError, match=r"no suite 'annotation' .* annotations, pages, synthetic"):
        validate(valid, ["annotation"])


def test_the_reason_gives_the_invalid_values(valid: Dataset) -> None:
    (expectation,) = validate(with_box(valid, 4, x1=340.5), REAL_SUITES).failures
    (row,) = expectation.failing
    assert (row.page, row.box) == (valid.pages[4].page, 3)
    assert row.reason == "x0=40, y0=60, x1=340.5, y1=78, page_width=340, page_height=440"


def test_a_few_unusual_boxes_are_tolerated_but_listed(valid: Dataset) -> None:
    report = validate(with_box(valid, 0, x1=60, y1=300), REAL_SUITES)
    assert report.success
    (odd,) = [e for s in report.suites for e in s.expectations if e.mostly == 0.8]
    assert [row.page for row in odd.failing] == [valid.pages[0].page]
    assert report.failing_pages == frozenset()


@pytest.mark.parametrize("fault", [name for name, (_, _, pages) in PLANTED.items() if 0 < len(pages) < 12])
def test_quarantine_removes_exactly_the_failing_pages(valid: Dataset, fault: str) -> None:
    plant, _, numbers = PLANTED[fault]
    corrupted = plant(valid)
    kept = quarantine(corrupted, validate(corrupted, REAL_SUITES))
    assert [page.page for page in kept.pages] == [page.page for n, page in enumerate(valid.pages) if n not in numbers]
    assert validate(kept, REAL_SUITES).success


@pytest.mark.parametrize("fault", ["boxes of whole pages", "upright boxes", "no box at all"])
def test_quarantine_refuses_failures_of_the_whole_dataset(valid: Dataset, fault: str) -> None:
    corrupted = PLANTED[fault][0](valid)
    with pytest.raises(RedactionError, match="concerns the whole"):
        quarantine(corrupted, validate(corrupted, REAL_SUITES))


def test_quarantine_of_everything_is_refused(valid: Dataset) -> None:
    corrupted = with_pages(valid, *(p.model_copy(update={"sha256": "0" * 64}) for p in valid.pages))
    with pytest.raises(RedactionError, match="All 12 pages fail"):
        quarantine(corrupted, validate(corrupted, REAL_SUITES))


def test_quarantine_of_a_valid_dataset_changes_nothing(valid: Dataset) -> None:
    assert quarantine(valid, validate(valid, REAL_SUITES)) == valid


def test_a_report_round_trips_through_json(valid: Dataset) -> None:
    report = validate(with_box(valid, 4, x1=340.5), REAL_SUITES)
    assert ValidationReport.model_validate_json(report.model_dump_json()) == report


def test_the_report_says_what_was_checked_with_what_and_when(valid: Dataset) -> None:
    before = datetime.now(UTC)
    report = validate(valid, REAL_SUITES)
    assert before <= report.started <= datetime.now(UTC)
    assert report.library.startswith("Great Expectations 1.")
    for suite in report.suites:
        assert suite.digest == sha256_of_file(SUITES / f"{suite.suite}.json")
        assert suite.notes
    (share,) = [e for e in report.suites[1].expectations if e.rule == "Most boxes cover less than half of their page."]
    assert share.arguments == 'column="area_share", max_value=0.5, mostly=0.95'


def test_tables_hold_the_properties_of_the_files(valid: Dataset) -> None:
    pages, boxes = page_table(valid), box_table(valid)
    assert (pages["sha256"] == pages["image_sha256"]).all()
    assert set(pages["image_size"]) == {"340x440"}
    assert boxes["area_share"].to_numpy()[0] == pytest.approx(70 * 18 / (340 * 440))
    assert boxes["box"].tolist() == [0, 1, 2] * 12


def test_a_hundred_thousand_boxes_take_a_couple_of_seconds(valid: Dataset) -> None:
    base = valid.pages[0]
    boxes = tuple(Box(x0=10, y0=10 + 4 * k, x1=60, y1=13 + 4 * k) for k in range(100))
    wrong = (*boxes[:-1], Box(x0=10, y0=10, x1=500, y1=13))
    pages = [
        base.model_copy(update={"page": f"{base.document}/{n:04d}", "boxes": wrong if n % 20 == 0 else boxes})
        for n in range(1000)
    ]
    many = with_pages(valid, *pages)
    validate(valid, REAL_SUITES)
    started = time.process_time()
    report = validate(many, REAL_SUITES)
    spent = time.process_time() - started
    assert report.boxes == 100_000
    assert len(report.failing_pages) == 50
    assert spent < 4, f"{spent:.1f} s of CPU for 100,000 boxes"


def test_nothing_is_logged_even_if_the_root_logger_is_configured() -> None:
    """ZenML configures the root logger; Great Expectations would then log each of its hundreds of metrics."""
    program = (
        "import logging; logging.basicConfig(level=logging.DEBUG)\n"
        "from expectations.validation import validate\n"
        "from redaction.dataset import Dataset\n"
        "validate(Dataset(root='.', pages=()), ['pages'])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "great_expectations" not in done.stderr + done.stdout
