"""By how much two detectors differ on the same pages, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from redaction.dataset import Frozen
from redaction.evaluation.bootstrap import Interval, document_draws, interval
from redaction.evaluation.evaluation import styles
from redaction.evaluation.judging import JudgedPage
from redaction.evaluation.matching import FIGURES, Matches, measure


class Difference(Frozen):
    """A figure of one detector less that of another."""

    group: str
    """``all`` or a style."""
    figure: str
    value: float
    interval: Interval | None
    """Over draws of the same documents for both, so that what is hard for both cancels out; None from too few documents."""


def differences(
    judged: Sequence[JudgedPage], operating_point: float, against: Sequence[JudgedPage], against_point: float
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
