"""Differences between the metrics of two detectors on the same pages, with confidence intervals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field

from redaction.evaluation.bootstrap import Interval, bootstrap_weights, interval
from redaction.evaluation.matching import METRIC_NAMES, Matches, counts_by_page, weighted_metrics
from redaction.evaluation.metrics import groups_by_style
from redaction.evaluation.predicting import NO_REDACTION, EvaluatedPage
from redaction.values import Frozen

FALSE_BOXES_PER_PAGE = "false_boxes_per_page"
"""The metric of pages without redactions."""


class Difference(Frozen):
    """A metric of one detector minus the same metric of another."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True, serialize_by_alias=True)

    group: str
    """``all``, a style, or ``no redaction``."""
    metric: str = Field(alias="figure")
    """Its name; the key in ``evaluation.json`` is ``figure``."""
    value: float
    interval: Interval | None
    """Both detectors are evaluated on the same resamples, so what is hard for both cancels out; None for too few documents."""


def differences(
    evaluated: Sequence[EvaluatedPage], operating_point: float, against: Sequence[EvaluatedPage], against_point: float
) -> Iterator[Difference]:
    """Subtract the metrics of `against` from those of `evaluated`, wherever both are defined.

    Both hold the same pages in the same order; each detector counts at its own operating point.
    """
    resamples = bootstrap_weights([page.document for page in evaluated])
    weights = np.concatenate([np.ones((1, len(evaluated))), resamples])
    ours, theirs = Matches.of(evaluated), Matches.of(against)
    our_groups, their_groups = ({"all": matches.everything} | groups_by_style(matches) for matches in (ours, theirs))
    for name, group in our_groups.items():
        documents = len({page.document for page, counts in zip(evaluated, group.pages, strict=True) if counts})
        first = weighted_metrics(ours, group, operating_point, weights)
        second = weighted_metrics(theirs, their_groups[name], against_point, weights)
        for metric in METRIC_NAMES:
            difference = first[metric] - second[metric]
            if not np.isnan(difference[0]):
                yield Difference(
                    group=name, metric=metric, value=float(difference[0]), interval=interval(difference[1:], documents)
                )
    yield from _false_boxes(ours, operating_point, theirs, against_point, resamples)


def _false_boxes(
    ours: Matches, our_point: float, theirs: Matches, their_point: float, resamples: NDArray[np.float64]
) -> Iterator[Difference]:
    """The difference in false boxes on a page without redactions, if there is such a page."""
    clean = np.array([not len(page.truth) for page in ours.pages], bool)
    if not clean.any():
        return
    more = counts_by_page(ours, ours.everything, our_point)[1] - counts_by_page(theirs, theirs.everything, their_point)[1]
    with np.errstate(invalid="ignore", divide="ignore"):
        resampled = resamples[:, clean] @ more[clean] / resamples[:, clean].sum(axis=1)
    documents = len({page.document for page, counts in zip(ours.pages, clean, strict=True) if counts})
    yield Difference(
        group=NO_REDACTION,
        metric=FALSE_BOXES_PER_PAGE,
        value=float(more[clean].mean()),
        interval=interval(resampled, documents),
    )
