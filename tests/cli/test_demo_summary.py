"""The end of the demo says why a candidate does not serve, and what would let it."""

from __future__ import annotations

import pytest

from redaction.cli.demo.summary import why_held
from redaction.lifecycle.gate import Decision, Reason, ReasonCode


@pytest.mark.parametrize(
    ("code", "advises_to_annotate"),
    [
        (ReasonCode.TOO_LITTLE_EVIDENCE, True),
        (ReasonCode.TOO_FEW_TEST_PAGES, True),
        (ReasonCode.NOTHING_BETTER, False),
        (ReasonCode.RECALL_FELL, False),
    ],
)
def test_a_held_candidate_gets_advice_that_fits_the_reasons(code: ReasonCode, advises_to_annotate: bool) -> None:
    reasons = (Reason(code=code, sentence="…"),)
    said = why_held(Decision(deploy=False, candidate="nano-1", champion="nano-0", reasons=reasons))
    assert said.startswith("nano-1 was held, and nano-0 goes on serving: ")
    assert ("annotate more documents" in said) is advises_to_annotate
    assert "train for longer" in said
    assert said.endswith("redaction deploy nano-1")
