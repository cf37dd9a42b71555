"""Generate synthetic training pages."""

from __future__ import annotations

import shutil
from typing import Annotated

from zenml import log_metadata, step
from zenml.logger import get_logger
from zenml.types import HTMLString

from expectations.report import report_html
from expectations.validation import SYNTHETIC_SUITES
from expectations.validation import validate as run_suites
from redaction.dataset import Dataset, Split, SyntheticDataset
from redaction.errors import RedactionError
from redaction.monitoring.realism import compare_with_real
from redaction.progress import log_progress
from redaction.synthesis import SynthesisConfig, usable_backgrounds
from redaction.synthesis import synthesize as generate_pages
from redaction.workspace import Workspace
from steps.caching import code_of

logger = get_logger(__name__)


@step(
    cache_policy=code_of("redaction.synthesis", "redaction.monitoring.realism", "expectations"),
)
def synthesize(
    validated: Dataset, config: SynthesisConfig
) -> tuple[
    Annotated[SyntheticDataset, "synthetic"],
    Annotated[HTMLString, "synthetic_validation_report"],
    Annotated[HTMLString, "real_vs_synthetic"],
]:
    """Draw redactions on real unredacted training pages and on generated ones; validate the pages with the suites, and compare
    them with the real training pages."""
    folder = Workspace.at(validated.root).state / "synthetic"
    shutil.rmtree(folder, ignore_errors=True)  # left by the last run; the artifact store has a copy of those pages
    report_progress = log_progress()
    generated = generate_pages(
        config,
        usable_backgrounds(validated),
        folder,
        progress=lambda done, wanted: report_progress("Synthetic pages", done, wanted),
    )
    synthetic = SyntheticDataset.model_validate(generated.model_dump())
    report = run_suites(synthetic, SYNTHETIC_SUITES)
    log_metadata({"success": report.success, "pages": len(synthetic.pages)})
    if not report.success:
        raise RedactionError(f"The synthetic pages in {folder} fail «{report.failures[0].rule}»: this is a bug in the synthesis.")
    realism = compare_with_real(validated.of_split(Split.TRAIN), synthetic)
    if realism:
        log_metadata({"distance_from_real_pages": realism.distances})
        logger.info("Least like the real training pages: %s", ", ".join(realism.differing_columns) or "nothing stands out")
    no_comparison = "<p>There are no real training pages to compare with.</p>"
    return synthetic, HTMLString(report_html(report, synthetic)), HTMLString(realism.html if realism else no_comparison)
