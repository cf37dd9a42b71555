"""Requests while the version changes, and while deployments are killed: none fails."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from redaction.detection.artifact import Detector
from redaction.workspace import Workspace
from serving.local import control
from serving.local.address import free_port
from serving.release.release import deploy, rollback
from tests.waiting import wait_for

pytestmark = pytest.mark.slow

CLIENTS = 8


@pytest.fixture(scope="module")
def versions(detectors) -> tuple[Detector, Detector]:
    return detectors("1", darkness=-0.5), detectors("2", darkness=-1.2)


@pytest.fixture(scope="module")
def served(module_workspace: Workspace, versions, make_golden) -> Iterator[Workspace]:
    """A workspace in which version 1 serves."""
    outcome = deploy(module_workspace, versions[0].folder, "1", make_golden(versions[0]), port=free_port())
    assert outcome.served, outcome.reasons
    yield module_workspace
    control.stop(module_workspace)


@contextmanager
def requests(workspace: Workspace, page: Path, keep_alive: bool) -> Iterator[list[str]]:
    """Clients that send the page again and again; yields the versions that answered, and errors, in order."""
    url, data = f"{control.status(workspace).url}/detect", page.read_bytes()
    answers: list[str] = []
    ended = threading.Event()

    def send() -> None:
        with httpx.Client(timeout=60, trust_env=False) as client:
            while not ended.is_set():
                try:
                    post = client.post if keep_alive else httpx.post
                    response = post(url, files={"page": data}, headers={} if keep_alive else {"connection": "close"})
                    answers.append(response.json()["version"] if response.status_code == 200 else response.text)
                except httpx.HTTPError as error:
                    answers.append(repr(error))

    threads = [threading.Thread(target=send) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        wait_for(lambda: len(answers) > CLIENTS, seconds=60)
        yield answers
        seen = len(answers)
        wait_for(lambda: len(answers) > seen + 2 * CLIENTS, seconds=60)
    finally:
        ended.set()
        for thread in threads:
            thread.join()


@pytest.mark.parametrize("keep_alive", [True, False], ids=["connections kept", "a connection each"])
def test_no_request_fails_while_the_version_changes(
    served: Workspace, versions, make_golden, pages: list[Path], keep_alive: bool
) -> None:
    golden = make_golden(versions[1])
    with requests(served, pages[0], keep_alive) as answers:
        assert deploy(served, versions[1].folder, "2", golden).served
    assert set(answers) == {"1", "2"}
    assert answers[-CLIENTS:] == ["2"] * CLIENTS
    with requests(served, pages[0], keep_alive) as answers:
        assert rollback(served, "1").served
    assert set(answers) == {"1", "2"}


@pytest.mark.parametrize("killed_after_s", [0.0, 1.0, 2.0, 4.0])
def test_a_killed_rollback_leaves_the_service_answering_and_is_completed_by_the_next(
    served: Workspace, versions, make_golden, pages: list[Path], killed_after_s: float
) -> None:
    assert deploy(served, versions[1].folder, "2", make_golden(versions[1])).served
    code = (
        "import sys; from redaction.workspace import Workspace; from serving.release.release import rollback\n"
        "print('ready', flush=True); rollback(Workspace.at(sys.argv[1]), '1')"
    )
    with requests(served, pages[0], keep_alive=False) as answers:
        process = subprocess.Popen([sys.executable, "-c", code, served.root], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(killed_after_s)
        process.kill()
        process.wait()
        assert rollback(served, "1").served
    assert set(answers) == {"1", "2"}
    assert answers[-CLIENTS:] == ["1"] * CLIENTS
