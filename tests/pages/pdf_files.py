"""PDFs written by hand: with form fields, linearized, updated, or with a cross-reference stream."""

from __future__ import annotations

from collections.abc import Sequence

LETTER = "/MediaBox[0 0 612 792]"
BAR_PT = (150, 600, 350, 614)
"""Left, bottom, right and top of a field, from the page's lower left corner."""
FIELD = f"/Type/Annot/Subtype/Widget/F 4/Rect[{' '.join(map(str, BAR_PT))}]/P 3 0 R"


def stream(content: str, entries: str = "") -> str:
    return f"<<{entries}/Length {len(content)}>>\nstream\n{content}\nendstream"


def bodies(objects: Sequence[str], start: int, first_number: int = 1) -> tuple[bytes, list[int]]:
    """Objects as bytes, and the offset of each."""
    written, offsets = b"", []
    for number, content in enumerate(objects, first_number):
        offsets.append(start + len(written))
        written += f"{number} 0 obj\n{content}\nendobj\n".encode()
    return written, offsets


def table(offsets: Sequence[int], position: int, trailer: str = "") -> bytes:
    """A cross-reference table of the objects from 1 on, which stands at `position`."""
    rows = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    size = len(offsets) + 1
    text = f"xref\n0 {size}\n0000000000 65535 f \n{rows}trailer\n<</Size {size}/Root 1 0 R{trailer}>>\n"
    return f"{text}startxref\n{position}\n%%EOF\n".encode()


def pdf(*objects: str) -> bytes:
    """A PDF of these objects; the first one is the document catalog."""
    body, offsets = bodies(objects, len(b"%PDF-1.7\n"))
    start = b"%PDF-1.7\n" + body
    return start + table(offsets, len(start))


def with_field(field: str, form: str = "/AcroForm<</Fields[5 0 R]/DR<</Font<</Helv 6 0 R>>>>/DA(/Helv 10 Tf 0 g)>>") -> bytes:
    """A blank page with one field at `BAR_PT`; object 4 is an appearance that is all black."""
    return pdf(
        f"<</Type/Catalog/Pages 2 0 R{form}>>",
        "<</Type/Pages/Count 1/Kids[3 0 R]>>",
        f"<</Type/Page/Parent 2 0 R{LETTER}/Annots[5 0 R]>>",
        stream("0 g 0 0 200 14 re f", "/Type/XObject/Subtype/Form/BBox[0 0 200 14]"),
        f"<<{FIELD}{field}>>",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    )


def _pages(count: int) -> list[str]:
    """Catalog, page tree, then for each page the page and its content: a bar at a height of its own."""
    kids = " ".join(f"{3 + 2 * index} 0 R" for index in range(count))
    objects = ["<</Type/Catalog/Pages 2 0 R>>", f"<</Type/Pages/Count {count}/Kids[{kids}]>>"]
    for index in range(count):
        objects.append(f"<</Type/Page/Parent 2 0 R{LETTER}/Contents {4 + 2 * index} 0 R>>")
        objects.append(stream(f"72 {100 + 100 * index} 300 20 re f\n" + "% padding\n" * 300))
    return objects


def plain(count: int = 3) -> bytes:
    """Pages with one bar each, and a cross-reference table at the end."""
    return pdf(*_pages(count))


def linearized(count: int = 3) -> bytes:
    """As written for viewing while it loads: a cross-reference of the first page stands before the other pages."""
    objects = _pages(count)
    start = b"%PDF-1.7\n"
    first, first_offsets = bodies(objects[:4], len(start))
    front = table(first_offsets, 0)
    others, offsets = bodies(objects[4:], len(start + first + front), 5)
    whole = start + first + front + others
    return whole + table(first_offsets + offsets, len(whole))


def updated() -> bytes:
    """Two pages whose contents a later update has replaced."""
    before = plain(2)
    _, offsets = bodies(_pages(2), len(b"%PDF-1.7\n"))
    new, (offset,) = bodies([stream("200 500 200 40 re f\n" + "% padding\n" * 800)], len(before), 4)
    whole = before + new
    return whole + table([*offsets[:3], offset, *offsets[4:]], len(whole), f"/Prev {before.rindex(b'xref', 0, -20)}")


def with_cross_reference_stream(count: int = 3) -> bytes:
    """As PDF 1.5 allows: the cross-reference is an object itself."""
    body, offsets = bodies(_pages(count), len(b"%PDF-1.7\n"))
    start = b"%PDF-1.7\n" + body
    rows = (
        b"\0"
        + bytes(4)
        + b"\xff\xff"
        + b"".join(b"\1" + offset.to_bytes(4, "big") + b"\0\0" for offset in [*offsets, len(start)])
    )
    size = len(offsets) + 2
    entries = f"/Type/XRef/Size {size}/Root 1 0 R/W[1 4 2]/Length {len(rows)}"
    cross_reference = f"{size - 1} 0 obj\n<<{entries}>>\nstream\n".encode() + rows + b"\nendstream\nendobj\n"
    return start + cross_reference + f"startxref\n{len(start)}\n%%EOF\n".encode()
