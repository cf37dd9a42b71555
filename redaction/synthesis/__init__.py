"""Synthetic pages with drawn redactions, to train on in addition to real pages.

Generation is deterministic: the same configuration and backgrounds give the same bytes in any number of processes. Each page is
marked as synthetic, belongs to the training split, and is named by the SHA-256 of its recipe. The recipes are stored beside the
images in ``recipes.jsonl``; a recipe names the real page in the background, if any. Documents held out for validation or test
are never used as backgrounds.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import cv2
import numpy as np

from redaction.dataset import AnnotatedPage, Dataset, Split
from redaction.errors import RedactionError
from redaction.files import new_folder, sha256_of_bytes
from redaction.pages.image import PageImage
from redaction.synthesis.composition import compose
from redaction.synthesis.recipes import Background, Recipe, SynthesisConfig, check_backgrounds, plan_recipes, usable_backgrounds

__all__ = [
    "Background",
    "Recipe",
    "SynthesisConfig",
    "read_recipes",
    "read_synthetic",
    "synthesize",
    "usable_backgrounds",
    "write_page",
]

DATASET_FILE, RECIPES_FILE, IMAGES_FOLDER = "dataset.json", "recipes.jsonl", "images"


def synthesize(
    config: SynthesisConfig, backgrounds: Dataset | None, folder: Path, progress: Callable[[int, int], None] | None = None
) -> Dataset:
    """Generate `config.pages` synthetic pages in a new folder.

    Args:
        backgrounds: real training pages without redactions (see `usable_backgrounds`); `None` or empty for generated pages only.
        folder: created by this call, completely or not at all; holds the images, ``dataset.json`` and ``recipes.jsonl``.
        progress: called after each page with the number of pages done and the total.

    Raises:
        RedactionError: the folder already exists, or a background is not allowed or its file has changed.
    """
    if folder.exists():
        raise RedactionError(f"{folder} already exists; choose a new folder for the synthetic pages.")
    if backgrounds:
        check_backgrounds(backgrounds)
    recipes = plan_recipes(config, backgrounds)
    images = {page.page: str(backgrounds.image_path(page)) for page in backgrounds.pages} if backgrounds else {}
    with new_folder(folder) as unfinished:
        (unfinished / IMAGES_FOLDER).mkdir()
        tasks = [(recipe, images[recipe.background.page] if recipe.background else None, str(unfinished)) for recipe in recipes]
        pages = []
        for page in _in_processes(tasks, config.workers):
            pages.append(page)
            if progress:
                progress(len(pages), config.pages)
        dataset = Dataset(root=".", pages=tuple(pages))
        (unfinished / DATASET_FILE).write_text(dataset.model_dump_json(indent=1), encoding="utf-8")
        lines = (f"{recipe.model_dump_json()}\n" for recipe in recipes)
        (unfinished / RECIPES_FILE).write_text("".join(lines), encoding="utf-8")
    return dataset.model_copy(update={"root": str(folder)})


def read_synthetic(folder: Path) -> Dataset:
    """Read the dataset in a folder made by `synthesize`; the folder may have been moved."""
    dataset = Dataset.model_validate_json((folder / DATASET_FILE).read_text(encoding="utf-8"))
    return dataset.model_copy(update={"root": str(folder)})


def read_recipes(folder: Path) -> dict[str, Recipe]:
    """Read the recipe of each synthetic page in the folder, keyed by document."""
    lines = (folder / RECIPES_FILE).read_text(encoding="utf-8").splitlines()
    return {recipe.document: recipe for recipe in map(Recipe.model_validate_json, lines)}


Task = tuple[Recipe, str | None, str]


def _in_processes(tasks: list[Task], workers: int) -> Iterator[AnnotatedPage]:
    if workers == 1 or len(tasks) == 1:
        yield from map(_make_page, tasks)
        return
    # spawn, not fork: the caller may hold threads and locks (an orchestrator, a database), which a fork would copy mid-operation
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(tasks)), mp_context=context, initializer=cv2.setNumThreads, initargs=(1,)) as pool:
        yield from pool.map(_make_page, tasks, chunksize=max(1, min(8, len(tasks) // (4 * workers))))


def _make_page(task: Task) -> AnnotatedPage:
    recipe, background_path, folder = task
    background = _read_background(recipe.background, Path(background_path)) if recipe.background and background_path else None
    return write_page(recipe, background, Path(folder), f"{IMAGES_FOLDER}/", Split.TRAIN)


def write_page(recipe: Recipe, background: PageImage | None, root: Path, prefix: str, split: Split) -> AnnotatedPage:
    """Compose a recipe's page and write its image.

    Args:
        recipe: what to draw.
        background: the real page to draw on; None to generate one.
        root: the dataset's root.
        prefix: of the image's path in the root, such as ``images/``; its folder exists.
        split: of the page.
    """
    composed = compose(recipe, background)
    image = f"{prefix}{recipe.document}{composed.suffix}"
    (root / image).write_bytes(composed.data)
    height, width = composed.after.shape[:2]
    return AnnotatedPage(
        page=f"{recipe.document}/0000",
        document=recipe.document,
        image=image,
        sha256=sha256_of_bytes(composed.data),
        width=width,
        height=height,
        split=split,
        synthetic=True,
        boxes=composed.boxes,
    )


def _read_background(background: Background, path: Path) -> PageImage:
    """Read the real page as RGB, after checking that its bytes are those that were annotated."""
    data = path.read_bytes() if path.is_file() else b""
    if sha256_of_bytes(data) != background.sha256:
        raise RedactionError(
            f"{path} is missing or no longer the image that was annotated as page {background.page}; restore the checkpoint."
        )
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if decoded is None:
        raise RedactionError(f"{path} cannot be decoded as an image; render page {background.page} again.")
    return np.ascontiguousarray(decoded[:, :, ::-1], np.uint8)
