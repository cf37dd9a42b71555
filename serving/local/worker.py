"""Runs one Bento on sockets that its parent, the supervisor, listens on.

This replaces ``bentoml serve``, which opens the port itself, and leaves it closed while one version replaces another. It also
listens for the commands of its process manager, on a port that asks for no password and takes programs to run from everybody
who is logged in.

A script and not a module, because the Bento has its own versions of the packages of this repository: it must not import any.
Commands come as lines on standard input: ``accept`` starts taking requests from the public socket; ``drain`` stops that, answers
the requests in progress, and ends. At the end of the input, the parent has ended, and so does the worker.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import sys
from typing import Any

import uvicorn

KEEP_ALIVE_S = 5
MAX_DRAIN_S = 65.0
"""A request may take 60 s."""


class ClosingConnections:
    """ASGI middleware that, once `closing` is set, asks clients to send their next request on a new connection."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.closing = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Handle one request."""

        async def send_closing(message: Any) -> None:
            if self.closing and message["type"] == "http.response.start":
                message = message | {"headers": [*message.get("headers", ()), (b"connection", b"close")]}
            await send(message)

        await self.app(scope, receive, send_closing)


class Worker:
    """Two servers of one application: a private one for the supervisor's checks, and the public one.

    Args:
        app: the Bento as an ASGI application.
        private: socket of the private server.
        public: socket of the public server, shared with other workers.
    """

    def __init__(self, app: Any, private: socket.socket, public: socket.socket) -> None:
        self._app = ClosingConnections(app)
        self._sockets = private, public
        self._private, self._public = (
            uvicorn.Server(
                uvicorn.Config(
                    self._app, log_config=None, lifespan=lifespan, timeout_keep_alive=KEEP_ALIVE_S, server_header=False
                )
            )
            for lifespan in ("on", "off")  # the application starts and ends with the private server
        )

    def run(self) -> None:
        """Serve until the commands, or a signal, end it."""
        with asyncio.Runner(loop_factory=self._private.config.get_loop_factory()) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        private, public = self._sockets
        serving = [asyncio.create_task(self._private.serve(sockets=[private]))]
        commands = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
        reading = asyncio.create_task(self._follow(commands, public, serving))
        await serving[0]
        reading.cancel()
        await asyncio.gather(*serving)

    async def _follow(self, commands: asyncio.StreamReader, public: socket.socket, serving: list[asyncio.Task[None]]) -> None:
        while command := (await commands.readline()).strip():
            if command == b"accept":
                serving.append(asyncio.create_task(self._public.serve(sockets=[public])))
            elif command == b"drain":
                await self._drain()
                break
        self._public.should_exit = self._private.should_exit = True

    async def _drain(self) -> None:
        """Answer what was accepted. Connections that were not accepted yet stay in the socket, for another worker."""
        for server in self._public.servers:
            server.close()
        self._app.closing = True
        deadline = asyncio.get_running_loop().time() + MAX_DRAIN_S
        while self._public.server_state.connections and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.05)


def load(bento_tag: str, number: int) -> Any:
    """The Bento as an ASGI application, with what BentoML's own worker sets for it.

    Args:
        bento_tag: of a Bento in the store.
        number: tells the worker's log of requests from those of others that run at the same time.
    """
    import bentoml
    from bentoml._internal.context import server_context
    from bentoml._internal.log import configure_server_logging

    configure_server_logging()
    server_context.worker_index = number
    server_context.service_type = "entry_service"
    service = bentoml.load(bento_tag, standalone_load=True)
    server_context.service_name = service.name
    server_context.bento_name, server_context.bento_version = service.bento.tag.name, service.bento.tag.version
    return service.to_asgi()


def main() -> None:
    """Parse the command line and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bento")
    parser.add_argument("--number", type=int, required=True)
    parser.add_argument("--private", type=int, required=True, help="file descriptor of the private socket")
    parser.add_argument("--public", type=int, required=True, help="file descriptor of the public socket")
    options = parser.parse_args()
    os.umask(0o077)  # the log of requests is nobody else's
    app = load(options.bento, options.number)
    Worker(app, socket.socket(fileno=options.private), socket.socket(fileno=options.public)).run()


if __name__ == "__main__":
    main()
