"""What an ingestion brought: a table of what was found, and the new pages at a glance."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any, ClassVar

from zenml.enums import VisualizationType
from zenml.materializers.pydantic_materializer import PydanticMaterializer

from redaction.contact_sheet import SheetPage, contact_sheet_png
from redaction.documents.ingestion import IngestionSummary
from redaction.documents.page_images import RenderedPages

SHOWN_PAGES = 40
STYLE = (
    "body{font:15px system-ui,sans-serif;margin:2rem;color:#1d2733}table{border-collapse:collapse;margin:.5rem 0 1.5rem}"
    "td,th{padding:.3rem .8rem;border-bottom:1px solid #dde3ea;text-align:left}td.n{text-align:right}"
)


class IngestionSummaryMaterializer(PydanticMaterializer):
    """Stores the summary; shows counts by source, and everything in quarantine with its reason."""

    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = (IngestionSummary,)

    def save_visualizations(self, data: IngestionSummary) -> dict[str, VisualizationType]:
        """A page of tables."""
        path = f"{self.uri}/summary.html"
        with self.artifact_store.open(path, "w") as file:
            file.write(_summary_html(data))
        return {path: VisualizationType.HTML}


class RenderedPagesMaterializer(PydanticMaterializer):
    """Stores the pages' names and places; shows them as a contact sheet."""

    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = (RenderedPages,)

    def save_visualizations(self, data: RenderedPages) -> dict[str, VisualizationType]:
        """The pages, or some of them when there are many."""
        path = f"{self.uri}/contact_sheet.png"
        pages = [SheetPage(Path(data.root) / page.image, caption=page.file_name) for page in data.pages]
        with self.artifact_store.open(path, "wb") as file:
            file.write(contact_sheet_png(pages, limit=SHOWN_PAGES))
        return {path: VisualizationType.IMAGE}


def _summary_html(summary: IngestionSummary) -> str:
    columns = ("found", "new", "unchanged", "duplicates", "quarantined", "failed")
    counts = [[source.source, *(getattr(source, column) for column in columns)] for source in summary.sources]
    parts = [
        f"<h1>{len(summary.new_documents)} new documents, {len(summary.new_pages)} new pages</h1>",
        f"<p>in {summary.seconds:.1f} seconds</p>",
        _table(["source", *columns], counts),
    ]
    for title, problems in (("In quarantine", summary.quarantine), ("Failed this time", summary.failures)):
        if problems:
            rows = [[problem.source, problem.where, problem.reason] for problem in problems]
            parts += [f"<h2>{title}</h2>", _table(["source", "where", "why"], rows)]
    return f"<!doctype html><meta charset=utf-8><title>Ingestion</title><style>{STYLE}</style>{''.join(parts)}"


def _table(head: list[str], rows: list[list[Any]]) -> str:
    def cell(value: Any) -> str:
        return f"<td{' class=n' if isinstance(value, int) else ''}>{escape(str(value))}</td>"

    body = "".join(f"<tr>{''.join(map(cell, row))}</tr>" for row in rows)
    return f"<table><tr>{''.join(f'<th>{escape(name)}</th>' for name in head)}</tr>{body}</table>"
