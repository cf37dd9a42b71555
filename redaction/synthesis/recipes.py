"""Configuration of synthesis, and the recipe that determines every pixel of one page."""

from __future__ import annotations

from random import Random
from typing import Annotated

from pydantic import AliasChoices, ConfigDict, Field, field_validator

from redaction.dataset import AnnotatedPage, Dataset, Split
from redaction.errors import RedactionError
from redaction.files import sha256_of_bytes
from redaction.synthesis.appearances import AppearanceName
from redaction.synthesis.layouts import draw_layout
from redaction.values import Frozen

GENERATOR_VERSION = 5
"""Increased whenever the same recipe gives other pixels or boxes."""

_RESOLUTIONS = (1.0, 1.0, 1.0, 1.0, 1.0, 0.5, 0.6, 0.72, 0.85, 1.15, 1.33)
"""Multiples of 150 dpi."""
_TWO_APPEARANCES_SHARE = 0.12

Share = Annotated[float, Field(ge=0, le=1)]


class SynthesisConfig(Frozen):
    """How many synthetic pages to make, and of what kind."""

    seed: int = 0
    pages: int = Field(default=200, ge=1, le=100_000)
    share_real_backgrounds: Share = 0.5
    """Share of pages drawn on real unredacted pages, if there are any; the rest are fully generated."""
    share_without_redactions: Share = 0.2
    share_hard: Share = 0.35
    """Share of pages with low-contrast appearances and with much wear, skew and copying after redaction."""
    appearances: dict[AppearanceName, Annotated[float, Field(ge=0)]] = Field(
        default={
            AppearanceName.BLACK: 4,
            AppearanceName.MARKER: 0.6,
            AppearanceName.DARK_GREY: 0.7,
            AppearanceName.GREY: 1,
            AppearanceName.LIGHT_GREY: 1,
            AppearanceName.OUTLINED: 3.5,
            AppearanceName.WHITE: 0.6,
            AppearanceName.COLOURED: 1.2,
            AppearanceName.PALE: 1.2,
            AppearanceName.HATCHED: 0.4,
            AppearanceName.TAPE: 0.4,
        },
        validation_alias=AliasChoices("appearances", "looks"),
    )
    """Relative frequency of each appearance; one left out is not drawn. The key `looks` of older configurations is read too."""
    long_side_px: int = Field(default=1650, ge=200, le=4000)
    """Height in pixels of a generated page at 150 dpi (1650 for US Letter); pages are made as if rendered at 75 to 200 dpi.

    A real page is never enlarged.
    """
    workers: int = Field(default=2, ge=1, le=256)
    """Number of processes; the result does not depend on it."""

    @field_validator("appearances")
    @classmethod
    def _check_weights(cls, weights: dict[AppearanceName, float]) -> dict[AppearanceName, float]:
        if not sum(weights.values()) > 0:
            raise ValueError("at least one appearance needs a weight above 0")
        return weights


class Background(Frozen):
    """The real page under a synthetic one."""

    page: str
    document: str
    sha256: str


class Recipe(Frozen):
    """Everything that determines one synthetic page. Its SHA-256 names the page's document and seeds its random numbers."""

    model_config = ConfigDict(serialize_by_alias=True)

    generator: int = GENERATOR_VERSION
    seed: int
    index: int
    long_side_px: int
    appearances: tuple[AppearanceName, ...] = Field(
        validation_alias=AliasChoices("appearances", "looks"), serialization_alias="looks"
    )
    """Appearances of the redactions, one or two; empty for a page without redactions.

    Serialized under their former name `looks`, because the digest names the document and seeds its random numbers.
    """
    hard: bool
    layout: str | None
    """Layout of a generated page; `None` for a page drawn on a real one."""
    background: Background | None
    """The real page underneath; `None` for a generated page."""

    @property
    def document(self) -> str:
        """SHA-256 of the recipe: the name of the document that the page belongs to."""
        return sha256_of_bytes(self.model_dump_json().encode())


def usable_backgrounds(dataset: Dataset) -> Dataset:
    """Pages that may serve as backgrounds: real, without redactions, from documents entirely in the training split."""
    held_out = {page.document for page in dataset.pages if page.split is not Split.TRAIN}
    return dataset.where(lambda page: not page.synthetic and not page.boxes and page.document not in held_out)


def check_backgrounds(backgrounds: Dataset) -> None:
    """Refuse backgrounds that would leak held-out documents into training or contain redactions without boxes.

    Raises:
        RedactionError: a page is not in the training split, has redactions of its own, or is synthetic.
    """
    for page in backgrounds.pages:
        wrong = _reason_unusable(page)
        if wrong:
            raise RedactionError(f"Page {page.page} cannot be a background: {wrong}; pass `usable_backgrounds(dataset)` instead.")


def plan_recipes(config: SynthesisConfig, backgrounds: Dataset | None) -> list[Recipe]:
    """Plan one recipe per page; the configured shares are met to the nearest page for any seed."""
    rng = Random(f"plan {config.seed}")  # noqa: S311 - pictures, not secrets
    pages = sorted(backgrounds.pages, key=lambda page: page.page) if backgrounds else []
    real = shuffled_flags(rng, config.pages, config.share_real_backgrounds if pages else 0)
    bare = shuffled_flags(rng, config.pages, config.share_without_redactions)
    hard = shuffled_flags(rng, config.pages, config.share_hard)
    recipes = []
    for index in range(config.pages):
        page = rng.choice(pages) if real[index] else None
        recipes.append(
            Recipe(
                seed=config.seed,
                index=index,
                long_side_px=max(200, round(config.long_side_px * rng.choice(_RESOLUTIONS))),
                appearances=() if bare[index] else _draw_appearances(rng, config),
                hard=hard[index],
                layout=None if page else draw_layout(rng),
                background=Background(page=page.page, document=page.document, sha256=page.sha256) if page else None,
            )
        )
    return recipes


def _reason_unusable(page: AnnotatedPage) -> str | None:
    if page.split is not Split.TRAIN:
        return f"its document is held out for {page.split.value}, and training on it would invalidate every later evaluation"
    if page.boxes:
        return "it has redactions of its own"
    return "it is synthetic itself" if page.synthetic else None


def _draw_appearances(rng: Random, config: SynthesisConfig) -> tuple[AppearanceName, ...]:
    """Draw one appearance, sometimes two: most offices redact a document in one way, but copies of copies are redacted again."""
    names, weights = list(config.appearances), list(config.appearances.values())
    drawn = rng.choices(names, weights, k=2 if rng.random() < _TWO_APPEARANCES_SHARE else 1)
    return tuple(dict.fromkeys(drawn))


def shuffled_flags(rng: Random, count: int, share: float) -> list[bool]:
    """`count` flags in random order, of which exactly `share` (rounded) are true."""
    flags = [index < round(count * share) for index in range(count)]
    rng.shuffle(flags)
    return flags
