"""The reference window: page records of the pages on which the deployed detector was evaluated, stored beside it."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain, repeat
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import ValidationError

from redaction.errors import RedactionError
from redaction.files import write_text
from redaction.monitoring.records import PageRecord, page_record
from redaction.pages.features import page_features
from redaction.pages.geometry import Detections

FILE_NAME = "reference.jsonl"


class ReferencePage(PageRecord):
    """A line of the file."""

    document: str | None = None
    """SHA-256 of the document's bytes; None in files of earlier versions, which do not record it."""


def page_records(
    pages: Iterable[tuple[NDArray[np.uint8], Detections, float]], operating_point: float, documents: Iterable[str | None] = ()
) -> pd.DataFrame:
    """One row per page, with the fields of `ReferencePage`.

    Args:
        pages: for each page its image (RGB, uint8, (height, width, 3)), its detections of any score, and the latency in
            milliseconds. Consumed one by one, so only one image is in memory.
        operating_point: the score from which a detection counts.
        documents: the SHA-256 of each page's document; unknown for the pages for which there is none.
    """
    records = (page_record(page_features(image), found, operating_point, ms) for image, found, ms in pages)
    return _frame(
        ReferencePage(**record.model_dump(), document=document)
        for record, document in zip(records, chain(documents, repeat(None)), strict=False)
    )


def write_reference(path: Path, records: pd.DataFrame) -> None:
    """Write the records as JSON lines, atomically."""
    write_text(path, records[list(ReferencePage.model_fields)].to_json(orient="records", lines=True, double_precision=10))


def read_reference(path: Path) -> pd.DataFrame:
    """Read the records that `write_reference` wrote.

    Raises:
        RedactionError: the file is missing, or a line is not a page record of this version.
    """
    if not path.is_file():
        raise RedactionError(f"There is no reference window {path}: deploy a detector to write it.")
    try:
        return _frame(ReferencePage.model_validate_json(line) for line in path.read_bytes().splitlines() if line.strip())
    except ValidationError as error:
        raise RedactionError(
            f"The reference window {path} is damaged or was written by another version: deploy again."
        ) from error


def _frame(records: Iterable[ReferencePage]) -> pd.DataFrame:
    rows = [record.model_dump() for record in records]
    frame = pd.DataFrame(rows, columns=list(ReferencePage.model_fields), dtype=object)
    return frame.astype(dict.fromkeys(PageRecord.model_fields, float))
