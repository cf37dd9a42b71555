"""Requests to the service as readers would send them, some with pages unlike those the detector was trained on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import cycle, islice
from pathlib import Path

import cv2
import httpx
import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from redaction.errors import RedactionError

Image = NDArray[np.uint8]


def unchanged(image: Image) -> Image:
    """The page as it is."""
    return image


def dark_photocopy(image: Image) -> Image:
    """The page after several photocopies: dark, blurred and gray."""
    gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    soft = cv2.GaussianBlur(gray, (0, 0), 1.6)
    dark = np.clip(soft.astype(np.float32) * 0.55, 0, 255).astype(np.uint8)
    return np.asarray(cv2.cvtColor(dark, cv2.COLOR_GRAY2BGR), np.uint8)


def send_pages(url: str, pages: Sequence[Path], count: int, alter: Callable[[Image], Image], title: str) -> int:
    """Send `count` requests, cycling through the pages.

    Args:
        url: of the service, such as ``http://127.0.0.1:3000``.
        pages: page images, each in a folder of its document.
        count: number of requests.
        alter: applied to each page before it is sent.
        title: shown beside the progress bar.

    Returns:
        The number of boxes that the service found.

    Raises:
        RedactionError: the service cannot be reached or refuses a page.
    """
    boxes = 0
    with httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
        for path in track(list(islice(cycle(pages), count)), description=title):
            encoded = cv2.imencode(".png", alter(np.asarray(cv2.imread(str(path)), np.uint8)))[1]
            try:
                page = {"page": (path.name, encoded.tobytes(), "image/png")}
                answer = client.post("/detect", files=page, headers={"x-redaction-document": path.parent.name})
                answer.raise_for_status()
            except httpx.HTTPError as error:
                raise RedactionError(f"The service at {url} did not answer ({error}): see 'redaction service logs'.") from error
            boxes += len(answer.json()["boxes"])
    return boxes
