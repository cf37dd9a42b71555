"""Every shipped configuration is valid, and a file is checked by the subject that its name begins with."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines.configurations import PIPELINES, check_configuration, load_pipeline
from pipelines.strict import StrictDynamicPipeline, StrictPipeline
from redaction.cli.configs import app
from redaction.errors import RedactionError

pytestmark = pytest.mark.usefixtures("zenml_store")

CONFIGS = Path(__file__).parents[2] / "configs"


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.name)
def test_every_shipped_configuration_is_valid_and_would_not_be_with_an_unknown_key(path: Path, tmp_path: Path) -> None:
    subject = path.name.split(".")[0]
    described = {"sources": " sources", "starter": "a starter detector from "}.get(subject, f"a run of {subject}")
    assert described in check_configuration(path)
    misspelled = tmp_path / path.name
    misspelled.write_text(f"{path.read_text()}\nunknown_key_of_mine: 1\n")
    with pytest.raises(RedactionError, match="unknown_key_of_mine"):
        check_configuration(misspelled)


@pytest.mark.parametrize("name", PIPELINES)
def test_every_pipeline_is_strict(name: str) -> None:
    assert isinstance(load_pipeline(name), StrictPipeline | StrictDynamicPipeline)


def test_a_file_with_an_unknown_subject_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "ctcd.gpu.yaml"
    path.write_text("")
    with pytest.raises(RedactionError, match="did you mean 'ct_cd'"):
        check_configuration(path)


def test_the_command_checks_all_files_and_fails_if_one_is_invalid(tmp_path: Path) -> None:
    wrong = tmp_path / "ct_cd.mine.yaml"
    wrong.write_text("steps: {trian: {}}")

    checked = CliRunner().invoke(app, ["check", str(wrong), str(CONFIGS / "ct_cd.yaml")])

    assert checked.exit_code == 1
    assert "did you mean 'train'" in checked.output
    assert "a run of ct_cd" in checked.output
