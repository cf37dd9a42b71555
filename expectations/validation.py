"""Run suites on a dataset, report the failing pages, and remove them."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from pydantic import AwareDatetime

from expectations.tables import box_table, page_table
from redaction.dataset import Dataset
from redaction.errors import RedactionError
from redaction.files import sha256_of_file
from redaction.values import Frozen

SUITES = Path(__file__).parent
REAL_SUITES = ("pages", "annotations")
SYNTHETIC_SUITES = ("pages", "annotations", "synthetic")

Table = Literal["pages", "boxes"]


class FailingRow(Frozen):
    """One row that an expectation rejects."""

    page: str
    box: int | None = None
    """Number of the box on its page, from 0; None in the table of pages."""
    reason: str
    """The invalid values, such as ``x1=1300, page_width=1275``."""


class ExpectationResult(Frozen):
    """The result of one expectation."""

    rule: str
    """The expectation as a sentence, from the suite."""
    kind: str
    """The expectation's name in Great Expectations."""
    arguments: str
    """Its arguments, such as ``column=area_share, max_value=0.5``."""
    success: bool
    rows: int
    """Number of rows that were checked."""
    mostly: float = 1.0
    """The share of rows that must satisfy the rule."""
    observed: str | None = None
    """The observed value, if the rule is about the table as a whole."""
    error: str | None = None
    """Why the rule could not be evaluated; it then counts as failed."""
    failing: tuple[FailingRow, ...] = ()
    """Every row that breaks the rule, even if the rule tolerates some."""

    @property
    def fixable_by_quarantine(self) -> bool:
        """Whether removing the pages of the failing rows fixes the failure.

        A rule about the whole table has no failing rows. A rule that *most* rows must satisfy fails because of a systematic error
        (such as boxes given as width and height), which removing the failing rows would only hide.
        """
        return self.mostly == 1.0 and bool(self.failing) and self.error is None


class SuiteResult(Frozen):
    """The result of one suite."""

    suite: str
    digest: str
    """SHA-256 of the suite's file: its version."""
    notes: str
    """What the suite says of itself."""
    table: Table
    rows: int
    expectations: tuple[ExpectationResult, ...]

    @property
    def success(self) -> bool:
        """Whether every expectation passed."""
        return all(expectation.success for expectation in self.expectations)


class ValidationReport(Frozen):
    """The results of all suites on one dataset."""

    started: AwareDatetime
    library: str
    """What evaluated the expectations, with its version."""
    dataset_digest: str
    pages: int
    boxes: int
    suites: tuple[SuiteResult, ...]

    @property
    def success(self) -> bool:
        """Whether there are suites and all of them passed."""
        return bool(self.suites) and all(suite.success for suite in self.suites)

    @property
    def failures(self) -> tuple[ExpectationResult, ...]:
        """The expectations that failed."""
        return tuple(e for suite in self.suites for e in suite.expectations if not e.success)

    @property
    def failing_pages(self) -> frozenset[str]:
        """Names of the pages with failing rows of a failed expectation."""
        return frozenset(row.page for expectation in self.failures for row in expectation.failing)


def validate(dataset: Dataset, suites: Sequence[str]) -> ValidationReport:
    """Run suites, named after the JSON files beside this module, on a dataset.

    Args:
        dataset: its image files are read and hashed.
        suites: see `REAL_SUITES` and `SYNTHETIC_SUITES`.

    Raises:
        RedactionError: a suite does not exist.
    """
    started = datetime.now(UTC)
    definitions = [_read_suite(name) for name in suites]
    tables = {"pages": page_table(dataset), "boxes": box_table(dataset)}
    gx = _great_expectations()
    context = _context(gx)
    source = context.data_sources.add_pandas("dataset")
    batches = {
        name: source.add_dataframe_asset(name).add_batch_definition_whole_dataframe("all")
        for name in {definition["meta"]["table"] for definition in definitions}
    }
    results = [_run_suite(gx, context, batches, tables, definition) for definition in definitions]
    return ValidationReport(
        started=started,
        library=f"Great Expectations {gx.__version__}",
        dataset_digest=dataset.digest,
        pages=len(tables["pages"]),
        boxes=len(tables["boxes"]),
        suites=tuple(results),
    )


def quarantine(dataset: Dataset, report: ValidationReport) -> Dataset:
    """Remove the failing pages. Validate the result again: a rule about the whole dataset may now fail.

    Raises:
        RedactionError: removing pages cannot fix a failure, or no page would be left.
    """
    unfixable = [expectation for expectation in report.failures if not expectation.fixable_by_quarantine]
    if unfixable:
        rules = " ".join(f"«{expectation.rule}»" for expectation in unfixable)
        raise RedactionError(
            f"The dataset fails {rules}, which concerns the whole dataset: leaving pages out cannot fix it. "
            "Read the validation report and correct the annotations."
        )
    bad = report.failing_pages
    kept = dataset.where(lambda page: page.page not in bad)
    if not kept.pages:
        raise RedactionError(f"All {report.pages} pages fail validation: read the validation report and correct the annotations.")
    return kept


def _read_suite(name: str) -> dict[str, Any]:
    path = SUITES / f"{name}.json"
    known = sorted(file.stem for file in SUITES.glob("*.json"))
    if name not in known:
        raise RedactionError(f"There is no suite {name!r} in expectations/; known are {', '.join(known)}.")
    definition: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return definition


def _great_expectations() -> Any:
    # Both must be set before the first import, which reads the setting and logs hundreds of registered metrics. Those lines show
    # as soon as another library configures the root logger, as ZenML does.
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    import great_expectations as gx

    import expectations.custom  # noqa: F401 - registers our expectations

    return gx


def _context(gx: Any) -> Any:
    from great_expectations.data_context.types.base import DataContextConfig, InMemoryStoreBackendDefaults, ProgressBarsConfig

    # Great Expectations' own report loads scripts and styles from the internet; `expectations.report` replaces it
    stores = InMemoryStoreBackendDefaults(init_temp_docs_sites=False)
    context = gx.get_context(project_config=DataContextConfig(store_backend_defaults=stores))
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    return context


def _run_suite(
    gx: Any, context: Any, batches: dict[str, Any], tables: dict[str, pd.DataFrame], definition: dict[str, Any]
) -> SuiteResult:
    name, table_name = definition["name"], definition["meta"]["table"]
    table = tables[table_name]
    suite = context.suites.add(gx.ExpectationSuite(name=name, expectations=definition["expectations"], meta=definition["meta"]))
    run = context.validation_definitions.add(gx.ValidationDefinition(name=name, data=batches[table_name], suite=suite))
    outcome = run.run(batch_parameters={"dataframe": table}, result_format={"result_format": "COMPLETE"})
    by_rule = {result.expectation_config.description: result for result in outcome.results}
    return SuiteResult(
        suite=name,
        digest=sha256_of_file(SUITES / f"{name}.json"),
        notes=definition["meta"]["notes"],
        table=table_name,
        rows=len(table),
        # Great Expectations returns results in a different order
        expectations=tuple(_result(by_rule[each["description"]], each["kwargs"], table) for each in definition["expectations"]),
    )


def _result(outcome: Any, arguments: dict[str, Any], table: pd.DataFrame) -> ExpectationResult:
    config, result = outcome.expectation_config, outcome.result
    observed = result.get("observed_value")
    raised = outcome.exception_info
    return ExpectationResult(
        rule=config.description,
        kind=config.type,
        arguments=", ".join(f"{name}={json.dumps(value)}" for name, value in arguments.items()),
        success=bool(outcome.success),
        rows=int(result.get("element_count", len(table))),
        mostly=float(arguments.get("mostly", 1.0)),
        observed=None if observed is None else str(observed),
        error=_error(raised) if not outcome.success else None,
        failing=_failing_rows(table, result.get("unexpected_index_list") or [], _columns(arguments)),
    )


def _error(exception_info: dict[str, Any]) -> str | None:
    # one exception, or a dictionary of exceptions by metric
    raised = [exception_info] if "raised_exception" in exception_info else list(exception_info.values())
    messages = {str(one["exception_message"]) for one in raised if one["raised_exception"]}
    return "; ".join(sorted(messages)) or None


def _columns(kwargs: dict[str, Any]) -> list[str]:
    single = [kwargs[key] for key in ("column", "column_A", "column_B") if key in kwargs]
    return [*single, *kwargs.get("column_list", [])]


def _failing_rows(table: pd.DataFrame, indexes: Sequence[int], columns: list[str]) -> tuple[FailingRow, ...]:
    rows = table.loc[sorted(set(indexes))]
    boxes = rows["box"].tolist() if "box" in rows else [None] * len(rows)
    shown = [column for column in columns if column != "page"]
    reasons = zip(*(rows[column].tolist() for column in shown), strict=True) if shown else [()] * len(rows)
    return tuple(
        FailingRow(page=page, box=box, reason=", ".join(f"{c}={_format_value(v)}" for c, v in zip(shown, values, strict=True)))
        for page, box, values in zip(rows["page"].tolist(), boxes, reasons, strict=True)
    )


def _format_value(value: Any) -> str:
    if isinstance(value, float):
        return np.format_float_positional(value, precision=2, trim="-")
    text = str(value)
    # digests are shortened
    return text if len(text) <= 40 else f"{text[:12]}…"
