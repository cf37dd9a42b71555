"""The supervised service: started, killed in several ways, and stopped."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from redaction.cli.demo import story
from redaction.errors import RedactionError
from redaction.process_identity import ProcessIdentity
from redaction.workspace import Workspace
from serving.bento_store import bentoml_home, stored_model
from serving.local import control
from serving.local.address import free_port, require_free_port
from serving.local.control import ServiceStatus
from serving.local.state import ServiceState
from serving.local.supervisor import MAX_LOG_BYTES
from serving.release.bento import build_bento, save_to_model_store
from tests.waiting import wait_for

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def tag(module_workspace: Workspace, detectors) -> str:
    home = bentoml_home(module_workspace)
    return build_bento(home, save_to_model_store(home, detectors("1")))


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture
def running(module_workspace: Workspace, tag: str, port: int) -> Iterator[ServiceStatus]:
    """The service; started unless an earlier test left it running."""
    yield control.start(module_workspace, tag, port=port)


@pytest.fixture(scope="module", autouse=True)
def no_process_is_left(module_workspace: Workspace) -> Iterator[None]:
    yield
    state = control.service_folder(module_workspace).read_state()
    control.stop(module_workspace)
    assert state is not None
    assert state.supervisor.process() is None
    assert state.service is None or state.service.process() is None


def state_of(workspace: Workspace) -> ServiceState:
    state = control.service_folder(workspace).read_state()
    assert state is not None
    return state


def worker_of(workspace: Workspace) -> psutil.Process:
    """The worker that accepts requests, a child of the supervisor."""
    identity = state_of(workspace).service
    assert identity is not None
    process = identity.process()
    assert process is not None
    return process


def is_gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_the_status_describes_a_started_service(module_workspace: Workspace, running: ServiceStatus, tag: str, port: int) -> None:
    assert running.running
    assert running.ready
    assert (running.bento_tag, running.version, running.url) == (tag, "1", f"http://127.0.0.1:{port}")
    assert running.uptime_s is not None
    assert running.uptime_s > 0
    assert any("started redaction_detector:1" in line for line in control.log_lines(module_workspace, 100))


def test_it_listens_on_loopback_only(running: ServiceStatus, port: int) -> None:
    addresses = {c.laddr.ip for c in psutil.net_connections("inet") if c.status == psutil.CONN_LISTEN and c.laddr.port == port}
    assert addresses == {"127.0.0.1"}


def test_the_supervisor_is_detached_from_terminal_and_caller(module_workspace: Workspace, running: ServiceStatus) -> None:
    supervisor = state_of(module_workspace).supervisor
    assert os.getsid(supervisor.pid) != os.getsid(0)
    assert supervisor.pid not in {child.pid for child in psutil.Process().children(recursive=True)}


def test_starting_is_idempotent(module_workspace: Workspace, running: ServiceStatus, tag: str, port: int) -> None:
    assert control.start(module_workspace, tag, port=port).pid == running.pid


def test_another_port_is_an_error_while_it_runs(module_workspace: Workspace, running: ServiceStatus, tag: str) -> None:
    with pytest.raises(RedactionError, match=r"already runs redaction_detector:1 on "):
        control.start(module_workspace, tag, port=free_port())


def test_its_port_is_the_only_one(module_workspace: Workspace, running: ServiceStatus, port: int) -> None:
    """BentoML's own process manager listens for commands, such as programs to run, from everybody on the machine."""
    processes = [psutil.Process(running.pid), *psutil.Process(running.pid).children(recursive=True)]
    assert len(processes) == 2
    listening = {c.laddr.port for each in processes for c in each.net_connections("inet") if c.status == psutil.CONN_LISTEN}
    assert listening == {port}
    unix_sockets = {c.laddr for each in processes for c in each.net_connections("unix") if c.laddr}
    assert not any(Path(name).is_socket() for name in unix_sockets)


def test_a_killed_worker_is_restarted_and_requests_wait_for_the_next(
    module_workspace: Workspace, running: ServiceStatus, pages: list[Path]
) -> None:
    worker = worker_of(module_workspace)
    worker.kill()
    wait_for(lambda: is_gone(worker))
    answer = httpx.post(f"{running.url}/detect", files={"page": pages[0].read_bytes()}, timeout=60)
    assert answer.status_code == 200, "the connection waited in the supervisor's socket"
    assert state_of(module_workspace).restarts == running.restarts + 1
    assert control.status(module_workspace).pid == running.pid


def test_a_killed_supervisor_leaves_no_process_and_start_works(
    module_workspace: Workspace, running: ServiceStatus, tag: str, port: int
) -> None:
    worker = worker_of(module_workspace)
    os.kill(running.pid or 0, signal.SIGKILL)
    wait_for(lambda: is_gone(worker))
    assert not control.status(module_workspace).running
    again = control.start(module_workspace, tag, port=port)
    assert again.ready
    assert again.pid != running.pid


def test_supervisor_and_worker_killed_together_do_not_prevent_a_start(
    module_workspace: Workspace, running: ServiceStatus, tag: str, port: int
) -> None:
    supervisor, worker = psutil.Process(running.pid), worker_of(module_workspace)
    supervisor.kill()
    worker.kill()
    wait_for(lambda: is_gone(supervisor))
    assert control.start(module_workspace, tag, port=port).ready


def test_files_of_the_service_are_nobody_elses(module_workspace: Workspace, running: ServiceStatus, pages: list[Path]) -> None:
    httpx.post(f"{running.url}/detect", files={"page": pages[0].read_bytes()}, timeout=60).raise_for_status()
    folder = control.service_folder(module_workspace)
    wait_for(lambda: any(folder.monitoring.rglob("data.*.log")))
    written = [folder.log_file, *(path for part in (folder.monitoring, folder.workers) for path in part.rglob("*"))]
    assert [path for path in written if path.stat().st_mode & 0o077] == []


def test_what_a_killed_supervisor_left_is_removed_at_the_next_start(
    module_workspace: Workspace, running: ServiceStatus, tag: str, port: int
) -> None:
    control.stop(module_workspace)
    workers = control.service_folder(module_workspace).workers
    (workers / "7" / "metrics").mkdir(parents=True)
    control.start(module_workspace, tag, port=port)
    assert [path.name for path in workers.iterdir()] == ["1"]


def test_the_log_is_rotated_while_the_service_runs(
    module_workspace: Workspace, running: ServiceStatus, pages: list[Path]
) -> None:
    log = control.service_folder(module_workspace).log_file
    with log.open("a") as file:
        file.write("x" * MAX_LOG_BYTES)
    httpx.post(f"{running.url}/detect", files={"page": pages[0].read_bytes()}, timeout=60).raise_for_status()
    wait_for(lambda: log.with_name("service.log.1").exists())
    assert log.stat().st_size < 10_000
    assert log.stat().st_mode & 0o077 == 0
    log.with_name("service.log.1").unlink()


def test_a_second_supervisor_is_refused(module_workspace: Workspace, running: ServiceStatus) -> None:
    folder = control.service_folder(module_workspace).folder
    code = (
        "import sys; from pathlib import Path; from serving.local.supervisor import supervise\n"
        "supervise(Path(sys.argv[1]), Path(sys.argv[1]))"
    )
    second = subprocess.run([sys.executable, "-c", code, folder], capture_output=True, text=True, check=False, timeout=60)
    assert "Another supervisor runs in" in second.stderr
    assert control.status(module_workspace).ready


def test_stop_ends_all_processes_and_is_idempotent(module_workspace: Workspace, running: ServiceStatus) -> None:
    processes = [psutil.Process(running.pid), worker_of(module_workspace)]
    assert control.stop(module_workspace)
    assert all(is_gone(process) for process in processes)
    assert not control.status(module_workspace).running
    assert not control.stop(module_workspace)


def test_a_process_that_reuses_the_process_id_is_not_stopped(module_workspace: Workspace, tag: str, port: int) -> None:
    control.stop(module_workspace)
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        earlier = ProcessIdentity(pid=other.pid, created=psutil.Process(other.pid).create_time() - 100)
        folder = control.service_folder(module_workspace)
        folder.write_state(state_of(module_workspace).model_copy(update={"supervisor": earlier, "service": earlier}))
        assert not control.status(module_workspace).running
        assert not control.stop(module_workspace)
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_a_copy_of_a_workspace_neither_sees_nor_stops_the_service_of_the_original(
    module_workspace: Workspace, running: ServiceStatus, tmp_path: Path
) -> None:
    """The copy holds the original's service.json, with a supervisor that runs."""
    copy = Workspace.at(tmp_path / "copy")
    shutil.copytree(module_workspace.root, copy.root)
    assert not control.status(copy).running
    assert not control.stop(copy)
    assert control.status(module_workspace).pid == running.pid
    assert control.status(module_workspace).ready


def test_a_workspace_that_was_moved_keeps_its_service(module_workspace: Workspace, running: ServiceStatus) -> None:
    moved = Workspace.at(module_workspace.root.with_name("moved"))
    module_workspace.root.rename(moved.root)
    try:
        assert control.status(moved).pid == running.pid
    finally:
        moved.root.rename(module_workspace.root)
    assert control.status(module_workspace).pid == running.pid


def test_in_the_foreground_it_starts_again_after_a_kill_and_ends_on_sigterm(
    module_workspace: Workspace, tag: str, port: int
) -> None:
    """As a process manager such as systemd does it."""
    control.stop(module_workspace)
    environment = os.environ | {"REDACTION_WORKSPACE": str(module_workspace.root)}
    redaction = Path(sys.executable).with_name("redaction")
    command = [redaction, "service", "start", "--foreground", "--bento", tag, "--port", str(port)]
    for end in (signal.SIGKILL, signal.SIGTERM):
        service = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        wait_for(lambda: control.status(module_workspace).ready)
        assert control.status(module_workspace).pid == service.pid
        worker = worker_of(module_workspace)
        service.send_signal(end)
        assert service.wait(30) == (-signal.SIGKILL if end == signal.SIGKILL else 0)
        wait_for(lambda worker=worker: is_gone(worker))
    assert not control.status(module_workspace).running


@pytest.mark.parametrize("damage", ["weights", "everything"])
def test_a_tampered_detector_in_the_store_is_named_at_once_and_no_supervisor_is_left(
    module_workspace: Workspace, tag: str, detectors, damage: str
) -> None:
    control.stop(module_workspace)
    stored = stored_model(bentoml_home(module_workspace), "1")
    kept = shutil.copytree(stored, module_workspace.root / "kept")
    try:
        if damage == "weights":
            (stored / "model.bin").write_bytes(b"tampered")
        else:  # a whole other detector, whose files match its own manifest
            shutil.copytree(detectors("1", darkness=0.4).folder, stored, dirs_exist_ok=True)
        started = time.monotonic()
        with pytest.raises(RedactionError, match=r"stored detector 1 cannot be served: .*; `redaction deploy 1` stores it again"):
            control.start(module_workspace, tag)
        assert time.monotonic() - started < 5
        assert not control.status(module_workspace).running
    finally:
        shutil.rmtree(stored)
        shutil.move(kept, stored)


def test_a_service_that_does_not_become_ready_is_stopped_and_not_tried_for_ever(
    module_workspace: Workspace, tag: str, port: int
) -> None:
    control.stop(module_workspace)
    before = state_of(module_workspace).started_at
    with pytest.raises(RedactionError, match=r"did not become ready in 0\.01 s"):
        control.start(module_workspace, tag, port=port, max_startup_s=0.01)
    state = state_of(module_workspace)
    assert state.started_at > before, "it was launched"
    assert state.supervisor.process() is None
    require_free_port("127.0.0.1", port)


def test_the_address_of_a_run_is_usable_if_it_is_free_or_the_workspaces_own(
    module_workspace: Workspace, running: ServiceStatus, port: int, tmp_path: Path
) -> None:
    control.require_usable_address(module_workspace, "127.0.0.1", port)
    with pytest.raises(RedactionError, match=f"Port {port} on 127.0.0.1 cannot be used"):
        control.require_usable_address(Workspace.at(tmp_path / "another"), "127.0.0.1", port)


def test_the_error_for_a_taken_port_names_the_process(module_workspace: Workspace, tag: str) -> None:
    control.stop(module_workspace)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        with pytest.raises(RedactionError, match=rf"Port {taken} .* process {os.getpid()} .* choose another port"):
            control.start(module_workspace, tag, port=taken)
    assert not control.status(module_workspace).running


def test_a_missing_bento_is_an_error(module_workspace: Workspace) -> None:
    control.stop(module_workspace)
    with pytest.raises(RedactionError, match="There is no Bento redaction_detector:9"):
        control.start(module_workspace, "redaction_detector:9")


def test_a_demo_stops_the_service_of_an_earlier_demo(workspace: Workspace, detectors) -> None:
    home = bentoml_home(workspace)
    tag, port = build_bento(home, save_to_model_store(home, detectors("1"))), free_port()
    (workspace.root / story.MARKER).touch()
    control.start(workspace, tag, port=port)
    story.clear(workspace)
    require_free_port("127.0.0.1", port)
    assert [path.name for path in workspace.root.iterdir()] == [story.MARKER]


def test_a_demo_does_not_start_while_its_port_is_taken(tmp_path: Path) -> None:
    config = tmp_path / "ct_cd.yaml"
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        config.write_text(f"steps: {{deploy: {{parameters: {{port: {other.getsockname()[1]}}}}}}}")
        with pytest.raises(RedactionError, match=r"cannot be used .*steps\.deploy\.parameters\.port in .*ct_cd\.yaml"):
            story.require_free_port(str(config))
    story.require_free_port(str(config))


def test_nothing_runs_in_a_new_workspace(workspace: Workspace) -> None:
    assert not control.status(workspace).running
    assert not control.stop(workspace)
    assert control.log_lines(workspace, 10) == []
