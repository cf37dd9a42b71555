"""The generator's output changes only together with `GENERATOR_VERSION`: six pages are compared with stored references.

The comparison has a tolerance instead of a checksum, because OpenCV rounds differently on CPUs with and without AVX.
"""

from __future__ import annotations

import json
import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from redaction.dataset import Dataset
from redaction.synthesis import SynthesisConfig, synthesize
from redaction.synthesis.recipes import GENERATOR_VERSION

REFERENCE = Path(__file__).parent / f"generator_{GENERATOR_VERSION}.json"
REQUIREMENTS = Path(__file__).parent.parent.parent / "requirements.lock"
PACKAGES = (
    "fonttools", "fpdf2", "matplotlib", "numpy", "opencv-python-headless", "pillow", "pypdfium2", "scikit-image", "scikit-learn",
)  # fmt: skip
"""Packages that determine the pixels: drawing, rendering, fonts, sample photographs."""
CONFIG = SynthesisConfig(seed=11, pages=6, workers=1)
CELLS = 16
BOX_TOLERANCE_PX = 0.05
GRAY_TOLERANCE = 2


def unlocked_packages() -> list[str]:
    locked = dict(re.findall(r"^([\w.-]+)==([\w.]+)", REQUIREMENTS.read_text(), flags=re.MULTILINE))
    return [name for name in PACKAGES if version(name) != locked[name]]


def mean_grays(path: Path) -> list[int]:
    """Mean gray level of each cell of a 16 by 16 grid over the page."""
    gray = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    height, width = (side // CELLS for side in gray.shape)
    cells = gray[: height * CELLS, : width * CELLS].reshape(CELLS, height, CELLS, width)
    means: list[int] = cells.mean(axis=(1, 3)).round().astype(int).ravel().tolist()
    return means


def summary(dataset: Dataset) -> list[dict[str, Any]]:
    return [
        {
            "document": page.document,
            "size": [page.width, page.height],
            "styles": [box.style.value for box in page.boxes],
            "boxes": [[round(value, 2) for value in (box.x0, box.y0, box.x1, box.y1)] for box in page.boxes],
            "grays": bytes(mean_grays(dataset.image_path(page))).hex(),
        }
        for page in dataset.pages
    ]


def differences(expected: dict[str, Any], actual: dict[str, Any]) -> list[str]:
    """The properties in which two pages differ by more than the tolerances."""
    differing = [name for name in ("document", "size", "styles") if expected[name] != actual[name]]
    if np.shape(expected["boxes"]) != np.shape(actual["boxes"]) or not np.allclose(
        expected["boxes"], actual["boxes"], rtol=0, atol=BOX_TOLERANCE_PX
    ):
        differing.append("boxes")
    grays = [np.frombuffer(bytes.fromhex(page["grays"]), np.uint8).astype(int) for page in (expected, actual)]
    if abs(grays[0] - grays[1]).max() > GRAY_TOLERANCE:
        differing.append("pixels")
    return differing


def test_pages_change_only_with_the_version_of_the_generator(tmp_path: Path) -> None:
    if unlocked := unlocked_packages():
        pytest.skip(f"needs the locked versions of {', '.join(unlocked)}")
    pages = summary(synthesize(CONFIG, None, tmp_path / "pages"))
    current = tmp_path / REFERENCE.name
    current.write_text(json.dumps(pages, indent=1) + "\n")
    assert REFERENCE.is_file(), f"version {GENERATOR_VERSION} of the generator has no reference; copy {current} to {REFERENCE}"
    changed = [differences(*pair) for pair in zip(json.loads(REFERENCE.read_text()), pages, strict=True)]
    assert not any(changed), (
        f"The same recipes give other pages (what differs, by page: {changed}). If that is intended, increase GENERATOR_VERSION "
        f"in redaction/synthesis/recipes.py, and copy {current} to {REFERENCE.with_name('generator_<version>.json')}."
    )
