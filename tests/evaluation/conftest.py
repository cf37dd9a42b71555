"""A small annotated dataset, drawn by hand, as COCO with documents."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fpdf import FPDF

LETTER = (1275, 1651)
"""Size of the annotated pages in pixels. Earlier versions rendered so; now such a page has one row less."""


@pytest.fixture
def made_set(tmp_path: Path) -> Path:
    """A folder with annotations.json and pdfs/: two documents of two pages, each with a bar on its first page only."""
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number in range(2):
        pdf = FPDF(unit="pt", format="letter")
        pdf.set_font("Helvetica", size=12)
        for index in range(2):
            pdf.add_page()
            pdf.text(72, 500, "This text is not redacted.")
            width, height = LETTER
            image_id = len(images) + 1
            images.append(
                {"id": image_id, "file_name": f"{number}_{index}.png", "pdf": f"{number}.pdf", "page_index": index}
                | {"width": width, "height": height, "style": "black" if index == 0 else "none"}
            )
            if index == 0:
                pdf.rect(72, 72, 288, 24, style="F")
                box = {"id": number + 1, "image_id": image_id, "category_id": 1, "bbox": [150, 150, 600, 50]}
                annotations.append(box | {"area": 30000, "iscrowd": 0})
        (tmp_path / "pdfs").mkdir(exist_ok=True)
        pdf.output(str(tmp_path / "pdfs" / f"{number}.pdf"))
    content = {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "redaction"}]}
    (tmp_path / "annotations.json").write_text(json.dumps(content))
    return tmp_path
