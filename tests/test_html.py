"""Pages from the Jinja templates beside the modules."""

from __future__ import annotations

import jinja2
import pytest

from redaction.documents.discovery import Problem
from redaction.documents.ingestion import IngestionSummary
from redaction.html import render


def test_values_are_escaped() -> None:
    problem = Problem(source="agency", where="<b>a.pdf</b>", reason="not a PDF & not an image")
    summary = IngestionSummary(sources=(), new_documents=(), new_pages=(), quarantine=(problem,), failures=(), seconds=1.0)
    page = render("materializers", "ingestion.html.j2", summary=summary)
    assert "&lt;b&gt;a.pdf&lt;/b&gt;" in page
    assert "not a PDF &amp; not an image" in page


def test_a_missing_value_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError):
        render("materializers", "ingestion.html.j2")
