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
    MONITORED_COLUMNS,
    MonitoringConfig,
    critical_distance,
    design_effect,
    ks_distance,
    monitored_values,
    thresholds,
)
from redaction.monitoring.records import PageRecord

VALUES = st.lists(st.floats(-1e6, 1e6) | st.sampled_from([0.0, 1.0, 1275.0]), min_size=1, max_size=40)


@given(VALUES, VALUES)
def test_the_distance_is_scipys(reference: list[float], current: list[float]) -> None:
    expected = stats.ks_2samp(reference, current, method="asymp").statistic
    assert ks_distance(np.array(reference), np.array(current)) == pytest.approx(expected)


@given(VALUES, VALUES, st.randoms())
def test_the_distance_is_symmetric_and_ignores_order(a: list[float], b: list[float], random: object) -> None:
    distance = ks_distance(np.array(a), np.array(b))
    assert 0 <= distance <= 1
    assert distance == pytest.approx(ks_distance(np.array(sorted(b)), np.array(a[::-1])))
    assert ks_distance(np.array(a), np.array(a)) == 0


def test_the_critical_distance_falls_with_more_pages_and_rises_with_more_columns() -> None:
    config, one_column = MonitoringConfig(), MonitoringConfig(ks_distances={"boxes": 0.2})
    assert critical_distance(500, 400, config) < critical_distance(500, 100, config) < critical_distance(100, 100, config)
    assert critical_distance(500, 100, one_column) < critical_distance(500, 100, config)
    assert critical_distance(500, 0, config) == math.inf


def test_the_critical_distance_is_that_of_published_tables() -> None:
    """For one column at 5 % and many pages: 1.358 times the root of 1/n + 1/m."""
    config = MonitoringConfig(false_alarms=0.05, ks_distances={"boxes": 0.2})
    assert critical_distance(200, 100, config) == pytest.approx(1.358 * math.sqrt(1 / 200 + 1 / 100), rel=1e-3)


NO_LOWER_BOUND = MonitoringConfig(least_alike_pages=1)


def documents_of(pages: int, count: int = 3000) -> pd.DataFrame:
    """Twelve columns in which all pages of a document have the same value."""
    return pd.DataFrame(np.repeat(np.random.default_rng(5).normal(size=(count // pages, 12)), pages, axis=0))


@pytest.mark.parametrize("pages", [1, 3, 10])
def test_the_design_effect_is_the_number_of_pages_per_document(pages: int) -> None:
    assert design_effect(documents_of(pages), NO_LOWER_BOUND) == pytest.approx(pages, rel=0.3)


def test_shuffled_pages_have_no_design_effect() -> None:
    shuffled = documents_of(10).sample(frac=1, random_state=1, ignore_index=True)
    assert design_effect(shuffled, NO_LOWER_BOUND) < 1.5


def test_a_level_change_in_one_column_does_not_raise_the_design_effect() -> None:
    pages = documents_of(1, 200)
    pages[0] = np.repeat([0.0, 1.0], 100)
    assert design_effect(pages, NO_LOWER_BOUND) < 2


@pytest.mark.parametrize("start", [50, 100, 150])
def test_a_drift_of_all_columns_within_the_window_does_not_raise_the_design_effect(start: int) -> None:
    pages = documents_of(1, 200)
    pages[start:] += 10
    assert design_effect(pages, NO_LOWER_BOUND) < 2


@pytest.mark.parametrize(
    "pages", [pd.DataFrame({"boxes": [1.0] * 50}), pd.DataFrame({"boxes": [np.nan] * 50}), documents_of(1, 0)]
)
def test_without_variation_the_design_effect_is_its_lower_bound(pages: pd.DataFrame) -> None:
    assert design_effect(pages, MonitoringConfig(least_alike_pages=3)) == 3


def test_the_threshold_of_a_large_window_is_the_distance_that_matters() -> None:
    pages = pd.DataFrame(dict.fromkeys(MONITORED_COLUMNS, np.random.default_rng(1).normal(size=5000)))
    config = MonitoringConfig(ks_distances={"boxes": 0.2, "sharpness": 0.35})
    assert thresholds(pages, pages, config) == {"boxes": 0.2, "sharpness": 0.35}


def test_mean_scores_are_judged_on_pages_with_boxes_only() -> None:
    pages = pd.DataFrame(
        {**dict.fromkeys(MONITORED_COLUMNS, (1.0, 1.0, 1.0)), "boxes": [0.0, 2.0, 1.0], "mean_score": [0.0, 0.9, 0.8]}
    )
    values = monitored_values(pages, MonitoringConfig())
    assert values["mean_score"].isna().tolist() == [True, False, False]
    assert values["top_score"].notna().all()


def test_too_many_pages_are_sampled_evenly() -> None:
    pages = pd.DataFrame(dict.fromkeys(MONITORED_COLUMNS, np.arange(1000.0) + 1))
    sampled = monitored_values(pages, MonitoringConfig(max_pages=100))["boxes"].to_numpy()
    assert len(sampled) == 100
    assert (sampled[0], sampled[-1]) == (1, 1000)
    assert set(np.diff(sampled)) <= {10, 11}


def test_a_missing_column_is_named() -> None:
    pages = pd.DataFrame(dict.fromkeys([c for c in MONITORED_COLUMNS if c != "sharpness"], (1.0,)))
    with pytest.raises(RedactionError, match="lack sharpness"):
        monitored_values(pages, MonitoringConfig())


def test_every_recorded_number_except_the_latency_is_judged() -> None:
    assert set(MONITORED_COLUMNS) == set(PageRecord.model_fields) - {"latency_ms"}
    assert set(MonitoringConfig().ks_distances) == set(MONITORED_COLUMNS)


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
def test_an_invalid_configuration_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        MonitoringConfig.model_validate(wrong)
