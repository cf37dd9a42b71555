"""Read and write annotation files in any of the three formats: `read_annotation_file` and `write_annotation_file`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from redaction.annotations.records import ParsedFile, ParsedPage, RefusalReason, RefusedRow
from redaction.annotations.tools.coco import read_coco, write_coco
from redaction.annotations.tools.format_names import AnnotationFormat
from redaction.annotations.tools.label_studio import is_json_min, read_label_studio, write_label_studio
from redaction.annotations.tools.prodigy import read_prodigy, write_prodigy
from redaction.errors import RedactionError
from redaction.files import write_text


def read_annotation_file(file: Path, format: AnnotationFormat | None = None) -> tuple[AnnotationFormat, ParsedFile]:
    """Parse an annotation file; its format is detected from the content.

    Args:
        file: the annotation file.
        format: the expected format; any of the three when None.

    Raises:
        RedactionError: the file cannot be read, is in none of the three formats, or is not in the expected one.
    """
    text = _read_text(file)
    content = _parse_json(text)
    detected = _detect_format(content, text)
    if detected is None and is_json_min(content):
        raise RedactionError(
            f"{file} is Label Studio's JSON-MIN, which does not say which style belongs to which box; export it as JSON."
        )
    if detected is None or (format is not None and detected is not format):
        expected = format.value if format else "COCO, Prodigy image.manual JSONL or Label Studio JSON"
        raise RedactionError(f"{file} is not in the format {expected}; export it again, or name its format with --format.")
    if detected is AnnotationFormat.COCO:
        return detected, read_coco(content)
    if detected is AnnotationFormat.LABEL_STUDIO:
        return detected, read_label_studio(content)
    rows, unreadable = _parse_json_lines(text)
    parsed = read_prodigy(rows)
    return detected, ParsedFile(pages=parsed.pages, refused=(*unreadable, *parsed.refused))


def write_annotation_file(file: Path, format: AnnotationFormat, pages: Sequence[ParsedPage]) -> None:
    """Write the pages to an annotation file; equal pages give equal bytes."""
    if format is AnnotationFormat.PRODIGY:
        write_text(file, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in write_prodigy(pages)))
        return
    content = write_coco(pages) if format is AnnotationFormat.COCO else write_label_studio(pages)
    write_text(file, json.dumps(content, ensure_ascii=False, indent=1) + "\n")


def _read_text(file: Path) -> str:
    try:
        data = file.read_bytes()
        # UTF-16, too: PowerShell's ">" writes it
        return data.decode(json.detect_encoding(data))
    except (OSError, UnicodeDecodeError) as error:
        raise RedactionError(f"{file} cannot be read as text ({error}); give an exported annotation file.") from error


def _parse_json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _detect_format(content: Any, text: str) -> AnnotationFormat | None:
    if isinstance(content, dict) and isinstance(content.get("images"), list) and isinstance(content.get("annotations"), list):
        return AnnotationFormat.COCO
    if isinstance(content, list):
        tasks = [task for task in content if isinstance(task, dict) and "data" in task]
        return AnnotationFormat.LABEL_STUDIO if tasks or not content else None
    rows, _ = _parse_json_lines(text)
    return AnnotationFormat.PRODIGY if any(isinstance(row, dict) and "image" in row for _, row in rows) else None


def _parse_json_lines(text: str) -> tuple[list[tuple[str, Any]], list[RefusedRow]]:
    rows, refused = [], []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            rows.append((f"line {number}", json.loads(line)))
        except (ValueError, RecursionError):
            refused.append(RefusedRow(row=f"line {number}", reason=RefusalReason.MALFORMED, detail="the line is not JSON"))
    return rows, refused
