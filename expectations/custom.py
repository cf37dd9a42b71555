"""Custom expectations. Importing this module registers them with Great Expectations, so that suites can use them by name.

Each is a *map* expectation: a boolean for every row, so that failing rows can be reported. A missing number (NaN) fails the
condition; Great Expectations' own comparisons silently skip it.

The classes deliberately have no defaults: Great Expectations omits arguments that equal a default from its results, which then
do not say which columns and which share were checked. The suites give every argument.
"""

# mypy does not follow Great Expectations (see pyproject.toml), so its classes and decorators are untyped here.
# mypy: disable-error-code="misc, untyped-decorator"

from __future__ import annotations

from typing import Any, ClassVar, Literal

import pandas as pd
from great_expectations.execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import ColumnPairMapExpectation, MulticolumnMapExpectation
from great_expectations.expectations.metrics.map_metric_provider import ColumnPairMapMetricProvider, MulticolumnMapMetricProvider
from great_expectations.expectations.metrics.map_metric_provider.column_pair_condition_partial import (
    column_pair_condition_partial,
)
from great_expectations.expectations.metrics.map_metric_provider.multicolumn_condition_partial import (
    multicolumn_condition_partial,
)


class _BoxInsidePage(MulticolumnMapMetricProvider):
    condition_metric_name = "multicolumn_values.box_inside_page"
    condition_domain_keys = ("batch_id", "table", "column_list", "row_condition", "condition_parser", "ignore_row_if")
    condition_value_keys = ()

    @multicolumn_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls: Any, boxes: pd.DataFrame, **_: Any) -> pd.Series[bool]:
        inside_left_top = (boxes["x0"] >= 0) & (boxes["y0"] >= 0)
        return inside_left_top & (boxes["x1"] <= boxes["page_width"]) & (boxes["y1"] <= boxes["page_height"])


class ExpectBoxesToLieInsideTheirPage(MulticolumnMapExpectation):
    """Every box lies inside its page."""

    map_metric: ClassVar[str] = "multicolumn_values.box_inside_page"


class _BoxHasArea(MulticolumnMapMetricProvider):
    condition_metric_name = "multicolumn_values.box_has_area"
    condition_domain_keys = ("batch_id", "table", "column_list", "row_condition", "condition_parser", "ignore_row_if")
    condition_value_keys = ()

    @multicolumn_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls: Any, boxes: pd.DataFrame, **_: Any) -> pd.Series[bool]:
        return (boxes["x1"] > boxes["x0"]) & (boxes["y1"] > boxes["y0"])


class ExpectBoxesToHaveArea(MulticolumnMapExpectation):
    """Every box has a positive width and a positive height; a positive product of two negative numbers would not be enough."""

    map_metric: ClassVar[str] = "multicolumn_values.box_has_area"


class _DocumentInOneSplit(ColumnPairMapMetricProvider):
    condition_metric_name = "column_pair_values.document_in_one_split"
    condition_domain_keys = ("batch_id", "table", "column_A", "column_B", "row_condition", "condition_parser", "ignore_row_if")
    condition_value_keys = ()

    @column_pair_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls: Any, document: pd.Series[str], split: pd.Series[str], **_: Any) -> pd.Series[bool]:
        return split.groupby(document).transform("nunique") == 1


class ExpectDocumentsToStayInOneSplit(ColumnPairMapExpectation):
    """No document has pages in two splits: a detector is never tested on a document that it was trained on."""

    map_metric: ClassVar[str] = "column_pair_values.document_in_one_split"
    domain_keys: ClassVar[tuple[str, ...]] = (
        "batch_id",
        "column_A",
        "column_B",
        "row_condition",
        "condition_parser",
        "ignore_row_if",
    )
    ignore_row_if: Literal["both_values_are_missing", "either_value_is_missing", "neither"]
