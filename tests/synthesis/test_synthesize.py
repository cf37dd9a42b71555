"""A set of synthetic pages: deterministic, with provenance, and never made from held-out documents."""

from __future__ import annotations

import hashlib
from pathlib import Path
from random import Random

import cv2
import pytest
from PIL import Image
from pydantic import ValidationError

from redaction.dataset import AnnotatedPage, Box, Dataset, Split
from redaction.errors import RedactionError
from redaction.synthesis import Recipe, SynthesisConfig, read_recipes, read_synthetic, synthesize, usable_backgrounds
from redaction.synthesis.appearances import AppearanceName
from redaction.synthesis.composition import generated_page
from redaction.synthesis.recipes import plan_recipes
from redaction.synthesis.sheet import LETTER_PT

SMALL = SynthesisConfig(seed=3, pages=12, share_real_backgrounds=0.5, long_side_px=700, workers=1)


def real_page(root: Path, name: str, split: Split = Split.TRAIN, boxes: tuple[Box, ...] = (), index: int = 0) -> AnnotatedPage:
    image, _ = generated_page(Random(name), "report", LETTER_PT, 1)
    file = root / f"{name}-{index}.png"
    cv2.imwrite(str(file), image)
    document, digest = hashlib.sha256(name.encode()).hexdigest(), hashlib.sha256(file.read_bytes()).hexdigest()
    return AnnotatedPage(
        page=f"{document}/{index:04}",
        document=document,
        image=file.name,
        sha256=digest,
        width=612,
        height=792,
        split=split,
        boxes=boxes,
    )


@pytest.fixture
def real(tmp_path: Path) -> Dataset:
    return Dataset(root=str(tmp_path), revision="abc", pages=(real_page(tmp_path, "one"), real_page(tmp_path, "two")))


def files_of(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in folder.rglob("*")
        if file.is_file()
    }


def test_the_same_seed_gives_the_same_bytes_in_any_number_of_processes(real: Dataset, tmp_path: Path) -> None:
    one = synthesize(SMALL, real, tmp_path / "one")
    two = synthesize(SMALL.model_copy(update={"workers": 2}), real, tmp_path / "two")
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")
    assert one.digest == two.digest


def test_another_seed_gives_other_pages(tmp_path: Path) -> None:
    one = synthesize(SMALL, None, tmp_path / "one")
    two = synthesize(SMALL.model_copy(update={"seed": 4}), None, tmp_path / "two")
    assert not {page.sha256 for page in one.pages} & {page.sha256 for page in two.pages}


def test_every_page_is_marked_as_synthetic_and_has_a_recipe(real: Dataset, tmp_path: Path) -> None:
    dataset = synthesize(SMALL, real, tmp_path / "made")
    recipes = read_recipes(tmp_path / "made")
    assert len(dataset.pages) == len(recipes) == SMALL.pages
    for page in dataset.pages:
        assert (page.synthetic, page.split) == (True, Split.TRAIN)
        assert hashlib.sha256(dataset.image_path(page).read_bytes()).hexdigest() == page.sha256
        assert Image.open(dataset.image_path(page)).size == (page.width, page.height)
        assert page.page == f"{page.document}/0000"
        assert recipes[page.document].appearances or not page.boxes
        assert all(0 <= box.x0 < box.x1 <= page.width and 0 <= box.y0 < box.y1 <= page.height for box in page.boxes)
    named = {recipe.background.page for recipe in recipes.values() if recipe.background}
    assert named == {page.page for page in real.pages}


def test_the_configured_shares_are_met_exactly(real: Dataset) -> None:
    recipes = plan_recipes(SMALL.model_copy(update={"pages": 40, "share_without_redactions": 0.25}), real)
    assert sum(recipe.background is not None for recipe in recipes) == 20
    assert sum(not recipe.appearances for recipe in recipes) == 10
    assert len({recipe.document for recipe in recipes}) == 40


def test_only_appearances_with_a_weight_are_drawn() -> None:
    recipes = plan_recipes(SynthesisConfig(pages=50, appearances={AppearanceName.GREY: 1, AppearanceName.BLACK: 0}), None)
    assert {recipe.appearances for recipe in recipes} == {(AppearanceName.GREY,), ()}


def test_some_pages_have_two_appearances_and_some_are_hard() -> None:
    recipes = plan_recipes(SynthesisConfig(pages=200, share_hard=0.4), None)
    assert {len(recipe.appearances) for recipe in recipes} == {0, 1, 2}
    assert sum(recipe.hard for recipe in recipes) == 80
    assert len({recipe.long_side_px for recipe in recipes}) > 3, "pages have several resolutions"


def test_a_moved_folder_can_still_be_read(tmp_path: Path) -> None:
    made = synthesize(SMALL.model_copy(update={"pages": 2}), None, tmp_path / "made")
    (tmp_path / "made").rename(tmp_path / "moved")
    moved = read_synthetic(tmp_path / "moved")
    assert moved.pages == made.pages
    assert all(moved.image_path(page).is_file() for page in moved.pages)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"split": Split.VALIDATION}, "held out for validation"),
        ({"split": Split.TEST}, "held out for test"),
        ({"boxes": (Box(x0=1, y0=1, x1=9, y1=9),)}, "redactions of its own"),
        ({"synthetic": True}, "synthetic itself"),
    ],
)
def test_backgrounds_that_would_leak_or_mislead_are_refused(
    real: Dataset, tmp_path: Path, change: dict[str, object], why: str
) -> None:
    bad = real.model_copy(update={"pages": (real.pages[0], real.pages[1].model_copy(update=change))})
    with pytest.raises(RedactionError, match=why):
        synthesize(SMALL, bad, tmp_path / "made")
    assert not (tmp_path / "made").exists()


def test_documents_with_a_held_out_page_are_not_usable_as_backgrounds(tmp_path: Path) -> None:
    bare, boxed = real_page(tmp_path, "bare"), real_page(tmp_path, "boxed", boxes=(Box(x0=1, y0=1, x1=9, y1=9),))
    test, straddling = real_page(tmp_path, "kept", Split.TEST), real_page(tmp_path, "kept", index=1)
    dataset = Dataset(root=str(tmp_path), pages=(bare, boxed, test, straddling))
    assert usable_backgrounds(dataset).pages == (bare,)


def test_a_background_that_changed_on_disk_is_refused(real: Dataset, tmp_path: Path) -> None:
    real.image_path(real.pages[0]).write_bytes(b"something else")
    with pytest.raises(RedactionError, match="no longer the image"):
        synthesize(SMALL, real, tmp_path / "made")
    assert not (tmp_path / "made").exists(), "a failed synthesis leaves nothing behind"


def test_an_existing_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    with pytest.raises(RedactionError, match="already exists"):
        synthesize(SMALL, None, tmp_path / "made")


@pytest.mark.parametrize("weights", [{}, {"black": 0}, {"invisible": 1}, {"black": -1}])
def test_invalid_weights_are_refused(weights: dict[str, float]) -> None:
    with pytest.raises(ValidationError, match="appearances"):
        SynthesisConfig.model_validate({"appearances": weights})
    with pytest.raises(ValidationError, match="looks"):
        SynthesisConfig.model_validate({"looks": weights})


def test_appearances_can_be_configured_under_their_former_name() -> None:
    assert SynthesisConfig.model_validate({"looks": {"grey": 2}}) == SynthesisConfig(appearances={AppearanceName.GREY: 2})


def test_recipes_are_stored_under_the_former_name_of_appearances_which_keeps_their_digest() -> None:
    stored = (
        '{"generator":5,"seed":1,"index":0,"long_side_px":700,"looks":["black"],"hard":false,"layout":"report","background":null}'
    )
    recipe = Recipe.model_validate_json(stored)
    assert recipe.appearances == (AppearanceName.BLACK,)
    assert recipe.model_dump_json() == stored
    assert recipe.document == hashlib.sha256(stored.encode()).hexdigest()


def test_the_document_is_named_by_the_digest_of_the_recipe() -> None:
    recipe = Recipe(
        seed=1, index=0, long_side_px=700, appearances=(AppearanceName.BLACK,), hard=False, layout="report", background=None
    )
    assert recipe.document == hashlib.sha256(recipe.model_dump_json().encode()).hexdigest()
    assert recipe.document != recipe.model_copy(update={"index": 1}).document
