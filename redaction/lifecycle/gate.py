"""Decide whether the candidate goes into production: a pure function of its comparison with the champion and the limits.

It is deployed only if, with the confidence of the comparison, it is not worse than the champion by more than the limits, on the
test split and on the synthetic panel, and if something is better. Too little evidence holds it.
"""

from __future__ import annotations

from collections.abc import Iterator

from redaction.evaluation import Comparison, Evaluation
from redaction.lifecycle import evidence
from redaction.lifecycle.limits import DecisionLimits, FirstDeploymentFloor
from redaction.lifecycle.reasons import Reason, ReasonCode
from redaction.values import Frozen

__all__ = ["Decision", "DecisionLimits", "FirstDeploymentFloor", "Reason", "ReasonCode", "decide"]


class Decision(Frozen):
    """Deploy or hold, with reasons."""

    deploy: bool
    candidate: str
    champion: str | None
    """The detector to beat."""
    in_production: bool = True
    """Whether the champion is in production; otherwise nothing is, and the champion is the starter."""
    reasons: tuple[Reason, ...]

    @property
    def serving(self) -> str | None:
        """The detector in production before this decision, if any."""
        return self.champion if self.in_production else None


def decide(comparison: Comparison, limits: DecisionLimits) -> Decision:
    """Deploy the candidate only if it is known to be better; every other case holds, with all its reasons."""
    hold_reasons = tuple(_hold_reasons(comparison, limits))
    return Decision(
        deploy=not hold_reasons,
        candidate=comparison.candidate.version,
        champion=comparison.champion.version if comparison.champion else None,
        in_production=comparison.in_production,
        reasons=hold_reasons or tuple(_deploy_reasons(comparison)),
    )


def _hold_reasons(comparison: Comparison, limits: DecisionLimits) -> Iterator[Reason]:
    candidate, champion = comparison.candidate, comparison.champion
    overall = candidate.overall
    if overall.pages < limits.min_test_pages or overall.boxes < limits.min_test_boxes:
        yield Reason(
            code=ReasonCode.TOO_FEW_TEST_PAGES,
            sentence=f"The test split has {overall.pages} pages with {overall.boxes} redactions; "
            f"{limits.min_test_pages} pages with {limits.min_test_boxes} are needed: annotate more documents.",
        )
    missing = [*_missing_metrics(candidate), *(_missing_metrics(champion) if champion else ())]
    if missing:
        yield Reason(code=ReasonCode.MISSING_METRIC, sentence=f"Not measured: {', '.join(missing)}.")
        return
    yield from _exceeded_limits(candidate, limits)
    if not comparison.in_production:
        yield from _below_first_floor(candidate, limits.first_deployment)
    if champion is None:
        yield Reason(code=ReasonCode.NO_CHAMPION, sentence="There is no detector to compare with; run the evaluation again.")
    elif champion.dataset_digest != candidate.dataset_digest:
        yield Reason(
            code=ReasonCode.DIFFERENT_TEST_PAGES,
            sentence="Candidate and champion were evaluated on different test pages; evaluate both again.",
        )
    elif champion.detector_digest == candidate.detector_digest:
        yield Reason(code=ReasonCode.SAME_DETECTOR, sentence=f"The candidate is {_name(comparison)} itself.")
    else:
        yield from evidence.hold_reasons(comparison.gains, limits, _name(comparison), comparison.confidence)
        yield from _worse_in_detail(candidate, champion, limits)


def _missing_metrics(evaluation: Evaluation) -> Iterator[str]:
    needed = {name: getattr(evaluation.overall, name) for name in ("ap", "ap50", "recall")}
    needed["seconds per page"] = evaluation.seconds_per_page
    for name, value in needed.items():
        if value is None:
            yield f"{name} of {evaluation.version}"


def _exceeded_limits(candidate: Evaluation, limits: DecisionLimits) -> Iterator[Reason]:
    false_positives = candidate.false_positives_per_clean_page
    # without a clean test page there is nothing to count; the other limits still apply
    if false_positives is not None and false_positives > limits.max_false_positives_per_clean_page:
        yield Reason(
            code=ReasonCode.TOO_MANY_FALSE_POSITIVES,
            sentence=f"{false_positives:.2f} false boxes per test page without redactions; "
            f"at most {limits.max_false_positives_per_clean_page:.2f} are allowed.",
        )
    seconds = _not_none(candidate.seconds_per_page)
    if seconds > limits.max_seconds_per_page:
        yield Reason(
            code=ReasonCode.TOO_SLOW,
            sentence=f"{seconds:.2f} s per page; at most {limits.max_seconds_per_page:.2f} s are allowed.",
        )


def _below_first_floor(candidate: Evaluation, floor: FirstDeploymentFloor | None) -> Iterator[Reason]:
    if floor is None:
        yield Reason(
            code=ReasonCode.NO_CHAMPION,
            sentence="Nothing is in production, and the config sets no floor for a first deployment.",
        )
        return
    for name, needed in (("ap50", floor.ap50), ("recall", floor.recall)):
        value = _not_none(getattr(candidate.overall, name))
        if value < needed:
            yield Reason(
                code=ReasonCode.BELOW_FIRST_FLOOR,
                sentence=f"{name} is {value:.3f}; a first deployment needs {needed:.3f}.",
            )


def _worse_in_detail(candidate: Evaluation, champion: Evaluation, limits: DecisionLimits) -> Iterator[Reason]:
    """What is judged by its value alone: AP, if a limit is set, and the recall of each style."""
    gain = _not_none(candidate.overall.ap) - _not_none(champion.overall.ap)
    if limits.min_ap_gain is not None and gain < limits.min_ap_gain:
        yield Reason(
            code=ReasonCode.AP_NOT_BETTER,
            sentence=f"AP changes by {gain:+.3f} against {champion.version}; {limits.min_ap_gain:+.3f} is needed.",
        )
    for style, before in champion.by_style.items():
        after = candidate.by_style.get(style)
        if before.boxes < limits.min_style_boxes or before.recall is None or after is None or after.recall is None:
            continue
        if before.recall - after.recall > limits.max_style_recall_loss:
            yield Reason(
                code=ReasonCode.STYLE_RECALL_FELL,
                sentence=f"Recall of {style} redactions falls from {before.recall:.3f} to {after.recall:.3f}.",
            )


def _deploy_reasons(comparison: Comparison) -> Iterator[Reason]:
    overall = comparison.candidate.overall
    if not comparison.in_production:
        figures = f"AP50 {_not_none(overall.ap50):.3f}, recall {_not_none(overall.recall):.3f}"
        yield Reason(code=ReasonCode.REACHES_FIRST_FLOOR, sentence=f"First deployment: {figures}.")
    better = "; ".join(evidence.describe(gain) for gain in comparison.gains if evidence.is_better(gain))
    yield Reason(
        code=ReasonCode.BETTER_THAN_CHAMPION if comparison.in_production else ReasonCode.BETTER_THAN_STARTER,
        sentence=f"Better than {_name(comparison)} with {comparison.confidence:.0%} confidence: {better}; nothing is worse.",
    )


def _name(comparison: Comparison) -> str:
    version = comparison.champion.version if comparison.champion else "none"
    return version if comparison.in_production else f"the starter ({version})"


def _not_none(value: float | None) -> float:
    if value is None:
        raise ValueError("metrics are compared only after _missing_metrics found none missing")
    return value
