"""Decide whether the candidate goes into production: a pure function of two evaluations and the configured limits."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from redaction.evaluation import Evaluation
from redaction.values import Frozen


class FirstDeploymentFloor(Frozen):
    """The metrics that a detector needs when there is no champion to compare it with."""

    ap50: float
    recall: float


class DecisionLimits(Frozen):
    """The limits of the decision, all of them explicit."""

    min_test_pages: int
    min_test_boxes: int
    """Redactions on the test pages."""
    min_ap_gain: float
    """The candidate's AP must exceed the champion's by at least this; may be negative to tolerate noise."""
    max_recall_loss: float
    """The most that recall at the operating point may fall: a missed redaction costs more than a false one."""
    max_style_recall_loss: float
    """The same for each style that has at least `min_style_boxes` boxes."""
    min_style_boxes: int
    max_false_positives_per_clean_page: float
    max_seconds_per_page: float
    first_deployment: FirstDeploymentFloor | None
    """None: without a champion nothing is deployed automatically."""


class ReasonCode(StrEnum):
    """Machine-readable reason of a decision."""

    BETTER_THAN_CHAMPION = "better_than_champion"
    REACHES_FIRST_FLOOR = "reaches_first_floor"
    TOO_FEW_TEST_PAGES = "too_few_test_pages"
    MISSING_METRIC = "missing_figure"
    NO_CHAMPION = "no_champion"
    BELOW_FIRST_FLOOR = "below_first_floor"
    SAME_DETECTOR = "same_detector"
    DIFFERENT_TEST_PAGES = "different_test_pages"
    AP_NOT_BETTER = "ap_not_better"
    RECALL_FELL = "recall_fell"
    STYLE_RECALL_FELL = "style_recall_fell"
    TOO_MANY_FALSE_POSITIVES = "too_many_false_positives"
    TOO_SLOW = "too_slow"


class Reason(Frozen):
    """A reason of a decision, as a code and as a sentence."""

    code: ReasonCode
    sentence: str


class Decision(Frozen):
    """Deploy or hold, with reasons."""

    deploy: bool
    candidate: str
    champion: str | None
    reasons: tuple[Reason, ...]


def decide(candidate: Evaluation, champion: Evaluation | None, limits: DecisionLimits) -> Decision:
    """Deploy the candidate only if it is known to be better; every other case holds, with its reason."""
    hold_reasons = tuple(_hold_reasons(candidate, champion, limits))
    return Decision(
        deploy=not hold_reasons,
        candidate=candidate.version,
        champion=champion.version if champion else None,
        reasons=hold_reasons or (_deploy_reason(candidate, champion),),
    )


def _hold_reasons(candidate: Evaluation, champion: Evaluation | None, limits: DecisionLimits) -> Iterator[Reason]:
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
    if champion is None:
        yield from _below_first_floor(candidate, limits.first_deployment)
    elif champion.dataset_digest != candidate.dataset_digest:
        yield Reason(
            code=ReasonCode.DIFFERENT_TEST_PAGES,
            sentence="Candidate and champion were evaluated on different test pages; evaluate both again.",
        )
    elif champion.detector_digest == candidate.detector_digest:
        yield Reason(code=ReasonCode.SAME_DETECTOR, sentence=f"The candidate is the champion, {champion.version}.")
    else:
        yield from _worse_than_champion(candidate, champion, limits)


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
            sentence=f"{false_positives:.2f} false boxes per page without redactions; "
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
            sentence="Nothing is in production to compare with, and the config sets no floor for a first deployment.",
        )
        return
    for name, needed in (("ap50", floor.ap50), ("recall", floor.recall)):
        value = _not_none(getattr(candidate.overall, name))
        if value < needed:
            yield Reason(
                code=ReasonCode.BELOW_FIRST_FLOOR,
                sentence=f"{name} is {value:.3f}; a first deployment needs {needed:.3f}.",
            )


def _worse_than_champion(candidate: Evaluation, champion: Evaluation, limits: DecisionLimits) -> Iterator[Reason]:
    gain = _not_none(candidate.overall.ap) - _not_none(champion.overall.ap)
    if gain < limits.min_ap_gain:
        yield Reason(
            code=ReasonCode.AP_NOT_BETTER,
            sentence=f"AP changes by {gain:+.3f} against {champion.version}; {limits.min_ap_gain:+.3f} is needed.",
        )
    loss = _not_none(champion.overall.recall) - _not_none(candidate.overall.recall)
    if loss > limits.max_recall_loss:
        yield Reason(
            code=ReasonCode.RECALL_FELL,
            sentence=f"Recall falls by {loss:.3f} against {champion.version}; at most {limits.max_recall_loss:.3f} is allowed.",
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


def _deploy_reason(candidate: Evaluation, champion: Evaluation | None) -> Reason:
    ap, ap50, recall = (_not_none(value) for value in (candidate.overall.ap, candidate.overall.ap50, candidate.overall.recall))
    if champion is None:
        return Reason(code=ReasonCode.REACHES_FIRST_FLOOR, sentence=f"First deployment: AP50 {ap50:.3f}, recall {recall:.3f}.")
    return Reason(
        code=ReasonCode.BETTER_THAN_CHAMPION,
        sentence=f"AP {ap:.3f} against {_not_none(champion.overall.ap):.3f} of {champion.version}.",
    )


def _not_none(value: float | None) -> float:
    if value is None:
        raise ValueError("metrics are compared only after _missing_metrics found none missing")
    return value
