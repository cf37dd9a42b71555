"""The configured limits of the decision to deploy."""

from __future__ import annotations

from pydantic import Field

from redaction.values import Frozen


class FirstDeploymentFloor(Frozen):
    """What a detector needs on the test split when nothing is in production, besides being better than the starter."""

    ap50: float
    recall: float


class DecisionLimits(Frozen):
    """The limits of the decision. What may be lost to the champion counts with the comparison's confidence."""

    min_test_pages: int
    min_test_boxes: int
    """Redactions on the test pages."""
    max_recall_loss: float = Field(ge=0)
    """On the test split: a missed redaction costs more than a false one."""
    max_f2_loss: float = Field(default=0.03, ge=0)
    """On the test split."""
    max_panel_loss: float = Field(default=0.05, ge=0)
    """On the synthetic panel, of recall and of F2."""
    max_false_box_increase: float = Field(default=0.25, ge=0)
    """On pages without redactions of the test split and the panel: false boxes per page."""
    min_ap_gain: float | None = None
    """If set, the AP on the test split must exceed the champion's by at least this, whatever its confidence."""
    max_style_recall_loss: float
    """On the test split, for each style that has at least `min_style_boxes` boxes, whatever its confidence."""
    min_style_boxes: int
    max_false_positives_per_clean_page: float
    max_seconds_per_page: float
    first_deployment: FirstDeploymentFloor | None
    """None: while nothing is in production, nothing is deployed automatically."""
