"""A page being written into a PDF: every word's place is known, so that redactions can follow the text.

Pages are written with the PDF standard fonts, which PDFium draws from its own built-in faces, and with the few TrueType faces
that come with matplotlib. All lengths here are PDF points, with the origin at the page's top left corner and y downwards.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from random import Random
from typing import Literal

from fpdf import FPDF

from redaction.synthesis.typefaces import FACES, use_face
from redaction.synthesis.wording import Wording

WordBox = tuple[float, float, float, float]
"""``x0, y0, x1, y1`` of one word, from the top of its tall letters to the bottom of its descenders."""
Line = list[WordBox]
Paragraph = list[Line]
"""Lines of one column, one under the other."""
Rgb = tuple[int, int, int]
Family = Literal["Times", "Helvetica", "Courier", "Sans", "Serif", "Mono", "Stix", "Typewriter"]
Style = Literal["", "B", "I", "BI"]
Align = Literal["left", "center", "right"]

LETTER_PT = (612.0, 792.0)
A4_PT = (595.28, 841.89)
_ASCENT, _DESCENT = 0.74, 0.22
_UNICODE: dict[str, Family] = {"Times": "Serif", "Helvetica": "Sans", "Courier": "Mono", "Typewriter": "Mono"}
_HIGHLIGHTS: list[Rgb] = [(255, 240, 90), (170, 255, 150), (255, 190, 220), (160, 215, 255), (255, 210, 120), (205, 205, 205)]


@dataclass(frozen=True)
class Font:
    """One face at a size in points."""

    family: Family
    size: float
    style: Style = ""
    color: Rgb = (0, 0, 0)
    stretch: float = 100
    """Width of the letters in per cent of what the face's designer meant."""

    def with_style(self, style: Style) -> Font:
        """The same font, bold or italic."""
        return replace(self, style=style)

    def scaled(self, factor: float) -> Font:
        """The same font, larger or smaller."""
        return replace(self, size=self.size * factor)

    def inked(self, color: Rgb) -> Font:
        """The same font in another color."""
        return replace(self, color=color)


def new_pdf() -> FPDF:
    """An empty document whose bytes depend on nothing but what is written into it (no clock)."""
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
    """One page of `pdf`, opened on construction; `paragraphs` collects the text that a redaction may cover."""

    pdf: FPDF
    width: float
    height: float
    rng: Random
    paragraphs: list[Paragraph] = field(default_factory=list)
    uneven: float = 0
    """How far the words of a typewriter jump up and down, in points."""
    emphasis: float = 0.004
    """Share of words at which bold, italic, underlined, struck out or highlighted ones begin."""

    def __post_init__(self) -> None:
        self.pdf.add_page(format=(self.width, self.height))
        self.words = Wording(self.rng)

    def length(self, text: str, font: Font) -> float:
        """How wide the text is in that font."""
        self._use(font)
        return float(self.pdf.get_string_width(text))

    def text(self, x: float, baseline: float, text: str, font: Font, align: Align = "left") -> Line:
        """Write one line of words and say where each lies; it is not offered for redaction."""
        words = [_Word(word, font, "", self.length(word, font)) for word in text.split()]
        space = self.length(" ", font)
        total = sum(word.width for word in words) + space * (len(words) - 1)
        return self._write(x - {"left": 0.0, "center": total / 2, "right": total}[align], baseline, words, space)

    def line(self, x: float, baseline: float, text: str, font: Font, align: Align = "left") -> Line:
        """Write one line of words that a redaction may cover."""
        line = self.text(x, baseline, text, font, align)
        self.offer_lines([line])
        return line

    def offer(self, x0: float, y0: float, x1: float, y1: float) -> None:
        """Offer something other than words for redaction: a signature, a photograph."""
        self.offer_lines([[(max(0.0, x0), max(0.0, y0), min(self.width, x1), min(self.height, y1))]])

    def offer_lines(self, lines: Paragraph) -> None:
        """Offer for redaction what lies wholly on the page of lines that were written by other means."""
        inside = [[word for word in line if self._holds(word)] for line in lines]
        if any(inside):
            self.paragraphs.append([line for line in inside if line])

    def fitting(self, text: str, font: Font, width: float) -> str:
        """As many of the words as fit the width, or a part of the first."""
        words = text.split()
        while len(words) > 1 and self.length(" ".join(words), font) > width:
            words.pop()
        text = " ".join(words)
        while text and self.length(text, font) > width:
            text = text[:-1]
        return text

    def shrunk(self, font: Font, text: str, width: float) -> Font:
        """The font, smaller where the text would be wider than that."""
        return font.scaled(min(1, width / self.length(text, font)))

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
        offered: bool = True,
        align: Align = "left",
    ) -> float:
        """Write running text into a column and return where the next line would start; text beyond `bottom` is left out."""
        space = self.length(" ", font)
        lines: Paragraph = []
        words, y, last = self._marked(text, font), top, self.height if bottom is None else bottom
        while words and y + leading <= last + 0.01:
            left = x + (indent if not lines else 0)
            row = _take(words, x + width - left, space)
            slack = x + width - left - sum(word.width for word in row) - space * (len(row) - 1)
            gap = space + (slack / (len(row) - 1) if justify and words and len(row) > 1 else 0)
            left += {"left": 0.0, "center": slack / 2, "right": slack}[align]
            lines.append(self._write(left, y + leading * 0.5 + font.size * 0.26, row, gap))
            y += leading
        if offered:
            self.offer_lines(lines)
        return y

    def rect(
        self, x0: float, y0: float, x1: float, y1: float, *, fill: Rgb | None = None, edge: Rgb | None = None, line: float = 0.6
    ) -> None:
        """A rectangle, filled, outlined or both."""
        self._pens(fill, edge, line)
        self.pdf.rect(x0, y0, x1 - x0, y1 - y0, style=("D" if fill is None else "F" if edge is None else "DF"))

    def rounded(
        self, x0: float, y0: float, x1: float, y1: float, *, fill: Rgb | None = None, edge: Rgb | None = None, radius: float = 8
    ) -> None:
        """A rectangle with round corners."""
        self._pens(fill, edge, 0.8)
        style = "D" if fill is None else "F" if edge is None else "DF"
        self.pdf.rect(x0, y0, x1 - x0, y1 - y0, style=style, round_corners=True, corner_radius=min(radius, (y1 - y0) / 2))

    def ellipse(
        self, x0: float, y0: float, x1: float, y1: float, *, fill: Rgb | None = None, edge: Rgb | None = None, line: float = 0.6
    ) -> None:
        """An ellipse, filled, outlined or both."""
        self._pens(fill, edge, line)
        self.pdf.ellipse(x0, y0, x1 - x0, y1 - y0, style=("D" if fill is None else "F" if edge is None else "DF"))

    def polygon(self, points: list[tuple[float, float]], fill: Rgb | None = None, edge: Rgb | None = None) -> None:
        """A closed shape."""
        self._pens(fill, edge, 0.8)
        self.pdf.polygon(points, style=("D" if fill is None else "F" if edge is None else "DF"))

    def stroke(self, points: list[tuple[float, float]], line: float = 1, color: Rgb = (0, 0, 0)) -> None:
        """An open line through the points."""
        self._pens(None, color, line)
        self.pdf.polyline(points)

    def rule(self, x0: float, y0: float, x1: float, y1: float, line: float = 0.6, color: Rgb = (0, 0, 0)) -> None:
        """A straight line."""
        self._pens(None, color, line)
        self.pdf.line(x0, y0, x1, y1)

    def _holds(self, box: WordBox) -> bool:
        return 0 <= box[0] < box[2] <= self.width and 0 <= box[1] < box[3] <= self.height

    def _pens(self, fill: Rgb | None, edge: Rgb | None, line: float) -> None:
        if fill is not None:
            self.pdf.set_fill_color(*fill)
        if edge is not None:
            self.pdf.set_draw_color(*edge)
            self.pdf.set_line_width(line)

    def _use(self, font: Font) -> None:
        family = font.family
        if self.words.language.needs_truetype:
            family = _UNICODE.get(family, family)
        elif family == "Typewriter" and self.words.name_of_language != "english":
            family = "Courier"
        if family in FACES:
            use_face(self.pdf, family, font.style)
        self.pdf.set_font(family, font.style, font.size)
        self.pdf.set_stretching(font.stretch)
        self.pdf.set_text_color(*font.color)

    def _marked(self, text: str, font: Font) -> list[_Word]:
        """The words, some of them emphasised in the ways of word processors and readers."""
        marked, left, mark, face = [], 0, "", font
        for word in text.split():
            if left == 0:
                mark, face = "", font
                if self.rng.random() < self.emphasis:
                    left = self.rng.randint(1, 9)
                    mark = self.rng.choice(
                        ["under", "under", "strike", "highlight", "highlight", "bold", "bold", "italic", "link"]
                    )
                    style: Style = {"bold": "B", "italic": "I"}.get(mark, font.style)  # type: ignore[assignment]
                    face = font.with_style(style).inked((20, 40, 190) if mark == "link" else font.color)
            left = max(0, left - 1)
            seen = {"link": "under", "bold": "", "italic": ""}.get(mark, mark)
            marked.append(_Word(word, face, seen, self.length(word, face)))  # type: ignore[arg-type]
        return marked

    def _write(self, x: float, baseline: float, row: list[_Word], gap: float) -> Line:
        line: Line = []
        for word in row:
            size = word.font.size
            line.append((x, baseline - _ASCENT * size, x + word.width, baseline + _DESCENT * size))
            x += word.width + gap
        for word, box in zip(row, line, strict=True):
            if word.mark == "highlight":
                self.rect(box[0] - 1, box[1], box[2] + gap * 0.6, box[3], fill=_HIGHLIGHTS[int(box[1]) % len(_HIGHLIGHTS)])
        for word, box in zip(row, line, strict=True):
            self._use(word.font)
            if self.uneven:
                shade = self.rng.randint(0, 70)
                self.pdf.set_text_color(*(min(255, level + shade) for level in word.font.color))
            self.pdf.text(box[0], baseline + self.rng.uniform(-1, 1) * self.uneven, word.text)
            if word.mark in ("under", "strike"):
                y = baseline + word.font.size * (0.14 if word.mark == "under" else -0.24)
                self.rule(box[0], y, box[2], y, max(0.5, word.font.size * 0.06), word.font.color)
        return line


def _take(words: list[_Word], width: float, space: float) -> list[_Word]:
    """Remove from `words` as many as fit the width (one at least) and return them."""
    row = [words.pop(0)]
    used = row[0].width
    while words and used + space + words[0].width <= width:
        used += space + words[0].width
        row.append(words.pop(0))
    return row
