"""The wheel alone in a fresh environment: what works, how large it is, and what is said about the rest."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from fpdf import FPDF

from tests.install.conftest import REPOSITORY, Uv

pytestmark = pytest.mark.slow

MAX_BYTES = 400_000_000
BAR_PT = (72, 100, 300, 16)
"""Left, top, width and height."""


@dataclass(frozen=True)
class Installation:
    """An environment, and an empty folder in which its commands run."""

    environment: Path
    folder: Path

    @property
    def programs(self) -> Path:
        return self.environment / ("Scripts" if sys.platform == "win32" else "bin")

    def redaction(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        """The command, without any setting of the caller's environment."""
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(self.folder), "COLUMNS": "80"}
        command = [str(self.programs / "redaction"), *map(str, arguments)]
        return subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=120, check=False)


def install(uv: Uv, wheel: Path, python: str, root: Path, *options: object) -> Installation:
    environment, folder = root / "environment", root / "folder"
    folder.mkdir()
    uv("venv", "--quiet", "--python", python, environment)
    uv("pip", "install", "--quiet", "--python", environment, wheel, *options)
    return Installation(environment, folder)


@pytest.fixture(scope="session")
def installation(uv: Uv, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    # compiled, as pip does
    return install(uv, wheel, sys.executable, tmp_path_factory.mktemp("small-install"), "--compile-bytecode")


def write_pdf(path: Path) -> None:
    """One page of text with a black bar."""
    pdf = FPDF(unit="pt", format="letter")
    pdf.set_font("Times", size=11)
    pdf.add_page()
    for line in range(30):
        pdf.text(72, 90 + 20 * line, "The committee received a copy of the report before the hearing in March.")
    pdf.rect(*BAR_PT, style="F")
    pdf.output(str(path))


def found_in(installed: Installation) -> dict[str, object]:
    write_pdf(installed.folder / "report.pdf")
    done = installed.redaction("detect", "report.pdf", "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_it_has_less_than_400_megabytes(installation: Installation) -> None:
    (packages,) = installation.environment.rglob("site-packages")
    size = sum(path.stat().st_size for path in packages.rglob("*") if path.is_file())
    assert 100_000_000 < size < MAX_BYTES


def test_it_finds_a_redaction_in_a_pdf(installation: Installation) -> None:
    (page,) = found_in(installation)["pages"]  # type: ignore[misc]
    (box,) = page["findings"]["redactions"]
    scale = 150 / 72
    left, top, width, height = (value * scale for value in BAR_PT)
    assert [box[side] for side in ("x0", "y0", "x1", "y1")] == pytest.approx([left, top, left + width, top + height], abs=4)


def test_the_report_is_written_to_a_file(installation: Installation) -> None:
    found = found_in(installation)
    done = installation.redaction("detect", "report.pdf", "--output", "found.json")
    assert "1 redaction on 1 of 1 page" in done.stdout
    assert json.loads((installation.folder / "found.json").read_text(encoding="utf-8")) == found


def test_a_detector_is_evaluated(installation: Installation) -> None:
    """With `rules`, since that takes no time, and with the report as a page, which needs its template from the wheel."""
    write_pdf(installation.folder / "report.pdf")
    scale = 150 / 72
    coco = {
        "images": [{"id": 1, "file_name": "report-1.png", "pdf": "report.pdf", "page_index": 0, "width": 1275, "height": 1650}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [value * scale for value in BAR_PT]}],
        "categories": [{"id": 1, "name": "redaction"}],
    }
    (installation.folder / "boxes.json").write_text(json.dumps(coco), encoding="utf-8")
    options = ("--coco", "boxes.json", "--pdfs", ".", "--detector", "rules", "--output", "evaluation")
    done = installation.redaction("evaluate", *options)
    assert done.returncode == 0, done.stderr
    assert (installation.folder / "evaluation" / "evaluation.html").stat().st_size > 1000


@pytest.mark.parametrize("arguments", [("--help",), ("detect", "--help"), ("run", "--help"), ("service", "start", "--help")])
def test_help_needs_no_extra(installation: Installation, arguments: tuple[str, ...]) -> None:
    done = installation.redaction(*arguments)
    assert done.returncode == 0, done.stderr
    assert "Usage: redaction" in done.stdout


@pytest.mark.parametrize(
    ("command", "extra"),
    [
        ("annotations queue", "pipelines"),
        ("checkpoints list", "pipelines"),
        ("configs check ct_cd.yaml", "pipelines"),
        ("dashboard", "pipelines"),
        ("deploy starter", "pipelines"),
        ("doctor", "pipelines"),
        ("documents status", "pipelines"),
        ("run ct_cd", "pipelines"),
        ("runs", "pipelines"),
        ("samples make room", "pipelines"),
        ("scheduler --once", "pipelines"),
        ("stack setup", "pipelines"),
        ("synth preview", "pipelines"),
        ("service status", "serve"),
        ("service start", "serve"),
        ("demo", "train"),
        ("starter", "train"),
    ],
)
def test_a_command_that_needs_an_extra_names_it(installation: Installation, wheel: Path, command: str, extra: str) -> None:
    done = installation.redaction(*command.split())
    remedy = f'`pip install "redaction-detector[{extra}] @ {wheel.as_uri()}"`'
    if extra == "train":
        remedy = "`make install` in a clone of the repository"
    assert done.stdout == ""
    assert done.stderr.startswith("redaction: This command needs ")
    assert done.stderr.endswith(f"which is not installed; it belongs to the extra {extra}: run {remedy}.\n")
    assert done.stderr.count("\n") == done.returncode == 1


def test_a_workspace_with_detectors_needs_the_catalog(installation: Installation) -> None:
    """`detect` would look up the champion; an answer of another detector would be worse than none."""
    (installation.folder / "elsewhere" / "models").mkdir(parents=True)
    write_pdf(installation.folder / "report.pdf")
    done = installation.redaction("--workspace", "elsewhere", "detect", "report.pdf")
    assert (done.returncode, done.stdout) == (1, "")
    assert "it belongs to the extra pipelines" in done.stderr
    assert installation.redaction("--workspace", "elsewhere", "detect", "report.pdf", "--detector", "starter").returncode == 0


def test_the_oldest_releases_that_are_allowed_work(uv: Uv, wheel: Path, tmp_path: Path) -> None:
    """Earlier ones of ONNX Runtime cannot run the network, of OpenCV not be imported with NumPy 2, of typer not print a help."""
    oldest = tmp_path / "oldest.txt"
    options = ("--resolution", "lowest-direct", "--python", sys.executable, "--quiet", "--output-file", oldest)
    uv("pip", "compile", REPOSITORY / "pyproject.toml", *options)
    installed = install(uv, wheel, sys.executable, tmp_path, "--constraint", oldest)
    (page,) = found_in(installed)["pages"]  # type: ignore[misc]
    assert len(page["findings"]["redactions"]) == 1
    assert installed.redaction("detect", "--help").returncode == 0


@pytest.mark.parametrize("version", ["3.12", "3.13"])
def test_later_pythons_give_the_same_answer(
    uv: Uv, wheel: Path, installation: Installation, version: str, tmp_path: Path
) -> None:
    python = python_of_version(version)
    assert found_in(install(uv, wheel, python, tmp_path)) == found_in(installation)


def python_of_version(version: str) -> str:
    name = f"python{version}"
    try:
        printed = subprocess.run(
            [name, "-c", "import sys; print(sys.executable)"], capture_output=True, text=True, timeout=30, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip(f"needs Python {version}")
    return printed.stdout.strip()
