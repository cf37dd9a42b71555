"""The modules that `redaction detect` and `redaction evaluate` reach, and what these import from others, found in the source."""

from __future__ import annotations

from functools import cache

import grimp

from redaction.import_graph import PACKAGES

ENTRIES = ("redaction.cli.__main__", "redaction.cli.detector", "redaction.cli.evaluate", "redaction.cli.missing_extra")

EXTRAS_ALLOWED = {
    ("redaction.detection.predictor", "openvino"): "the faster runtime, where it is installed",
    ("redaction.lifecycle.detectors", "redaction.catalog"): "the champion, of a workspace that has versions",
    ("redaction.lifecycle.detectors", "redaction.lifecycle.champion"): "the same",
    ("redaction.cli.detector_choice", "redaction.catalog"): "the same",
    ("redaction.cli.detector_choice", "redaction.lifecycle.champion"): "the same",
}
"""Imports inside functions that need an extra, by importer and imported module, with their reason."""


@cache
def import_graph() -> grimp.ImportGraph:
    """Every import in our packages, also inside functions, with the packages of others; the allowed imports are left out."""
    graph = grimp.build_graph(*PACKAGES, include_external_packages=True, exclude_type_checking_imports=True, cache_dir=None)
    for importer, imported in EXTRAS_ALLOWED:
        assert graph.direct_import_exists(importer=importer, imported=imported), f"{importer} does not import {imported}"
        graph.remove_import(importer=importer, imported=imported)
    # the program assembles all commands; that they load nothing else until they run is what a fresh installation shows
    for command in graph.find_modules_directly_imported_by("redaction.cli"):
        if command.startswith("redaction.cli."):
            graph.remove_import(importer="redaction.cli", imported=command)
    return graph


def core_modules() -> set[str]:
    """Our modules that the core needs, with the packages around each, whose ``__init__`` runs first."""
    return {name for name in _reached() if name.partition(".")[0] in PACKAGES}


def core_imports() -> set[str]:
    """The modules of others that the core imports, by their first name."""
    return {name.partition(".")[0] for name in _reached()} - set(PACKAGES)


def _reached() -> set[str]:
    graph = import_graph()
    pending, found = set(ENTRIES), set[str]()
    while pending:
        name = pending.pop()
        found.add(name)
        if name.partition(".")[0] in PACKAGES:
            parts = name.split(".")
            parents = {".".join(parts[:depth]) for depth in range(1, len(parts))}
            pending |= (graph.find_modules_directly_imported_by(name) | parents) - found
    return found
