"""What the service records of requests."""

from __future__ import annotations

import json
import time

import httpx
import pytest

from redaction.monitoring.records import PageRecord
from redaction.monitoring.windows import read_requests
from redaction.pages.image import PageImage
from redaction.workspace import Workspace
from serving.app.names import CHECK_HEADER
from serving.app.requests import DOCUMENT_HEADER, MAX_DOCUMENT_NAME_BYTES
from tests.serving.app.detect_requests import detect, error_message, image_file


def log_text(workspace: Workspace) -> str:
    folder = workspace.state / "service" / "monitoring" / "redaction_pages" / "data"
    return "".join(file.read_text() for file in folder.glob("*.log"))


def logged_requests(workspace: Workspace) -> list[dict[str, object]]:
    return [json.loads(line) for line in log_text(workspace).splitlines()]


def logged_after(workspace: Workspace, before: int, count: int) -> list[dict[str, object]]:
    """The lines after the first `before`, as soon as there are `count`; fewer after five seconds."""
    for _ in range(50):
        if len(lines := logged_requests(workspace)[before:]) >= count:
            break
        time.sleep(0.1)
    return lines


def send(client: httpx.Client, page: bytes, document: str | bytes) -> httpx.Response:
    return client.post("/detect", files={"page": page}, headers={DOCUMENT_HEADER: document})


def test_every_page_becomes_one_line(client: httpx.Client, page: PageImage, served_workspace: Workspace) -> None:
    before = len(logged_requests(served_workspace))
    answer = detect(client, image_file(page)).json()
    detect(client, image_file(page), threshold="1")
    first, second = logged_after(served_workspace, before, 2)
    record = PageRecord.model_validate({name: first[name] for name in PageRecord.model_fields})
    assert first["version"] == "1"
    assert record.boxes == len(answer["boxes"])
    assert record.latency_ms == answer["latency_ms"]
    # the record is at the operating point, whatever threshold the client asks for
    assert second["boxes"] == first["boxes"]
    assert first["request_id"] != second["request_id"]
    assert abs(first["received_at"] - time.time()) < 60
    assert first["document"] is None
    assert not {"page", "image"} & set(first)


def test_pages_of_one_document_can_be_recognized_but_its_name_is_not_recorded(
    client: httpx.Client, page: PageImage, served_workspace: Workspace
) -> None:
    before, data = len(logged_requests(served_workspace)), image_file(page)
    for name in ("case 12, secret.pdf", "case 12, secret.pdf", "another.pdf", "é.pdf".encode(), ""):
        assert send(client, data, name).status_code == 200
    detect(client, data)
    documents = [line["document"] for line in logged_after(served_workspace, before, 6)]
    assert documents[0] == documents[1]
    assert len({documents[0], documents[2], documents[3]}) == 3
    assert documents[4:] == [None, None], "an empty name is none"
    assert "secret" not in log_text(served_workspace)
    read = read_requests(served_workspace.state / "service" / "monitoring", "1").pages["document"].tolist()
    assert read[-6:] == documents


@pytest.mark.parametrize(("length", "status"), [(MAX_DOCUMENT_NAME_BYTES, 200), (MAX_DOCUMENT_NAME_BYTES + 1, 400)])
def test_the_name_of_a_document_is_bounded(client: httpx.Client, page: PageImage, length: int, status: int) -> None:
    response = send(client, image_file(page), "a" * length)
    assert response.status_code == status
    if status == 400:
        assert "The header x-redaction-document is longer than 512 bytes" in error_message(response, 400)


def test_checks_and_rejected_requests_are_not_recorded(
    client: httpx.Client, page: PageImage, served_workspace: Workspace
) -> None:
    time.sleep(0.5)
    before = len(logged_requests(served_workspace))
    data = image_file(page)
    assert client.post("/detect", files={"page": data}, headers={CHECK_HEADER: "golden"}).status_code == 200
    error_message(detect(client, b"%PDF"), 415)
    time.sleep(0.5)
    assert len(logged_requests(served_workspace)) == before
