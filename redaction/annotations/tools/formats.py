"""The three annotation formats behind one pair of functions: `read_file` and `write_file`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

from redaction.annotations.records import ParsedFile, ParsedPage, RefusalReason, RefusedRow
from redaction.annotations.tools.coco import read_coco, write_coco
from redaction.annotations.tools.label_studio import read_label_studio, write_label_studio
from redaction.annotations.tools.prodigy import read_prodigy, write_prodigy
from redaction.errors import RedactionError
from redaction.files import write_text


class Tool(StrEnum):
    """The tool, and so the format, that an annotation file comes from or goes to."""

    COCO = "coco"
    PRODIGY = "prodigy"
    LABEL_STUDIO = "label-studio"


def read_file(file: Path, tool: Tool | None = None) -> tuple[Tool, ParsedFile]:
    """What an annotation file says, and the tool that it comes from (found out from its content when not given).

    Raises:
        RedactionError: the file cannot be read, or is in none of the three formats, or not in the one that was named.
    """
    text = _text(file)
    content = _whole(text)
    found = _tool_of(content, text)
    if found is None or (tool is not None and found is not tool):
        wanted = tool.value if tool else "COCO, Prodigy image.manual JSONL or Label Studio JSON"
        raise RedactionError(f"{file} is not a file in the format of {wanted}; export it again, or name its tool with --tool.")
    if found is Tool.COCO:
        return found, read_coco(content)
    if found is Tool.LABEL_STUDIO:
        return found, read_label_studio(content)
    rows, unreadable = _lines(text)
    parsed = read_prodigy(rows)
    return found, ParsedFile(pages=parsed.pages, refused=(*unreadable, *parsed.refused))


def write_file(file: Path, tool: Tool, pages: Sequence[ParsedPage]) -> None:
    """Write the pages in the format of `tool`; equal pages give equal bytes."""
    if tool is Tool.PRODIGY:
        write_text(file, "".join(_line(row) + "\n" for row in write_prodigy(pages)))
        return
    content = write_coco(pages) if tool is Tool.COCO else write_label_studio(pages)
    write_text(file, json.dumps(content, ensure_ascii=False, indent=1) + "\n")


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise RedactionError(f"{file} cannot be read as text ({error}); give an exported annotation file.") from error


def _whole(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _tool_of(content: Any, text: str) -> Tool | None:
    if isinstance(content, dict) and isinstance(content.get("images"), list) and isinstance(content.get("annotations"), list):
        return Tool.COCO
    if isinstance(content, list):
        tasks = [task for task in content if isinstance(task, dict) and "data" in task]
        return Tool.LABEL_STUDIO if tasks or not content else None
    rows, _ = _lines(text)
    return Tool.PRODIGY if any(isinstance(row, dict) and "image" in row for _, row in rows) else None


def _lines(text: str) -> tuple[list[tuple[str, Any]], list[RefusedRow]]:
    rows, refused = [], []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            rows.append((f"line {number}", json.loads(line)))
        except (ValueError, RecursionError):
            refused.append(RefusedRow(row=f"line {number}", reason=RefusalReason.MALFORMED, detail="the line is not JSON"))
    return rows, refused


def _line(row: dict[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False)
