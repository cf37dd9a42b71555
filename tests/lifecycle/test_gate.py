"""Every reason to deploy a candidate or to hold it."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from redaction.evaluation import Comparison, Evaluation, Gain, Measure, Metrics, Part
from redaction.lifecycle.evidence import MAX_ESTIMATED_DOCUMENTS, documents_needed
from redaction.lifecycle.gate import Decision, DecisionLimits, FirstDeploymentFloor, ReasonCode, decide

LIMITS = DecisionLimits(
    min_test_pages=20,
    min_test_boxes=30,
    max_recall_loss=0.03,
    max_f2_loss=0.03,
    max_panel_loss=0.05,
    max_false_box_increase=0.25,
    max_style_recall_loss=0.05,
    min_style_boxes=10,
    max_false_positives_per_clean_page=0.5,
    max_seconds_per_page=2.0,
    first_deployment=FirstDeploymentFloor(ap50=0.5, recall=0.4),
)


def metrics(**changes: Any) -> Metrics:
    values = {"pages": 40, "boxes": 90, "ap": 0.6, "ap50": 0.8, "precision": 0.9, "recall": 0.8, "f1": 0.85, "false_positives": 3}
    return Metrics.model_validate(values | changes)


def evaluation(version: str = "candidate", styles: dict[str, Metrics] | None = None, **changes: Any) -> Evaluation:
    overall = {name: changes.pop(name) for name in list(changes) if name in Metrics.model_fields}
    values: dict[str, object] = {
        "version": version,
        "detector_digest": version,
        "dataset_digest": "test pages",
        "operating_point": 0.4,
        "overall": metrics(**overall),
        "by_style": styles or {},
        "false_positives_per_clean_page": 0.1,
        "seconds_per_page": 0.2,
    }
    return Evaluation.model_validate(values | changes)


CHAMPION = evaluation("champion", styles={"grey": metrics(boxes=20, recall=0.9), "coloured": metrics(boxes=3, recall=1.0)})
RECALL, F2, FALSE_BOXES = Measure.RECALL, Measure.F2, Measure.FALSE_BOXES
TEST, SYNTHETIC, ALL = Part.TEST, Part.SYNTHETIC, Part.ALL
EQUAL = {(TEST, RECALL): 0.0, (TEST, F2): 0.0, (SYNTHETIC, RECALL): 0.0, (SYNTHETIC, F2): 0.0, (ALL, FALSE_BOXES): 0.0}
BETTER = EQUAL | {(TEST, F2): 0.06}


def gains(values: dict[tuple[Part, Measure], float], half_width: float = 0.02, documents: int = 40) -> tuple[Gain, ...]:
    """Gains whose lower bounds lie this far below them, and their joint bounds twice as far."""
    return tuple(
        Gain(
            part=part,
            measure=measure,
            candidate=0.8 + value,
            champion=0.8,
            value=value,
            low=value - half_width,
            joint_low=value - 2 * half_width,
            standard_error=half_width / 1.645,
            documents=documents,
        )
        for (part, measure), value in values.items()
    )


def comparison(
    candidate: Evaluation | None = None, champion: Evaluation | None = CHAMPION, values: Any = BETTER, **changes: Any
) -> Comparison:
    of_values = gains(values) if isinstance(values, dict) else values
    return Comparison.model_validate({"candidate": candidate or evaluation(), "champion": champion, "gains": of_values} | changes)


@pytest.mark.parametrize(
    ("values", "codes"),
    [
        (BETTER, set()),
        (EQUAL | {(SYNTHETIC, F2): 0.06}, set()),
        (EQUAL | {(ALL, FALSE_BOXES): 0.5}, set()),
        (EQUAL, {ReasonCode.NOTHING_BETTER}),
        (EQUAL | {(TEST, RECALL): 0.03}, {ReasonCode.NOTHING_BETTER}),  # perhaps better, but not known to be
        (BETTER | {(TEST, RECALL): -0.04}, {ReasonCode.RECALL_FELL}),
        (BETTER | {(SYNTHETIC, RECALL): -0.06}, {ReasonCode.RECALL_FELL}),
        (BETTER | {(SYNTHETIC, F2): -0.06}, {ReasonCode.F2_FELL}),
        (EQUAL | {(TEST, F2): -0.04}, {ReasonCode.F2_FELL, ReasonCode.NOTHING_BETTER}),
        (BETTER | {(ALL, FALSE_BOXES): -0.3}, {ReasonCode.FALSE_BOXES_ROSE}),
        (BETTER | {(TEST, FALSE_BOXES): -0.3}, {ReasonCode.FALSE_BOXES_ROSE}),  # the real pages alone
        (BETTER | {(TEST, RECALL): -0.02}, {ReasonCode.TOO_LITTLE_EVIDENCE}),  # within the limit, but only by its value
        (BETTER | {(SYNTHETIC, RECALL): -0.04}, {ReasonCode.TOO_LITTLE_EVIDENCE}),
        (BETTER | {(ALL, FALSE_BOXES): -0.24}, {ReasonCode.TOO_LITTLE_EVIDENCE}),
        (gains(BETTER, half_width=0.035), {ReasonCode.TOO_LITTLE_EVIDENCE, ReasonCode.NOTHING_BETTER}),
    ],
)
def test_a_candidate_is_deployed_only_if_it_is_known_not_to_be_worse_and_to_be_better_in_something(
    values: Any, codes: set[ReasonCode]
) -> None:
    decision = decide(comparison(values=values), LIMITS)
    assert {reason.code for reason in decision.reasons} == (codes or {ReasonCode.BETTER_THAN_CHAMPION})
    assert decision.deploy is (not codes)


@pytest.mark.parametrize(
    ("candidate", "champion", "changes", "codes"),
    [
        (evaluation(styles={"grey": metrics(recall=0.8)}), CHAMPION, {}, {ReasonCode.STYLE_RECALL_FELL}),
        (evaluation(styles={"coloured": metrics(recall=0.0)}), CHAMPION, {}, set()),  # too few boxes to count
        (evaluation(ap=0.5), CHAMPION, {}, set()),  # AP looks at every score, and the operating point is what counts
        (evaluation(ap=0.5), CHAMPION, {"min_ap_gain": -0.05}, {ReasonCode.AP_NOT_BETTER}),  # a limit of earlier configurations
        (evaluation(dataset_digest="other"), CHAMPION, {}, {ReasonCode.DIFFERENT_TEST_PAGES}),
        (evaluation("champion"), CHAMPION, {}, {ReasonCode.SAME_DETECTOR}),
        (evaluation(false_positives_per_clean_page=0.6), CHAMPION, {}, {ReasonCode.TOO_MANY_FALSE_POSITIVES}),
        (evaluation(false_positives_per_clean_page=None), CHAMPION, {}, set()),
        (evaluation(seconds_per_page=2.1), CHAMPION, {}, {ReasonCode.TOO_SLOW}),
        (evaluation(pages=19), CHAMPION, {}, {ReasonCode.TOO_FEW_TEST_PAGES}),
        (evaluation(boxes=29), CHAMPION, {}, {ReasonCode.TOO_FEW_TEST_PAGES}),
        (evaluation(recall=None), CHAMPION, {}, {ReasonCode.MISSING_METRIC}),
        (evaluation(), evaluation("champion", ap=None), {}, {ReasonCode.MISSING_METRIC}),
        (evaluation(), None, {}, {ReasonCode.NO_CHAMPION}),
    ],
)
def test_the_other_limits_hold_it_whatever_it_gains(
    candidate: Evaluation, champion: Evaluation | None, changes: dict[str, float], codes: set[ReasonCode]
) -> None:
    decision = decide(comparison(candidate, champion), LIMITS.model_copy(update=changes))
    assert {reason.code for reason in decision.reasons} == (codes or {ReasonCode.BETTER_THAN_CHAMPION})


@pytest.mark.parametrize(
    ("candidate", "values", "floor", "codes"),
    [
        (evaluation(), BETTER, LIMITS.first_deployment, {ReasonCode.REACHES_FIRST_FLOOR, ReasonCode.BETTER_THAN_STARTER}),
        (evaluation(), EQUAL, LIMITS.first_deployment, {ReasonCode.NOTHING_BETTER}),
        (evaluation(), BETTER | {(TEST, RECALL): -0.032}, LIMITS.first_deployment, {ReasonCode.RECALL_FELL}),
        (evaluation(ap50=0.49), BETTER, LIMITS.first_deployment, {ReasonCode.BELOW_FIRST_FLOOR}),
        (evaluation(), BETTER, None, {ReasonCode.NO_CHAMPION}),
    ],
)
def test_a_first_detector_must_beat_the_starter_and_reach_the_floor(
    candidate: Evaluation, values: Any, floor: FirstDeploymentFloor | None, codes: set[ReasonCode]
) -> None:
    limits = LIMITS.model_copy(update={"first_deployment": floor})
    decision = decide(comparison(candidate, values=values, in_production=False), limits)
    assert {reason.code for reason in decision.reasons} == codes
    assert decision.serving is None


def test_too_little_evidence_says_how_many_annotated_documents_it_would_take() -> None:
    """With 40 documents the bound lies 0.045 below; 0.03 is allowed, and two thirds of the distance take 9/4 of the documents."""
    values = gains(EQUAL, half_width=0.045)
    sentences = [reason.sentence for reason in decide(comparison(values=values), LIMITS).reasons]
    assert sentences[0].endswith("It would take about 90 annotated test documents with redactions instead of 40.")
    few = [gain.model_copy(update={"low": None, "joint_low": None, "documents": 3}) for gain in gains(EQUAL)]
    assert decide(comparison(values=few), LIMITS).reasons[0].sentence.endswith("documents with redactions instead of 3.")


def test_the_estimate_is_the_number_with_which_the_bound_reaches_the_limit() -> None:
    gain = gains({(TEST, F2): 0.01}, half_width=0.08)[0]
    needed = documents_needed(gain, -0.07, -0.03)
    assert needed == 160  # the bound comes twice as near with four times the documents
    assert documents_needed(gain, -0.07, 0.01) is None
    assert documents_needed(gain.model_copy(update={"documents": MAX_ESTIMATED_DOCUMENTS}), -0.07, -0.03) is None
    assert documents_needed(gain.model_copy(update={"documents": 11}), 0.0, 0.0) == 12, "a bound that just fails needs one more"


def test_limits_comparisons_and_decisions_of_earlier_versions_are_still_read() -> None:
    earlier = yaml.safe_load("""
        {min_test_pages: 50, min_test_boxes: 100, min_ap_gain: 0.0, max_recall_loss: 0.01, max_style_recall_loss: 0.05,
         min_style_boxes: 30, max_false_positives_per_clean_page: 0.2, max_seconds_per_page: 2.0,
         first_deployment: {ap50: 0.8, recall: 0.8}}""")
    assert DecisionLimits.model_validate(earlier).max_f2_loss == 0.03
    stored = Comparison.model_validate({"candidate": evaluation(), "champion": None})
    assert stored.gains == ()
    decision = Decision.model_validate({"deploy": True, "candidate": "a", "champion": "b", "reasons": []})
    assert decision.serving == "b"
