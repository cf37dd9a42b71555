"""TrueType faces for generated pages, reduced to the letters in use, because embedding whole faces is slow."""

from __future__ import annotations

import logging
import tempfile
from functools import lru_cache
from multiprocessing.util import Finalize
from pathlib import Path

import matplotlib
from fontTools import subset
from fontTools.ttLib import TTFont
from fpdf import FPDF

FACES: dict[str, dict[str, str]] = {
    "Sans": {"": "DejaVuSans", "B": "DejaVuSans-Bold", "I": "DejaVuSans-Oblique", "BI": "DejaVuSans-BoldOblique"},
    "Serif": {"": "DejaVuSerif", "B": "DejaVuSerif-Bold", "I": "DejaVuSerif-Italic", "BI": "DejaVuSerif-BoldItalic"},
    "Mono": {"": "DejaVuSansMono", "B": "DejaVuSansMono-Bold", "I": "DejaVuSansMono-Oblique", "BI": "DejaVuSansMono-BoldOblique"},
    "Stix": {"": "STIXGeneral", "B": "STIXGeneralBol", "I": "STIXGeneralItalic", "BI": "STIXGeneralBolIta"},
    "Typewriter": {"": "cmtt10", "B": "cmtt10", "I": "cmtt10", "BI": "cmtt10"},
}
"""Faces shipped with matplotlib, by family and style. `Typewriter` has ASCII letters only."""
_CODE_POINTS = {
    *range(32, 127),
    *range(0xA1, 0x17F),
    0x301,
    0x308,
    *range(0x386, 0x3CF),
    *range(0x400, 0x460),
    *range(0x2012, 0x2027),
    0x20AC,
}


def register_face(pdf: FPDF, family: str, style: str) -> None:
    """Add a TrueType face to the document, unless it is a standard PDF font or already added."""
    if family in FACES and f"{family.lower()}{''.join(sorted(style))}" not in pdf.fonts:
        pdf.add_font(family, style, _subset_face(FACES[family][style]))


@lru_cache
def _subset_face(name: str) -> str:
    """Path of the face reduced to the letters that pages use; the file is removed at process exit."""
    # the Computer Modern faces have creation dates before 1970, and fontTools logs a warning each time
    logging.getLogger("fontTools.ttLib.tables._h_e_a_d").setLevel(logging.ERROR)
    with TTFont(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{name}.ttf", recalcTimestamp=False) as face:
        options = subset.Options(layout_features=[], hinting=False, drop_tables=["GPOS", "GSUB", "GDEF", "kern", "FFTM", "MATH"])
        cutter = subset.Subsetter(options)
        cutter.populate(unicodes=_CODE_POINTS)
        logging.getLogger("fontTools.subset").setLevel(logging.ERROR)
        cutter.subset(face)
        path = Path(_cache_folder()) / f"{name}.ttf"
        face.save(path)
    return str(path)


@lru_cache
def _cache_folder() -> str:
    folder = tempfile.TemporaryDirectory(prefix="typefaces-")
    # a worker process exits without running `atexit` handlers
    Finalize(None, folder.cleanup, exitpriority=0)
    return folder.name
