"""The number of pages that count as one, where documents are unknown."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from redaction.monitoring.dependence import design_effect

Traffic = Callable[..., pd.DataFrame]


def documents_of(pages: int, count: int = 3000) -> pd.DataFrame:
    """Twelve columns in which all pages of a document have the same value."""
    return pd.DataFrame(np.repeat(np.random.default_rng(5).normal(size=(count // pages, 12)), pages, axis=0))


@pytest.mark.parametrize("pages", [1, 3, 10])
def test_it_is_the_number_of_pages_per_document_or_a_little_more(pages: int) -> None:
    assert pages <= design_effect(documents_of(pages), 1) <= 1.5 * pages


def test_shuffled_pages_are_independent() -> None:
    shuffled = documents_of(10).sample(frac=1, random_state=1, ignore_index=True)
    assert design_effect(shuffled, 1) < 1.5


@pytest.mark.parametrize("count", [100, 200, 1000])
@pytest.mark.parametrize("pages", [1, 4])
def test_a_shorter_window_is_judged_more_carefully(pages: int, count: int) -> None:
    assert design_effect(documents_of(pages, count), 1) > 0.9 * pages


@pytest.mark.parametrize("size", [0.5, 1.5, 10])
@pytest.mark.parametrize("start", [20, 50, 100, 150, 180])
def test_a_drift_that_starts_within_the_window_does_not_hide_itself(start: int, size: float) -> None:
    """It makes the pages before it alike and those after it alike, in all columns, as long documents would."""
    pages = documents_of(1, 200)
    pages[start:] += size
    assert design_effect(pages, 1) < 2


@pytest.mark.parametrize(
    "pages",
    [pd.DataFrame({"boxes": [1.0] * 50}), pd.DataFrame({"boxes": [np.nan] * 50}), documents_of(1, 0), documents_of(1, 1)],
    ids=["constant", "missing", "no page", "one page"],
)
def test_without_variation_it_is_the_lower_bound(pages: pd.DataFrame) -> None:
    assert design_effect(pages, 3) == 3
