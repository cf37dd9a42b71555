"""Every reason to deploy a candidate or to hold it."""

from __future__ import annotations

import pytest

from redaction.evaluation import Evaluation, Metrics
from redaction.lifecycle.gate import DecisionLimits, FirstDeploymentFloor, ReasonCode, decide

LIMITS = DecisionLimits(
    min_test_pages=20,
    min_test_boxes=30,
    min_ap_gain=0.0,
    max_recall_loss=0.01,
    max_style_recall_loss=0.05,
    min_style_boxes=10,
    max_false_positives_per_clean_page=0.5,
    max_seconds_per_page=2.0,
    first_deployment=FirstDeploymentFloor(ap50=0.5, recall=0.4),
)


def metrics(**changes: float | None) -> Metrics:
    values = {"pages": 40, "boxes": 90, "ap": 0.6, "ap50": 0.8, "precision": 0.9, "recall": 0.8, "f1": 0.85, "false_positives": 3}
    return Metrics.model_validate(values | changes)


def evaluation(version: str = "candidate", styles: dict[str, Metrics] | None = None, **changes: object) -> Evaluation:
    overall = {name: changes.pop(name) for name in list(changes) if name in Metrics.model_fields}
    values: dict[str, object] = {
        "version": version,
        "detector_digest": version,
        "dataset_digest": "test pages",
        "operating_point": 0.4,
        "overall": metrics(**overall),  # type: ignore[arg-type]
        "by_style": styles or {},
        "false_positives_per_clean_page": 0.1,
        "seconds_per_page": 0.2,
    }
    return Evaluation.model_validate(values | changes)


CHAMPION = evaluation("champion", styles={"grey": metrics(boxes=20, recall=0.9), "coloured": metrics(boxes=3, recall=1.0)})
NO_FLOOR = LIMITS.model_copy(update={"first_deployment": None})


@pytest.mark.parametrize(
    ("candidate", "champion", "limits", "deploy", "codes"),
    [
        (evaluation(ap=0.61), CHAMPION, LIMITS, True, {ReasonCode.BETTER_THAN_CHAMPION}),
        (
            evaluation(ap=0.60),
            CHAMPION,
            LIMITS,
            True,
            {ReasonCode.BETTER_THAN_CHAMPION},
        ),  # an equal AP is enough with a minimum gain of 0
        (evaluation(ap=0.59), CHAMPION, LIMITS, False, {ReasonCode.AP_NOT_BETTER}),
        (evaluation(ap=0.70, recall=0.75), CHAMPION, LIMITS, False, {ReasonCode.RECALL_FELL}),
        (evaluation(ap=0.50, recall=0.75), CHAMPION, LIMITS, False, {ReasonCode.AP_NOT_BETTER, ReasonCode.RECALL_FELL}),
        (evaluation(styles={"grey": metrics(recall=0.8)}), CHAMPION, LIMITS, False, {ReasonCode.STYLE_RECALL_FELL}),
        (
            evaluation(styles={"coloured": metrics(recall=0.0)}),
            CHAMPION,
            LIMITS,
            True,
            {ReasonCode.BETTER_THAN_CHAMPION},
        ),
        (evaluation(dataset_digest="other"), CHAMPION, LIMITS, False, {ReasonCode.DIFFERENT_TEST_PAGES}),
        (evaluation("champion"), CHAMPION, LIMITS, False, {ReasonCode.SAME_DETECTOR}),
        (evaluation(false_positives_per_clean_page=0.6), CHAMPION, LIMITS, False, {ReasonCode.TOO_MANY_FALSE_POSITIVES}),
        (evaluation(false_positives_per_clean_page=None), CHAMPION, LIMITS, True, {ReasonCode.BETTER_THAN_CHAMPION}),
        (evaluation(seconds_per_page=2.1), CHAMPION, LIMITS, False, {ReasonCode.TOO_SLOW}),
        (evaluation(pages=19), CHAMPION, LIMITS, False, {ReasonCode.TOO_FEW_TEST_PAGES}),
        (evaluation(boxes=29), CHAMPION, LIMITS, False, {ReasonCode.TOO_FEW_TEST_PAGES}),
        (evaluation(recall=None), CHAMPION, LIMITS, False, {ReasonCode.MISSING_METRIC}),
        (evaluation(), evaluation("champion", ap=None), LIMITS, False, {ReasonCode.MISSING_METRIC}),
        (evaluation(seconds_per_page=None), None, LIMITS, False, {ReasonCode.MISSING_METRIC}),
        (evaluation(), None, LIMITS, True, {ReasonCode.REACHES_FIRST_FLOOR}),
        (evaluation(ap50=0.49), None, LIMITS, False, {ReasonCode.BELOW_FIRST_FLOOR}),
        (evaluation(), None, NO_FLOOR, False, {ReasonCode.NO_CHAMPION}),
    ],
)
def test_only_a_candidate_known_to_be_better_is_deployed(
    candidate: Evaluation, champion: Evaluation | None, limits: DecisionLimits, deploy: bool, codes: set[ReasonCode]
) -> None:
    decision = decide(candidate, champion, limits)
    assert decision.deploy is deploy
    assert {reason.code for reason in decision.reasons} == codes
