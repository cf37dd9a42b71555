"""A round trip through a real Label Studio. Skipped where the command ``label-studio`` is missing: it needs an environment of its
own (``pip install label-studio==1.23.2``), whose ``bin`` is put on the PATH for this test."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from redaction.annotations.exporting import export_annotations
from redaction.annotations.importing import import_annotations
from redaction.annotations.page_copies import copy_pages
from redaction.annotations.queue import unannotated_pages
from redaction.annotations.tools.format_names import AnnotationFormat
from redaction.workspace import Workspace
from serving.local.address import free_port

from .conftest import HEIGHT, WIDTH, boxes_in, coco

Write = Callable[..., Path]

MAX_START_S = 240
CONFIGURATION = """<View>
  <Image name="image" value="$image" zoom="true"/>
  <RectangleLabels name="label" toName="image"><Label value="redaction"/></RectangleLabels>
  <Choices name="style" toName="image" perRegion="true">
    <Choice value="black"/><Choice value="outlined"/><Choice value="grey"/><Choice value="coloured"/>
  </Choices>
</View>"""

pytestmark = [pytest.mark.slow, pytest.mark.skipif(shutil.which("label-studio") is None, reason="Label Studio is not installed")]


@pytest.fixture
def pages(catalog: Workspace) -> Workspace:
    """The catalog's pages with images."""
    for page in unannotated_pages(catalog):
        path = catalog.root / str(page.image)
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (WIDTH, HEIGHT), 255).save(path)
    return catalog


@pytest.fixture
def label_studio(pages: Workspace, tmp_path: Path) -> Iterator[httpx.Client]:
    """A server that may read the workspace's pages, and a client that is logged in."""
    port, user, password = free_port(), "maria@example.com", "a password for this test"
    environment = os.environ | {
        "LABEL_STUDIO_BASE_DATA_DIR": str(tmp_path / "label-studio"),
        "LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED": "true",
        "LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT": str(pages.root),
        "COLLECT_ANALYTICS": "false",
        "LATEST_VERSION_CHECK": "false",
    }
    command = ["label-studio", "start", "--no-browser", "--internal-host", "127.0.0.1", "--port", str(port)]
    with (tmp_path / "label-studio.log").open("wb") as log:
        server = subprocess.Popen(
            [*command, "--username", user, "--password", password],
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, follow_redirects=True, trust_env=False) as client:
            _wait_until_ready(client, server)
            client.headers["Referer"] = str(client.base_url)
            form = {"email": user, "password": password, "csrfmiddlewaretoken": client.cookies["csrftoken"]}
            client.post("/user/login/", data=form).raise_for_status()
            client.headers["X-CSRFToken"] = client.cookies["csrftoken"]
            yield client
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def _wait_until_ready(client: httpx.Client, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + MAX_START_S
    while server.poll() is None and time.monotonic() < deadline:
        try:
            if client.get("/user/login/").is_success:
                return
        except httpx.TransportError:
            time.sleep(1)
    pytest.fail("Label Studio did not start")


def _created(client: httpx.Client, address: str, **content: Any) -> Any:
    response = client.post(address, **content)
    assert response.status_code in (200, 201), response.text
    return response.json()


def _new_project(client: httpx.Client) -> int:
    return int(_created(client, "/api/projects/", json={"title": "redactions", "label_config": CONFIGURATION})["id"])


def _exported(client: httpx.Client, project: int, file: Path) -> Path:
    response = client.get(f"/api/projects/{project}/export", params={"exportType": "JSON"})
    file.write_bytes(response.raise_for_status().content)
    return file


def _region(name: str, x: float, y: float, width: float, height: float) -> dict[str, Any]:
    position = {"x": x, "y": y, "width": width, "height": height, "rotation": 0, "rectanglelabels": ["redaction"]}
    size = {"original_width": WIDTH, "original_height": HEIGHT, "image_rotation": 0}
    return {"id": name, "type": "rectanglelabels", "from_name": "label", "to_name": "image", "value": position} | size


def test_annotations_go_out_to_label_studio_are_changed_there_and_come_back(
    pages: Workspace, label_studio: httpx.Client, write: Write, tmp_path: Path
) -> None:
    boxes = [{"bbox": [100, 200, 300.5, 40], "style": "black"}, {"image_id": 2, "bbox": [1, 2, 30, 40]}]
    import_annotations(pages, write(coco([{"file_name": "a_p0001", "annotator": "jan"}, {"file_name": "a_p0002"}], boxes)))
    export_annotations(pages, tmp_path / "tasks.json", AnnotationFormat.LABEL_STUDIO)

    project = _new_project(label_studio)
    folder = {"project": project, "path": str(pages.pages), "use_blob_urls": True}
    _created(label_studio, "/api/storages/localfiles", json=folder)
    with (tmp_path / "tasks.json").open("rb") as file:
        imported = _created(label_studio, f"/api/projects/{project}/import", files={"file": ("tasks.json", file)})
    assert (imported["task_count"], imported["annotation_count"]) == (2, 2)

    tasks = label_studio.get("/api/tasks/", params={"project": project, "fields": "all"}).json()["tasks"]
    for task in tasks:
        shown = label_studio.get(task["data"]["image"])
        assert (shown.status_code, shown.headers["content-type"]) == (200, "image/png")
    unchanged = import_annotations(pages, _exported(label_studio, project, tmp_path / "unchanged.json"))
    assert (unchanged.unchanged, unchanged.refused) == (2, ())

    # drawn from the lower right corner by a second person, whose answer is later than the imported one
    _created(label_studio, f"/api/tasks/{tasks[0]['id']}/annotations/", json={"result": [_region("n", 50, 50, -10, -5)]})
    changed = import_annotations(pages, _exported(label_studio, project, tmp_path / "changed.json"))
    assert (changed.unchanged, changed.updated, changed.superseded, changed.refused) == (1, 1, 1, ())
    assert (0.4 * WIDTH, 0.45 * HEIGHT, 0.5 * WIDTH, 0.5 * HEIGHT) in [box for found in boxes_in(pages).values() for box in found]


def test_uploaded_copies_are_matched_with_their_pages(pages: Workspace, label_studio: httpx.Client, tmp_path: Path) -> None:
    project = _new_project(label_studio)
    for copy in copy_pages(pages, unannotated_pages(pages), tmp_path / "upload"):
        _created(label_studio, f"/api/projects/{project}/import", files={"file": (copy.name, copy.read_bytes(), "image/png")})
    tasks = label_studio.get("/api/tasks/", params={"project": project, "fields": "all"}).json()["tasks"]
    for task in tasks:
        _created(label_studio, f"/api/tasks/{task['id']}/annotations/", json={"result": [_region("r", 10, 10, 5, 5)]})
    report = import_annotations(pages, _exported(label_studio, project, tmp_path / "export.json"))
    assert (report.added, report.boxes, report.refused) == (4, 4, ())
    assert unannotated_pages(pages) == []
