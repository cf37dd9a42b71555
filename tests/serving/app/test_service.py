"""The service around /detect: BentoML's endpoints, its description, and what its process imports."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from redaction.import_graph import required_files
from redaction.workspace import Workspace
from serving.bento_store import bentoml_home
from tests.serving.app.detect_requests import detect, error_message


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/healthz", "/metrics", "/docs.json", "/"])
def test_the_endpoints_of_every_bentoml_service_work(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code == 200


def test_rejected_requests_are_counted(client: httpx.Client) -> None:
    error_message(detect(client, b""), 400)
    metrics = client.get("/metrics").text
    assert 'http_response_code="400"' in metrics


def test_the_openapi_description_has_the_request_and_the_response(client: httpx.Client) -> None:
    operation = client.get("/docs.json").json()["paths"]["/detect"]["post"]
    assert "multipart/form-data" in operation["requestBody"]["content"]
    assert "200" in operation["responses"]
    assert client.get("/detect").status_code == 405


HEAVY_PACKAGES = {"torch", "torchvision", "icevision", "mmdet", "mmcv", "fastai", "zenml", "evidently", "wandb", "sqlmodel"}

IMPORT_ALL = """
import json, sys
import onnxruntime, serving.app.service
from redaction.detection.predictor import import_openvino
import_openvino()
own = [module.__file__ for name, module in sys.modules.items() if name.split(".")[0] in ("redaction", "serving")]
print(json.dumps([sorted({name.split(".")[0] for name in sys.modules}), own]))
"""


def test_the_service_imports_neither_training_nor_orchestration(served: str, served_workspace: Workspace, tmp_path: Path) -> None:
    """The source in the Bento, imported from an empty folder, is complete and imports nothing heavy."""
    source = bentoml_home(served_workspace) / "bentos" / "redaction_detector" / "1" / "src"
    command = [sys.executable, "-c", IMPORT_ALL]
    done = subprocess.run(command, cwd=tmp_path, env={"PYTHONPATH": str(source)}, capture_output=True, text=True, check=True)
    modules, own = json.loads(done.stdout)
    assert not HEAVY_PACKAGES & set(modules)
    assert {Path(file).relative_to(source) for file in own} == set(required_files("serving.app.service"))
