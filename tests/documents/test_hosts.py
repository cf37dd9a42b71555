"""Host names are looked up once and in bounded time, and the addresses that were checked are those connected to."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from redaction.documents.discovery import discover
from redaction.documents.failures import Rejected
from redaction.documents.hosts import Resolver
from redaction.documents.transport import WatchedTransport
from redaction.workspace import Workspace

from .conftest import Website, config_of, counts, fetch_all, index_source, pdf_of, url_source

Answers = dict[str, list[str] | BaseException | threading.Event]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[Answers]:
    """What the system answers for host names: addresses, an error, or nothing until the event."""
    answers: Answers = {}
    look_up = socket.getaddrinfo

    def answer(host: str, port: Any, *rest: Any, **options: Any) -> list[Any]:
        found = answers.get(host, [host])
        if isinstance(found, BaseException):
            raise found
        if isinstance(found, threading.Event):
            found.wait(20)
            raise socket.gaierror("too late")
        return [entry for address in found for entry in look_up(address, port, *rest, **options)]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    yield answers
    for found in answers.values():
        if isinstance(found, threading.Event):
            found.set()


def resolver(*named: str, seconds: float = 1.0) -> Resolver:
    return Resolver(named, seconds, lambda: None)


def test_a_name_server_that_does_not_answer_holds_only_its_own_link(names: Answers, site: Website, workspace: Workspace) -> None:
    names["silent.example"] = threading.Event()
    site.index("/", "http://silent.example/a.pdf", "/b.pdf")
    site.publish("/b.pdf", pdf_of("b"))
    config = config_of(index_source(site, politeness={"timeout_seconds": 0.3, "attempts": 2}))
    started = time.monotonic()
    summary = fetch_all(workspace, config)
    assert time.monotonic() - started < 5
    assert counts(summary) == {"found": 2, "new": 1, "failed": 1}
    assert summary.failures[0].reason == "TimeoutError: looking up silent.example took longer than 0.3 s (2 attempts)"


def test_the_end_of_the_run_ends_a_look_up(names: Answers) -> None:
    names["silent.example"] = threading.Event()

    class StoppedError(Exception):
        pass

    def stop() -> None:
        raise StoppedError

    started = time.monotonic()
    with pytest.raises(StoppedError):
        Resolver((), 15, stop).addresses("silent.example", 80)
    assert time.monotonic() - started < 5


def test_a_name_that_does_not_exist_is_a_failure_with_the_reason(names: Answers, workspace: Workspace, site: Website) -> None:
    names["absent.example"] = socket.gaierror(-2, "Name or service not known")
    source = url_source(site, politeness={"attempts": 1}) | {"urls": ["http://absent.example/a.pdf"]}
    assert "Name or service not known" in fetch_all(workspace, config_of(source)).failures[0].reason


@pytest.mark.parametrize(
    "addresses", [["127.0.0.1"], ["10.0.0.1"], ["::1"], ["fe80::1"], ["93.184.215.14", "192.168.1.1"], ["::ffff:127.0.0.1"]]
)
def test_a_name_that_leads_into_a_private_network_is_refused_unless_it_is_named(names: Answers, addresses: list[str]) -> None:
    names["inside.example"] = addresses
    with pytest.raises(Rejected, match=r"leads to inside\.example in a private network, which the configuration does not name"):
        resolver("other.example").addresses("inside.example", 80)
    with pytest.raises(Rejected, match=r"leads to inside\.example:8080 in a private network"):
        resolver("inside.example").addresses("inside.example", 8080)
    assert resolver("inside.example").addresses("inside.example", 443) == tuple(addresses)
    assert resolver("inside.example:8080").addresses("inside.example", 8080) == tuple(addresses)


def test_a_name_that_leads_elsewhere_after_the_check_is_not_followed(names: Answers) -> None:
    """DNS rebinding: the second answer of a hostile name server is an address in our own network."""
    names["rebound.example"] = ["93.184.215.14"]
    shared = resolver()
    checked = shared.addresses("rebound.example", 80)
    names["rebound.example"] = ["127.0.0.1"]
    assert shared.addresses("rebound.example", 80) == checked
    shared.forget("rebound.example")
    with pytest.raises(Rejected, match="private network"):
        shared.addresses("rebound.example", 80)


def test_a_connection_goes_to_the_first_address_that_answers(names: Answers, site: Website) -> None:
    names["several.example"] = ["127.0.0.2", "127.0.0.1"]
    site.publish("/a.pdf", pdf_of("a"))
    transport = WatchedTransport(lambda: None, 1, resolver(f"several.example:{site.server_port}"))
    with httpx.Client(transport=transport) as client:
        assert client.get(f"http://several.example:{site.server_port}/a.pdf").status_code == 200
    assert site.requests[0][1]["Host"] == f"several.example:{site.server_port}"


def test_a_host_of_which_no_address_answers_is_looked_up_again(names: Answers, site: Website) -> None:
    """Its address may have changed during a long run."""
    names["moved.example"] = ["127.0.0.2"]
    site.publish("/a.pdf", pdf_of("a"))
    transport = WatchedTransport(lambda: None, 1, resolver(f"moved.example:{site.server_port}"))
    with httpx.Client(transport=transport) as client:
        with pytest.raises(httpx.ConnectError):
            client.get(f"http://moved.example:{site.server_port}/a.pdf")
        names["moved.example"] = ["127.0.0.1"]
        assert client.get(f"http://moved.example:{site.server_port}/a.pdf").status_code == 200


def test_an_index_page_whose_name_cannot_be_looked_up_is_a_problem_of_its_source(names: Answers, site: Website) -> None:
    names["absent.example"] = socket.gaierror(-3, "Temporary failure in name resolution")
    site.index("/", "a.pdf")
    absent = index_source(site, politeness={"attempts": 1}) | {"name": "absent", "urls": ["http://absent.example/"]}
    found = discover(config_of(absent, index_source(site)))
    assert [problem.source for problem in found.problems] == ["absent"]
    assert len(found.links) == 1
