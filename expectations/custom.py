"""Expectations that Great Expectations lacks. Importing this module makes their names known to it, so that suites may use them.

Each is a *map* expectation: a yes or no for every row, so that the rows at fault can be named. The conditions are written so
that a missing number (NaN) counts as a fault, which Great Expectations' own comparisons would silently skip.

The classes have no defaults of their own on purpose: Great Expectations leaves arguments that equal a class's default out of
what it reports, and then nobody can tell which columns and which share were judged. The suites name every argument.
"""

# Great Expectations is not followed by mypy (see pyproject.toml), so its classes and decorators have no type here.
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
    """Every box lies on its page: no corner beyond the page's edges."""

    map_metric: ClassVar[str] = "multicolumn_values.box_inside_page"


class _BoxHasArea(MulticolumnMapMetricProvider):
    condition_metric_name = "multicolumn_values.box_has_area"
    condition_domain_keys = ("batch_id", "table", "column_list", "row_condition", "condition_parser", "ignore_row_if")
    condition_value_keys = ()

    @multicolumn_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls: Any, boxes: pd.DataFrame, **_: Any) -> pd.Series[bool]:
        return (boxes["x1"] > boxes["x0"]) & (boxes["y1"] > boxes["y0"])


class ExpectBoxesToHaveArea(MulticolumnMapExpectation):
    """Every box has a positive width and a positive height (the product alone would pass a box that is wrong twice)."""

    map_metric: ClassVar[str] = "multicolumn_values.box_has_area"


class _DocumentInOneSplit(ColumnPairMapMetricProvider):
    condition_metric_name = "column_pair_values.document_in_one_split"
    condition_domain_keys = ("batch_id", "table", "column_A", "column_B", "row_condition", "condition_parser", "ignore_row_if")
    condition_value_keys = ()

    @column_pair_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls: Any, document: pd.Series[str], split: pd.Series[str], **_: Any) -> pd.Series[bool]:
        return split.groupby(document).transform("nunique") == 1


class ExpectDocumentsToStayInOneSplit(ColumnPairMapExpectation):
    """No document has pages in two splits: a detector is never tested on a document that it learnt from."""

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
