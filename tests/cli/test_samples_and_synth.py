"""The commands of ``redaction samples`` and ``redaction synth``."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from PIL import Image
from typer.testing import CliRunner

from redaction.cli import samples, synth
from redaction.errors import RedactionError


def test_make_writes_a_room_and_prints_its_counts(tmp_path: Path) -> None:
    result = CliRunner().invoke(samples.app, ["make", str(tmp_path / "room"), "--documents", "3"])
    assert result.exit_code == 0, result.output
    assert "documents: 4," in result.output, "three, and the one with a broken page"
    assert (tmp_path / "room" / "annotations.json").is_file()


def test_an_existing_folder_is_named_and_kept(tmp_path: Path) -> None:
    result = CliRunner().invoke(samples.app, ["make", str(tmp_path)])
    assert isinstance(result.exception, RedactionError)
    assert str(tmp_path) in str(result.exception)


def test_serve_runs_until_interrupted(tmp_path: Path) -> None:
    CliRunner().invoke(samples.app, ["make", str(tmp_path / "room"), "--documents", "2"])
    command = [
        sys.executable,
        "-u",
        "-c",
        # the children of a background job ignore interrupts
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from redaction.cli.samples import app; app()",
        "serve",
        str(tmp_path / "room"),
        "--port",
        "0",
    ]
    environment = {**os.environ, "PYTHONPATH": str(Path(samples.__file__).parents[2])}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stdout is not None
            address = re.search(r"http://127\.0\.0\.1:\d+/", process.stdout.readline())
            assert address is not None
            assert httpx.get(address.group()).status_code == 200
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=20) == 0
        finally:
            process.kill()


def test_a_preview_is_a_png(tmp_path: Path) -> None:
    result = CliRunner().invoke(synth.app, ["preview", "--output", str(tmp_path / "p.png"), "--pages", "2", "--seed", "1"])
    assert result.exit_code == 0, result.output
    assert Image.open(tmp_path / "p.png").format == "PNG"


@pytest.mark.parametrize(("output", "appearances"), [("--output", "--appearances"), ("--out", "--looks")])
def test_a_preview_of_some_appearances_works_under_present_and_former_names(
    tmp_path: Path, output: str, appearances: str
) -> None:
    arguments = ["preview", output, str(tmp_path / "p.png"), "--pages", "2", appearances, "tape, hatched"]
    result = CliRunner().invoke(synth.app, arguments)
    assert result.exit_code == 0, result.output
    assert "redactions: 0" not in result.output
    assert (tmp_path / "p.png").is_file()


@pytest.mark.parametrize("appearances", ["black,invisible", ""])
def test_an_unknown_appearance_is_refused(tmp_path: Path, appearances: str) -> None:
    result = CliRunner().invoke(synth.app, ["preview", "--output", str(tmp_path / "p.png"), "--appearances", appearances])
    assert isinstance(result.exception, RedactionError)
    assert "choose from black, marker" in str(result.exception)
    assert not (tmp_path / "p.png").exists()


@pytest.mark.parametrize("module", ["redaction.samples", "redaction.synthesis", "redaction.contact_sheet"])
def test_no_heavy_package_is_imported(module: str) -> None:
    code = f"import json, sys, {module}; json.dump(list(sys.modules), sys.stdout)"
    environment = os.environ | {"PYTHONPATH": str(Path(samples.__file__).parents[2])}
    done = subprocess.run([sys.executable, "-c", code], check=True, env=environment, stdout=subprocess.PIPE)
    imported = set(json.loads(done.stdout))
    assert module in imported
    assert imported.isdisjoint({"torch", "icevision", "zenml", "bentoml", "pandas", "sqlmodel"})
