"""The page of a run: the artifact says where it is, and its visualization is the page, which is replaced as the run goes on."""

from __future__ import annotations

import posixpath
from typing import Any, ClassVar

from zenml.artifact_stores import BaseArtifactStore
from zenml.enums import ArtifactType, VisualizationType
from zenml.materializers.pydantic_materializer import PydanticMaterializer

from redaction.lifecycle.run_records import RunPage

NOT_WRITTEN_YET = "<!doctype html><title>Run page</title><p>The page of this run is written when the run ends.</p>"


class RunPageMaterializer(PydanticMaterializer):
    """Stores where the page is; shows the page."""

    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = (RunPage,)
    ASSOCIATED_ARTIFACT_TYPE: ClassVar[ArtifactType] = ArtifactType.DATA_ANALYSIS

    def save_visualizations(self, data: RunPage) -> dict[str, VisualizationType]:
        """Hold the place of the page until there is one."""
        show_page(self.artifact_store, self.uri, NOT_WRITTEN_YET)
        return {_page_uri(self.uri): VisualizationType.HTML}


def show_page(store: BaseArtifactStore, uri: str, html: str) -> None:
    """Replace what the dashboard shows for the artifact at `uri`."""
    with store.open(_page_uri(uri), "w") as file:
        file.write(html)


def _page_uri(uri: str) -> str:
    return posixpath.join(uri, "page.html")
