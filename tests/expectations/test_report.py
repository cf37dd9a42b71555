from __future__ import annotations

import re
from collections.abc import Callable

from expectations.report import MAX_DRAWN_PAGES, report_html
from expectations.validation import REAL_SUITES, validate
from redaction.dataset import Box, Dataset

Corrupt = Callable[..., Dataset]


def test_the_report_on_a_valid_dataset_is_short(valid: Dataset) -> None:
    page = report_html(validate(valid, REAL_SUITES), valid)
    assert "All 14 rules passed" in page
    assert "What failed" not in page
    assert "data:image" not in page


def test_failing_pages_are_drawn(valid: Dataset, corrupt: Corrupt) -> None:
    outside = Box(x0=300, y0=200, x1=420, y1=220)
    corrupted = corrupt(4, boxes=(outside,))
    page = report_html(validate(corrupted, REAL_SUITES), corrupted)
    assert "1 of 14 rules failed" in page
    assert page.count("data:image/jpeg;base64,") == 1
    assert "x1=420" in page


def test_the_report_is_self_contained(valid: Dataset, corrupt: Corrupt) -> None:
    corrupted = corrupt(1, 2, sha256="0" * 64)
    page = report_html(validate(corrupted, REAL_SUITES), corrupted)
    assert not re.findall(r"(?:src|href)=['\"](?!data:)|url\(|<script|@import", page)


def test_page_names_are_escaped(valid: Dataset, corrupt: Corrupt) -> None:
    corrupted = corrupt(3, page="<script>alert(1)</script>", image="gone.png")
    assert "<script>" not in report_html(validate(corrupted, REAL_SUITES), corrupted)


def test_boxes_that_cannot_be_drawn_do_not_stop_the_report(valid: Dataset, corrupt: Corrupt) -> None:
    nan, inf = float("nan"), float("inf")
    odd = (Box(x0=nan, y0=1, x1=2, y1=3), Box(x0=-inf, y0=1, x1=inf, y1=3), Box(x0=9, y0=9, x1=2, y1=3))
    corrupted = corrupt(3, boxes=odd)
    assert "What failed" in report_html(validate(corrupted, REAL_SUITES), corrupted)


def test_missing_images_are_reported_and_long_lists_are_cut(valid: Dataset, corrupt: Corrupt) -> None:
    corrupted = corrupt(*range(12), image="gone.png")
    many = corrupted.model_copy(
        update={"pages": tuple(p.model_copy(update={"page": f"{p.page}{n}"}) for n in range(3) for p in corrupted.pages)}
    )
    page = report_html(validate(many, REAL_SUITES), many)
    assert page.count("no readable image file") == MAX_DRAWN_PAGES
    assert "36 rows of 36 (100.0%) on 36 pages" in page


def test_rows_that_a_rule_tolerates_are_listed_with_their_values(valid: Dataset, corrupt: Corrupt) -> None:
    upright = corrupt(0, boxes=(*valid.pages[0].boxes, Box(x0=40, y0=60, x1=60, y1=300)))
    report = validate(upright, REAL_SUITES)
    page = report_html(report, upright)
    assert report.success
    assert "2.7% (up to 20%)" in page
    assert ", box 3: box_width=20, box_height=240</li>" in page


def test_suites_are_named_with_their_versions_and_counts(valid: Dataset, corrupt: Corrupt) -> None:
    corrupted = corrupt(4, boxes=(Box(x0=300, y0=200, x1=420, y1=220),))
    report = validate(corrupted, REAL_SUITES)
    page = report_html(report, corrupted)
    for suite in report.suites:
        assert suite.digest[:12] in page
        assert suite.notes in page
    assert ("7 of 7" in page, "6 of 7" in page) == (True, True)
    assert report.library in page
    assert "expect_boxes_to_lie_inside_their_page(column_list=" in page
