"""Compare a candidate with the champion, page by page: on the test split, and on the synthetic panel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import Field

from redaction.dataset import Dataset
from redaction.detection.artifact import Detector
from redaction.evaluation.bootstrap import CONFIDENCE
from redaction.evaluation.gains import Contest, Gain, Measure, Part, gains
from redaction.evaluation.metrics import (
    Comparison,
    Evaluation,
    evaluate_predictions,
    format_metric,
    metrics_by_group,
    predict_dataset,
)
from redaction.evaluation.panel import PanelConfig
from redaction.values import Frozen

MEASURE_NAMES = {Measure.RECALL: "recall", Measure.F2: "F2", Measure.FALSE_BOXES: "false boxes per page without redactions"}
PART_NAMES = {Part.TEST: "test pages", Part.SYNTHETIC: "synthetic panel", Part.ALL: "test pages and panel"}


class ComparisonConfig(Frozen):
    """How candidate and champion are compared."""

    panel: PanelConfig = PanelConfig()
    confidence: float = Field(default=CONFIDENCE, ge=0.5, le=0.99)
    """Of each statement that the candidate is not worse, and of all statements together that it is better."""


def compare(
    candidate: Detector, champion: Detector, in_production: bool, test: Dataset, panel: Dataset, confidence: float = CONFIDENCE
) -> Comparison:
    """Run both detectors on the same pages, and compare them with `compare_contests`."""
    on_test, on_panel = (contest(candidate, champion, pages) for pages in (test, panel))
    return compare_contests(candidate, champion, in_production, (test, on_test), (panel, on_panel), confidence)


def contest(candidate: Detector, champion: Detector, pages: Dataset) -> Contest:
    """Run both detectors on the same pages."""
    found, champion_found = (predict_dataset(detector, pages) for detector in (candidate, champion))
    return Contest(found, candidate.operating_point, champion_found, champion.operating_point)


def compare_contests(
    candidate: Detector,
    champion: Detector,
    in_production: bool,
    on_test: tuple[Dataset, Contest],
    on_panel: tuple[Dataset, Contest],
    confidence: float = CONFIDENCE,
) -> Comparison:
    """Compare what both detectors found, each at its own operating point.

    Args:
        candidate: the detector that was trained.
        champion: the detector to beat.
        in_production: whether the champion is in production.
        on_test: the frozen test split, and what both found on it.
        on_panel: the synthetic panel (see `redaction.evaluation.panel`), and what both found on it.
        confidence: of the bounds of the gains.
    """
    (test, test_contest), (panel, panel_contest) = on_test, on_panel
    return Comparison(
        candidate=evaluate_predictions(candidate, test_contest.candidate, test),
        champion=evaluate_predictions(champion, test_contest.champion, test),
        in_production=in_production,
        candidate_on_panel=evaluate_predictions(candidate, panel_contest.candidate, panel),
        champion_on_panel=evaluate_predictions(champion, panel_contest.champion, panel),
        gains=tuple(gains(test_contest, panel_contest, confidence)),
        confidence=confidence,
    )


def comparison_markdown(comparison: Comparison) -> str:
    """Format what the candidate gains, and the metrics of both detectors overall, by style and by size, as Markdown tables."""
    lines = list(_gain_lines(comparison.gains, comparison.confidence)) if comparison.gains else []
    for title, pair in (
        ("Test pages", (comparison.candidate, comparison.champion)),
        ("Synthetic panel", (comparison.candidate_on_panel, comparison.champion_on_panel)),
    ):
        evaluations = [evaluation for evaluation in pair if evaluation is not None]
        if evaluations:
            lines += [f"## {title}", "", *_metric_lines(evaluations), ""]
    return "\n".join(lines)


def _gain_lines(compared: Sequence[Gain], confidence: float) -> Iterator[str]:
    yield from (f"## Candidate minus champion, {confidence:.0%} confidence", "")
    yield "| pages | measure | candidate | champion | gain | at least | documents |"
    yield "|---|---|---|---|---|---|---|"
    for gain in compared:
        low = "–" if gain.low is None else f"{gain.low:+.3f}"
        cells = (
            PART_NAMES[gain.part],
            MEASURE_NAMES[gain.measure],
            f"{gain.candidate:.3f}",
            f"{gain.champion:.3f}",
            f"{gain.value:+.3f}",
            low,
            str(gain.documents),
        )
        yield f"| {' | '.join(cells)} |"
    yield ""


def _metric_lines(evaluations: Sequence[Evaluation]) -> Iterator[str]:
    head = ["pages", "detector", "n", "boxes", "AP", "AP50", "precision", "recall", "F1", "false boxes"]
    head += ["pixel precision", "pixel recall"]
    yield f"| {' | '.join(head)} |"
    yield "|" + "---|" * len(head)
    for group in dict(metrics_by_group(evaluations[0])):
        for evaluation in evaluations:
            row = dict(metrics_by_group(evaluation)).get(group)
            if row is None:
                continue
            rates = [row.ap, row.ap50, row.precision, row.recall, row.f1]
            cells = [group, evaluation.version, str(row.pages), str(row.boxes), *map(format_metric, rates)]
            cells += [str(row.false_positives), format_metric(row.pixel_precision), format_metric(row.pixel_recall)]
            yield f"| {' | '.join(cells)} |"
    yield ""
    for evaluation in evaluations:
        yield (
            f"- {evaluation.version}: operating point {evaluation.operating_point:.2f}, "
            f"{format_metric(evaluation.false_positives_per_clean_page)} false boxes per page without redactions, "
            f"{format_metric(evaluation.seconds_per_page)} s per page"
        )
