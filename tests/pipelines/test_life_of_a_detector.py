"""Both pipelines end to end on a real ZenML store: documents over HTTP, a tiny VFNet, a real service, monitored traffic.

All runs happen in order in one fixture; each test checks one aspect of them.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import yaml
from sqlmodel import select
from typer.testing import CliRunner

from benchmarks.browser import Browser
from benchmarks.outside_requests import WRITTEN, outside_requests, written_pages
from redaction.annotations.importing import import_annotations
from redaction.catalog import open_catalog
from redaction.catalog.tables import Deployment, MonitoringWindow, Stage, TrainingRun, Verdict
from redaction.checkpoints import list_checkpoints
from redaction.cli import build
from redaction.cli.demo.story import page_images
from redaction.cli.demo.traffic import send_pages, unchanged
from redaction.detection.artifact import Detector, seal
from redaction.detection.starter import starter_detector
from redaction.errors import RedactionError
from redaction.lifecycle.detectors import load_detector
from redaction.lifecycle.exclusive import only_run
from redaction.lifecycle.run_records import RunFiles, RunState
from redaction.samples import make_reading_room, serve_reading_room
from redaction.workspace import Workspace
from serving.bento_store import bentoml_home, stored_bento
from serving.local import control
from serving.local.address import free_port
from serving.release.production import deploy_by_hand
from serving.release.release import rollback

if TYPE_CHECKING:
    from zenml.models import PipelineRunResponse

DOCUMENTS = 24
REQUESTS = 12
LIMITS = {
    "min_test_pages": 1,
    "min_test_boxes": 1,
    "max_recall_loss": 0.01,
    "max_false_box_increase": 1000.0,  # the champion reports nothing, so whoever finds something reports more false boxes, too
    "max_style_recall_loss": 0.05,
    "min_style_boxes": 30,
    "max_false_positives_per_clean_page": 1000.0,
    "max_seconds_per_page": 10.0,
    "first_deployment": {"ap50": 0.0, "recall": 0.0},
}
PANEL = {"redacted_pages": 12, "clean_pages": 5, "long_side_px": 1100}


@dataclass(frozen=True)
class Life:
    """The runs, in order, and the workspace they produced."""

    workspace: Workspace
    port: int
    ingested: PipelineRunResponse
    ingested_again: PipelineRunResponse
    without_annotations: PipelineRunResponse
    unusable: list[str]
    """Why runs were refused before they trained."""
    held: PipelineRunResponse
    trained: PipelineRunResponse
    nothing_new: PipelineRunResponse
    forced: PipelineRunResponse
    not_served: PipelineRunResponse
    not_served_reason: str

    def steps(self, run: PipelineRunResponse) -> dict[str, str]:
        """The status of each step of a run, without the one that holds the place of its page."""
        return {name: str(step.status) for name, step in run.steps.items() if name != "run_page"}


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory, zenml_store: Path) -> Iterator[Life]:
    folder = tmp_path_factory.mktemp("life")
    workspace = Workspace.at(folder / "workspace")
    before = dict(os.environ)
    os.environ |= {"REDACTION_WORKSPACE": str(workspace.root), "BENTOML_HOME": str(folder / "bentoml"), "WANDB_MODE": "offline"}
    try:
        yield run_life(folder, workspace)
    finally:
        control.stop(workspace)
        os.environ.clear()
        os.environ |= before


def run_life(folder: Path, workspace: Workspace) -> Life:
    from pipelines.annotation_ingestion import annotation_ingestion
    from pipelines.ct_cd import ct_cd

    room = make_reading_room(folder / "room", seed=3, documents=DOCUMENTS)
    port = free_port()
    with serve_reading_room(room.folder) as server:
        ingestion = write_yaml(folder / "ingestion.yaml", {"parameters": {"sources": str(sources_file(folder, server.url))}})
        ingested, ingested_again = (run(annotation_ingestion, ingestion) for _ in range(2))
    ordinary, forced = (write_yaml(folder / f"{force}.yaml", ct_cd_configuration(port, force)) for force in (False, True))
    without_annotations = run(ct_cd, ordinary)
    import_annotations(workspace, room.annotations, annotator="test")
    unusable = [refusal(ct_cd, path) for path in unusable_configurations(folder, port)]
    with only_run(workspace):
        unusable.append(refusal(ct_cd, ordinary))
    assert deploy_by_hand(workspace, blind_detector(folder / "blind"), port=port).served
    held = run(ct_cd, write_yaml(folder / "strict.yaml", ct_cd_configuration(port, force=False, max_seconds_per_page=0.0)))
    trained = run(ct_cd, forced)
    send_pages(f"http://127.0.0.1:{port}", page_images(workspace), REQUESTS, unchanged, "requests")
    nothing_new, again = run(ct_cd, ordinary), run(ct_cd, forced)
    make_unservable(workspace)
    reason = refusal(ct_cd, forced)
    return Life(
        *(workspace, port, ingested, ingested_again, without_annotations),
        *(unusable, held, trained, nothing_new, again, last_run(), reason),
    )


def unusable_configurations(folder: Path, port: int) -> Iterator[Path]:
    """A profile without such weights, and a port that another program listens on."""
    of_starter = ct_cd_configuration(port, force=True)
    of_starter["steps"]["train"]["parameters"]["config"]["profile"] = "base"
    yield write_yaml(folder / "profile.yaml", of_starter)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield write_yaml(folder / "port.yaml", ct_cd_configuration(other.getsockname()[1], force=True))


def blind_detector(folder: Path) -> Detector:
    """The starter with an operating point that nothing reaches."""
    starter = starter_detector()
    shutil.copytree(starter.folder, folder)
    manifest = starter.manifest
    blind = manifest.operating_point.model_copy(update={"score": 1.1})
    return seal(folder, manifest.model_copy(update={"version": "nano-blind", "operating_point": blind}))


def make_unservable(workspace: Workspace) -> None:
    """Put the blind detector back, and damage the Bento of the trained one, so that a deployment passes the gate and fails."""
    trained = control.status(workspace).version
    assert rollback(workspace).version == "nano-blind"
    for service in stored_bento(bentoml_home(workspace), str(trained)).rglob("service.py"):
        service.write_text("raise SystemExit(1)")


def sources_file(folder: Path, url: str) -> Path:
    source = {
        "name": "room",
        "kind": "index",
        "urls": [f"{url}index.html"],
        "selector": "a.document",
        "depth": 1,
        "politeness": {"delay_seconds": 0.0, "concurrency": 4, "backoff_seconds": 0.01},
    }
    return write_yaml(folder / "sources.yaml", {"sources": [source]})


def ct_cd_configuration(port: int, force: bool, **limits: float) -> dict[str, Any]:
    training: dict[str, Any] = {"profile": "nano", "epochs": 1, "batch_size": 4, "width": 320, "height": 416, "init": "starter"}
    training["learning_rate"] = 1e-4
    parameters = {
        "check": {"min_new_annotations": 10, "force": force},
        "synthesize": {"config": {"seed": 1, "pages": 8, "long_side_px": 800, "workers": 1}},
        "train": {"config": training},
        "evaluate": {"config": {"panel": PANEL}},
        "decide": {"limits": LIMITS | limits},
        "deploy": {"port": port},
        "monitor": {"config": {"min_requests": 10}},
    }
    return {"steps": {name: {"parameters": values} for name, values in parameters.items()}}


def write_yaml(path: Path, content: dict[str, Any]) -> Path:
    path.write_text(yaml.safe_dump(content))
    return path


def run(pipeline: Any, configuration: Path) -> PipelineRunResponse:
    from zenml.client import Client

    finished: PipelineRunResponse = pipeline.with_options(config_path=str(configuration))()
    return Client().get_pipeline_run(finished.id)


def refusal(pipeline: Any, configuration: Path) -> str:
    with pytest.raises(RedactionError) as refused:
        run(pipeline, configuration)
    return str(refused.value)


def last_run() -> PipelineRunResponse:
    from zenml.client import Client

    return Client().list_pipeline_runs(sort_by="desc:created", size=1, hydrate=True).items[0]


def test_only_an_ingestion_with_new_pages_makes_a_checkpoint(life: Life) -> None:
    assert set(life.steps(life.ingested).values()) == {"completed"}
    first, second = (one.steps["checkpoint"].outputs["checkpoint"][0].load() for one in (life.ingested, life.ingested_again))
    assert first.created
    assert not second.created
    assert second.documents > DOCUMENTS - 2


def test_the_second_ingestion_finds_everything_unchanged_and_renders_nothing(life: Life) -> None:
    summary = life.ingested_again.steps["render"].outputs["ingestion_summary"][0].load()
    assert summary.new_pages == ()
    assert summary.sources[0].new == 0


def test_malformed_documents_are_quarantined_with_a_reason_and_the_run_continues(life: Life) -> None:
    summary = life.ingested.steps["render"].outputs["ingestion_summary"][0].load()
    assert len(summary.quarantine) >= 5
    assert all(problem.reason for problem in summary.quarantine)


def test_without_annotations_the_run_ends_after_the_check_and_names_the_command_to_run(life: Life) -> None:
    assert life.steps(life.without_annotations) == {"check": "completed", "monitor": "completed"}
    check = life.without_annotations.steps["check"].outputs["retraining_check"][0].load()
    assert "redaction annotations import" in check.reasons[0]


def test_enough_annotations_start_a_training_and_a_held_detector_is_kept_under_its_version(life: Life) -> None:
    assert life.steps(life.held) == dict.fromkeys(
        ("check", "validate", "synthesize", "train", "evaluate", "decide", "hold", "monitor"), "completed"
    )
    decision = life.held.steps["decide"].outputs["decision"][0].load()
    assert [reason.code for reason in decision.reasons] == ["too_slow"]
    assert f"Detector {decision.candidate}, held" in [one.message for one in list_checkpoints(life.workspace)]
    assert load_detector(decision.candidate, life.workspace).version == decision.candidate


def test_a_detector_that_is_better_than_the_champion_takes_its_place(life: Life) -> None:
    cached = dict.fromkeys(("validate", "synthesize", "train", "evaluate"), "cached")
    assert life.steps(life.trained) == cached | dict.fromkeys(("check", "decide", "deploy", "monitor"), "completed")
    outcome = life.trained.steps["deploy"].outputs["deployment"][0].load()
    detector = life.trained.steps["train"].outputs["detector"][0].load()
    assert outcome.served
    assert (outcome.version, outcome.serving, outcome.url) == (*[detector.version] * 2, f"http://127.0.0.1:{life.port}")
    with open_catalog(life.workspace).transaction() as session:
        stages = [(row.version, row.stage) for row in session.exec(select(Deployment).order_by(Deployment.id))]
    assert stages[:2] == [("nano-blind", Stage.ARCHIVED), (detector.version, Stage.ARCHIVED)]
    reasons = life.trained.steps["decide"].outputs["decision"][0].load().reasons
    assert [reason.code for reason in reasons] == ["better_than_champion"]


def test_what_would_stop_the_run_after_the_training_stops_it_before(life: Life) -> None:
    weights, port, other_run = life.unusable
    assert "init: starter needs profile: nano, not base" in weights
    assert "cannot be used" in port
    assert f"Another run of ct_cd works in {life.workspace.root}" in other_run
    with open_catalog(life.workspace).transaction() as session:
        assert len(session.exec(select(TrainingRun)).all()) == 4, "these runs did not even begin a training"


def test_a_detector_that_passed_but_could_not_be_served_ends_the_run_as_failed_and_can_be_deployed_later(life: Life) -> None:
    assert str(life.not_served.status) == "failed"
    steps = life.steps(life.not_served)
    assert (steps["deploy"], steps["monitor"]) == ("completed", "completed")
    version = life.trained.steps["train"].outputs["detector"][0].load().version
    assert life.not_served_reason.startswith(
        f"{version} is not served: The service redaction_detector:{version} ended with status 1"
    )
    assert f"nano-blind serves on at http://127.0.0.1:{life.port}. `redaction deploy {version}`" in life.not_served_reason
    with open_catalog(life.workspace).transaction() as session:
        last = session.exec(select(TrainingRun).order_by(TrainingRun.data_read_at)).all()[-1]
    assert last.finished_at is None, "the next run tries again"

    shutil.rmtree(stored_bento(bentoml_home(life.workspace), version))
    deployed = CliRunner().invoke(build(), ["deploy", version])
    assert deployed.exit_code == 0, deployed.output
    assert f"{version} serves at http://127.0.0.1:{life.port}." in deployed.output
    answer = httpx.post(
        f"http://127.0.0.1:{life.port}/detect",
        files={"page": ("page.png", page_images(life.workspace)[0].read_bytes(), "image/png")},
        timeout=30,
    )
    assert answer.json()["version"] == version


def test_the_detector_is_in_a_checkpoint_and_in_the_model_control_plane(life: Life) -> None:
    from zenml.client import Client

    detector = life.trained.steps["train"].outputs["detector"][0].load()
    assert any(detector.version in one.message for one in list_checkpoints(life.workspace))
    assert (life.workspace.models / detector.version / "detector" / "weights.safetensors").is_file()
    assert str(Client().get_model_version("redaction_detector", detector.version).stage) == "production"


def test_no_document_is_in_two_splits_and_every_synthetic_page_is_for_training(life: Life) -> None:
    validated = life.trained.steps["validate"].outputs["validated"][0].load()
    splits = {(page.document, page.split) for page in validated.pages}
    assert len(splits) == len({document for document, _ in splits})
    synthetic = life.trained.steps["synthesize"].outputs["synthetic"][0].load()
    assert {(page.split, page.synthetic) for page in synthetic.pages} == {("train", True)}
    assert all(synthetic.image_path(page).is_file() for page in synthetic.pages)


def test_artifacts_have_visualizations_for_the_dashboard(life: Life) -> None:
    shown = {
        (step, name): {visualization.type for visualization in versions[0].visualizations or []}
        for step, response in {**life.ingested.steps, **life.trained.steps}.items()
        for name, versions in response.outputs.items()
    }
    for artifact, kinds in {
        ("render", "ingestion_summary"): {"html"},
        ("checkpoint", "new_pages"): {"image"},
        ("validate", "validation_report"): {"html"},
        ("synthesize", "synthetic"): {"image"},
        ("train", "detector"): {"markdown", "image"},
        ("run_page", "run_page"): {"html"},
        ("evaluate", "comparison"): {"markdown"},
        ("decide", "decision"): {"markdown"},
        ("monitor", "monitoring_report"): {"html"},
    }.items():
        assert kinds <= shown[artifact], artifact


def test_no_page_that_the_runs_wrote_or_that_the_service_shows_asks_another_host(life: Life, browser: Browser) -> None:
    from zenml.client import Client

    pages = dict(written_pages(life.workspace, Path(Client().active_stack.artifact_store.path)))
    written = {"page of a run", "validation report", "monitoring: summary"}
    assert {*written, "artifact validation_report", "artifact real_vs_synthetic", "artifact ingestion_summary"} <= set(pages)
    known = {file for pattern in WRITTEN.values() for file in life.workspace.root.glob(pattern)}
    assert set(life.workspace.root.rglob("*.html")) == known, "another kind of page"
    pages["service"] = f"{control.status(life.workspace).url}/"
    asked = {name: outside_requests(browser, url) for name, url in pages.items()}
    assert not any(asked.values()), asked


def page_of(life: Life, run: PipelineRunResponse) -> str:
    return RunFiles(life.workspace).page(run.name).read_text()


def test_every_run_leaves_a_page_in_the_workspace_also_one_that_failed(life: Life) -> None:
    records = RunFiles(life.workspace).read()
    outcomes = {record.name: (record.state, record.outcome) for record in records}
    candidate = life.held.steps["train"].outputs["detector"][0].load().version
    assert outcomes[life.held.name] == (RunState.COMPLETED, f"hold {candidate}")
    assert outcomes[life.trained.name] == (RunState.COMPLETED, f"deploy {candidate}")
    assert outcomes[life.without_annotations.name] == (RunState.COMPLETED, "no training")
    assert outcomes[life.ingested_again.name] == (RunState.COMPLETED, "nothing new")
    assert outcomes[life.not_served.name] == (RunState.FAILED, f"not served: {candidate}")
    errors = {record.error for record in records if record.state is RunState.FAILED}
    assert errors == {*life.unusable, life.not_served_reason}


def test_the_page_of_a_run_has_the_curves_the_comparison_and_the_worst_pages(life: Life) -> None:
    page = page_of(life, life.held)
    history = life.held.steps["train"].outputs["training_history"][0].load()
    assert len(history.epochs) == 1
    assert f"{history.epochs[0].train_loss:.3f}" in page
    assert page.count("<polyline") == 5
    worst = life.held.steps["evaluate"].outputs["worst_pages"][0].load().pages
    assert page.count("data:image/jpeg;base64,") == len(worst) > 0
    assert all(each.name in page for each in worst)
    assert f'href="http://127.0.0.1:{life.port}"' in page_of(life, life.trained), "what serves, and where"
    assert not re.findall(r'(?:src|href)="https?://(?!127\.0\.0\.1)', page)


@pytest.mark.parametrize("name", ["ingested", "held", "not_served"])
def test_the_page_is_the_first_artifact_in_the_dashboard_also_of_a_run_that_failed(life: Life, name: str) -> None:
    from zenml.artifacts.utils import load_artifact_visualization
    from zenml.client import Client

    run: PipelineRunResponse = getattr(life, name)
    first = run.artifact_versions[0]
    assert first.name == "run_page"
    assert run.steps["run_page"].spec.upstream_steps == [], "the dashboard draws it at the top"
    assert load_artifact_visualization(first, zen_store=Client().zen_store).value == page_of(life, run)
    assert Client().get_pipeline_run(run.id).run_metadata["run page"] == str(RunFiles(life.workspace).page(run.name))


def test_with_no_new_annotations_the_run_ends_after_the_check_and_monitors_the_traffic(life: Life) -> None:
    assert life.steps(life.nothing_new) == {"check": "completed", "monitor": "completed"}
    with open_catalog(life.workspace).transaction() as session:
        windows = {window.requests: window for window in session.exec(select(MonitoringWindow))}
    assert windows[REQUESTS].report is not None
    assert life.workspace.inside(windows[REQUESTS].report).is_file()
    assert windows[0].verdict is Verdict.TOO_FEW_REQUESTS


def test_a_forced_run_on_the_same_data_reuses_the_pure_steps_and_holds(life: Life) -> None:
    """Steps with side effects are never cached: check, hold and monitor run."""
    cached = dict.fromkeys(("validate", "synthesize", "train"), "cached")
    ran = dict.fromkeys(("check", "evaluate", "decide", "hold", "monitor"), "completed")
    assert life.steps(life.forced) == cached | ran
    decision = life.forced.steps["decide"].outputs["decision"][0].load()
    assert [reason.code for reason in decision.reasons] == ["same_detector"]


def test_every_finished_training_is_recorded_with_its_comparison_and_decision(life: Life) -> None:
    with open_catalog(life.workspace).transaction() as session:
        trainings = session.exec(select(TrainingRun).order_by(TrainingRun.data_read_at)).all()
    assert [training.decision and training.decision["deploy"] for training in trainings] == [False, True, False, None]
    assert all(training.comparison and training.finished_at for training in trainings[:3])
