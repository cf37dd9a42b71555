"""Digest and concatenation of datasets."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from redaction.dataset import AnnotatedPage, Box, Dataset, Split, concatenate


def page(name: str, image: str = "a.png", **changes: object) -> AnnotatedPage:
    values = {"page": name, "document": "d", "image": image, "sha256": "s", "width": 9, "height": 9, "split": Split.TRAIN}
    return AnnotatedPage.model_validate(values | changes)


def test_the_digest_depends_on_page_content_and_not_on_image_paths() -> None:
    here = Dataset(root="/here", pages=(page("a"), page("b")))
    there = Dataset(root="/there", pages=(page("b", image="other/a.png"), page("a")))
    assert here.digest == there.digest


@pytest.mark.parametrize(
    "changed",
    [page("a", sha256="other bytes"), page("a", boxes=(Box(x0=0, y0=0, x1=1, y1=1),)), page("a", split=Split.TEST), page("c")],
)
def test_any_change_to_a_page_changes_the_digest(changed: AnnotatedPage) -> None:
    assert Dataset(root="/", pages=(changed,)).digest != Dataset(root="/", pages=(page("a"),)).digest


def test_concatenation_keeps_the_path_of_every_image() -> None:
    real = Dataset(root="/real", revision="r", pages=(page("a"),))
    synthetic = Dataset(root="/synthetic", pages=(page("b"),))
    both = concatenate(real, synthetic)
    assert [both.image_path(page) for page in both.pages] == [Path("/real/a.png"), Path("/synthetic/a.png")]
    assert both.revision == "r"


def test_an_unknown_key_is_an_error() -> None:
    with pytest.raises(ValidationError, match="color"):
        Box(x0=0, y0=0, x1=1, y1=1, color="red")  # type: ignore[call-arg]
