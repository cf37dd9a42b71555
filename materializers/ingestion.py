"""The result of an ingestion: a table of what was found, and a contact sheet of the new pages."""

from __future__ import annotations

from typing import Any, ClassVar

from zenml.enums import VisualizationType
from zenml.materializers.pydantic_materializer import PydanticMaterializer

from redaction.contact_sheet import SheetPage, contact_sheet_png
from redaction.documents.ingestion import IngestionSummary
from redaction.documents.page_images import RenderedPages
from redaction.html import render
from redaction.workspace import Workspace

MAX_INGESTION_SHEET_PAGES = 40


class IngestionSummaryMaterializer(PydanticMaterializer):
    """Stores the summary; shows counts by source, and everything in quarantine with its reason."""

    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = (IngestionSummary,)

    def save_visualizations(self, data: IngestionSummary) -> dict[str, VisualizationType]:
        """Write the summary as an HTML page."""
        path = f"{self.uri}/summary.html"
        with self.artifact_store.open(path, "w") as file:
            file.write(render("materializers", "ingestion.html.j2", summary=data))
        return {path: VisualizationType.HTML}


class RenderedPagesMaterializer(PydanticMaterializer):
    """Stores the names and paths of the pages; shows them as a contact sheet."""

    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = (RenderedPages,)

    def save_visualizations(self, data: RenderedPages) -> dict[str, VisualizationType]:
        """Write a contact sheet of the pages, or of some of them if there are many."""
        path = f"{self.uri}/contact_sheet.png"
        pages = [SheetPage(Workspace.at(data.root).inside(page.image), caption=page.file_name) for page in data.pages]
        with self.artifact_store.open(path, "wb") as file:
            file.write(contact_sheet_png(pages, limit=MAX_INGESTION_SHEET_PAGES))
        return {path: VisualizationType.IMAGE}
