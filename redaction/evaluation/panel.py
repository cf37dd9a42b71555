"""The synthetic panel: a fixed set of synthetic pages on which every candidate is compared with the champion.

It holds pages with redactions of every kind, and pages without any that show what is easily taken for one: charts, photographs,
maps and tables. No training can use a page of it, whatever its seed: the recipes have numbers that the training pages never get.
"""

from __future__ import annotations

import shutil
from itertools import cycle, islice
from pathlib import Path
from random import Random

from pydantic import Field, ValidationError

from redaction.dataset import Dataset, Split
from redaction.files import new_folder, sha256_of_bytes, sha256_of_file
from redaction.progress import ProgressCallback
from redaction.synthesis import write_page
from redaction.synthesis.recipes import GENERATOR_VERSION, Recipe, SynthesisConfig, plan_recipes
from redaction.values import Frozen

CLEAN_LAYOUTS = (
    "charts", "table", "photos", "spreadsheet", "brochure", "ledger",
    "map", "invoice", "diagram", "calendar", "slides", "inventory",
)  # fmt: skip
"""Layouts of the pages without redactions, in turn."""

FIRST_INDEX = 1_000_000
"""Number of the first recipe; a training has at most 100 000."""

MIN_PAGES = 5
DATASET_FILE = "dataset.json"


class PanelConfig(Frozen):
    """The pages of the panel. The same config gives the same pages."""

    seed: int = 0
    redacted_pages: int = Field(default=60, ge=MIN_PAGES, le=10_000)
    clean_pages: int = Field(default=40, ge=MIN_PAGES, le=10_000)
    """Pages without redactions."""
    long_side_px: int = Field(default=1650, ge=200, le=4000)
    """Height of a page at 150 dpi, in pixels; see `SynthesisConfig`."""


def load_or_make_panel(config: PanelConfig, folder: Path, progress: ProgressCallback | None = None) -> Dataset:
    """The pages of the panel, read from `folder` where an earlier call made them.

    Pages that are missing or damaged there are made again.
    """
    key = sha256_of_bytes(f"{GENERATOR_VERSION} {config.model_dump_json()}".encode())[:16]
    made = folder / key
    return _read(made) or _make(config, made, progress)


def panel_recipes(config: PanelConfig) -> list[Recipe]:
    """The recipes of all pages: first those with redactions, then those without."""
    planned = SynthesisConfig(
        seed=config.seed, pages=config.redacted_pages, share_without_redactions=0, long_side_px=config.long_side_px
    )
    redacted = plan_recipes(planned, None)
    rng = Random(f"panel {config.seed}")  # noqa: S311 - pictures, not secrets
    clean = [
        Recipe(
            seed=config.seed, index=0, long_side_px=config.long_side_px, appearances=(), hard=rng.random() < planned.share_hard,
            layout=layout, background=None,
        )
        for layout in islice(cycle(CLEAN_LAYOUTS), config.clean_pages)
    ]  # fmt: skip
    return [recipe.model_copy(update={"index": FIRST_INDEX + number}) for number, recipe in enumerate([*redacted, *clean])]


def _read(folder: Path) -> Dataset | None:
    try:
        panel = Dataset.model_validate_json((folder / DATASET_FILE).read_bytes()).model_copy(update={"root": str(folder)})
        intact = all(sha256_of_file(panel.image_path(page)) == page.sha256 for page in panel.pages)
    except (OSError, ValidationError):
        return None
    return panel if intact else None


def _make(config: PanelConfig, folder: Path, progress: ProgressCallback | None) -> Dataset:
    recipes, pages = panel_recipes(config), []
    shutil.rmtree(folder, ignore_errors=True)
    with new_folder(folder) as unfinished:
        for number, recipe in enumerate(recipes, 1):
            pages.append(write_page(recipe, None, unfinished, "", Split.TEST))
            if progress:
                progress("pages of the panel", number, len(recipes))
        panel = Dataset(root=".", pages=tuple(pages))
        (unfinished / DATASET_FILE).write_text(panel.model_dump_json(), encoding="utf-8")
    return panel.model_copy(update={"root": str(folder)})
