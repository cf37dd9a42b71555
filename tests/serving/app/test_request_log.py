"""What the service records of requests."""

from __future__ import annotations

import json
import time

import httpx

from redaction.monitoring.records import PageRecord
from redaction.pages.image import PageImage
from redaction.workspace import Workspace
from serving.app.requests import CHECK_HEADER
from tests.serving.app.detect_requests import detect, error_message, image_file


def logged_requests(workspace: Workspace) -> list[dict[str, object]]:
    folder = workspace.state / "service" / "monitoring" / "redaction_pages" / "data"
    return [json.loads(line) for file in folder.glob("*.log") for line in file.read_text().splitlines()]


def test_every_page_becomes_one_line(client: httpx.Client, page: PageImage, served_workspace: Workspace) -> None:
    before = len(logged_requests(served_workspace))
    answer = detect(client, image_file(page)).json()
    detect(client, image_file(page), threshold="1")
    for _ in range(50):
        if len(lines := logged_requests(served_workspace)[before:]) == 2:
            break
        time.sleep(0.1)
    first, second = lines
    record = PageRecord.model_validate({name: first[name] for name in PageRecord.model_fields})
    assert first["version"] == "1"
    assert record.boxes == len(answer["boxes"])
    assert record.latency_ms == answer["latency_ms"]
    # the record is at the operating point, whatever threshold the client asks for
    assert second["boxes"] == first["boxes"]
    assert first["request_id"] != second["request_id"]
    assert abs(first["received_at"] - time.time()) < 60
    assert not {"page", "image"} & set(first)


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
