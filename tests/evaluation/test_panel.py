"""The fixed synthetic pages on which every candidate is compared."""

from __future__ import annotations

from pathlib import Path

from redaction.dataset import Split
from redaction.evaluation.panel import CLEAN_LAYOUTS, FIRST_INDEX, PanelConfig, load_or_make_panel, panel_recipes
from redaction.synthesis import SynthesisConfig
from redaction.synthesis.recipes import plan_recipes

SMALL = PanelConfig(redacted_pages=5, clean_pages=5, long_side_px=400)


def test_the_panel_is_made_once_and_is_the_same_everywhere(tmp_path: Path) -> None:
    first = load_or_make_panel(SMALL, tmp_path / "a")
    written = {path: path.stat().st_mtime_ns for path in (tmp_path / "a").rglob("*")}
    assert load_or_make_panel(SMALL, tmp_path / "a") == first
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "a").rglob("*")} == written
    assert load_or_make_panel(SMALL, tmp_path / "b").digest == first.digest
    assert load_or_make_panel(SMALL.model_copy(update={"seed": 1}), tmp_path / "a").digest != first.digest


def test_damaged_pages_are_made_again(tmp_path: Path) -> None:
    first = load_or_make_panel(SMALL, tmp_path)
    first.image_path(first.pages[3]).write_bytes(b"")
    (tmp_path / "unfinished.part").mkdir()
    assert load_or_make_panel(SMALL, tmp_path).digest == first.digest
    assert first.image_path(first.pages[3]).stat().st_size > 0


def test_it_holds_redacted_pages_and_clean_pages_with_charts_photographs_and_tables(tmp_path: Path) -> None:
    panel = load_or_make_panel(SMALL, tmp_path)
    redacted, without = panel.pages[: SMALL.redacted_pages], panel.pages[SMALL.redacted_pages :]
    assert sum(bool(page.boxes) for page in redacted) >= 4, "on a tiny page there may be no room for one"
    assert not any(page.boxes for page in without)
    assert {(page.split, page.synthetic) for page in panel.pages} == {(Split.TEST, True)}
    clean = [recipe.layout for recipe in panel_recipes(PanelConfig()) if not recipe.appearances]
    assert set(clean) == set(CLEAN_LAYOUTS)
    assert {"charts", "photos", "table"} <= set(clean)


def test_no_training_page_is_ever_a_page_of_the_panel() -> None:
    """Even with the same seed: a recipe's number is part of what names and seeds the page."""
    training = plan_recipes(SynthesisConfig(seed=0, pages=500), None)
    panel = panel_recipes(PanelConfig(seed=0))
    assert not {recipe.document for recipe in training} & {recipe.document for recipe in panel}
    assert min(recipe.index for recipe in panel) == FIRST_INDEX > SynthesisConfig.model_fields["pages"].metadata[1].le
