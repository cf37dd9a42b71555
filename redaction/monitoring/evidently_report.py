"""Compare two tables column by column with Evidently 0.7, using our distance instead of the one that it would choose."""

from __future__ import annotations

import os
from typing import Any

import pandas as pd

from redaction.monitoring.distance import ks_distance

METHOD = "ks_distance"
"""The name under which `redaction.monitoring.distance.ks_distance` is registered with Evidently."""


def compare_with_evidently(
    reference: pd.DataFrame, current: pd.DataFrame, limits: dict[str, float]
) -> tuple[dict[str, float], str]:
    """The Kolmogorov-Smirnov distance of each column that has a limit, and Evidently's interactive report (about 4 MB of HTML).

    Missing values (NaN) are ignored; each column needs at least one value on either side.
    """
    # read on import; otherwise Evidently sends usage statistics to its makers
    os.environ.setdefault("DO_NOT_TRACK", "1")
    from evidently import DataDefinition, Dataset, Report
    from evidently.metrics import ValueDrift

    _register_method()
    columns = list(limits)
    definition = DataDefinition(numerical_columns=columns)
    report = Report([ValueDrift(column=column, method=METHOD, threshold=limit) for column, limit in limits.items()])
    snapshot = report.run(
        Dataset.from_pandas(current[columns], data_definition=definition),
        Dataset.from_pandas(reference[columns], data_definition=definition),
    )
    metrics: list[dict[str, Any]] = snapshot.dict()["metrics"]
    return {m["config"]["column"]: float(m["value"]) for m in metrics}, str(snapshot.get_html_str(as_iframe=False))


def _register_method() -> None:
    from evidently.legacy.calculations.stattests.registry import StatTest, register_stattest
    from evidently.legacy.core import ColumnType

    def measure(reference: Any, current: Any, _column_type: Any, threshold: float) -> tuple[float, bool]:
        distance = ks_distance(reference.to_numpy(float), current.to_numpy(float))
        return distance, distance >= threshold

    numerical = [ColumnType.Numerical]
    register_stattest(StatTest(name=METHOD, display_name="K-S distance", allowed_feature_types=numerical), measure)
