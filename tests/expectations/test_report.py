from __future__ import annotations

import re
from collections.abc import Callable

from expectations.report import PAGES_DRAWN, report_html
from expectations.validation import REAL_SUITES, validate
from redaction.dataset import Box, Dataset

Spoil = Callable[..., Dataset]


def test_a_sound_dataset_is_told_in_one_short_page(sound: Dataset) -> None:
    page = report_html(validate(sound, REAL_SUITES), sound)
    assert "All 14 rules hold" in page
    assert "What failed" not in page
    assert "data:image" not in page


def test_failing_pages_are_drawn_with_the_box_in_red(sound: Dataset, spoil: Spoil) -> None:
    outside = Box(x0=300, y0=200, x1=420, y1=220)
    spoilt = spoil(4, boxes=(outside,))
    page = report_html(validate(spoilt, REAL_SUITES), spoilt)
    assert "1 of 14 rules fail" in page
    assert page.count("data:image/jpeg;base64,") == 1
    assert "x1=420" in page


def test_the_page_needs_nothing_from_elsewhere(sound: Dataset, spoil: Spoil) -> None:
    spoilt = spoil(1, 2, sha256="0" * 64)
    page = report_html(validate(spoilt, REAL_SUITES), spoilt)
    assert not re.findall(r"(?:src|href)=['\"](?!data:)|url\(|<script|@import", page)


def test_names_from_outside_are_escaped(sound: Dataset, spoil: Spoil) -> None:
    spoilt = spoil(3, page="<script>alert(1)</script>", image="gone.png")
    assert "<script>" not in report_html(validate(spoilt, REAL_SUITES), spoilt)


def test_boxes_that_cannot_be_drawn_do_not_stop_the_report(sound: Dataset, spoil: Spoil) -> None:
    nan, inf = float("nan"), float("inf")
    odd = (Box(x0=nan, y0=1, x1=2, y1=3), Box(x0=-inf, y0=1, x1=inf, y1=3), Box(x0=9, y0=9, x1=2, y1=3))
    spoilt = spoil(3, boxes=odd)
    assert "What failed" in report_html(validate(spoilt, REAL_SUITES), spoilt)


def test_a_lost_image_is_said_and_a_flood_of_rows_is_cut(sound: Dataset, spoil: Spoil) -> None:
    spoilt = spoil(*range(12), image="gone.png")
    many = spoilt.model_copy(
        update={"pages": tuple(p.model_copy(update={"page": f"{p.page}{n}"}) for n in range(3) for p in spoilt.pages)}
    )
    page = report_html(validate(many, REAL_SUITES), many)
    assert page.count("no readable image file") == PAGES_DRAWN
    assert "36 rows of 36 on 36 pages" in page
