"""One comparison of all columns, by documents or by pages."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from redaction.monitoring.comparison import MIN_DOCUMENTS, compare
from redaction.monitoring.distance import MONITORED_COLUMNS, MonitoringConfig

Traffic = Callable[..., pd.DataFrame]
CONFIG = MonitoringConfig()
ONE_COLUMN = MonitoringConfig(ks_distances={"brightness": 0.2})


def noise(seed: int, documents: int, pages: int = 1) -> pd.DataFrame:
    """Independent columns, in which the pages of a document are equal."""
    values = np.random.default_rng(seed).normal(size=(documents, len(MONITORED_COLUMNS))).repeat(pages, axis=0)
    frame = pd.DataFrame(values, columns=list(MONITORED_COLUMNS)).assign(boxes=1.0)
    return frame.assign(document=[f"{number}" for number in range(documents) for _ in range(pages)])


def limit(reference: pd.DataFrame, current: pd.DataFrame, config: MonitoringConfig = CONFIG) -> float:
    return compare(reference, current, config).columns["brightness"].limit


def test_a_window_is_compared_by_documents_only_if_both_sides_know_them() -> None:
    reference, current = noise(1, 100), noise(2, 100)
    assert compare(reference, current, CONFIG).by_documents
    assert not compare(reference.drop(columns="document"), current, CONFIG).by_documents
    assert not compare(reference, current.assign(document=None), CONFIG).by_documents


def test_more_pages_of_the_same_documents_are_not_more_evidence() -> None:
    reference = noise(1, 40)
    few, many = noise(2, 40), noise(2, 40, pages=20)
    assert limit(reference, many) == pytest.approx(limit(reference, few), rel=0.05)
    assert compare(reference, many, CONFIG).independent_current == 40


def test_the_limit_falls_with_more_documents_to_the_distance_that_matters() -> None:
    limits = [limit(noise(1, 600), noise(2, documents)) for documents in (20, 60, 600)]
    assert limits[0] > limits[1] > limits[2] == 0.2


def test_eleven_equal_columns_more_are_one_question_and_cost_nothing() -> None:
    reference, current = noise(1, 60), noise(2, 60)
    alone = limit(reference, current, ONE_COLUMN)
    copies = [
        table.assign(**{c: table["brightness"] for c in MONITORED_COLUMNS if c != "boxes"}) for table in (reference, current)
    ]
    assert limit(copies[0], copies[1]) == pytest.approx(alone)
    assert limit(reference, current) > 1.1 * alone, "independent columns are many questions"


@pytest.mark.parametrize(("first", "share"), [(0, 1.0), (50, 0.5), (75, 0.25)])
def test_the_part_of_the_window_that_differs_most_is_named(first: int, share: float) -> None:
    current = noise(2, 100)
    current.loc[first:, "sharpness"] += 1.5
    found = compare(noise(1, 100), current, CONFIG).columns["sharpness"]
    assert found.distance >= found.limit
    assert found.window_share == share


def test_the_parts_are_cut_between_documents() -> None:
    current = noise(2, 40, pages=3)
    # two clients send at the same time
    current = pd.concat([current[:60:2], current[1:60:2], current[60:]], ignore_index=True)
    part = compare(noise(1, 40), current, CONFIG).current_part(0.5)
    assert len(part) == 60
    assert not set(current.loc[part.index, "document"]) & set(current.drop(index=part.index)["document"])


@pytest.mark.parametrize(("documents", "judged"), [(1, False), (MIN_DOCUMENTS - 1, False), (MIN_DOCUMENTS, True)])
def test_few_documents_show_nothing_however_many_pages_they_have(documents: int, judged: bool) -> None:
    for reference, current in [(noise(1, 100), noise(2, documents, 50)), (noise(2, documents, 50), noise(1, 100))]:
        assert bool(compare(reference, current, CONFIG).columns) is judged


def test_one_name_for_every_document_is_one_document(traffic: Traffic) -> None:
    current = traffic(np.random.default_rng(1), 500).assign(document="scan.pdf")
    assert not compare(noise(1, 100), current, CONFIG).columns


def test_the_result_is_the_same_each_time() -> None:
    reference, current = noise(1, 40), noise(2, 40)
    assert compare(reference, current, CONFIG).columns == compare(reference, current, CONFIG).columns


@pytest.mark.parametrize("false_alarms", [1e-5, 0.3, 0.999])
def test_any_permitted_share_of_false_alarms_gives_a_limit(false_alarms: float) -> None:
    config = MonitoringConfig(false_alarms=false_alarms, ks_distances={"brightness": 0.01})
    assert 0 < limit(noise(1, 12), noise(2, 12), config) <= 1


def test_twenty_thousand_pages_take_seconds(traffic: Traffic) -> None:
    reference, current = traffic(np.random.default_rng(1), 1000), traffic(np.random.default_rng(2), 21_000, 1)
    compared = compare(reference, current, CONFIG)
    assert len(compared.current) == CONFIG.max_pages
    assert all(found.limit < 0.21 for found in compared.columns.values())
