"""Golden pages: a few pages with the detector's offline detections, which a service that runs the detector must reproduce."""

from __future__ import annotations

import mimetypes
import shutil
from collections.abc import Sequence
from pathlib import Path

import httpx
from pydantic import TypeAdapter

from redaction.files import new_folder, write_bytes
from redaction.values import Frozen
from serving.app.names import CHECK_HEADER

BOX_TOLERANCE_PX = 0.5
SCORE_TOLERANCE = 0.01
MAX_RESPONSE_S = 60


class GoldenPage(Frozen):
    """A page image and the detector's detections on it, at the operating point."""

    image: Path
    detections: tuple[tuple[float, float, float, float, float], ...]
    """``(x0, y0, x1, y1, score)`` in page pixels, highest score first."""


def check_golden_pages(
    url: str, golden: Sequence[GoldenPage], version: str | None = None, unix_socket: Path | None = None
) -> list[str]:
    """Compare the detections of a service with those of the detector offline.

    Args:
        url: of the service, such as ``http://127.0.0.1:3000``.
        golden: the pages; an empty sequence is a problem too, because it proves nothing.
        version: detector version that the service must report; any if None.
        unix_socket: where the service listens, instead of the address in `url`.

    Returns:
        The problems, one sentence each; empty if the service reproduces the detections.
    """
    if not golden:
        return ["There are no golden pages, so the service cannot be checked against the detector."]
    transport = httpx.HTTPTransport(uds=str(unix_socket)) if unix_socket else None
    headers = {CHECK_HEADER: "golden"}
    with httpx.Client(base_url=url, timeout=MAX_RESPONSE_S, headers=headers, trust_env=False, transport=transport) as client:
        return [problem for page in golden for problem in _check_page(client, page, version)]


def save_golden_pages(folder: Path, golden: Sequence[GoldenPage]) -> None:
    """Copy the pages and their detections to a folder, for a later rollback; replaces the folder."""
    shutil.rmtree(folder, ignore_errors=True)
    with new_folder(folder) as temporary:
        copies = []
        for number, page in enumerate(golden):
            name = f"{number:03d}{page.image.suffix.lower()}"
            write_bytes(temporary / name, page.image.read_bytes())
            copies.append(page.model_copy(update={"image": Path(name)}))
        write_bytes(temporary / "golden.json", _ADAPTER.dump_json(tuple(copies), indent=1))


def load_golden_pages(folder: Path) -> tuple[GoldenPage, ...]:
    """The pages saved by `save_golden_pages`; empty if the folder does not exist."""
    file = folder / "golden.json"
    if not file.exists():
        return ()
    pages = _ADAPTER.validate_json(file.read_bytes())
    return tuple(page.model_copy(update={"image": folder / page.image.name}) for page in pages)


_ADAPTER = TypeAdapter(tuple[GoldenPage, ...])


def _check_page(client: httpx.Client, page: GoldenPage, version: str | None) -> list[str]:
    name = page.image.name
    media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    try:
        response = client.post("/detect", files={"page": (name, page.image.read_bytes(), media_type)})
    except httpx.HTTPError as error:
        return [f"{name}: the service did not answer ({type(error).__name__})."]
    if response.status_code != httpx.codes.OK:
        return [f"{name}: the service answered {response.status_code} ({response.text[:200]})."]
    answer = response.json()
    problems = []
    if version is not None and answer["version"] != version:
        problems.append(f"{name}: the service runs version {answer['version']}, not {version}.")
    served = [[box[key] for key in ("x0", "y0", "x1", "y1", "score")] for box in answer["boxes"]]
    if difference := _difference(page.detections, served):
        problems.append(f"{name}: {difference}")
    return problems


def _difference(expected: Sequence[Sequence[float]], served: Sequence[Sequence[float]]) -> str | None:
    """How the served boxes differ from the expected ones, if they do. The order does not matter: close scores may swap."""
    if len(expected) != len(served):
        return f"{len(served)} boxes were served, but {len(expected)} were found offline."
    tolerances = [BOX_TOLERANCE_PX] * 4 + [SCORE_TOLERANCE]
    unmatched = list(served)
    for row in expected:
        match = next((other for other in unmatched if _close(row, other, tolerances)), None)
        if match is None:
            return f"the box {[round(value, 2) for value in row]} found offline was not served."
        unmatched.remove(match)
    return None


def _close(row: Sequence[float], other: Sequence[float], tolerances: Sequence[float]) -> bool:
    return all(abs(a - b) <= tolerance for a, b, tolerance in zip(row, other, tolerances, strict=True))
