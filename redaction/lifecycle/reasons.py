"""The reasons of a decision, for programs and for people."""

from __future__ import annotations

from enum import StrEnum

from redaction.values import Frozen


class ReasonCode(StrEnum):
    """Machine-readable reason of a decision."""

    BETTER_THAN_CHAMPION = "better_than_champion"
    BETTER_THAN_STARTER = "better_than_starter"
    REACHES_FIRST_FLOOR = "reaches_first_floor"
    TOO_FEW_TEST_PAGES = "too_few_test_pages"
    TOO_LITTLE_EVIDENCE = "too_little_evidence"
    MISSING_METRIC = "missing_figure"
    NO_CHAMPION = "no_champion"
    BELOW_FIRST_FLOOR = "below_first_floor"
    SAME_DETECTOR = "same_detector"
    DIFFERENT_TEST_PAGES = "different_test_pages"
    NOTHING_BETTER = "nothing_better"
    AP_NOT_BETTER = "ap_not_better"
    RECALL_FELL = "recall_fell"
    F2_FELL = "f2_fell"
    STYLE_RECALL_FELL = "style_recall_fell"
    FALSE_BOXES_ROSE = "false_boxes_rose"
    TOO_MANY_FALSE_POSITIVES = "too_many_false_positives"
    TOO_SLOW = "too_slow"


class Reason(Frozen):
    """A reason of a decision, as a code and as a sentence."""

    code: ReasonCode
    sentence: str
