"""The supervisor's hold on one worker: start it, wait until it is ready, let it accept requests, drain it, stop it."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import signal
import socket
import sys
from collections import deque
from contextlib import suppress
from pathlib import Path

import httpx
import psutil
import yaml

from redaction.errors import RedactionError
from redaction.process_identity import ProcessIdentity
from serving.app.names import MONITORING_FOLDER_VARIABLE
from serving.bento_store import bentoml_environment, stored_bento
from serving.local.state import ServiceFolder

SCRIPT = Path(__file__).with_name("worker.py")

MAX_STOP_S = 10.0
"""Time that a worker has to answer its requests after SIGTERM, before it is killed."""

MAX_DRAIN_S = 75.0
"""Time that a replaced worker has to answer its requests; it ends by itself before."""

MAX_LOG_LINE_BYTES = 2**20


class WorkerProcess:
    """A process that runs one Bento. Create it with `start`."""

    def __init__(self, bento_tag: str, number: int, folder: Path, process: asyncio.subprocess.Process) -> None:
        if process.stdin is None or process.stdout is None:
            raise ValueError("the process has no pipes")
        self._input, self._output = process.stdin, process.stdout
        self.bento_tag = bento_tag
        self.number = number
        self.identity = ProcessIdentity.of(process.pid)
        self.socket = folder / "socket"
        self.last_lines: deque[str] = deque(maxlen=1)
        self._folder = folder
        self._process = process

    @classmethod
    async def start(cls, bento_tag: str, number: int, public: socket.socket, home: Path, folder: ServiceFolder) -> WorkerProcess:
        """Start a worker that loads the Bento; it leads its own process group and ends with this process.

        Args:
            bento_tag: of the Bento.
            number: no other worker that runs has it.
            public: a listening socket, from which the worker takes requests after `accept`.
            home: folder of BentoML's stores.
            folder: the service's folder, which is the working folder of this process: the path of a Unix socket must be short.

        Raises:
            RedactionError: the Bento is damaged, or the operating system cannot start a process.
        """
        own = folder.workers / str(number)
        environment = _environment(bento_tag, home, folder, own)
        # -P: the script's folder is no place to import from
        command = [sys.executable, "-P", str(SCRIPT), bento_tag, "--number", str(number)]
        try:
            shutil.rmtree(own, ignore_errors=True)
            (own / "metrics").mkdir(parents=True)
            with socket.socket(socket.AF_UNIX) as private:
                private.bind(str(own / "socket"))
                private.listen()
                process = await asyncio.create_subprocess_exec(
                    *command,
                    *("--private", str(private.fileno()), "--public", str(public.fileno())),
                    env=environment,
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.STDOUT,
                    pass_fds=(private.fileno(), public.fileno()),
                    start_new_session=True,
                    limit=MAX_LOG_LINE_BYTES,
                )
            return cls(bento_tag, number, own, process)
        except (OSError, psutil.NoSuchProcess) as error:  # a full disk, too many processes
            raise RedactionError(f"The service {bento_tag} could not be started: {error}.") from error

    async def copy_log(self, log: logging.Logger) -> None:
        """Write the worker's output to the log, until it ends."""
        while True:
            try:
                line = await self._output.readline()
            except ValueError:  # a line over the limit was dropped
                continue
            if not line:
                return
            text = line.decode(errors="replace").rstrip()
            if text:
                self.last_lines.append(text)
            log.info("%s", text)

    async def wait_until_ready(self, timeout_s: float) -> None:
        """Wait until the worker has loaded its detector.

        Raises:
            RedactionError: it ended, or it is not ready in time.
        """
        # the worker accepts a connection only when its detector is loaded
        ready = asyncio.create_task(self._answers(timeout_s))
        ended = asyncio.create_task(self.ended())
        await asyncio.wait({ready, ended}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        is_ready = ready.done() and ready.exception() is None and ready.result()
        if ready.done() and not is_ready:  # the connection breaks a moment before the process ends
            await asyncio.wait({ended}, timeout=1)
        for task in (ready, ended):
            task.cancel()
        if not is_ready:
            what = f"ended with status {self._process.returncode}" if ended.done() else f"did not become ready in {timeout_s:g} s"
            raise RedactionError(f"The service {self.bento_tag} {what}: {''.join(self.last_lines)[:300] or 'it wrote nothing.'}")

    def accept(self) -> None:
        """Let it take requests from the public socket. Its own socket is removed: a folder with sockets cannot be copied."""
        self.socket.unlink()
        self._command(b"accept\n")

    def drain(self) -> None:
        """Let it answer what it has accepted, and end."""
        self._command(b"drain\n")

    async def ended(self) -> int:
        """Wait until it has ended; returns its exit status."""
        return await self._process.wait()

    async def stop(self, timeout_s: float = MAX_STOP_S) -> None:
        """Send SIGTERM, wait, and kill what is left of its process group."""
        with suppress(ProcessLookupError):
            self._process.terminate()
        try:
            await asyncio.wait_for(self.ended(), timeout_s)
        except TimeoutError:
            kill_group(self.identity.pid)
            await self.ended()
        kill_group(self.identity.pid)
        shutil.rmtree(self._folder, ignore_errors=True)

    async def _answers(self, timeout_s: float) -> bool:
        transport = httpx.AsyncHTTPTransport(uds=str(self.socket))
        async with httpx.AsyncClient(transport=transport, base_url="http://worker", timeout=timeout_s) as client:
            return (await client.get("/readyz")).status_code == httpx.codes.OK

    def _command(self, line: bytes) -> None:
        with suppress(ConnectionError):  # it has ended
            self._input.write(line)


def kill_group(group: int) -> None:
    """Kill what is left of a process group."""
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def _environment(bento_tag: str, home: Path, folder: ServiceFolder, own: Path) -> dict[str, str]:
    """Environment variables: those of the Bento, BentoML's stores, and the folders of the request log and the metrics."""
    own_variables = {
        MONITORING_FOLDER_VARIABLE: str(folder.monitoring.absolute()),
        "PROMETHEUS_MULTIPROC_DIR": str((own / "metrics").absolute()),
        "PYTHONUNBUFFERED": "1",
    }
    return _bento_variables(stored_bento(home, bento_tag.partition(":")[2])) | bentoml_environment(home) | own_variables


def _bento_variables(bento: Path) -> dict[str, str]:
    try:
        description = yaml.safe_load((bento / "bento.yaml").read_text(encoding="utf-8"))
        return {each["name"]: str(each["value"]) for each in description.get("envs", ()) if each.get("stage") != "build"}
    except (OSError, UnicodeDecodeError, yaml.YAMLError, AttributeError, KeyError, TypeError) as error:
        raise RedactionError(f"The Bento in {bento} cannot be served: its bento.yaml cannot be read; deploy it again.") from error
