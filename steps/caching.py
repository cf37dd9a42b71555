"""What the cached result of a step depends on besides its inputs: the code that it runs.

ZenML's own key holds the source of the step function only. Our steps are thin and call `redaction`, so without this an edited
module would leave yesterday's result in place.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from zenml.config.cache_policy import CachePolicy

REPOSITORY = Path(__file__).resolve().parent.parent


def code_of(*modules: str) -> CachePolicy:
    """A cache policy under which an edit of any of these modules, or of a file in these packages, runs the step again.

    Args:
        modules: dotted names, such as ``redaction.synthesis``; a package stands for everything below it.
    """
    files = {path.relative_to(REPOSITORY).as_posix() for module in modules for path in _files(module)}
    return CachePolicy(file_dependencies=sorted(files))


def _files(module: str) -> Iterator[Path]:
    place = REPOSITORY.joinpath(*module.split("."))
    if place.is_dir():
        yield from (path for path in place.rglob("*") if path.suffix in {".py", ".json"})
    else:
        yield place.with_suffix(".py").resolve(strict=True)
