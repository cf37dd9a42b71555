"""``redaction evaluate``, run as people run it."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from typer.testing import CliRunner

from redaction.cli import build
from redaction.errors import RedactionError
from redaction.evaluation.report import EvaluationReport
from redaction.lifecycle.detectors import load_detector
from redaction.workspace import Workspace


def run(*arguments: str | Path) -> str:
    """What the command prints."""
    done = CliRunner().invoke(build(), [str(argument) for argument in arguments], catch_exceptions=False, env={"COLUMNS": "160"})
    assert done.exit_code == 0, done.output
    return done.output


def test_everything_in_one_call(made_set: Path, tmp_path: Path) -> None:
    coco, out, report = made_set / "annotations.json", tmp_path / "out.json", tmp_path / "report"
    printed = run(
        *("evaluate", "--coco", coco, "--pdfs", made_set / "pdfs", "--detector", "rules"),
        *("--against", "rules", "--predictions", out, "--report", report),
    )
    assert re.search(r"all +│ +4 │ +2 │ +1\.000 │ +1\.000 │ +1\.000", printed)
    assert "rules less rules" in printed
    assert "False boxes on a page without redactions: 0.000" in printed

    predictions = json.loads(out.read_text())
    assert [(one["image_id"], one["category_id"]) for one in predictions] == [(1, 1), (3, 1)]
    assert predictions[0]["bbox"] == pytest.approx([150, 150, 600, 50], abs=1)
    assert 0.5 <= predictions[0]["score"] <= 1

    written = EvaluationReport.model_validate_json((report / "evaluation.json").read_text())
    assert written.evaluation.overall.f1 == 1.0
    assert written.evaluation.by_style["black"].boxes == 2
    assert written.evaluation.seconds_per_page is not None
    assert all(difference.value == 0 for difference in written.differences)
    assert "No page has a missed or a false box." in (report / "evaluation.html").read_text()


class _Addresses(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if name in ("src", "href")]


def test_the_worst_pages_are_drawn_in_a_page_that_needs_no_network(made_set: Path, tmp_path: Path) -> None:
    content = json.loads((made_set / "annotations.json").read_text())
    content["annotations"][1]["bbox"] = [150, 900, 600, 50]  # the second bar is said to be elsewhere: one missed, one false
    content["images"][2]["file_name"] = "<script>alert(1)</script>.png"
    (made_set / "annotations.json").write_text(json.dumps(content))
    run(
        "evaluate",
        "--coco",
        made_set / "annotations.json",
        "--pdfs",
        made_set / "pdfs",
        "--detector",
        "rules",
        "--report",
        tmp_path,
    )
    html = (tmp_path / "evaluation.html").read_text()
    addresses = _Addresses()
    addresses.feed(html)
    assert [address[:23] for address in addresses.found] == ["data:image/jpeg;base64,"]
    assert "1 missed · 1 false · 0 found" in html
    assert "<script>" not in html
    for word in ("truth", "found", "missed", "false"):
        assert f"<strong>{word}</strong>" in html


def test_who_is_evaluated_is_told_when_there_is_no_such_one(workspace: Workspace) -> None:
    with pytest.raises(RedactionError, match=r"'nano-00' is neither the folder of a detector nor a version"):
        load_detector("nano-00", workspace)
    with pytest.raises(RedactionError, match="neither"):
        load_detector("../elsewhere", workspace)
    assert not workspace.root.exists()
