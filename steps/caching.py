"""What the cached result of a step depends on besides its inputs: the code that it runs.

ZenML's own key holds the source of the step function only. Our steps are thin and call `redaction`, so without this an edited
module would leave yesterday's result in place.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from zenml.config.cache_policy import CachePolicy

REPOSITORY = Path(__file__).resolve().parent.parent


def code_of(*modules: str) -> CachePolicy:
    """A cache policy under which an edit of the code behind these modules runs the step again, and no other edit does.

    That is their files and those of every module of this repository that they import, directly or not, also inside functions.
    The files are found by reading, not by importing: a key must not cost the import of the training stack.

    Args:
        modules: dotted names, such as ``redaction.synthesis``; a package stands for everything below it.

    Raises:
        FileNotFoundError: there is no such module.
    """
    waiting = {file for module in modules for file in _files_of(module)}
    found: set[Path] = set()
    while waiting:
        file = waiting.pop()
        found.add(file)
        if file.suffix == ".py":
            waiting |= _imported_by(file, REPOSITORY) - found
    return CachePolicy(file_dependencies=sorted(file.relative_to(REPOSITORY).as_posix() for file in found))


def _files_of(module: str) -> Iterator[Path]:
    place = REPOSITORY.joinpath(*module.split("."))
    if place.is_dir():
        yield from (path for path in place.rglob("*") if path.suffix in {".py", ".json"})
    else:
        yield place.with_suffix(".py").resolve(strict=True)


@cache
def _imported_by(file: Path, repository: Path) -> frozenset[Path]:
    """The files of the repository that run when this one is imported: modules, and the packages that they lie in."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            # `from package import name`: the name may be a module
            package = node.module or "" if not node.level else _absolute(node, file, repository)
            names |= {package} | {f"{package}.{alias.name}" for alias in node.names}
    places = {
        repository.joinpath(*parts[:depth]) for parts in (name.split(".") for name in names) for depth in range(1, len(parts) + 1)
    }
    candidates = {place / "__init__.py" for place in places} | {place.with_suffix(".py") for place in places}
    return frozenset(candidate for candidate in candidates if candidate.is_file())


def _absolute(node: ast.ImportFrom, file: Path, repository: Path) -> str:
    above = file.relative_to(repository).parts[: -node.level]
    return ".".join((*above, *((node.module or "").split(".") if node.module else ())))
