"""Does the candidate go into production? A pure function of two evaluations and the limits in the config."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from redaction.evaluation import Evaluation
from redaction.values import Frozen


class FirstDeploymentFloor(Frozen):
    """What a detector must reach when there is no champion to compare it with."""

    ap50: float
    recall: float


class DecisionLimits(Frozen):
    """The limits, all of them explicit."""

    min_test_pages: int
    """Fewer test pages than this say too little."""
    min_test_boxes: int
    """Fewer redactions than this on them say too little."""
    min_ap_gain: float
    """The candidate's AP must be at least this much above the champion's; may be negative to tolerate noise."""
    max_recall_loss: float
    """By how much recall at the operating point may fall: a missed redaction costs more than a false one."""
    max_style_recall_loss: float
    """The same for each single style that has at least `min_style_boxes` boxes."""
    min_style_boxes: int
    max_false_positives_per_clean_page: float
    max_seconds_per_page: float
    first_deployment: FirstDeploymentFloor | None
    """None: without a champion nothing is ever deployed by itself."""


class ReasonCode(StrEnum):
    """Why, for machines."""

    BETTER_THAN_CHAMPION = "better_than_champion"
    REACHES_FIRST_FLOOR = "reaches_first_floor"
    TOO_FEW_TEST_PAGES = "too_few_test_pages"
    MISSING_FIGURE = "missing_figure"
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
    """Why, for machines and for people."""

    code: ReasonCode
    sentence: str


class Decision(Frozen):
    """Deploy or hold, and why."""

    deploy: bool
    candidate: str
    champion: str | None
    reasons: tuple[Reason, ...]


def decide(candidate: Evaluation, champion: Evaluation | None, limits: DecisionLimits) -> Decision:
    """Deploy only what is known to be better; every case in which it is not known holds, by name."""
    against = tuple(_objections(candidate, champion, limits))
    return Decision(
        deploy=not against,
        candidate=candidate.version,
        champion=champion.version if champion else None,
        reasons=against or (_recommendation(candidate, champion),),
    )


def _objections(candidate: Evaluation, champion: Evaluation | None, limits: DecisionLimits) -> Iterator[Reason]:
    measured = candidate.overall
    if measured.pages < limits.min_test_pages or measured.boxes < limits.min_test_boxes:
        yield Reason(
            code=ReasonCode.TOO_FEW_TEST_PAGES,
            sentence=f"The test split has {measured.pages} pages with {measured.boxes} redactions; "
            f"{limits.min_test_pages} pages with {limits.min_test_boxes} are needed: annotate more documents.",
        )
    missing = [*_missing_figures(candidate), *(_missing_figures(champion) if champion else ())]
    if missing:
        yield Reason(code=ReasonCode.MISSING_FIGURE, sentence=f"Not measured: {', '.join(missing)}.")
        return
    yield from _limits_crossed(candidate, limits)
    if champion is None:
        yield from _below_first_floor(candidate, limits.first_deployment)
    elif champion.dataset_digest != candidate.dataset_digest:
        yield Reason(
            code=ReasonCode.DIFFERENT_TEST_PAGES,
            sentence="Candidate and champion were judged on different test pages; evaluate both again.",
        )
    elif champion.detector_digest == candidate.detector_digest:
        yield Reason(code=ReasonCode.SAME_DETECTOR, sentence=f"The candidate is the champion, {champion.version}.")
    else:
        yield from _worse_than_champion(candidate, champion, limits)


def _missing_figures(evaluation: Evaluation) -> Iterator[str]:
    figures = {name: getattr(evaluation.overall, name) for name in ("ap", "ap50", "recall")}
    figures["seconds a page"] = evaluation.seconds_per_page
    for name, value in figures.items():
        if value is None:
            yield f"{name} of {evaluation.version}"


def _limits_crossed(candidate: Evaluation, limits: DecisionLimits) -> Iterator[Reason]:
    false_positives = candidate.false_positives_per_clean_page
    # Without a clean test page there is nothing to count; the other limits still hold.
    if false_positives is not None and false_positives > limits.max_false_positives_per_clean_page:
        yield Reason(
            code=ReasonCode.TOO_MANY_FALSE_POSITIVES,
            sentence=f"{false_positives:.2f} false boxes on a page without redactions; "
            f"at most {limits.max_false_positives_per_clean_page:.2f} are allowed.",
        )
    seconds = _measured(candidate.seconds_per_page)
    if seconds > limits.max_seconds_per_page:
        yield Reason(
            code=ReasonCode.TOO_SLOW,
            sentence=f"{seconds:.2f} s a page; at most {limits.max_seconds_per_page:.2f} s are allowed.",
        )


def _below_first_floor(candidate: Evaluation, floor: FirstDeploymentFloor | None) -> Iterator[Reason]:
    if floor is None:
        yield Reason(
            code=ReasonCode.NO_CHAMPION,
            sentence="Nothing is in production to compare with, and the config names no floor for a first deployment.",
        )
        return
    for name, needed in (("ap50", floor.ap50), ("recall", floor.recall)):
        reached = _measured(getattr(candidate.overall, name))
        if reached < needed:
            yield Reason(
                code=ReasonCode.BELOW_FIRST_FLOOR,
                sentence=f"{name} is {reached:.3f}; a first deployment needs {needed:.3f}.",
            )


def _worse_than_champion(candidate: Evaluation, champion: Evaluation, limits: DecisionLimits) -> Iterator[Reason]:
    gain = _measured(candidate.overall.ap) - _measured(champion.overall.ap)
    if gain < limits.min_ap_gain:
        yield Reason(
            code=ReasonCode.AP_NOT_BETTER,
            sentence=f"AP changes by {gain:+.3f} against {champion.version}; {limits.min_ap_gain:+.3f} is needed.",
        )
    loss = _measured(champion.overall.recall) - _measured(candidate.overall.recall)
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


def _recommendation(candidate: Evaluation, champion: Evaluation | None) -> Reason:
    if champion is None:
        return Reason(
            code=ReasonCode.REACHES_FIRST_FLOOR,
            sentence=f"First deployment: AP50 {_measured(candidate.overall.ap50):.3f}, "
            f"recall {_measured(candidate.overall.recall):.3f}.",
        )
    return Reason(
        code=ReasonCode.BETTER_THAN_CHAMPION,
        sentence=f"AP {_measured(candidate.overall.ap):.3f} against {_measured(champion.overall.ap):.3f} of {champion.version}.",
    )


def _measured(value: float | None) -> float:
    if value is None:
        raise ValueError("a missing figure must have been named before it is compared")
    return value
