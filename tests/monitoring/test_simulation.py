"""False alarms and missed drifts of monitoring at its default settings, in a simulation.

An Evidently report takes half a second, so thousands of windows are judged by the two functions behind it (`thresholds` and
`distances`); the first test shows on a few windows that `judge_window`, which runs Evidently, agrees exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
import pytest

from redaction.catalog.tables import Verdict
from redaction.monitoring.distance import MonitoringConfig, distances, monitored_values, thresholds
from redaction.monitoring.drift import judge_window

Traffic = Callable[..., pd.DataFrame]
Change = Callable[[pd.DataFrame, np.random.Generator], None]

DEFAULTS = MonitoringConfig()
WINDOWS = 200


def drifted_columns(reference: pd.DataFrame, current: pd.DataFrame, config: MonitoringConfig) -> set[str]:
    before, now = monitored_values(reference, config), monitored_values(current, config)
    limits = thresholds(before, now, config)
    found = distances(before, now, list(limits))
    return {column for column, limit in limits.items() if found[column] >= limit}


def darker(pages: pd.DataFrame, rng: np.random.Generator) -> None:
    pages["brightness"] -= 30
    pages["ink_density"] += 0.05


def blurred(pages: pd.DataFrame, rng: np.random.Generator) -> None:
    pages["sharpness"] *= 0.6


def other_sizes(pages: pd.DataFrame, rng: np.random.Generator) -> None:
    larger = rng.random(len(pages)) < 0.75
    pages.loc[larger, ["width", "height"]] *= 1.3


def more_boxes(pages: pd.DataFrame, rng: np.random.Generator) -> None:
    pages["boxes"] += rng.poisson(12, len(pages))
    pages["covered_share"] = np.clip(pages["covered_share"] + 0.12, 0, 1)


def fewer_boxes(pages: pd.DataFrame, rng: np.random.Generator) -> None:
    none = rng.random(len(pages)) < 0.95
    pages.loc[none, ["boxes", "covered_share", "mean_score"]] = 0
    pages.loc[none, "top_score"] = rng.beta(2, 12, int(none.sum()))


def lower_scores(pages: pd.DataFrame, rng: np.random.Generator) -> None:
    pages["mean_score"] -= 0.2 * (pages["boxes"] > 0)
    pages["top_score"] -= 0.2 * (pages["boxes"] > 0)


def color(pages: pd.DataFrame, rng: np.random.Generator) -> None:
    colored = rng.random(len(pages)) < 0.75
    pages.loc[colored, "colourfulness"] = rng.gamma(4, 10, int(colored.sum()))


CHANGES = [darker, blurred, other_sizes, more_boxes, fewer_boxes, lower_scores, color]


def unchanged(pages: pd.DataFrame, rng: np.random.Generator) -> None:
    """No drift."""


@pytest.mark.parametrize("change", [unchanged, *CHANGES])
def test_the_shortcut_agrees_with_evidently(traffic: Traffic, change: Change) -> None:
    rng = np.random.default_rng(3)
    reference, current = traffic(rng, 400), traffic(rng, 220)
    change(current, rng)
    judgement = judge_window(reference, current, DEFAULTS).judgement
    before, now = monitored_values(reference, DEFAULTS), monitored_values(current, DEFAULTS)
    limits = thresholds(before, now, DEFAULTS)
    assert {c.column: c.statistic for c in judgement.columns} == pytest.approx(distances(before, now, list(limits)), abs=1e-12)
    assert {c.column: c.threshold for c in judgement.columns} == limits
    shortcut = drifted_columns(reference, current, DEFAULTS)
    assert set(judgement.drifted_columns) == shortcut
    assert judgement.verdict == (Verdict.DRIFTED if shortcut else Verdict.STABLE)


def pairs(
    traffic: Traffic, requests: int, reference: int, count: int, mean_pages: float = 4
) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    """Split one long stream of pages into a reference, a window, a reference, a window ..."""
    stream = traffic(np.random.default_rng(requests + reference), count * (requests + reference), mean_pages)
    for start in range(0, len(stream), requests + reference):
        yield stream[start : start + reference], stream[start + reference : start + reference + requests].copy()


@pytest.mark.parametrize("mean_pages", [1, 4, 17])
@pytest.mark.parametrize(("requests", "reference"), [(200, 300), (300, 1000)])
def test_at_most_one_window_in_twenty_without_drift_is_called_drifted(
    traffic: Traffic, requests: int, reference: int, mean_pages: float
) -> None:
    assert requests >= DEFAULTS.min_requests
    assert false_alarms(traffic, requests, reference, DEFAULTS, mean_pages) <= 0.05


@pytest.mark.parametrize(("requests", "reference"), [(50, 300), (100, 1000)])
def test_false_alarms_stay_rare_in_smaller_windows(traffic: Traffic, requests: int, reference: int) -> None:
    assert false_alarms(traffic, requests, reference, MonitoringConfig(min_requests=50)) <= 0.05


def test_counting_every_page_as_independent_raises_false_alarms(traffic: Traffic, monkeypatch: pytest.MonkeyPatch) -> None:
    """Why `design_effect` is needed: pages of one document are not independent."""
    monkeypatch.setattr("redaction.monitoring.distance.design_effect", lambda values, config: 1.0)
    assert false_alarms(traffic, 200, 500, DEFAULTS) > 0.2
    assert false_alarms(traffic, 200, 500, DEFAULTS, mean_pages=17) > 0.5


def false_alarms(traffic: Traffic, requests: int, reference: int, config: MonitoringConfig, mean_pages: float = 4) -> float:
    windows = pairs(traffic, requests, reference, WINDOWS, mean_pages)
    return sum(bool(drifted_columns(before, now, config)) for before, now in windows) / WINDOWS


@pytest.mark.parametrize("reference", [300, 1000])
@pytest.mark.parametrize("change", CHANGES)
def test_nineteen_of_twenty_planted_drifts_are_found_in_the_smallest_window(
    traffic: Traffic, change: Change, reference: int
) -> None:
    assert found(traffic, change, DEFAULTS.min_requests, reference) >= 0.95


def test_a_drift_that_starts_within_the_window_is_found(traffic: Traffic) -> None:
    def later_blurred(pages: pd.DataFrame, rng: np.random.Generator) -> None:
        pages.iloc[len(pages) // 3 :, pages.columns.get_loc("sharpness")] *= 0.4

    assert found(traffic, later_blurred, DEFAULTS.min_requests, 1000) >= 0.95


def test_a_small_drift_is_found_only_in_a_larger_window(traffic: Traffic) -> None:
    def a_little_darker(pages: pd.DataFrame, rng: np.random.Generator) -> None:
        pages["brightness"] -= 9

    assert found(traffic, a_little_darker, 200, 1500) < 0.5
    assert found(traffic, a_little_darker, 1500, 1500) >= 0.95


def found(traffic: Traffic, change: Change, requests: int, reference: int) -> float:
    rng, hits = np.random.default_rng(7), 0
    for before, now in pairs(traffic, requests, reference, WINDOWS // 3):
        change(now, rng)
        hits += bool(drifted_columns(before, now, DEFAULTS))
    return hits / (WINDOWS // 3)
