"""Evidently's interactive report of two tables, with our distances and limits instead of those that it would choose."""

from __future__ import annotations

import os
from typing import Any

import pandas as pd

METHOD = "ks_distance"
"""The name of the Kolmogorov-Smirnov distance in judgements and in Evidently."""


def evidently_html(reference: pd.DataFrame, current: pd.DataFrame, distances: dict[str, tuple[float, float]]) -> str:
    """Evidently's report, about 4 MB of HTML.

    Args:
        reference: one row a page; NaN is a missing value.
        current: the same columns.
        distances: the columns to show, each with its distance and the limit from which it has drifted.
    """
    # read on import; otherwise Evidently sends usage statistics to its makers
    os.environ.setdefault("DO_NOT_TRACK", "1")
    from evidently import DataDefinition, Dataset, Report
    from evidently.metrics import ValueDrift

    _register_method({column: distance for column, (distance, _) in distances.items()})
    columns = list(distances)
    definition = DataDefinition(numerical_columns=columns)
    report = Report([ValueDrift(column=column, method=METHOD, threshold=limit) for column, (_, limit) in distances.items()])
    snapshot = report.run(
        Dataset.from_pandas(current[columns], data_definition=definition),
        Dataset.from_pandas(reference[columns], data_definition=definition),
    )
    return str(snapshot.get_html_str(as_iframe=False))


def _register_method(distances: dict[str, float]) -> None:
    from evidently.legacy.calculations.stattests.registry import StatTest, register_stattest
    from evidently.legacy.core import ColumnType

    def measured(_reference: Any, current: Any, _column_type: Any, threshold: float) -> tuple[float, bool]:
        distance = distances[current.name]
        return distance, distance >= threshold

    numerical = [ColumnType.Numerical]
    register_stattest(StatTest(name=METHOD, display_name="K-S distance", allowed_feature_types=numerical), measured)
