"""The page of a run: one self-contained HTML file that says what the run did, decided and left behind."""

from redaction.lifecycle.run_page.facts import Link, RunArtifacts, RunFacts, Serving, StepState
from redaction.lifecycle.run_page.outcome import outcome_of
from redaction.lifecycle.run_page.page import run_page_html

__all__ = ["Link", "RunArtifacts", "RunFacts", "Serving", "StepState", "outcome_of", "run_page_html"]
