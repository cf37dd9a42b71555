from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy import stats

from redaction.errors import RedactionError
from redaction.monitoring.distance import MONITORED_COLUMNS, MonitoringConfig, ks_distance, monitored_values, sampled
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


def test_mean_scores_are_judged_on_pages_with_boxes_only() -> None:
    pages = pd.DataFrame(
        {**dict.fromkeys(MONITORED_COLUMNS, (1.0, 1.0, 1.0)), "boxes": [0.0, 2.0, 1.0], "mean_score": [0.0, 0.9, 0.8]}
    )
    values = monitored_values(pages, MonitoringConfig())
    assert values["mean_score"].isna().tolist() == [True, False, False]
    assert values["top_score"].notna().all()


def test_too_many_pages_are_sampled_evenly() -> None:
    pages = pd.DataFrame(dict.fromkeys(MONITORED_COLUMNS, np.arange(1000.0) + 1))
    kept = sampled(pages, MonitoringConfig(max_pages=100))["boxes"].to_numpy()
    assert len(kept) == 100
    assert (kept[0], kept[-1]) == (1, 1000)
    assert set(np.diff(kept)) <= {10, 11}


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
