"""What is to be synthesized: the configuration, and one recipe for each page that says everything its pixels follow from."""

from __future__ import annotations

from random import Random
from typing import Annotated

from pydantic import Field, field_validator

from redaction.dataset import AnnotatedPage, Dataset, Split
from redaction.errors import RedactionError
from redaction.files import sha256_of_bytes
from redaction.synthesis.layouts import draw_layout
from redaction.synthesis.looks import LookName
from redaction.values import Frozen

GENERATOR_VERSION = 5
"""Raised whenever the same recipe would give other pixels or boxes."""

_RESOLUTIONS = (1.0, 1.0, 1.0, 1.0, 1.0, 0.5, 0.6, 0.72, 0.85, 1.15, 1.33)
"""Of 150 dpi."""
_SHARE_OF_TWO_LOOKS = 0.12

Share = Annotated[float, Field(ge=0, le=1)]


class SynthesisConfig(Frozen):
    """How many synthetic pages to make, and of what."""

    seed: int = 0
    pages: int = Field(default=200, ge=1, le=100_000)
    share_real_backgrounds: Share = 0.5
    """Pages drawn on real unredacted ones, where there are any; the rest are generated from nothing."""
    share_without_redactions: Share = 0.2
    share_hard: Share = 0.35
    """Pages with faint looks and with much wear, skew and copying after the redaction."""
    looks: dict[LookName, Annotated[float, Field(ge=0)]] = Field(
        default={
            LookName.BLACK: 4,
            LookName.MARKER: 0.6,
            LookName.DARK_GREY: 0.7,
            LookName.GREY: 1,
            LookName.LIGHT_GREY: 1,
            LookName.OUTLINED: 3.5,
            LookName.WHITE: 0.6,
            LookName.COLOURED: 1.2,
            LookName.PALE: 1.2,
            LookName.HATCHED: 0.4,
            LookName.TAPE: 0.4,
        }
    )
    """How often each look is drawn, relative to the others; a look left out is not drawn."""
    long_side_px: int = Field(default=1650, ge=200, le=4000)
    """Height of a generated page at 150 dpi (1650 for US Letter); pages come as if rendered at 75 to 200 dpi.
    A real page is never enlarged."""
    workers: int = Field(default=2, ge=1, le=256)
    """Processes; the result does not depend on it."""

    @field_validator("looks")
    @classmethod
    def _something_to_draw(cls, weights: dict[LookName, float]) -> dict[LookName, float]:
        if not sum(weights.values()) > 0:
            raise ValueError("looks: at least one look needs a weight above 0")
        return weights


class Background(Frozen):
    """A real page that a synthetic one is drawn on: its provenance."""

    page: str
    document: str
    sha256: str


class Recipe(Frozen):
    """Everything that one synthetic page follows from, and so its provenance; the page's document is named by its digest."""

    generator: int = GENERATOR_VERSION
    seed: int
    index: int
    long_side_px: int
    looks: tuple[LookName, ...]
    """Looks of the redactions, one or two; none for a page without redactions."""
    hard: bool
    layout: str | None
    """Kind of a generated page; `None` for one drawn on a real page."""
    background: Background | None
    """The real page below; `None` for a generated page."""

    @property
    def document(self) -> str:
        """SHA-256 of the recipe: the name of the document that the page belongs to."""
        return sha256_of_bytes(self.model_dump_json().encode())


def usable_backgrounds(dataset: Dataset) -> Dataset:
    """The pages that may be drawn on: real, without redactions, of documents that lie wholly in the training split."""
    held_out = {page.document for page in dataset.pages if page.split is not Split.TRAIN}
    return dataset.where(lambda page: not page.synthetic and not page.boxes and page.document not in held_out)


def check_backgrounds(backgrounds: Dataset) -> None:
    """Refuse pages whose use would leak the held-out documents into training, or leave redactions without a box.

    Raises:
        RedactionError: a page is not of the training split, has redactions of its own, or is synthetic.
    """
    for page in backgrounds.pages:
        wrong = _what_is_wrong(page)
        if wrong:
            raise RedactionError(
                f"Page {page.page} cannot be a background: {wrong}; hand in `usable_backgrounds(dataset)` instead."
            )


def plan(config: SynthesisConfig, backgrounds: Dataset | None) -> list[Recipe]:
    """One recipe for each page; the shares are met exactly (to the nearest page), whatever the seed."""
    rng = Random(f"plan {config.seed}")  # noqa: S311 - pictures, not secrets
    pages = sorted(backgrounds.pages, key=lambda page: page.page) if backgrounds else []
    real = _flags(rng, config.pages, config.share_real_backgrounds if pages else 0)
    bare = _flags(rng, config.pages, config.share_without_redactions)
    hard = _flags(rng, config.pages, config.share_hard)
    recipes = []
    for index in range(config.pages):
        page = rng.choice(pages) if real[index] else None
        recipes.append(
            Recipe(
                seed=config.seed,
                index=index,
                long_side_px=max(200, round(config.long_side_px * rng.choice(_RESOLUTIONS))),
                looks=() if bare[index] else _looks(rng, config),
                hard=hard[index],
                layout=None if page else draw_layout(rng),
                background=Background(page=page.page, document=page.document, sha256=page.sha256) if page else None,
            )
        )
    return recipes


def _what_is_wrong(page: AnnotatedPage) -> str | None:
    if page.split is not Split.TRAIN:
        return f"its document is held out for {page.split.value}, and training on it would falsify every later evaluation"
    if page.boxes:
        return "it has redactions of its own"
    return "it is synthetic itself" if page.synthetic else None


def _looks(rng: Random, config: SynthesisConfig) -> tuple[LookName, ...]:
    """One look, or two of them: offices mostly redact a document in one way, but copies of copies are redacted again."""
    names, weights = list(config.looks), list(config.looks.values())
    drawn = rng.choices(names, weights, k=2 if rng.random() < _SHARE_OF_TWO_LOOKS else 1)
    return tuple(dict.fromkeys(drawn))


def _flags(rng: Random, count: int, share: float) -> list[bool]:
    flags = [index < round(count * share) for index in range(count)]
    rng.shuffle(flags)
    return flags
