"""Clients that send slowly, stop in the middle, or come in crowds."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import httpx
import pytest

from redaction.pages.image import PageImage
from serving.app.capacity import BodyMemory
from serving.app.errors import RequestError
from serving.app.requests import MAX_PAUSE_S, MAX_WAITING_REQUESTS
from tests.serving.app.detect_requests import detect, image_file

STALLED = MAX_WAITING_REQUESTS + 4


@contextmanager
def half_sent_request(url: httpx.URL, data: bytes) -> Iterator[socket.socket]:
    """A connection on which a request was begun: its headers, and half of its body."""
    with socket.create_connection((url.host, url.port), timeout=60) as connection:
        head = f"POST /detect HTTP/1.1\r\nHost: {url.host}\r\nContent-Type: image/png\r\nContent-Length: {len(data)}\r\n\r\n"
        connection.sendall(head.encode() + data[: len(data) // 2])
        yield connection


def test_stalled_uploads_keep_nobody_else_out_and_are_given_up(client: httpx.Client, page: PageImage) -> None:
    data = image_file(page, "PNG")
    with ExitStack() as stack:
        stalled = [stack.enter_context(half_sent_request(client.base_url, data)) for _ in range(STALLED)]
        started = time.monotonic()
        assert [detect(client, data).status_code for _ in range(3)] == [200] * 3
        assert time.monotonic() - started < MAX_PAUSE_S
        answers = [connection.makefile().read() for connection in stalled]
        assert time.monotonic() - started < 2 * MAX_PAUSE_S
    assert all(answer.startswith("HTTP/1.1 408") and "came too slowly" in answer for answer in answers), answers


def test_a_client_that_hangs_up_in_the_middle_harms_nobody(client: httpx.Client, page: PageImage) -> None:
    data = image_file(page, "PNG")
    for _ in range(STALLED):
        with half_sent_request(client.base_url, data):
            pass
    assert detect(client, data).status_code == 200


def test_a_crowd_is_told_to_come_again(client: httpx.Client, page: PageImage) -> None:
    data = image_file(page, "PNG")
    with ThreadPoolExecutor(64) as clients:
        answers = list(clients.map(lambda _: detect(client, data), range(64)))
    assert {answer.status_code for answer in answers} == {200, 429}
    assert sum(answer.status_code == 200 for answer in answers) >= MAX_WAITING_REQUESTS
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert "send this one again" in refused.json()["error"]
    assert refused.headers["retry-after"] == "1"


def test_bodies_take_no_more_memory_than_the_limit_and_give_it_back() -> None:
    memory = BodyMemory(100)
    with memory.of_request() as first, memory.of_request() as second:
        first(60)
        second(40)
        with pytest.raises(RequestError, match="as many pages waiting as it can hold"):
            second(1)
    with memory.of_request() as third:
        third(100)
