"""``redaction samples`` and ``redaction synth``, as typed by a person."""

from __future__ import annotations

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


def test_a_room_is_made_and_its_contents_told(tmp_path: Path) -> None:
    result = CliRunner().invoke(samples.app, ["make", str(tmp_path / "room"), "--documents", "3"])
    assert result.exit_code == 0, result.output
    assert "documents: 4," in result.output, "three and the one with a broken page"
    assert (tmp_path / "room" / "annotations.json").is_file()


def test_a_folder_in_the_way_is_named(tmp_path: Path) -> None:
    result = CliRunner().invoke(samples.app, ["make", str(tmp_path)])
    assert isinstance(result.exception, RedactionError)
    assert str(tmp_path) in str(result.exception)


def test_the_room_is_served_until_interrupted(tmp_path: Path) -> None:
    CliRunner().invoke(samples.app, ["make", str(tmp_path / "room"), "--documents", "2"])
    command = [
        sys.executable,
        "-u",
        "-c",
        "from redaction.cli.samples import app; app()",
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
            process.kill()  # else a test that fails waits for ever, as where a background job's children ignore interrupts


def test_a_preview_is_a_picture(tmp_path: Path) -> None:
    result = CliRunner().invoke(synth.app, ["preview", "--out", str(tmp_path / "p.png"), "--pages", "2", "--seed", "1"])
    assert result.exit_code == 0, result.output
    assert Image.open(tmp_path / "p.png").format == "PNG"


def test_a_preview_of_some_looks_holds_no_others(tmp_path: Path) -> None:
    arguments = ["preview", "--out", str(tmp_path / "p.png"), "--pages", "2", "--looks", "tape, hatched"]
    result = CliRunner().invoke(synth.app, arguments)
    assert result.exit_code == 0, result.output
    assert "redactions: 0" not in result.output


@pytest.mark.parametrize("looks", ["black,invisible", ""])
def test_a_look_that_there_is_not_is_refused(tmp_path: Path, looks: str) -> None:
    result = CliRunner().invoke(synth.app, ["preview", "--out", str(tmp_path / "p.png"), "--looks", looks])
    assert isinstance(result.exception, RedactionError)
    assert "choose from black, marker" in str(result.exception)
    assert not (tmp_path / "p.png").exists()


@pytest.mark.parametrize("module", ["redaction.samples", "redaction.synthesis", "redaction.contact_sheet"])
def test_nothing_heavy_is_imported(module: str) -> None:
    heavy = "{'torch', 'icevision', 'zenml', 'bentoml', 'pandas', 'sqlmodel'}"
    code = f"import sys, {module}; sys.exit(repr({heavy} & set(sys.modules)) if {heavy} & set(sys.modules) else 0)"
    subprocess.run(
        [sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": str(Path(samples.__file__).parents[2])}
    )
