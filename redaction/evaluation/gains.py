"""What a candidate gains over the champion on the same pages, with confidence bounds.

Each detector counts at its own operating point. Whole documents are resampled with replacement, both detectors are measured on
the same resamples, and the bounds are quantiles of the differences (percentile bootstrap), so what is hard for both cancels out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from redaction.evaluation.bootstrap import MIN_DOCUMENTS, bootstrap_weights
from redaction.evaluation.matching import Matches, counts_by_page
from redaction.evaluation.predicting import EvaluatedPage
from redaction.values import Frozen

GAIN_RESAMPLES = 4000
"""More than for an interval, because the joint bounds are quantiles far from the middle."""


class Part(StrEnum):
    """The pages on which a gain is measured."""

    TEST = "test"
    """The frozen test split: real pages."""
    SYNTHETIC = "synthetic"
    """The synthetic panel."""
    ALL = "all"
    """Both together."""


class Measure(StrEnum):
    """What is compared."""

    RECALL = "recall"
    F2 = "f2"
    """Of all pages: recall counts four times as much as precision."""
    FALSE_BOXES = "false_boxes"
    """Mean number of false boxes on a page without redactions."""


class Gain(Frozen):
    """How much better the candidate is than the champion in one measure, on one part."""

    part: Part
    measure: Measure
    candidate: float
    champion: float
    value: float
    """The difference; positive if the candidate is better, so fewer false boxes are a positive gain."""
    low: float | None
    """With the comparison's confidence the gain is above this; None for too few documents."""
    joint_low: float | None
    """The same for all gains of the comparison at once (Bonferroni): above 0, something is better."""
    standard_error: float | None
    documents: int


class Contest(NamedTuple):
    """Candidate and champion on the same pages, in the same order, each with its operating point."""

    candidate: Sequence[EvaluatedPage]
    candidate_point: float
    champion: Sequence[EvaluatedPage]
    champion_point: float


def gains(test: Contest, synthetic: Contest, confidence: float) -> Iterator[Gain]:
    """Compare recall and F2 on each part, and false boxes on the pages without redactions.

    A test split has few documents without redactions, so their evidence is taken together with that of the panel; for the test
    split alone the gain is given too, where it has such a document.
    """
    both = test._replace(candidate=[*test.candidate, *synthetic.candidate], champion=[*test.champion, *synthetic.champion])
    compared: list[tuple[Part, Measure, _Counts]] = []
    for part, contest in ((Part.TEST, test), (Part.SYNTHETIC, synthetic)):
        counts = _counts(contest)
        if counts.boxes.any():
            compared += [(part, Measure.RECALL, counts), (part, Measure.F2, counts)]
    for part, contest in ((Part.TEST, test), (Part.ALL, both)):
        clean = _counts(contest).clean_pages()
        if len(clean.documents):
            compared.append((part, Measure.FALSE_BOXES, clean))
    for part, measure, counts in compared:
        yield _gain(part, measure, counts, confidence, claims=len(compared))


class _Counts(NamedTuple):
    """By page: its document, its boxes, and the found and false boxes of both detectors."""

    documents: NDArray[np.str_]
    boxes: NDArray[np.float64]
    found: NDArray[np.float64]
    """Shape (2, pages): of the candidate and of the champion, as `false`."""
    false: NDArray[np.float64]

    def clean_pages(self) -> _Counts:
        """Only the pages without redactions."""
        clean = self.boxes == 0
        return _Counts(self.documents[clean], self.boxes[clean], self.found[:, clean], self.false[:, clean])

    def measured(self, measure: Measure, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """The measure for each weighting of the pages, oriented so that more is better; shape (2, weightings)."""
        found, false, boxes = self.found @ weights.T, self.false @ weights.T, weights @ self.boxes
        with np.errstate(invalid="ignore", divide="ignore"):
            if measure is Measure.RECALL:
                return np.asarray(found / boxes)
            if measure is Measure.F2:
                return np.asarray(np.where(boxes > 0, 5 * found / (4 * boxes + found + false), np.nan))
            return np.asarray(-false / weights.sum(axis=1))


def _counts(contest: Contest) -> _Counts:
    of_both = []
    for pages, point in ((contest.candidate, contest.candidate_point), (contest.champion, contest.champion_point)):
        matches = Matches.of(pages)
        of_both.append(counts_by_page(matches, matches.everything, point))
    (found, false, boxes), (champion_found, champion_false, _) = of_both
    documents = np.asarray([page.document for page in contest.candidate], str)
    return _Counts(documents, boxes, np.stack([found, champion_found]), np.stack([false, champion_false]))


def _gain(part: Part, measure: Measure, counts: _Counts, confidence: float, claims: int) -> Gain:
    candidate, champion = counts.measured(measure, np.ones((1, len(counts.documents))))[:, 0]
    documents = len(set(counts.documents if measure is Measure.FALSE_BOXES else counts.documents[counts.boxes > 0]))
    resampled = counts.measured(measure, bootstrap_weights(list(counts.documents), GAIN_RESAMPLES))
    differences = resampled[0] - resampled[1]
    known = differences[~np.isnan(differences)]
    value = float(candidate - champion)
    enough = documents >= MIN_DOCUMENTS and len(known) > 0
    alphas = (1 - confidence, (1 - confidence) / claims)
    low, joint_low = (_lower_bound(value, known, alpha, measure, documents) if enough else None for alpha in alphas)
    return Gain(
        part=part,
        measure=measure,
        candidate=abs(float(candidate)),
        champion=abs(float(champion)),
        value=value,
        low=low,
        joint_low=joint_low,
        standard_error=float(known.std(ddof=1)) if enough else None,
        documents=documents,
    )


def _lower_bound(value: float, resampled: NDArray[np.float64], alpha: float, measure: Measure, documents: int) -> float:
    low = float(np.quantile(resampled, alpha))
    if measure is not Measure.FALSE_BOXES:
        return low
    # What none of n documents showed may still happen on -ln(alpha)/n of them (for 95 %, the rule of three); a bootstrap cannot
    # know that, and would be certain of a difference of 0 that it saw on three pages.
    return min(low, value + math.log(alpha) / documents)
