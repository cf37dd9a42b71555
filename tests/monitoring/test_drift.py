from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from redaction.catalog.tables import Verdict
from redaction.errors import RedactionError
from redaction.monitoring.distance import MonitoringConfig
from redaction.monitoring.drift import JudgedWindow, judge_window
from redaction.monitoring.judgement import MonitoringJudgement

Traffic = Callable[..., pd.DataFrame]
CONFIG = MonitoringConfig(min_requests=100)


@pytest.fixture(scope="module")
def reference(traffic: Traffic) -> pd.DataFrame:
    return traffic(np.random.default_rng(1), 400)


@pytest.fixture
def current(traffic: Traffic) -> pd.DataFrame:
    return traffic(np.random.default_rng(2), 150)


def test_ordinary_traffic_is_stable(reference: pd.DataFrame, current: pd.DataFrame) -> None:
    judgement = judge_window(reference, current, CONFIG).judgement
    assert judgement.verdict == Verdict.STABLE
    assert not judgement.retraining_requested
    assert (judgement.requests, judgement.reference_pages) == (150, 400)
    assert [c.column for c in judgement.columns] == list(CONFIG.ks_distances)
    assert {c.method for c in judgement.columns} == {"ks_distance"}


def test_drift_requests_a_retraining_and_names_the_columns(reference: pd.DataFrame, current: pd.DataFrame) -> None:
    current["brightness"] -= 60
    current["sharpness"] *= 0.6
    judgement = judge_window(reference, current, CONFIG).judgement
    assert judgement.verdict == Verdict.DRIFTED
    assert judgement.retraining_requested
    assert judgement.drifted_columns == ("brightness", "sharpness")
    assert re.match(
        r"brightness moved: median 2\d\d in the reference, 1\d\d now \(K-S distance 0\.\d\d, limit 0\.\d\d\)\.",
        judgement.reasons[0],
    )


def test_too_few_requests_are_not_judged(reference: pd.DataFrame, current: pd.DataFrame) -> None:
    current["brightness"] = 0.0
    judged = judge_window(reference, current[:99], CONFIG)
    assert judged.judgement.verdict == Verdict.TOO_FEW_REQUESTS
    assert judged.judgement.reasons[0] == "99 pages were requested since the last judged window; 100 are needed."
    assert not judged.judgement.retraining_requested
    assert judged.evidently_html is None
    assert judge_window(reference, current[:100], CONFIG).judgement.verdict == Verdict.DRIFTED


def test_a_window_without_requests_is_not_judged(reference: pd.DataFrame, current: pd.DataFrame) -> None:
    judgement = judge_window(reference, current[:0], CONFIG).judgement
    assert (judgement.verdict, judgement.latency) == (Verdict.TOO_FEW_REQUESTS, None)


def test_a_reference_too_small_to_show_drift_is_not_called_stable(reference: pd.DataFrame, current: pd.DataFrame) -> None:
    judgement = judge_window(reference[:5], current, CONFIG).judgement
    assert judgement.verdict == Verdict.TOO_FEW_REQUESTS
    assert "a reference of 5 pages of 2 documents are too few" in judgement.reasons[0]
    assert judge_window(reference[:0], current, CONFIG).judgement.verdict == Verdict.TOO_FEW_REQUESTS


def test_without_documents_the_sentence_counts_independent_pages(reference: pd.DataFrame, current: pd.DataFrame) -> None:
    judgement = judge_window(reference[:5].drop(columns="document"), current, CONFIG).judgement
    assert judgement.verdict == Verdict.TOO_FEW_REQUESTS
    assert re.search(r"as informative as \d+ and 2 independent pages, and 20 or more are needed", judgement.reasons[0])


def test_a_window_without_boxes_is_judged_on_the_other_columns(reference: pd.DataFrame, current: pd.DataFrame) -> None:
    current[["boxes", "mean_score", "covered_share"]] = 0.0
    judgement = judge_window(reference, current, CONFIG).judgement
    assert judgement.unjudged == ("mean_score",)
    assert "boxes" in judgement.drifted_columns


def test_constant_columns_have_not_drifted(reference: pd.DataFrame, current: pd.DataFrame) -> None:
    same = {"width": 1275.0, "colourfulness": 0.0}
    judgement = judge_window(reference.assign(**same), current.assign(**same), CONFIG).judgement
    assert judgement.verdict == Verdict.STABLE


def test_one_outlier_page_is_not_drift(reference: pd.DataFrame, current: pd.DataFrame) -> None:
    """An extreme page changes a mean, but the distance of distributions only by one page."""
    current.loc[5, ["width", "height", "boxes", "colourfulness"]] = 30_000.0
    assert judge_window(reference, current, CONFIG).judgement.verdict == Verdict.STABLE


def test_slowness_is_reported_but_is_not_drift(reference: pd.DataFrame, current: pd.DataFrame) -> None:
    current["latency_ms"] += 6_000
    judgement = judge_window(reference, current, CONFIG).judgement
    assert judgement.verdict == Verdict.STABLE
    assert not judgement.retraining_requested
    assert judgement.latency is not None
    assert not judgement.latency.within_budget
    assert "The detector is slow" in judgement.reasons[-1]


def test_one_slow_page_keeps_to_the_budget(reference: pd.DataFrame, current: pd.DataFrame) -> None:
    current.loc[0, "latency_ms"] = 60_000
    latency = judge_window(reference, current, CONFIG).judgement.latency
    assert latency is not None
    assert latency.within_budget


def test_only_the_configured_columns_are_judged(reference: pd.DataFrame, current: pd.DataFrame) -> None:
    current["brightness"] = 0.0
    config = MonitoringConfig(min_requests=100, ks_distances={"boxes": 0.3, "mean_score": 0.3})
    judgement = judge_window(reference, current, config).judgement
    assert judgement.verdict == Verdict.STABLE
    assert [c.column for c in judgement.columns] == ["boxes", "mean_score"]


def test_a_reference_of_another_version_is_refused(reference: pd.DataFrame, current: pd.DataFrame) -> None:
    with pytest.raises(RedactionError, match="lack sharpness"):
        judge_window(reference.drop(columns="sharpness"), current, CONFIG)


def test_a_judgement_round_trips_through_json(reference: pd.DataFrame, current: pd.DataFrame) -> None:
    judgement = judge_window(reference, current, CONFIG).judgement
    assert MonitoringJudgement.model_validate_json(judgement.model_dump_json()) == judgement


def test_documents_count_where_they_are_known(reference: pd.DataFrame, current: pd.DataFrame) -> None:
    judgement = judge_window(reference, current, CONFIG).judgement
    assert judgement.by_documents
    assert judgement.effective_sample_size == current["document"].nunique()
    assert "judged as 40 documents" in judge_window(reference, current, CONFIG).summary_html
    by_pages = judge_window(reference, current.drop(columns="document"), CONFIG).judgement
    assert not by_pages.by_documents


def test_a_drift_at_the_end_of_a_window_is_told_with_its_place(reference: pd.DataFrame, current: pd.DataFrame) -> None:
    """The median over the whole window would hide it."""
    current.loc[100:, "sharpness"] *= 0.3
    judged = judge_window(reference, current, CONFIG)
    assert judged.judgement.drifted_columns == ("sharpness",)
    assert re.match(
        r"sharpness moved: median 5\d\.?\d? in the reference, 1\d\.\d in its last quarter", judged.judgement.reasons[0]
    )
    assert "shown: the last quarter of the window" in judged.summary_html
    assert judged.evidently_html is not None
    assert "Data drift detected" in judged.evidently_html


def test_a_judgement_of_an_earlier_version_is_read() -> None:
    earlier = {"verdict": "stable", "requests": 9, "reference_pages": 9, "unrelated_requests": 4.5, "reasons": ["because"]}
    judgement = MonitoringJudgement.model_validate(earlier)
    assert judgement.effective_sample_size == 4.5
    assert not judgement.by_documents


@pytest.fixture(scope="module")
def drifted(traffic: Traffic, reference: pd.DataFrame) -> JudgedWindow:
    current = traffic(np.random.default_rng(2), 150)
    return judge_window(reference, current.assign(sharpness=current["sharpness"] * 0.5), CONFIG)


def test_the_summary_is_small_and_self_contained(drifted: JudgedWindow) -> None:
    page = drifted.summary_html
    assert len(page) < 300_000
    assert not re.findall(r"(?:src|href)=|url\(|<script|@import", page)
    assert page.count("<svg") == 12
    assert "<b>Drifted.</b>" in page
    assert page.index("<b>sharpness</b>") < page.index("<b>brightness</b>"), "the column that drifted most comes first"


def test_evidentlys_report_agrees(drifted: JudgedWindow) -> None:
    assert drifted.evidently_html is not None
    statistic = next(c.statistic for c in drifted.judgement.columns if c.column == "sharpness")
    assert f"Data drift detected. Drift detection method: K-S distance. Drift score: {statistic:.3f}" in drifted.evidently_html
    assert drifted.evidently_html.count("Data drift not detected.") == 11
