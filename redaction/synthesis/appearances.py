"""Appearances of redactions: the fills, edges and codes that offices use to black out, white out, paint over or paste over."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Literal

from redaction.dataset import Style
from redaction.synthesis.sheet import Rgb

Texture = Literal["flat", "gradient", "diagonal", "cross", "dots", "marker", "tape"]
EdgeKind = Literal["solid", "dashed", "broken"]
CodePlace = Literal["center", "left", "corner", "repeated"]

_EDGE_KINDS: tuple[EdgeKind, ...] = ("solid", "dashed", "broken")
_CODE_PLACES: tuple[CodePlace, ...] = ("center", "left", "corner", "repeated")
_CODE_FONTS = ("DejaVuSans.ttf",) * 3 + ("DejaVuSans-Bold.ttf", "DejaVuSerif.ttf", "STIXGeneral.ttf", "STIXGeneralBol.ttf")
_WHITE: Rgb = (255, 255, 255)
_BLACK: Rgb = (0, 0, 0)


class AppearanceName(StrEnum):
    """The kinds of appearances that can be configured."""

    BLACK = "black"
    MARKER = "marker"
    DARK_GREY = "dark_grey"
    GREY = "grey"
    LIGHT_GREY = "light_grey"
    OUTLINED = "outlined"
    WHITE = "white"
    COLOURED = "coloured"
    PALE = "pale"
    HATCHED = "hatched"
    TAPE = "tape"


OFFICES: tuple[tuple[str, ...], ...] = (
    ("(b)(6)", "(b)(7)(C)", "(b)(5)", "(b)(6), (b)(7)(C)", "(b)(4)", "(b)(7)(E)"),
    ("b6", "b7C", "b6 -1", "b7E", "b7D"),
    ("(b) (6)", "(b) (5)", "(b) (4)", "(b)(3):50 USC 3024"),
    ("5.1.2.e", "5.1.2.i", "5.1.1.c", "5.1.2e", "5.1.2.f"),
    ("10.2.e", "10.2.g", "11.1", "10(2)(e)", "10.1.c"),
    ("s. 40(2)", "s.38(1)(b)", "S40", "Section 40(2)", "s.31"),
    ("s.19(1)", "s.21(1)(a)", "s.23", "19(1)", "20(1)(b)"),
    ("s 47F", "s 22(1)(a)(ii)", "s 47E(d)", "9(2)(a)", "9(2)(g)(i)"),
    ("Art. 4(1)(b)", "Art. 4.3", "Art. 4(2)", "Art. 4(1)(a)"),
    ("L311-6", "occulté", "§ 5 IFG", "§ 3 Nr. 1", "geschwärzt", "[anonymisé]"),
    ("REDACTED", "Redacted", "[REDACTED]", "PRIVILEGED", "Privileged", "NR", "Non-Responsive", "PII", "SEALED"),
    ("50X1", "25X1", "3.3(h)(2)", "3.5(c)", "(b)(1)", "(b)(3)"),
)
"""Exemption codes written on or beside redactions; one tuple per office."""


@dataclass(frozen=True)
class Appearance:
    """How an office draws its redactions throughout a document."""

    style: Style
    fill: Rgb | None
    """`None` leaves the interior in the paper's color."""
    edge: Rgb | None
    edge_px: int
    ink: Rgb
    code_share: float
    """Share of bars with an exemption code, in [0, 1]."""
    codes: tuple[str, ...]
    texture: Texture = "flat"
    second_color: Rgb = _BLACK
    """The texture's other color: of the hatching lines, or of a gradient's lower end."""
    pitch_px: int = 8
    """Distance between hatching lines, in pixels."""
    edge_kind: EdgeKind = "solid"
    corner_share: float = 0.0
    """Corner radius as a share of the bar's shorter side."""
    code_place: CodePlace = "center"
    code_font: str = "DejaVuSans.ttf"
    code_size_share: float = 0.6
    """Share of the text line's height."""
    fringe: Rgb | None = None
    """Color of highlighter that shows around the bar; not part of the redaction."""
    margin_codes: bool = False
    """Whether the codes are written in the margin instead; they are not part of the redaction."""

    @property
    def joins_neighbors(self) -> bool:
        """Whether touching bars look like one shape. Bars with a drawn edge or a shape of their own stay separate."""
        return self.edge is None and not self.stands_alone

    @property
    def stands_alone(self) -> bool:
        """Whether bars must not touch, because their shape or shading shows where each one starts."""
        return self.is_irregular or self.corner_share > 0 or self.texture == "gradient"

    @property
    def is_irregular(self) -> bool:
        """Whether each bar has an irregular outline instead of a rectangle."""
        return self.texture in ("marker", "tape")


def draw_appearance(rng: Random, name: AppearanceName, hard: bool = False) -> Appearance:
    """Draw an appearance of this kind, with random shade, edge and codes; `hard` allows the lowest contrast."""
    return {
        AppearanceName.BLACK: _black,
        AppearanceName.MARKER: _marker,
        AppearanceName.DARK_GREY: lambda rng, hard: _gray(rng, 45, 95),
        AppearanceName.GREY: lambda rng, hard: _gray(rng, 95, 170),
        AppearanceName.LIGHT_GREY: lambda rng, hard: _gray(rng, 170, 232 if hard else 222),
        AppearanceName.OUTLINED: _outlined,
        AppearanceName.WHITE: lambda rng, hard: _appearance(rng, Style.OUTLINED, _WHITE, codes=0.15),
        AppearanceName.COLOURED: _coloured,
        AppearanceName.PALE: _pale,
        AppearanceName.HATCHED: _hatched,
        AppearanceName.TAPE: _tape,
    }[name](rng, hard)


def _appearance(
    rng: Random,
    style: Style,
    fill: Rgb | None,
    *,
    codes: float,
    edge: Rgb | None = None,
    edge_px: int = 0,
    texture: Texture = "flat",
    second_color: Rgb = _BLACK,
    edge_kind: EdgeKind = "solid",
    corner_share: float = 0.0,
    fringe: Rgb | None = None,
) -> Appearance:
    """Create an appearance and draw its codes; `codes` is the probability that the office writes any on its bars."""
    light = sum(fill or _WHITE) > 380
    ink = rng.choice([_BLACK] * 5 + [(200, 20, 30), (60, 60, 60)]) if light else rng.choice([_WHITE] * 4 + [(230, 230, 120)])
    has_codes = rng.random() < codes
    return Appearance(
        style=style,
        fill=fill,
        edge=edge,
        edge_px=edge_px if edge else 0,
        ink=ink,
        code_share=rng.choice([0.3, 0.8, 1.0, 1.0]) if has_codes else 0.0,
        codes=rng.choice(OFFICES),
        texture=texture,
        second_color=second_color,
        pitch_px=rng.randint(4, 14),
        edge_kind=edge_kind,
        corner_share=corner_share,
        code_place=rng.choices(_CODE_PLACES, [5, 2, 2, 1])[0],
        code_font=rng.choice(_CODE_FONTS),
        code_size_share=rng.choice([0.45, 0.6, 0.6, 0.75]),
        fringe=fringe,
        margin_codes=not has_codes and rng.random() < (0.5 if style is Style.OUTLINED else 0.12),
    )


def _black(rng: Random, hard: bool) -> Appearance:
    shade = rng.choice([0, 0, 0, 0, rng.randint(1, 36)])
    fringe = rng.choice([(255, 242, 0), (255, 236, 80), (160, 255, 120), (255, 190, 90)]) if rng.random() < 0.08 else None
    corner_share = rng.choice([0.0] * 9 + [rng.uniform(0.1, 0.5)])
    fill = rng.choice([(shade, shade, shade)] * 6 + [(35, 31, 32), (0, 0, 12)])
    return _appearance(rng, Style.BLACK, fill, codes=0.22, corner_share=corner_share, fringe=fringe)


def _marker(rng: Random, hard: bool) -> Appearance:
    shade = rng.randint(8, 34)
    fill = rng.choice([(shade, shade, shade), (shade, shade, min(38, shade + 8))])
    return _appearance(rng, Style.BLACK, fill, codes=0, texture="marker")


def _gray(rng: Random, darkest: int, lightest: int) -> Appearance:
    shade = rng.randint(darkest, lightest)
    lower = max(45, min(235, shade + rng.choice([-1, 1]) * rng.randint(12, 40)))
    edge = rng.choice([None, None, None, _of_gray(shade // 2), _BLACK])
    return _appearance(
        rng,
        Style.GREY,
        _of_gray(shade),
        codes=0.6,
        edge=edge,
        edge_px=rng.choice([1, 1, 2]),
        texture="gradient" if rng.random() < 0.08 else "flat",
        second_color=_of_gray(lower),
        corner_share=rng.choice([0.0] * 8 + [rng.uniform(0.1, 0.4)]),
    )


def _outlined(rng: Random, hard: bool) -> Appearance:
    # PDFium renders a hairline as one gray pixel or smears it over two; other offices draw with a pen
    hairline = [(rng.randint(110, 165), 1)] * 5 + [(rng.randint(170, 212), rng.choice([1, 2]))] * (4 if hard else 2)
    pen = [(rng.randint(0, 90), rng.choice([1, 1, 2, 2, 3]))] * (2 if hard else 4)
    shade, edge_px = rng.choice(hairline + pen)
    edge = _of_gray(shade)
    if rng.random() < 0.1:
        edge = rng.choice([(200, 25, 30), (30, 60, 180), (0, 120, 70)])
    return _appearance(
        rng,
        Style.OUTLINED,
        rng.choice([_WHITE, _WHITE, None]),
        codes=0.3,
        edge=edge,
        edge_px=edge_px,
        edge_kind=rng.choices(_EDGE_KINDS, [12, 1, 3 if hard else 1])[0],
        corner_share=rng.choice([0.0] * 14 + [rng.uniform(0.08, 0.3)]),
    )


def _coloured(rng: Random, hard: bool) -> Appearance:
    dark = rng.random() < 0.25
    fill = _of_hue(rng, rng.uniform(0.55, 1), rng.uniform(0.22, 0.42) if dark else rng.uniform(0.5, 1))
    edge = rng.choice([None, None, None, _BLACK, _darker(fill)])
    corner_share = rng.choice([0.0] * 8 + [rng.uniform(0.1, 0.4)])
    return _appearance(rng, Style.COLOURED, fill, codes=0.6, edge=edge, edge_px=rng.choice([1, 1, 2]), corner_share=corner_share)


def _pale(rng: Random, hard: bool) -> Appearance:
    fill = _of_hue(rng, rng.uniform(0.17, 0.45), rng.uniform(0.86, 1))
    edge = rng.choice([None, None, _BLACK, _darker(fill), _darker(fill)])
    corner_share = rng.choice([0.0] * 8 + [rng.uniform(0.1, 0.4)])
    return _appearance(rng, Style.COLOURED, fill, codes=0.7, edge=edge, edge_px=rng.choice([1, 1, 2]), corner_share=corner_share)


def _hatched(rng: Random, hard: bool) -> Appearance:
    style = rng.choice([Style.GREY, Style.GREY, Style.COLOURED])
    if style is Style.COLOURED:
        lines = _of_hue(rng, rng.uniform(0.6, 1), rng.uniform(0.5, 0.9))
        background = rng.choice([_WHITE, _of_hue(rng, 0.2, 1.0)])
    else:
        lines, background = _of_gray(rng.randint(0, 130)), _of_gray(rng.choice([255, 255, rng.randint(190, 235)]))
    textures: list[Texture] = ["diagonal", "diagonal", "cross", "dots"]
    edge_px, texture = rng.choice([1, 1, 2]), rng.choice(textures)
    return _appearance(rng, style, background, codes=0.15, edge=lines, edge_px=edge_px, texture=texture, second_color=lines)


def _tape(rng: Random, hard: bool) -> Appearance:
    kind = rng.choice(["paper", "paper", "masking", "dark"])
    if kind == "dark":
        return _appearance(rng, Style.BLACK, _of_gray(rng.randint(12, 36)), codes=0, texture="tape")
    if kind == "masking":
        return _appearance(
            rng, Style.COLOURED, rng.choice([(226, 200, 150), (240, 220, 160), (214, 186, 140)]), codes=0, texture="tape"
        )
    shade = rng.randint(226, 250)
    return _appearance(rng, Style.OUTLINED, (shade, shade, shade - rng.randint(0, 10)), codes=0.1, texture="tape")


def _of_gray(shade: int) -> Rgb:
    return (shade, shade, shade)


def _of_hue(rng: Random, saturation: float, value: float) -> Rgb:
    red, green, blue = colorsys.hsv_to_rgb(rng.random(), saturation, value)
    return (round(red * 255), round(green * 255), round(blue * 255))


def _darker(fill: Rgb) -> Rgb:
    return (int(fill[0] * 0.6), int(fill[1] * 0.6), int(fill[2] * 0.6))
