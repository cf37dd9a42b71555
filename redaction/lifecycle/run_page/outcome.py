"""The outcome of a run in a few words."""

from __future__ import annotations

from redaction.lifecycle.run_page.facts import RunFacts


def outcome_of(facts: RunFacts) -> str:
    """The decision of ct_cd, or what an ingestion found; empty if the run did not get that far."""
    artifacts = facts.artifacts
    if artifacts.decision is not None:
        candidate = artifacts.decision.candidate
        if not artifacts.decision.deploy:
            return f"hold {candidate}"
        if facts.served is None:
            return f"deploy {candidate}, unfinished"
        return f"deploy {candidate}" if facts.served else f"not served: {candidate}"
    if artifacts.retraining_check is not None and not artifacts.retraining_check.proceed:
        return "no training"
    if artifacts.ingestion_summary is not None:
        documents, pages = len(artifacts.ingestion_summary.new_documents), len(artifacts.ingestion_summary.new_pages)
        return f"{counted(documents, 'document')}, {counted(pages, 'new page')}" if documents or pages else "nothing new"
    return ""


def counted(number: int, noun: str) -> str:
    """A number with its noun: ``1 page``, ``3 pages``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
