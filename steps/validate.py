"""Validate the annotated pages."""

from __future__ import annotations

from typing import Annotated, Literal

from zenml import log_metadata, save_artifact, step
from zenml.logger import get_logger
from zenml.types import HTMLString

from expectations.report import report_html
from expectations.validation import REAL_SUITES, quarantine
from expectations.validation import validate as run_suites
from redaction.annotations.splits import with_enough_validation
from redaction.dataset import Dataset, Split
from redaction.errors import RedactionError
from redaction.files import write_text
from redaction.workspace import Workspace
from steps.caching import code_of

logger = get_logger(__name__)


@step(cache_policy=code_of("expectations", "redaction.annotations.splits"))
def validate(
    annotated: Dataset, on_failure: Literal["stop", "quarantine"] = "quarantine"
) -> tuple[Annotated[Dataset, "validated"], Annotated[HTMLString, "validation_report"]]:
    """Validate the annotated pages with the suites; failing pages stop the run or are left out, as configured."""
    report = run_suites(annotated, REAL_SUITES)
    html = HTMLString(report_html(report, annotated))
    file = Workspace.at(annotated.root).state / "reports" / "validation" / f"{annotated.digest[:12]}.html"
    write_text(file, html)
    log_metadata({"success": report.success, "failing pages": len(report.failing_pages), "report": str(file)})
    if report.success:
        return _ready(annotated), html
    if on_failure == "stop":
        save_artifact(html, "validation_report")
        rules = " ".join(f"«{failure.rule}»" for failure in report.failures)
        raise RedactionError(f"The annotated pages fail {rules}: see the artifact validation_report, and correct them.")
    logger.warning("Pages left out because they fail validation: %d.", len(report.failing_pages))
    kept = quarantine(annotated, report)
    still_failing = run_suites(kept, REAL_SUITES).failures
    if still_failing:
        save_artifact(html, "validation_report")
        raise RedactionError(
            f"Without the failing pages, the remaining ones still fail «{still_failing[0].rule}»: correct the annotations."
        )
    return _ready(kept), html


def _ready(dataset: Dataset) -> Dataset:
    ready = with_enough_validation(dataset).model_copy(update={"unjudged": None})
    moved = len(ready.of_split(Split.VALIDATION).pages) - len(dataset.of_split(Split.VALIDATION).pages)
    if moved:
        logger.warning("The validation split has too few redactions: %d training pages are moved to it for this run.", moved)
    return ready
