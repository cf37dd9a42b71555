from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy import stats

from redaction.errors import RedactionError
from redaction.monitoring.distance import (
    COLUMNS,
    MonitoringConfig,
    alike_pages,
    chance_distance,
    judged_values,
    ks_distance,
    thresholds,
)
from redaction.monitoring.records import PageRecord

VALUES = st.lists(st.floats(-1e6, 1e6) | st.sampled_from([0.0, 1.0, 1275.0]), min_size=1, max_size=40)


@given(VALUES, VALUES)
def test_the_distance_is_scipys(reference: list[float], current: list[float]) -> None:
    expected = stats.ks_2samp(reference, current, method="asymp").statistic
    assert ks_distance(np.array(reference), np.array(current)) == pytest.approx(expected)


@given(VALUES, VALUES, st.randoms())
def test_the_distance_is_symmetric_and_blind_to_order(a: list[float], b: list[float], random: object) -> None:
    forth = ks_distance(np.array(a), np.array(b))
    assert 0 <= forth <= 1
    assert forth == pytest.approx(ks_distance(np.array(sorted(b)), np.array(a[::-1])))
    assert ks_distance(np.array(a), np.array(a)) == 0


def test_chance_reaches_less_far_with_more_pages_and_farther_with_more_columns() -> None:
    config, one_column = MonitoringConfig(), MonitoringConfig(ks_distances={"boxes": 0.2})
    assert chance_distance(500, 400, config) < chance_distance(500, 100, config) < chance_distance(100, 100, config)
    assert chance_distance(500, 100, one_column) < chance_distance(500, 100, config)
    assert chance_distance(500, 0, config) == math.inf


def test_the_chance_distance_is_the_one_that_tables_give() -> None:
    """For one column at 5 % and many pages: 1.358 times the root of 1/n + 1/m."""
    config = MonitoringConfig(false_alarms=0.05, ks_distances={"boxes": 0.2})
    assert chance_distance(200, 100, config) == pytest.approx(1.358 * math.sqrt(1 / 200 + 1 / 100), rel=1e-3)


LEAST_ONE = MonitoringConfig(least_alike_pages=1)


def documents_of(pages: int, count: int = 3000) -> pd.DataFrame:
    """Twelve columns in which all pages of a document have the same value."""
    return pd.DataFrame(np.repeat(np.random.default_rng(5).normal(size=(count // pages, 12)), pages, axis=0))


@pytest.mark.parametrize("pages", [1, 3, 10])
def test_as_many_pages_are_alike_as_a_document_has(pages: int) -> None:
    assert alike_pages(documents_of(pages), LEAST_ONE) == pytest.approx(pages, rel=0.3)


def test_pages_in_no_order_are_not_alike() -> None:
    shuffled = documents_of(10).sample(frac=1, random_state=1, ignore_index=True)
    assert alike_pages(shuffled, LEAST_ONE) < 1.5


def test_one_column_that_changes_midway_does_not_make_all_alike() -> None:
    pages = documents_of(1, 200)
    pages[0] = np.repeat([0.0, 1.0], 100)
    assert alike_pages(pages, LEAST_ONE) < 2


@pytest.mark.parametrize("start", [50, 100, 150])
def test_a_drift_of_every_column_that_begins_within_the_window_does_not_hide_itself(start: int) -> None:
    pages = documents_of(1, 200)
    pages[start:] += 10
    assert alike_pages(pages, LEAST_ONE) < 2


@pytest.mark.parametrize(
    "pages", [pd.DataFrame({"boxes": [1.0] * 50}), pd.DataFrame({"boxes": [np.nan] * 50}), documents_of(1, 0)]
)
def test_where_no_likeness_can_be_seen_the_least_is_taken(pages: pd.DataFrame) -> None:
    assert alike_pages(pages, MonitoringConfig(least_alike_pages=3)) == 3


def test_a_large_window_is_held_to_the_distance_that_matters() -> None:
    pages = pd.DataFrame(dict.fromkeys(COLUMNS, np.random.default_rng(1).normal(size=5000)))
    config = MonitoringConfig(ks_distances={"boxes": 0.2, "sharpness": 0.35})
    assert thresholds(pages, pages, config) == {"boxes": 0.2, "sharpness": 0.35}


def test_scores_are_judged_on_pages_that_have_some() -> None:
    pages = pd.DataFrame({**dict.fromkeys(COLUMNS, (1.0, 1.0, 1.0)), "boxes": [0.0, 2.0, 1.0], "mean_score": [0.0, 0.9, 0.8]})
    values = judged_values(pages, MonitoringConfig())
    assert values["mean_score"].isna().tolist() == [True, False, False]
    assert values["top_score"].notna().all()


def test_of_too_many_pages_some_are_taken_evenly() -> None:
    pages = pd.DataFrame(dict.fromkeys(COLUMNS, np.arange(1000.0) + 1))
    taken = judged_values(pages, MonitoringConfig(max_pages=100))["boxes"].to_numpy()
    assert len(taken) == 100
    assert (taken[0], taken[-1]) == (1, 1000)
    assert set(np.diff(taken)) <= {10, 11}


def test_a_missing_column_is_named() -> None:
    pages = pd.DataFrame(dict.fromkeys([c for c in COLUMNS if c != "sharpness"], (1.0,)))
    with pytest.raises(RedactionError, match="lack sharpness"):
        judged_values(pages, MonitoringConfig())


def test_every_recorded_number_is_judged_but_the_latency() -> None:
    assert set(COLUMNS) == set(PageRecord.model_fields) - {"latency_ms"}
    assert set(MonitoringConfig().ks_distances) == set(COLUMNS)


@pytest.mark.parametrize(
    "wrong",
    [
        {"ks_distances": {"brightnes": 0.2}},
        {"ks_distances": {}},
        {"ks_distances": {"boxes": 0.0}},
        {"ks_distances": {"boxes": 1.0}},
        {"false_alarms": 0},
        {"least_alike_pages": 0.5},
        {"min_request": 5},
    ],
)
def test_a_wrong_configuration_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        MonitoringConfig.model_validate(wrong)
