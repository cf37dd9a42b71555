"""The modules of this repository that a module imports, found in the source without importing anything.

`grimp` also finds imports inside functions.
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

import grimp

REPOSITORY = Path(__file__).resolve().parent.parent
PACKAGES = ("pipelines", "steps", "materializers", "expectations", "redaction", "serving", "stacks")


def required_files(*modules: str) -> list[Path]:
    """The source files of these modules and of every module of this repository that they import, directly or indirectly.

    Args:
        modules: dotted names, such as ``redaction.synthesis``; a package stands for everything below it.

    Returns:
        Sorted paths, relative to the repository.

    Raises:
        ModuleNotFoundError: one of the packages has no such module.
    """
    graph = _graph(PACKAGES, REPOSITORY)
    if missing := sorted(set(modules) - graph.modules):
        raise ModuleNotFoundError(f"there is no module {missing[0]}")
    pending = {name for module in modules for name in (module, *graph.find_descendants(module))}
    found: set[str] = set()
    while pending:
        module = pending.pop()
        found.add(module)
        pending |= (graph.find_modules_directly_imported_by(module) | _parents(module)) - found
    return sorted(_source_file(module) for module in found)


def _parents(module: str) -> set[str]:
    """The packages whose ``__init__`` runs before the module."""
    parts = module.split(".")
    return {".".join(parts[:depth]) for depth in range(1, len(parts))}


@cache
def _graph(packages: tuple[str, ...], repository: Path) -> grimp.ImportGraph:
    # grimp finds packages through sys.path
    sys.path.insert(0, str(repository))
    try:
        return grimp.build_graph(*packages, exclude_type_checking_imports=True, cache_dir=None)
    finally:
        sys.path.remove(str(repository))


def _source_file(module: str) -> Path:
    path = Path(*module.split("."))
    return path / "__init__.py" if (REPOSITORY / path).is_dir() else path.with_suffix(".py")
