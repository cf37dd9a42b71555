"""A page being written into a PDF: every word's place is known, so that redactions can follow the text.

Pages are written with the PDF standard fonts, which PDFium draws from its own built-in faces: no font file is needed, and the
text looks as it does in the court filings and office documents that people redact. All lengths here are PDF points, with the
origin at the page's top left corner and y downwards.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Literal

from fpdf import FPDF

WordBox = tuple[float, float, float, float]
"""``x0, y0, x1, y1`` of one word, from the top of its tall letters to the bottom of its descenders."""
Line = list[WordBox]
Paragraph = list[Line]
"""Lines of one column, one under the other."""
Rgb = tuple[int, int, int]

LETTER_PT = (612.0, 792.0)
A4_PT = (595.28, 841.89)
_ASCENT, _DESCENT = 0.74, 0.22


@dataclass(frozen=True)
class Font:
    """One of the standard fonts at a size in points."""

    family: Literal["Times", "Helvetica", "Courier"]
    size: float
    style: Literal["", "B", "I", "BI"] = ""
    colour: Rgb = (0, 0, 0)

    def with_style(self, style: Literal["", "B", "I", "BI"]) -> Font:
        """The same font, bold or italic."""
        return Font(self.family, self.size, style, self.colour)

    def scaled(self, factor: float) -> Font:
        """The same font, larger or smaller."""
        return Font(self.family, self.size * factor, self.style, self.colour)


def new_pdf() -> FPDF:
    """An empty document whose bytes depend on nothing but what is written into it (no clock)."""
    pdf = FPDF(unit="pt")
    pdf.set_auto_page_break(False)
    pdf.set_margin(0)
    pdf.set_creation_date(datetime(2024, 1, 1, tzinfo=UTC))
    return pdf


@dataclass
class Sheet:
    """One page of `pdf`, opened on construction; `paragraphs` collects the text that a redaction may cover."""

    pdf: FPDF
    width: float
    height: float
    rng: Random
    paragraphs: list[Paragraph] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.pdf.add_page(format=(self.width, self.height))

    def length(self, text: str, font: Font) -> float:
        """How wide the text is in that font."""
        self._use(font)
        return float(self.pdf.get_string_width(text))

    def text(self, x: float, baseline: float, text: str, font: Font, align: Literal["left", "centre", "right"] = "left") -> Line:
        """Write one line of words and say where each lies; it is not offered for redaction."""
        self._use(font)
        space = self.pdf.get_string_width(" ")
        words = text.split()
        widths = [float(self.pdf.get_string_width(word)) for word in words]
        total = sum(widths) + space * (len(words) - 1)
        x -= {"left": 0.0, "centre": total / 2, "right": total}[align]
        line: Line = []
        for word, width in zip(words, widths, strict=True):
            self.pdf.text(x, baseline, word)
            line.append((x, baseline - _ASCENT * font.size, x + width, baseline + _DESCENT * font.size))
            x += width + space
        return line

    def line(self, x: float, baseline: float, text: str, font: Font, align: Literal["left", "centre", "right"] = "left") -> Line:
        """Write one line of words that a redaction may cover."""
        line = self.text(x, baseline, text, font, align)
        self.paragraphs.append([line])
        return line

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
    ) -> float:
        """Write running text into a column and return where the next line would start; text beyond `bottom` is left out."""
        self._use(font)
        space = float(self.pdf.get_string_width(" "))
        lines: Paragraph = []
        words, y, last = text.split(), top, self.height if bottom is None else bottom
        while words and y + leading <= last + 0.01:
            left = x + (indent if not lines else 0)
            row, widths = self._take(words, x + width - left, space)
            slack = x + width - left - sum(widths) - space * (len(row) - 1)
            gap = space + (slack / (len(row) - 1) if justify and words and len(row) > 1 else 0)
            lines.append(self._write_row(left, y + leading * 0.5 + font.size * 0.26, row, widths, gap, font.size))
            y += leading
        if lines:
            self.paragraphs.append(lines)
        return y

    def rect(
        self, x0: float, y0: float, x1: float, y1: float, *, fill: Rgb | None = None, edge: Rgb | None = None, line: float = 0.6
    ) -> None:
        """A rectangle, filled, outlined or both."""
        if fill is not None:
            self.pdf.set_fill_color(*fill)
        if edge is not None:
            self.pdf.set_draw_color(*edge)
            self.pdf.set_line_width(line)
        self.pdf.rect(x0, y0, x1 - x0, y1 - y0, style=("D" if fill is None else "F" if edge is None else "DF"))

    def rule(self, x0: float, y0: float, x1: float, y1: float, line: float = 0.6, colour: Rgb = (0, 0, 0)) -> None:
        """A straight line."""
        self.pdf.set_draw_color(*colour)
        self.pdf.set_line_width(line)
        self.pdf.line(x0, y0, x1, y1)

    def _use(self, font: Font) -> None:
        self.pdf.set_font(font.family, font.style, font.size)
        self.pdf.set_text_color(*font.colour)

    def _take(self, words: list[str], width: float, space: float) -> tuple[list[str], list[float]]:
        """Remove from `words` as many as fit the width (one at least) and return them with their widths."""
        row = [words.pop(0)]
        widths = [float(self.pdf.get_string_width(row[0]))]
        while words:
            next_width = float(self.pdf.get_string_width(words[0]))
            if sum(widths) + space * len(row) + next_width > width:
                break
            row.append(words.pop(0))
            widths.append(next_width)
        return row, widths

    def _write_row(self, x: float, baseline: float, row: list[str], widths: list[float], gap: float, size: float) -> Line:
        line: Line = []
        for word, width in zip(row, widths, strict=True):
            box = (x, baseline - _ASCENT * size, x + width, baseline + _DESCENT * size)
            if self.rng.random() < 0.002:
                self.rect(
                    box[0] - 1,
                    box[1],
                    box[2] + 1,
                    box[3],
                    fill=self.rng.choice([(255, 240, 90), (170, 255, 150), (255, 190, 220)]),
                )
            self.pdf.text(x, baseline, word)
            line.append(box)
            x += width + gap
        return line
