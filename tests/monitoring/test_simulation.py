"""False alarms and missed drifts of monitoring at its default settings, in a simulation.

`simulation.verdicts` uses 199 permutations and no Evidently, which takes half a second a window. The full table, with more
windows, is in docs/monitoring.md.
"""

from __future__ import annotations

import numpy as np
import pytest

from redaction.catalog.tables import Verdict
from redaction.monitoring.comparison import compare
from redaction.monitoring.distance import MonitoringConfig
from redaction.monitoring.drift import judge_window
from tests.monitoring import simulation
from tests.monitoring.simulation import Change, from_share, in_half_of_the_documents, traffic, verdicts

DEFAULTS = MonitoringConfig()
CHANGES = [
    simulation.darker,
    simulation.blurred,
    simulation.other_sizes,
    simulation.more_boxes,
    simulation.fewer_boxes,
    simulation.lower_scores,
    simulation.color,
    simulation.photocopied,
]


@pytest.mark.parametrize("change", [None, simulation.darker])
def test_the_verdict_is_that_of_the_comparison(change: Change | None) -> None:
    rng = np.random.default_rng(3)
    reference, current = traffic(rng, 400), traffic(rng, 220)
    if change:
        change(current, rng)
    columns = compare(reference, current, DEFAULTS).columns
    judgement = judge_window(reference, current, DEFAULTS).judgement
    assert {c.column: (c.statistic, c.threshold) for c in judgement.columns} == {
        name: (column.distance, column.limit) for name, column in columns.items()
    }
    assert judgement.verdict == (Verdict.DRIFTED if change else Verdict.STABLE)


@pytest.mark.parametrize("by_documents", [True, False])
@pytest.mark.parametrize("mean_pages", [1, 5, 17])
def test_at_most_one_window_in_twenty_without_drift_is_called_drifted(mean_pages: float, by_documents: bool) -> None:
    assert verdicts(200, 300, 60, mean_pages=mean_pages, by_documents=by_documents).drifted <= 0.05


def test_counting_every_page_as_independent_raises_false_alarms(monkeypatch: pytest.MonkeyPatch) -> None:
    """Why documents, or the similarity of the pages, must be known."""
    monkeypatch.setattr("redaction.monitoring.comparison.design_effect", lambda values, lower_bound: 1.0)
    assert verdicts(200, 300, 20, mean_pages=17, by_documents=False).drifted > 0.5


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_drift_is_found_in_the_smallest_window(change: Change) -> None:
    assert verdicts(DEFAULTS.min_requests, 300, 10, change=change).drifted == 1


@pytest.mark.parametrize("by_documents", [True, False])
@pytest.mark.parametrize("start", [0.25, 0.5, 0.75])
@pytest.mark.parametrize("change", [simulation.photocopied, simulation.blurred], ids=lambda change: change.__name__)
def test_a_drift_is_found_wherever_in_the_window_it_begins(change: Change, start: float, by_documents: bool) -> None:
    """The last quarter of 200 pages is 50 pages: with one page per document, that is enough."""
    assert verdicts(200, 300, 8, mean_pages=1, by_documents=by_documents, change=from_share(change, start)).drifted == 1


@pytest.mark.parametrize("by_documents", [True, False])
def test_a_window_half_ordinary_half_drifted_is_not_called_stable(by_documents: bool) -> None:
    half_drifted = from_share(simulation.photocopied, 0.5)
    shares = verdicts(200, 300, 20, mean_pages=5, by_documents=by_documents, change=half_drifted)
    assert shares.drifted >= 0.8
    assert shares.stable <= 0.05


def test_a_drift_of_half_the_documents_is_found() -> None:
    half = in_half_of_the_documents(simulation.photocopied)
    assert verdicts(200, 300, 20, mean_pages=5, change=half).drifted >= 0.9


def test_documents_of_many_pages_need_a_larger_window() -> None:
    half_drifted = from_share(simulation.photocopied, 0.5)
    assert verdicts(200, 300, 15, mean_pages=17, change=half_drifted).drifted < 0.9
    assert verdicts(500, 600, 15, mean_pages=17, change=half_drifted).drifted >= 0.9


def test_a_small_drift_is_found_only_in_a_larger_window() -> None:
    def a_little_darker(pages, rng) -> None:  # type: ignore[no-untyped-def]
        pages["brightness"] -= 9

    assert verdicts(200, 600, 15, change=a_little_darker).drifted < 0.5
    assert verdicts(1500, 1500, 5, change=a_little_darker).drifted == 1
