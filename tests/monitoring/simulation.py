"""Simulated traffic that resembles real traffic: similar pages within a document, and correlated features.

The kinds of document and their parameters follow 69 real pages of 55 documents (court filings and declassified reports, rendered
at 150 dpi: brightness quartiles 218-235-244, contrast 45-62-79, ink 0.04-0.08-0.15, sharpness 45-55-64, most pages 1275 wide and
1650 high, one in fifteen in color). Scores are those of a confident detector. The traffic uses none of the code under test.

``python tests/monitoring/simulation.py`` prints the table of docs/monitoring.md; that takes 20 minutes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from redaction.monitoring.comparison import compare
from redaction.monitoring.distance import MonitoringConfig

Change = Callable[[pd.DataFrame, np.random.Generator], None]

MEAN_PAGES = 4
"""Default mean of the geometric number of pages per document. The 55 real documents have 17 pages on average."""


@dataclass(frozen=True)
class Kind:
    """A kind of document: mean and spread between documents, and spread between the pages of one document."""

    share: float
    brightness: tuple[float, float, float]
    sharpness: tuple[float, float, float]
    color: float
    height: float


KINDS = (
    Kind(0.50, (242, 4, 5), (60, 8, 6), 0.0, 1650),
    Kind(0.42, (226, 9, 8), (48, 9, 6), 0.5, 1651),
    Kind(0.08, (180, 25, 20), (38, 9, 6), 40.0, 1700),
)


def traffic(rng: np.random.Generator, count: int, mean_pages: float = MEAN_PAGES) -> pd.DataFrame:
    """`count` consecutive pages: the columns of `PageRecord`, and the document of each."""
    # more documents than needed: each has at least one page
    document = np.repeat(np.arange(count), rng.geometric(1 / mean_pages, count))[:count]
    documents = int(document[-1]) + 1
    kind = rng.choice(len(KINDS), documents, p=[k.share for k in KINDS])

    def level(parameters: np.ndarray) -> np.ndarray:
        by_document = parameters[kind, 0] + parameters[kind, 1] * rng.normal(size=documents)
        return np.asarray(by_document[document] + parameters[kind[document], 2] * rng.normal(size=count))

    brightness = np.clip(level(np.array([k.brightness for k in KINDS])), 60, 254)
    color = np.array([k.color for k in KINDS])[kind] * rng.gamma(4, 0.25, documents)
    redacted = rng.random(documents) < 0.7
    per_page = rng.gamma(1.2, 6, documents)
    has_boxes = redacted[document] & (rng.random(count) < 0.8)
    boxes = np.where(has_boxes, 1 + rng.poisson(per_page[document]), 0)
    covered = np.clip(boxes * rng.gamma(3, 0.004, documents)[document] * rng.lognormal(0, 0.3, count), 0, 0.9)
    found_score = np.clip(0.82 + 0.05 * rng.normal(size=documents)[document] + 0.04 * rng.normal(size=count), 0.3, 0.99)
    noise_score = np.clip(rng.beta(2, 12, count), 0.01, 0.45)
    blocks = np.clip(0.8 * covered + np.where(kind[document] == 2, 0.1, 0.005) * rng.gamma(2, 0.5, count), 0, 1)
    brightness = np.clip(brightness - 120 * covered, 20, 254)
    return pd.DataFrame(
        {
            "width": np.where(rng.random(documents) < 0.92, 1275, 1250 + rng.integers(0, 20, documents))[document].astype(float),
            "height": (np.array([k.height for k in KINDS])[kind] + rng.integers(0, 2, documents))[document].astype(float),
            "brightness": brightness,
            "contrast": np.clip(40 + 0.9 * (245 - brightness) + 150 * covered + 5 * rng.normal(size=count), 5, 127),
            "ink_density": np.clip((250 - brightness) / 280 + 0.01 * rng.normal(size=count), 0.001, 1),
            "block_density": blocks,
            "colourfulness": np.clip(color[document] * rng.lognormal(0, 0.2, count), 0, 255),
            "sharpness": np.clip(level(np.array([k.sharpness for k in KINDS])), 3, None),
            "boxes": boxes.astype(float),
            "top_score": np.where(has_boxes, np.clip(found_score + 0.06, 0, 0.999), noise_score),
            "mean_score": np.where(has_boxes, found_score, 0.0),
            "covered_share": covered,
            "latency_ms": rng.lognormal(5.7, 0.25, count),
            "document": [f"d{number}" for number in document],
        }
    )


def darker(pages: pd.DataFrame, rng: np.random.Generator) -> None:
    pages["brightness"] -= 30
    pages["ink_density"] += 0.05


def blurred(pages: pd.DataFrame, rng: np.random.Generator) -> None:
    pages["sharpness"] *= 0.6


def other_sizes(pages: pd.DataFrame, rng: np.random.Generator) -> None:
    larger = rng.random(len(pages)) < 0.75
    pages.loc[larger, ["width", "height"]] *= 1.3


def more_boxes(pages: pd.DataFrame, rng: np.random.Generator) -> None:
    pages["boxes"] += rng.poisson(12, len(pages))
    pages["covered_share"] = np.clip(pages["covered_share"] + 0.12, 0, 1)


def fewer_boxes(pages: pd.DataFrame, rng: np.random.Generator) -> None:
    none = rng.random(len(pages)) < 0.95
    pages.loc[none, ["boxes", "covered_share", "mean_score"]] = 0
    pages.loc[none, "top_score"] = rng.beta(2, 12, int(none.sum()))


def lower_scores(pages: pd.DataFrame, rng: np.random.Generator) -> None:
    pages["mean_score"] -= 0.2 * (pages["boxes"] > 0)
    pages["top_score"] -= 0.2 * (pages["boxes"] > 0)


def color(pages: pd.DataFrame, rng: np.random.Generator) -> None:
    colored = rng.random(len(pages)) < 0.75
    pages.loc[colored, "colourfulness"] = rng.gamma(4, 10, int(colored.sum()))


def photocopied(pages: pd.DataFrame, rng: np.random.Generator) -> None:
    """Nearly every column changes, none of them completely."""
    pages[["brightness", "contrast", "sharpness", "colourfulness"]] *= [0.8, 0.7, 0.7, 0.3]
    pages[["ink_density", "block_density"]] += [0.08, 0.03]
    pages[["top_score", "mean_score"]] -= 0.1
    pages["boxes"] = np.round(pages["boxes"] * 0.6)
    pages["covered_share"] *= 0.6


def from_share(change: Change, start: float) -> Change:
    """The change, from this share of the window on."""

    def change_rest(pages: pd.DataFrame, rng: np.random.Generator) -> None:
        _change_where(change, np.arange(len(pages)) >= round(start * len(pages)), pages, rng)

    return change_rest


def in_half_of_the_documents(change: Change) -> Change:
    """The change in every second document on average, from the beginning of the window."""

    def change_some(pages: pd.DataFrame, rng: np.random.Generator) -> None:
        documents = pages["document"].unique()
        hit = rng.choice(documents, len(documents) // 2, replace=False)
        _change_where(change, pages["document"].isin(hit).to_numpy(), pages, rng)

    return change_some


def _change_where(change: Change, hit: np.ndarray, pages: pd.DataFrame, rng: np.random.Generator) -> None:
    changed = pages.loc[hit].copy()
    change(changed, rng)
    pages.loc[hit] = changed


def pairs(requests: int, reference: int, count: int, mean_pages: float) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    """Split one long stream of pages into a reference, a window, a reference, a window ..."""
    stream = traffic(np.random.default_rng(requests + reference), count * (requests + reference), mean_pages)
    for start in range(0, len(stream), requests + reference):
        window = stream[start + reference : start + reference + requests]
        yield stream[start : start + reference].reset_index(drop=True), window.reset_index(drop=True)


@dataclass(frozen=True)
class Shares:
    """Of the judged windows; the rest has too few independent pages or documents to be judged."""

    drifted: float
    stable: float

    def __str__(self) -> str:
        undecided = 1 - self.drifted - self.stable
        return f"{self.drifted:.0%}" + (f" ({undecided:.0%})" if undecided > 0.004 else "")


def verdicts(
    requests: int,
    reference: int,
    windows: int,
    *,
    mean_pages: float = MEAN_PAGES,
    by_documents: bool = True,
    change: Change | None = None,
) -> Shares:
    """The verdicts on windows without drift, or with the change; with default settings and fewer permutations than in earnest."""
    rng, drifted, stable = np.random.default_rng(7), 0, 0
    for before, now in pairs(requests, reference, windows, mean_pages):
        if change:
            change(now, rng)
        if not by_documents:
            now["document"] = None
        columns = compare(before, now, MonitoringConfig(), permutations=199).columns.values()
        found = any(column.distance >= column.limit for column in columns)
        drifted += found
        stable += bool(columns) and not found
    return Shares(drifted / windows, stable / windows)


def main() -> None:
    """Print the table of false alarms and power as Markdown, with the share of windows that are not judged in parentheses."""
    for change in (photocopied, blurred):
        for requests, reference in ((200, 300), (500, 1000)):
            for mean_pages in (1, 5, 17):
                for by_documents in (True, False):
                    settings = {"mean_pages": mean_pages, "by_documents": by_documents}
                    drifts = [from_share(change, start) for start in (0, 0.25, 0.5, 0.75)] + [in_half_of_the_documents(change)]
                    shares = [verdicts(requests, reference, 200, **settings)] if change is photocopied else []
                    shares += [verdicts(requests, reference, 40, change=drift, **settings) for drift in drifts]
                    row = [change.__name__, requests, mean_pages, "documents" if by_documents else "pages"]
                    print("| " + " | ".join(map(str, [*row, *shares])) + " |", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
