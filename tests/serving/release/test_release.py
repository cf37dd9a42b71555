"""Deployment and rollback with real servers."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlmodel import select

from redaction.catalog import open_catalog
from redaction.catalog.tables import Deployment, Stage
from redaction.detection.artifact import Detector
from redaction.errors import RedactionError
from redaction.workspace import Workspace
from serving.app.names import SERVICE_NAME
from serving.bento_store import bentoml_environment, bentoml_home, stored_bento, stored_model
from serving.local import control
from serving.local.address import free_port, require_free_port
from serving.local.golden import check_golden_pages
from serving.release.bento import build_bento, save_to_model_store
from serving.release.release import deploy, production_tag, rollback

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def first(detectors) -> Detector:
    return detectors("1", darkness=-0.5)


@pytest.fixture(scope="module")
def second(detectors) -> Detector:
    return detectors("2", darkness=-1.2)


@pytest.fixture(scope="module")
def third(detectors) -> Detector:
    return detectors("3", darkness=-1.0)


@pytest.fixture(scope="module", autouse=True)
def stop_service(module_workspace: Workspace) -> Iterator[None]:
    yield
    control.stop(module_workspace)


def stages(workspace: Workspace) -> list[tuple[str, Stage]]:
    """Version and stage of every deployment, oldest first."""
    with open_catalog(workspace).transaction() as session:
        return [(row.version, row.stage) for row in session.exec(select(Deployment).order_by(Deployment.id))]


def version_served(workspace: Workspace, page: Path) -> str:
    answer = httpx.post(f"{control.status(workspace).url}/detect", files={"page": page.read_bytes()}, timeout=60)
    return str(answer.json()["version"])


# The tests of this module run in order: each starts from the state in production that the previous one left.


def test_rollback_before_any_deployment_is_an_error(module_workspace: Workspace) -> None:
    assert production_tag(module_workspace) is None
    with pytest.raises(RedactionError, match=r"none to roll back to\."):
        rollback(module_workspace)


def test_a_first_detector_with_other_detections_is_refused_and_not_served(
    module_workspace: Workspace, detectors, second: Detector, make_golden, port: int
) -> None:
    outcome = deploy(module_workspace, detectors("0").folder, "0", make_golden(second), port=port)
    assert not outcome.served
    assert outcome.url is None
    assert "Nothing serves." in outcome.sentence
    assert stages(module_workspace) == [("0", Stage.REFUSED)]
    assert not control.status(module_workspace).running


def test_a_first_detector_is_deployed(module_workspace: Workspace, first: Detector, make_golden, pages, port: int) -> None:
    outcome = deploy(module_workspace, first.folder, "1", make_golden(first), port=port)
    assert outcome.served, outcome.reasons
    assert outcome.url == f"http://127.0.0.1:{port}"
    assert outcome.bento_tag == production_tag(module_workspace) == "redaction_detector:1"
    assert version_served(module_workspace, pages[0]) == "1"


def test_deployment_is_idempotent(module_workspace: Workspace, first: Detector, make_golden) -> None:
    before = control.status(module_workspace), stages(module_workspace)
    assert deploy(module_workspace, first.folder, "1", make_golden(first)).served
    assert control.status(module_workspace).pid == before[0].pid
    assert stages(module_workspace) == before[1]


def test_a_version_cannot_be_reused_for_another_detector(
    module_workspace: Workspace, detectors, first: Detector, make_golden
) -> None:
    other = detectors("1", darkness=0.3)
    with pytest.raises(RedactionError, match="already has another detector as redaction_detector:1"):
        deploy(module_workspace, other.folder, "1", make_golden(other))
    with pytest.raises(RedactionError, match="is version 1, not 7"):
        deploy(module_workspace, first.folder, "7", make_golden(first))


def test_a_candidate_with_other_detections_than_offline_leaves_the_champion_in_production(
    module_workspace: Workspace, first: Detector, second: Detector, make_golden, pages
) -> None:
    before = control.status(module_workspace)
    outcome = deploy(module_workspace, second.folder, "2", make_golden(first))
    assert not outcome.served
    assert any("000.png" in reason and "boxes" in reason for reason in outcome.reasons), outcome.reasons
    assert control.status(module_workspace).pid == before.pid
    assert version_served(module_workspace, pages[0]) == "1"
    assert stages(module_workspace)[-2:] == [("1", Stage.PRODUCTION), ("2", Stage.REFUSED)]


def test_a_candidate_without_golden_pages_is_refused(module_workspace: Workspace, second: Detector) -> None:
    outcome = deploy(module_workspace, second.folder, "2", ())
    assert not outcome.served
    assert "no golden pages" in outcome.reasons[0]


def test_a_second_detector_replaces_the_first(
    module_workspace: Workspace, second: Detector, make_golden, pages, port: int
) -> None:
    outcome = deploy(module_workspace, second.folder, "2", make_golden(second))
    assert outcome.served, outcome.reasons
    assert outcome.url == f"http://127.0.0.1:{port}"
    assert version_served(module_workspace, pages[0]) == "2"
    now = stages(module_workspace)
    assert [version for version, stage in now if stage == Stage.PRODUCTION] == ["2"]
    assert ("1", Stage.ARCHIVED) in now


def test_a_candidate_for_a_taken_port_leaves_the_champion_running(
    module_workspace: Workspace, third: Detector, make_golden, pages
) -> None:
    before = control.status(module_workspace)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        outcome = deploy(module_workspace, third.folder, "3", make_golden(third), port=taken)
    assert not outcome.served
    assert outcome.reasons[0].startswith(f"Port {taken} on 127.0.0.1 cannot be used")
    assert outcome.url == before.url
    assert control.status(module_workspace).pid == before.pid, "it was not restarted"
    assert version_served(module_workspace, pages[0]) == "2"


def test_a_candidate_that_fails_its_check_for_another_port_leaves_the_champion_at_its_own(
    module_workspace: Workspace, first: Detector, third: Detector, make_golden, pages, port: int
) -> None:
    elsewhere = free_port()
    outcome = deploy(module_workspace, third.folder, "3", make_golden(first), port=elsewhere)
    assert not outcome.served
    assert outcome.url == f"http://127.0.0.1:{port}"
    assert version_served(module_workspace, pages[0]) == "2"
    require_free_port("127.0.0.1", elsewhere)


def test_rollback_returns_to_the_earlier_version(module_workspace: Workspace, pages) -> None:
    outcome = rollback(module_workspace)
    assert outcome.served, outcome.reasons
    assert version_served(module_workspace, pages[0]) == "1"
    with open_catalog(module_workspace).transaction() as session:
        archived = session.exec(select(Deployment).where(Deployment.version == "2", Deployment.stage == Stage.ARCHIVED)).one()
        assert archived.reasons == ["rolled back to 1"]
        assert archived.retired_at is not None
    assert [version for version, stage in stages(module_workspace) if stage == Stage.PRODUCTION] == ["1"]


def test_rollback_skips_versions_that_were_rolled_back_unless_named(module_workspace: Workspace, pages) -> None:
    with pytest.raises(RedactionError, match=r"none to roll back to; .* name it \(2\)"):
        rollback(module_workspace)
    with pytest.raises(RedactionError, match="Version 9 was never in production; versions to roll back to: 2"):
        rollback(module_workspace, "9")


def test_rollback_to_the_version_that_serves_already_succeeds_and_changes_nothing(module_workspace: Workspace) -> None:
    before = control.status(module_workspace), stages(module_workspace)
    outcome = rollback(module_workspace, "1")
    assert outcome.served
    assert outcome.url == before[0].url
    assert (control.status(module_workspace).pid, stages(module_workspace)) == (before[0].pid, before[1])


def test_rollback_to_a_damaged_model_is_refused(module_workspace: Workspace, pages) -> None:
    model = stored_model(bentoml_home(module_workspace), "2") / "model.bin"
    model.write_bytes(model.read_bytes()[:-1])
    outcome = rollback(module_workspace, "2")
    assert not outcome.served
    assert "model.bin is not the file" in outcome.reasons[0]
    assert outcome.sentence.endswith(f"1 serves on at {outcome.url}. `redaction deploy 2` tries again.")
    assert version_served(module_workspace, pages[0]) == "1"


def test_a_damaged_copy_in_the_store_is_replaced_when_its_detector_is_deployed_again(
    module_workspace: Workspace, second: Detector, make_golden, pages
) -> None:
    model = stored_model(bentoml_home(module_workspace), "2") / "model.bin"
    assert deploy(module_workspace, second.folder, "2", make_golden(second)).served
    assert model.read_bytes() == (second.folder / "model.bin").read_bytes()
    assert version_served(module_workspace, pages[0]) == "2"
    assert rollback(module_workspace, "1").served


def test_a_candidate_that_dies_at_its_start_is_refused_at_once(
    module_workspace: Workspace, second: Detector, make_golden, pages
) -> None:
    bento = stored_bento(bentoml_home(module_workspace), "2")
    next(bento.rglob("service.py")).write_text("raise SystemExit('it ends here')")
    started = time.monotonic()
    outcome = rollback(module_workspace, "2")
    assert time.monotonic() - started < 30
    assert outcome.reasons == ("The service redaction_detector:2 ended with status 1: it ends here",)
    assert version_served(module_workspace, pages[0]) == "1"


def test_the_service_moves_to_another_port_with_a_new_version_and_back(
    module_workspace: Workspace, third: Detector, make_golden, pages, port: int
) -> None:
    elsewhere = free_port()
    outcome = deploy(module_workspace, third.folder, "3", make_golden(third), port=elsewhere)
    assert outcome.url == f"http://127.0.0.1:{elsewhere}"
    assert version_served(module_workspace, pages[0]) == "3"
    require_free_port("127.0.0.1", port)
    assert rollback(module_workspace, "1", port=port).served
    assert version_served(module_workspace, pages[0]) == "1"


def test_bentoml_serve_runs_the_bento_from_an_empty_folder(detectors, make_golden, tmp_path: Path) -> None:
    """With ``BENTOML_HOME`` and a tag only, without this repository."""
    detector, home, empty = detectors("5"), tmp_path / "home", tmp_path / "empty"
    empty.mkdir()
    tag = build_bento(home, save_to_model_store(home, detector))
    port = free_port()
    environment = {name: value for name, value in bentoml_environment(home).items() if name != "PYTHONPATH"}
    bentoml = Path(sys.executable).with_name("bentoml")
    server = subprocess.Popen([bentoml, "serve", tag, "--host", "127.0.0.1", "--port", str(port)], cwd=empty, env=environment)
    try:
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 60
        while not control.is_ready(url) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert check_golden_pages(url, make_golden(detector), "5") == []
    finally:
        server.terminate()
        server.wait(30)


def test_building_and_saving_are_idempotent(detectors, tmp_path: Path) -> None:
    detector = detectors("6")
    (tmp_path / "build" / "left by a killed build").mkdir(parents=True)
    tag = build_bento(tmp_path, save_to_model_store(tmp_path, detector))
    assert not (tmp_path / "build").exists()
    built = (tmp_path / "bentos" / SERVICE_NAME / "6" / "bento.yaml").stat().st_mtime_ns
    assert build_bento(tmp_path, save_to_model_store(tmp_path, detector)) == tag
    assert (tmp_path / "bentos" / SERVICE_NAME / "6" / "bento.yaml").stat().st_mtime_ns == built
    copied = Detector.load(tmp_path / "models" / SERVICE_NAME / "6")
    assert copied.digest == detector.digest
