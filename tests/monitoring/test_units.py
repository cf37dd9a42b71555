"""Pages grouped by document, and the distributions within each."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from redaction.monitoring.distance import ks_distance
from redaction.monitoring.units import common_grid, document_groups, units_of

NAN = float("nan")


@pytest.mark.parametrize(
    ("documents", "groups"),
    [
        (["a", "a", "b", "c", "c"], [0, 0, 1, 2, 2]),
        (["b", "a", "b", "a"], [0, 1, 0, 1]),
        (["a", None, "a", None, "b"], [0, 1, 0, 2, 3]),
        (["a", "a", None, None, "b", "b"], [0, 0, 1, 1, 2, 2]),
        # pages of unknown documents form documents as large as the known ones
        (["a", "a", "b", "b", "c", "c", None, None, None, None], [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]),
        (["a", "b", None, None], [0, 1, 2, 3]),
    ],
)
def test_pages_belong_to_their_documents_in_the_order_of_their_first_pages(
    documents: list[str | None], groups: list[int]
) -> None:
    found = document_groups(pd.DataFrame({"document": documents}))
    assert found is not None
    assert found.tolist() == groups


@pytest.mark.parametrize("documents", [[None, None], ["a", None, None], []])
def test_where_most_documents_are_unknown_there_are_no_groups(documents: list[str | None]) -> None:
    assert document_groups(pd.DataFrame({"document": pd.Series(documents, dtype=object)})) is None


def test_an_earlier_log_names_no_documents() -> None:
    assert document_groups(pd.DataFrame({"boxes": [1.0, 2.0]})) is None


def test_the_index_of_the_table_does_not_matter() -> None:
    pages = pd.DataFrame({"document": ["a", None, "b"]}, index=[7, 7, 3])
    found = document_groups(pages)
    assert found is not None
    assert found.tolist() == [0, 1, 2]


def test_each_document_has_the_same_weight_however_many_pages_it_has() -> None:
    values = pd.DataFrame({"x": [1.0, 1.0, 1.0, 1.0, 2.0]})
    units = units_of(values, np.array([0, 0, 0, 0, 1]), np.array([[1.0, 2.0]]))
    shares, counts = units.distributions(np.ones((1, 2), np.float32))
    assert shares[0, 0].tolist() == [0.5, 1.0]
    assert counts.tolist() == [[2.0]]


def test_a_document_without_a_value_does_not_count_in_that_column() -> None:
    values = pd.DataFrame({"x": [1.0, NAN, 2.0, NAN], "y": [NAN, NAN, NAN, NAN]})
    units = units_of(values, np.array([0, 0, 1, 2]), np.array([[1.0, 2.0], [0.0, 0.0]]))
    shares, counts = units.distributions(np.ones((1, 3), np.float32))
    assert counts.tolist() == [[2.0, 0.0]]
    assert shares[0].tolist() == [[0.5, 1.0], [0.0, 0.0]]


@pytest.mark.parametrize("seed", range(5))
def test_the_distance_on_the_grid_is_that_of_all_pages_to_one_hundredth(seed: int) -> None:
    rng = np.random.default_rng(seed)
    before, now = pd.DataFrame({"x": rng.gamma(1, 1, 300)}), pd.DataFrame({"x": rng.gamma(1.5, 1, 200).round(1)})
    grid = common_grid(before, now, 100)
    shares = [units_of(v, np.arange(len(v)), grid).distributions(np.ones((1, len(v)), np.float32))[0] for v in (before, now)]
    exact = ks_distance(before["x"].to_numpy(), now["x"].to_numpy())
    assert exact - 0.02 <= float(np.abs(shares[0] - shares[1]).max()) <= exact + 1e-6
