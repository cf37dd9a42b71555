"""Real annotations, imported for pages that were rendered at another resolution than the annotated one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2
import pytest
from PIL import Image

from redaction.annotations.dataset import read_dataset
from redaction.annotations.importing import import_annotations
from redaction.catalog import open_catalog
from redaction.catalog.tables import Document, Page, Source, page_name
from redaction.dataset import Style
from redaction.files import sha256_of_file
from redaction.pages.geometry import as_xyxy
from redaction.workspace import Workspace


@pytest.fixture
def real_pages(workspace: Workspace, real_dev: Path) -> Workspace:
    """The real documents in the catalog, rendered at 100 dpi, which is not the resolution they were annotated at."""
    with open_catalog(workspace).transaction() as session:
        session.add(Source(name="real", kind="folder", location="real"))
        session.flush()
        for path in sorted((real_dev / "pdfs").glob("*.pdf")):
            add_rendered(session, workspace, path)
    return workspace


def add_rendered(session: Any, workspace: Workspace, path: Path) -> None:
    sha256 = sha256_of_file(path)
    with pypdfium2.PdfDocument(path) as pdf:
        session.add(
            Document(sha256=sha256, file_name=path.name, source="real", size_bytes=path.stat().st_size, page_count=len(pdf))
        )
        session.flush()
        for index in range(len(pdf)):
            image: Image.Image = pdf[index].render(scale=100 / 72, grayscale=True).to_pil()
            name = page_name(sha256, index)
            file = workspace.pages / f"{name}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            image.save(file, compress_level=1)
            session.add(
                Page(
                    name=name,
                    document=sha256,
                    page_index=index,
                    file_name=f"{path.stem}_p{index + 1:04d}",
                    image=f"pages/{name}.png",
                    width=image.width,
                    height=image.height,
                    sha256=sha256_of_file(file),
                )
            )


def test_real_annotations_match_the_redactions_on_real_pages(real_pages: Workspace, real_dev: Path) -> None:
    """Boxes of black redactions cover dark pixels of our rendering, although they were drawn at another resolution."""
    content = json.loads((real_dev / "annotations.json").read_text())
    report = import_annotations(real_pages, real_dev / "annotations.json", annotator="dev")
    assert report.refused == ()
    assert report.added == report.rescaled == len(content["images"])
    assert report.boxes == len(content["annotations"])
    dataset = read_dataset(real_pages, None)
    assert len({(page.document, page.split) for page in dataset.pages}) == len({page.document for page in dataset.pages})
    darkness = []
    for page in dataset.pages:
        gray = np.asarray(Image.open(dataset.image_path(page)))
        for box in page.boxes:
            if box.style is Style.BLACK:
                x0, y0, x1, y1 = as_xyxy([(box.x0, box.y0, box.x1, box.y1)])[0].round().astype(int)
                darkness.append(float((gray[y0:y1, x0:x1] < 128).mean()))
    assert len(darkness) > 100
    assert np.median(darkness) > 0.9
