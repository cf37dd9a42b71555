"""The command ``redaction evaluate``."""

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
    """Run the command and return what it printed on standard output."""
    result = CliRunner().invoke(
        build(), [str(argument) for argument in arguments], catch_exceptions=False, env={"COLUMNS": "160"}
    )
    assert result.exit_code == 0, result.output
    return result.stdout


def test_one_call_prints_compares_and_writes_everything(made_set: Path, tmp_path: Path) -> None:
    coco, out, report = made_set / "annotations.json", tmp_path / "out.json", tmp_path / "report"
    printed = run(
        *("evaluate", "--coco", coco, "--pdfs", made_set / "pdfs", "--detector", "rules"),
        *("--against", "rules", "--predictions", out, "--output", report),
    )
    assert re.search(r"all +│ +4 │ +2 │ +1\.000 │ +1\.000 │ +1\.000", printed)
    assert "rules minus rules" in printed
    assert "False boxes per page without redactions: 0.000" in printed

    predictions = json.loads(out.read_text())
    assert [(one["image_id"], one["category_id"]) for one in predictions] == [(1, 1), (3, 1)]
    assert predictions[0]["bbox"] == pytest.approx([150, 150, 600, 50], abs=1)
    assert 0.5 <= predictions[0]["score"] <= 1

    written = EvaluationReport.model_validate_json((report / "evaluation.json").read_text())
    assert written.evaluation.overall.f1 == 1.0
    assert written.evaluation.by_style["black"].boxes == 2
    assert written.evaluation.seconds_per_page is not None
    assert all(difference.value == 0 for difference in written.differences)
    assert set(json.loads((report / "evaluation.json").read_text())["differences"][0]) == {"group", "figure", "value", "interval"}
    assert "No page has a missed or a false box." in (report / "evaluation.html").read_text()


def test_json_prints_what_the_report_holds(made_set: Path, tmp_path: Path) -> None:
    arguments = ("evaluate", "--coco", made_set / "annotations.json", "--pdfs", made_set / "pdfs", "--detector", "rules")
    printed = run(*arguments, "--json", "--report", tmp_path)  # the former name of --output
    assert json.loads(printed) == json.loads((tmp_path / "evaluation.json").read_text())


def test_every_metric_fits_80_columns(made_set: Path) -> None:
    arguments = ["evaluate", "--coco", str(made_set / "annotations.json"), "--pdfs", str(made_set / "pdfs")]
    done = CliRunner(env={"COLUMNS": "80"}).invoke(build(), [*arguments, "--detector", "rules", "--against", "rules"])
    assert re.search(r"all +4 +2( +[01]\.\d{3}){7} +0", done.output)
    assert re.search(r"all +(\+0\.000 +){7}–", done.output)
    assert max(len(line) for line in done.output.splitlines()) <= 80
    assert "…" not in done.output


class _Urls(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if name in ("src", "href")]


def test_the_report_draws_the_worst_pages_and_needs_no_network(made_set: Path, tmp_path: Path) -> None:
    content = json.loads((made_set / "annotations.json").read_text())
    content["annotations"][1]["bbox"] = [150, 900, 600, 50]  # the second bar is annotated elsewhere: one missed, one false
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
        "--output",
        tmp_path,
    )
    html = (tmp_path / "evaluation.html").read_text()
    urls = _Urls()
    urls.feed(html)
    assert [url[:23] for url in urls.found] == ["data:image/jpeg;base64,"]
    assert "1 missed · 1 false · 0 found" in html
    assert "<script>" not in html
    for word in ("truth", "found", "missed", "false"):
        assert f"<strong>{word}</strong>" in html


def test_an_unknown_detector_is_refused_and_creates_no_workspace(workspace: Workspace) -> None:
    with pytest.raises(RedactionError, match=r"'nano-00' is neither a detector's folder nor a version"):
        load_detector("nano-00", workspace)
    with pytest.raises(RedactionError, match="neither"):
        load_detector("../elsewhere", workspace)
    assert not workspace.root.exists()
