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
from redaction.monitoring.distance import COLUMNS, MonitoringConfig, chance_distance, judged_values, ks_distance, thresholds
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


def test_alike_pages_count_as_so_many_fewer() -> None:
    fourfold, single = MonitoringConfig(alike_pages=4), MonitoringConfig(alike_pages=1)
    assert chance_distance(2000, 400, fourfold) == pytest.approx(chance_distance(500, 100, single))


def test_the_chance_distance_is_the_one_that_tables_give() -> None:
    """For one column at 5 % and many pages: 1.358 times the root of 1/n + 1/m."""
    config = MonitoringConfig(false_alarms=0.05, alike_pages=1, ks_distances={"boxes": 0.2})
    assert chance_distance(200, 100, config) == pytest.approx(1.358 * math.sqrt(1 / 200 + 1 / 100), rel=1e-3)


def test_a_large_window_is_held_to_the_distance_that_matters() -> None:
    pages = pd.DataFrame(dict.fromkeys(COLUMNS, np.arange(5000.0)))
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
        {"alike_pages": 0.5},
        {"min_request": 5},
    ],
)
def test_a_wrong_configuration_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        MonitoringConfig.model_validate(wrong)
