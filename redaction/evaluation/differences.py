"""By how much two detectors differ on the same pages, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from redaction.evaluation.bootstrap import Interval, document_draws, interval
from redaction.evaluation.judging import NO_REDACTION, EvaluatedPage
from redaction.evaluation.matching import FIGURES, Matches, counts_by_page, measure
from redaction.evaluation.metrics import styles
from redaction.values import Frozen

FALSE_BOXES = "false_boxes_per_page"
"""The figure of pages without redactions."""


class Difference(Frozen):
    """A figure of one detector less that of another."""

    group: str
    """``all``, a style, or ``no redaction``."""
    figure: str
    value: float
    interval: Interval | None
    """Over draws of the same documents for both, so that what is hard for both cancels out; None from too few documents."""


def differences(
    judged: Sequence[EvaluatedPage], operating_point: float, against: Sequence[EvaluatedPage], against_point: float
) -> Iterator[Difference]:
    """Every figure that both have, of `judged` less of `against`: the same pages in the same order, each at its own point."""
    draws = document_draws([page.document for page in judged])
    weights = np.concatenate([np.ones((1, len(judged))), draws])
    ours, theirs = Matches.of(judged), Matches.of(against)
    groups_of = [{"all": matches.everything} | styles(matches) for matches in (ours, theirs)]
    for name, group in groups_of[0].items():
        documents = len({page.document for page, counts in zip(judged, group.pages, strict=True) if counts})
        first = measure(ours, group, operating_point, weights)
        second = measure(theirs, groups_of[1][name], against_point, weights)
        for figure in FIGURES:
            drawn = first[figure] - second[figure]
            if not np.isnan(drawn[0]):
                yield Difference(group=name, figure=figure, value=float(drawn[0]), interval=interval(drawn[1:], documents))
    yield from _false_boxes(ours, operating_point, theirs, against_point, draws)


def _false_boxes(
    ours: Matches, our_point: float, theirs: Matches, their_point: float, draws: NDArray[np.float64]
) -> Iterator[Difference]:
    """False boxes on a page without redactions, where there is such a page."""
    clean = np.array([not len(page.truth) for page in ours.pages], bool)
    if not clean.any():
        return
    more = counts_by_page(ours, ours.everything, our_point)[1] - counts_by_page(theirs, theirs.everything, their_point)[1]
    with np.errstate(invalid="ignore", divide="ignore"):
        drawn = draws[:, clean] @ more[clean] / draws[:, clean].sum(axis=1)
    documents = len({page.document for page, counts in zip(ours.pages, clean, strict=True) if counts})
    yield Difference(group=NO_REDACTION, figure=FALSE_BOXES, value=float(more[clean].mean()), interval=interval(drawn, documents))
