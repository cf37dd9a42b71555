"""``python -m benchmarks.restyled COCO PDFS``: metrics on real pages whose redactions are repainted in other styles.

Annotated real pages are few and show two styles. Repainting their redactions measures a detector on fills and edges that no real
page here has, in real surroundings. Pages without redactions are left out.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

from rich.console import Console
from rich.progress import track
from rich.table import Table

from redaction.dataset import Style
from redaction.detection.predictor import LoadedDetector
from redaction.evaluation import EvaluatedPage, Metrics, compute_metrics
from redaction.evaluation.coco_pages import ListedPage, PageList, read_pages
from redaction.evaluation.predicting import predict_each
from redaction.lifecycle.detectors import load_detector
from redaction.pages.image import PageImage
from redaction.synthesis.appearances import Appearance
from redaction.synthesis.bars import Bar
from redaction.synthesis.painting import painted_bar
from redaction.workspace import Workspace

TEXT_LINE_PX = 26.0
"""Height of a text line at 150 dpi; codes are written at this size."""
CODES = ("5.1.2.e", "(b)(6)", "10.2.e", "s. 40(2)")
WHITE, BLACK, GRAY = (255, 255, 255), (0, 0, 0), (90, 90, 90)
PLAIN = Appearance(style=Style.GREY, fill=None, edge=None, edge_px=1, ink=BLACK, code_share=1, codes=CODES)
APPEARANCES = {
    "black, white codes": replace(PLAIN, fill=BLACK, ink=WHITE),
    "dark blue": replace(PLAIN, fill=(20, 30, 80), codes=()),
    "dark gray, codes": replace(PLAIN, fill=(80, 80, 80), ink=WHITE),
    "grey": replace(PLAIN, fill=(160, 160, 160), codes=()),
    "light gray, codes": replace(PLAIN, fill=(217, 217, 217)),
    "pale gray with an edge, codes": replace(PLAIN, fill=(230, 230, 230), edge=GRAY),
    "red, white codes": replace(PLAIN, fill=(200, 30, 30), ink=WHITE),
    "pale yellow, codes": replace(PLAIN, fill=(255, 245, 157)),
    "pale blue, codes": replace(PLAIN, fill=(187, 222, 251)),
    "white with a gray edge, codes": replace(PLAIN, fill=WHITE, edge=GRAY),
    "white with a red edge, codes": replace(PLAIN, fill=WHITE, edge=(220, 30, 30), ink=(220, 30, 30)),
}


def restyled(listed: PageList, appearance: Appearance) -> Iterator[tuple[ListedPage, PageImage]]:
    """Yield the pages that have redactions, with every redaction repainted."""
    for page, image in listed.images([page for page in listed.pages if len(page.truth)]):
        painted, rng = image.copy(), Random(page.name)  # noqa: S311  # pictures, not secrets
        code = rng.choice(appearance.codes) if appearance.codes else None
        for x0, y0, x1, y1 in page.truth.round().astype(int).tolist():
            if x1 > x0 and y1 > y0:
                painted[y0:y1, x0:x1] = painted_bar(Bar((x0, y0, x1, y1), appearance, code, TEXT_LINE_PX), WHITE)
        yield page, painted


def measure(detector: LoadedDetector, listed: PageList, appearance: Appearance) -> Metrics:
    """Metrics of a detector on the repainted pages, at its operating point."""
    evaluated = [
        EvaluatedPage(page.style, page.truth, detections, document=page.document, area_px=page.width * page.height)
        for page, detections, *_ in predict_each(detector.predictor, restyled(listed, appearance))
    ]
    return compute_metrics(evaluated, detector.operating_point)


def main() -> None:
    """Run the benchmark and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("coco", type=Path, help="COCO file with the annotations")
    parser.add_argument("pdfs", type=Path, help="folder of the documents")
    parser.add_argument("--detector", default="starter", help="as in `redaction evaluate`")
    options = parser.parse_args()
    detector, listed = load_detector(options.detector, Workspace.at()), read_pages(options.coco, pdfs=options.pdfs)
    table = Table(
        "redactions",
        "P",
        "R",
        "F1",
        "AP50",
        "AP",
        "pixel R",
        "false",
        title=f"{detector.version} on real pages with repainted redactions",
    )
    for name, appearance in track(APPEARANCES.items(), "repainted", console=Console(stderr=True)):
        metrics = measure(detector, listed, appearance)
        values = (metrics.precision, metrics.recall, metrics.f1, metrics.ap50, metrics.ap, metrics.pixel_recall)
        table.add_row(name, *("–" if value is None else f"{value:.3f}" for value in values), str(metrics.false_positives))
    Console().print(table)


if __name__ == "__main__":
    main()
