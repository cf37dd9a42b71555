"""Judge what a candidate gains over the champion: is it known not to be worse, and is something known to be better?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from redaction.evaluation import Gain, Measure, Part
from redaction.evaluation.bootstrap import MIN_DOCUMENTS
from redaction.lifecycle.limits import DecisionLimits
from redaction.lifecycle.reasons import Reason, ReasonCode

MAX_ESTIMATED_DOCUMENTS = 5000
"""Above this, more documents are not the remedy: the candidate is hardly different from what the limits refuse."""

_NAMES = {Measure.RECALL: "recall", Measure.F2: "F2", Measure.FALSE_BOXES: "false boxes per page without redactions"}
_PLACES = {Part.TEST: "on the test pages", Part.SYNTHETIC: "on the synthetic panel", Part.ALL: "on the test pages and the panel"}
_FELL = {
    Measure.RECALL: ReasonCode.RECALL_FELL,
    Measure.F2: ReasonCode.F2_FELL,
    Measure.FALSE_BOXES: ReasonCode.FALSE_BOXES_ROSE,
}


def hold_reasons(gains: Sequence[Gain], limits: DecisionLimits, champion: str, confidence: float) -> Iterator[Reason]:
    """Yield why the candidate is not known to be at least as good as the champion, and better in something.

    Args:
        gains: on both parts.
        limits: how much may be lost.
        champion: how sentences name it.
        confidence: of the bounds of the gains.
    """
    for gain in gains:
        yield from _loss(gain, _margin(gain, limits), champion, confidence)
    if not any(is_better(gain) for gain in gains):
        yield Reason(code=ReasonCode.NOTHING_BETTER, sentence=_nothing_better(gains, champion, confidence))


def is_better(gain: Gain) -> bool:
    """Whether the candidate is known to be better in this, whichever of the gains one looks at."""
    return gain.joint_low is not None and gain.joint_low > 0


def describe(gain: Gain) -> str:
    """The gain in words: what, where, and from what to what."""
    return f"{_name(gain)} {gain.champion:.3f} → {gain.candidate:.3f}"


def documents_needed(gain: Gain, low: float, above: float) -> int | None:
    """The number of documents with which the bound `low` of a gain would lie at `above`, if the gain stays as it is.

    The distance of a bound from its value shrinks with the square root of the number of documents.

    Returns:
        None if the value is not above `above`, or if it would take more than `MAX_ESTIMATED_DOCUMENTS`.
    """
    if gain.value <= above:
        return None
    needed = max(gain.documents + 1, math.ceil(gain.documents * ((gain.value - low) / (gain.value - above)) ** 2))
    return needed if needed <= MAX_ESTIMATED_DOCUMENTS else None


def _margin(gain: Gain, limits: DecisionLimits) -> float:
    if gain.measure is Measure.FALSE_BOXES:
        return limits.max_false_box_increase
    if gain.part is Part.SYNTHETIC:
        return limits.max_panel_loss
    return limits.max_recall_loss if gain.measure is Measure.RECALL else limits.max_f2_loss


def _loss(gain: Gain, margin: float, champion: str, confidence: float) -> Iterator[Reason]:
    if gain.value < -margin:
        direction = "rise" if gain.measure is Measure.FALSE_BOXES else "falls"
        yield Reason(
            code=_FELL[gain.measure],
            sentence=f"{_capitalized(_name(gain))} {direction} from {gain.champion:.3f} ({champion}) to {gain.candidate:.3f}; "
            f"at most {margin:.3f} may be lost.",
        )
    elif gain.part is Part.TEST and gain.measure is Measure.FALSE_BOXES:
        return  # the evidence for this is judged together with the panel's
    elif gain.low is None:
        yield Reason(
            code=ReasonCode.TOO_LITTLE_EVIDENCE,
            sentence=f"{_capitalized(_name(gain))} cannot be compared with {champion}'s on so few documents. "
            f"{_remedy(gain, None)}",
        )
    elif gain.low <= -margin:
        needed = documents_needed(gain, gain.low, -margin)
        yield Reason(
            code=ReasonCode.TOO_LITTLE_EVIDENCE,
            sentence=f"{_capitalized(_name(gain))} may be worse than {champion}'s by {-gain.low:.3f} ({describe(gain)}, "
            f"{gain.documents} documents, {confidence:.0%} confidence); at most {margin:.3f} may be lost. "
            f"{_remedy(gain, needed)}",
        )


def _nothing_better(gains: Sequence[Gain], champion: str, confidence: float) -> str:
    sentence = f"Nothing is better than {champion} with {confidence:.0%} confidence"
    needed = {
        gain: documents
        for gain in gains
        if gain.joint_low is not None and (documents := documents_needed(gain, gain.joint_low, 0)) is not None
    }
    if not needed:
        return f"{sentence}, and nothing comes near."
    nearest = min(needed, key=lambda gain: needed[gain] / gain.documents)
    return f"{sentence}; nearest is {describe(nearest)}. {_remedy(nearest, needed[nearest])}"


def _remedy(gain: Gain, needed: int | None) -> str:
    """What would make the evidence enough, in one sentence."""
    kind = "without redactions" if gain.measure is Measure.FALSE_BOXES else "with redactions"
    if needed is None:
        amount = f"more than {MAX_ESTIMATED_DOCUMENTS}" if gain.low is not None else f"at least {MIN_DOCUMENTS}"
    else:
        amount = f"about {_rounded_up(needed)}"
    if gain.part is Part.SYNTHETIC:
        return f"It would take {amount} pages {kind} in the panel (`redacted_pages`) instead of {gain.documents}."
    where = "annotated test documents" if gain.part is Part.TEST else "documents in the test split and the panel (`clean_pages`)"
    return f"It would take {amount} {where} {kind} instead of {gain.documents}."


def _rounded_up(documents: int) -> int:
    """To two significant digits: it is an estimate."""
    step = int(10 ** max(0, len(str(documents)) - 2))
    return -(-documents // step) * step


def _name(gain: Gain) -> str:
    return f"{_NAMES[gain.measure]} {_PLACES[gain.part]}"


def _capitalized(text: str) -> str:
    return text[0].upper() + text[1:]
