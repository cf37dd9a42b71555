"""Writing a page into a PDF while recording the position of every word, so that redactions can follow the text.

Text is set in the standard PDF fonts, which PDFium renders with built-in faces, and in a few TrueType faces shipped with
matplotlib. All lengths are PDF points, with the origin at the page's top left corner and y downwards.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from random import Random
from typing import Literal

from fpdf import FPDF

from redaction.synthesis.typefaces import FACES, register_face
from redaction.synthesis.wording import Wording

WordBox = tuple[float, float, float, float]
"""``x0, y0, x1, y1`` of one word, from the top of its ascenders to the bottom of its descenders."""
Line = list[WordBox]
Paragraph = list[Line]
"""Lines of one column, from top to bottom."""
Rgb = tuple[int, int, int]
Family = Literal["Times", "Helvetica", "Courier", "Sans", "Serif", "Mono", "Stix", "Typewriter"]
FontStyle = Literal["", "B", "I", "BI"]
Align = Literal["left", "center", "right"]

LETTER_PT = (612.0, 792.0)
A4_PT = (595.28, 841.89)
_ASCENT_SHARE, _DESCENT_SHARE = 0.74, 0.22
_UNICODE_FAMILIES: dict[str, Family] = {"Times": "Serif", "Helvetica": "Sans", "Courier": "Mono", "Typewriter": "Mono"}
_HIGHLIGHTS: list[Rgb] = [(255, 240, 90), (170, 255, 150), (255, 190, 220), (160, 215, 255), (255, 210, 120), (205, 205, 205)]


@dataclass(frozen=True)
class Font:
    """A typeface at a size in points."""

    family: Family
    size: float
    style: FontStyle = ""
    color: Rgb = (0, 0, 0)
    stretch: float = 100
    """Width of the letters, in percent of normal."""

    def with_style(self, style: FontStyle) -> Font:
        """The same font, bold or italic."""
        return replace(self, style=style)

    def scaled(self, factor: float) -> Font:
        """The same font, larger or smaller."""
        return replace(self, size=self.size * factor)

    def in_color(self, color: Rgb) -> Font:
        """The same font in another color."""
        return replace(self, color=color)


def new_pdf() -> FPDF:
    """An empty document whose bytes depend only on what is written into it, not on the clock."""
    pdf = FPDF(unit="pt")
    pdf.set_auto_page_break(False)
    pdf.set_margin(0)
    pdf.set_creation_date(datetime(2024, 1, 1, tzinfo=UTC))
    return pdf


@dataclass(frozen=True)
class _Word:
    text: str
    font: Font
    mark: Literal["", "under", "strike", "highlight"]
    width: float


@dataclass
class Sheet:
    """One page of `pdf`, added on construction; `paragraphs` collects the redactable text."""

    pdf: FPDF
    width: float
    height: float
    rng: Random
    paragraphs: list[Paragraph] = field(default_factory=list)
    jitter_pt: float = 0
    """Maximum vertical offset of typewritten words, in points."""
    emphasis_share: float = 0.004
    """Share of words at which bold, italic, underlined, struck-out or highlighted text starts."""

    def __post_init__(self) -> None:
        self.pdf.add_page(format=(self.width, self.height))
        self.words = Wording(self.rng)

    def text_width(self, text: str, font: Font) -> float:
        """Width of the text in this font."""
        self._select_font(font)
        return float(self.pdf.get_string_width(text))

    def text(self, x: float, baseline: float, text: str, font: Font, align: Align = "left") -> Line:
        """Write one line of text that is not redactable; return its word boxes."""
        words = [_Word(word, font, "", self.text_width(word, font)) for word in text.split()]
        space = self.text_width(" ", font)
        total = sum(word.width for word in words) + space * (len(words) - 1)
        return self._write(x - {"left": 0.0, "center": total / 2, "right": total}[align], baseline, words, space)

    def redactable_text(self, x: float, baseline: float, text: str, font: Font, align: Align = "left") -> Line:
        """Write one line of redactable text; return its word boxes."""
        line = self.text(x, baseline, text, font, align)
        self.add_redactable_lines([line])
        return line

    def add_redactable_area(self, x0: float, y0: float, x1: float, y1: float) -> None:
        """Make an area other than text redactable: a signature, a photograph."""
        self.add_redactable_lines([[(max(0.0, x0), max(0.0, y0), min(self.width, x1), min(self.height, y1))]])

    def add_redactable_lines(self, lines: Paragraph) -> None:
        """Make lines written by other means redactable; words that are not entirely on the page are left out."""
        inside = [[word for word in line if self._is_on_page(word)] for line in lines]
        if any(inside):
            self.paragraphs.append([line for line in inside if line])

    def truncated(self, text: str, font: Font, width: float) -> str:
        """The leading words that fit the width, or part of the first word."""
        words = text.split()
        while len(words) > 1 and self.text_width(" ".join(words), font) > width:
            words.pop()
        text = " ".join(words)
        while text and self.text_width(text, font) > width:
            text = text[:-1]
        return text

    def font_to_fit(self, font: Font, text: str, width: float) -> Font:
        """The font, shrunk if the text would exceed the width."""
        return font.scaled(min(1, width / self.text_width(text, font)))

    def paragraph(
        self,
        x: float,
        top: float,
        width: float,
        text: str,
        font: Font,
        leading: float,
        *,
        indent: float = 0,
        justify: bool = False,
        bottom: float | None = None,
        redactable: bool = True,
        align: Align = "left",
    ) -> float:
        """Write running text into a column and return where the next line would start; text beyond `bottom` is dropped."""
        space = self.text_width(" ", font)
        lines: Paragraph = []
        words, y, last = self._with_emphasis(text, font), top, self.height if bottom is None else bottom
        while words and y + leading <= last + 0.01:
            left = x + (indent if not lines else 0)
            row = _take_row(words, x + width - left, space)
            slack = x + width - left - sum(word.width for word in row) - space * (len(row) - 1)
            gap = space + (slack / (len(row) - 1) if justify and words and len(row) > 1 else 0)
            left += {"left": 0.0, "center": slack / 2, "right": slack}[align]
            lines.append(self._write(left, y + leading * 0.5 + font.size * 0.26, row, gap))
            y += leading
        if redactable:
            self.add_redactable_lines(lines)
        return y

    def rect(
        self,
        x0: float,
        y0: float,
        x1: float,
        y1: float,
        *,
        fill: Rgb | None = None,
        edge: Rgb | None = None,
        line_width: float = 0.6,
    ) -> None:
        """A rectangle, filled, outlined or both."""
        self._set_pens(fill, edge, line_width)
        self.pdf.rect(x0, y0, x1 - x0, y1 - y0, style=("D" if fill is None else "F" if edge is None else "DF"))

    def rounded(
        self, x0: float, y0: float, x1: float, y1: float, *, fill: Rgb | None = None, edge: Rgb | None = None, radius: float = 8
    ) -> None:
        """A rectangle with rounded corners."""
        self._set_pens(fill, edge, 0.8)
        style = "D" if fill is None else "F" if edge is None else "DF"
        self.pdf.rect(x0, y0, x1 - x0, y1 - y0, style=style, round_corners=True, corner_radius=min(radius, (y1 - y0) / 2))

    def ellipse(
        self,
        x0: float,
        y0: float,
        x1: float,
        y1: float,
        *,
        fill: Rgb | None = None,
        edge: Rgb | None = None,
        line_width: float = 0.6,
    ) -> None:
        """An ellipse, filled, outlined or both."""
        self._set_pens(fill, edge, line_width)
        self.pdf.ellipse(x0, y0, x1 - x0, y1 - y0, style=("D" if fill is None else "F" if edge is None else "DF"))

    def polygon(self, points: list[tuple[float, float]], fill: Rgb | None = None, edge: Rgb | None = None) -> None:
        """A polygon, filled, outlined or both."""
        self._set_pens(fill, edge, 0.8)
        self.pdf.polygon(points, style=("D" if fill is None else "F" if edge is None else "DF"))

    def stroke(self, points: list[tuple[float, float]], line_width: float = 1, color: Rgb = (0, 0, 0)) -> None:
        """An open line through the points."""
        self._set_pens(None, color, line_width)
        self.pdf.polyline(points)

    def rule(self, x0: float, y0: float, x1: float, y1: float, line_width: float = 0.6, color: Rgb = (0, 0, 0)) -> None:
        """A straight line."""
        self._set_pens(None, color, line_width)
        self.pdf.line(x0, y0, x1, y1)

    def _is_on_page(self, box: WordBox) -> bool:
        return 0 <= box[0] < box[2] <= self.width and 0 <= box[1] < box[3] <= self.height

    def _set_pens(self, fill: Rgb | None, edge: Rgb | None, line_width: float) -> None:
        if fill is not None:
            self.pdf.set_fill_color(*fill)
        if edge is not None:
            self.pdf.set_draw_color(*edge)
            self.pdf.set_line_width(line_width)

    def _select_font(self, font: Font) -> None:
        family = font.family
        if self.words.language.needs_truetype:
            family = _UNICODE_FAMILIES.get(family, family)
        elif family == "Typewriter" and self.words.language_name != "english":
            family = "Courier"
        if family in FACES:
            register_face(self.pdf, family, font.style)
        self.pdf.set_font(family, font.style, font.size)
        self.pdf.set_stretching(font.stretch)
        self.pdf.set_text_color(*font.color)

    def _with_emphasis(self, text: str, font: Font) -> list[_Word]:
        """The words, some of them emphasized as in word processors or by readers."""
        marked, left, mark, face = [], 0, "", font
        for word in text.split():
            if left == 0:
                mark, face = "", font
                if self.rng.random() < self.emphasis_share:
                    left = self.rng.randint(1, 9)
                    mark = self.rng.choice(
                        ["under", "under", "strike", "highlight", "highlight", "bold", "bold", "italic", "link"]
                    )
                    style: FontStyle = {"bold": "B", "italic": "I"}.get(mark, font.style)  # type: ignore[assignment]
                    face = font.with_style(style).in_color((20, 40, 190) if mark == "link" else font.color)
            left = max(0, left - 1)
            seen = {"link": "under", "bold": "", "italic": ""}.get(mark, mark)
            marked.append(_Word(word, face, seen, self.text_width(word, face)))  # type: ignore[arg-type]
        return marked

    def _write(self, x: float, baseline: float, row: list[_Word], gap: float) -> Line:
        line: Line = []
        for word in row:
            size = word.font.size
            line.append((x, baseline - _ASCENT_SHARE * size, x + word.width, baseline + _DESCENT_SHARE * size))
            x += word.width + gap
        for word, box in zip(row, line, strict=True):
            if word.mark == "highlight":
                self.rect(box[0] - 1, box[1], box[2] + gap * 0.6, box[3], fill=_HIGHLIGHTS[int(box[1]) % len(_HIGHLIGHTS)])
        for word, box in zip(row, line, strict=True):
            self._select_font(word.font)
            if self.jitter_pt:
                shade = self.rng.randint(0, 70)
                self.pdf.set_text_color(*(min(255, level + shade) for level in word.font.color))
            self.pdf.text(box[0], baseline + self.rng.uniform(-1, 1) * self.jitter_pt, word.text)
            if word.mark in ("under", "strike"):
                y = baseline + word.font.size * (0.14 if word.mark == "under" else -0.24)
                self.rule(box[0], y, box[2], y, max(0.5, word.font.size * 0.06), word.font.color)
        return line


def _take_row(words: list[_Word], width: float, space: float) -> list[_Word]:
    """Remove the words that fit the width (at least one) from `words` and return them."""
    row = [words.pop(0)]
    used = row[0].width
    while words and used + space + words[0].width <= width:
        used += space + words[0].width
        row.append(words.pop(0))
    return row
