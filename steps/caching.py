"""Cache policies that make a cached step depend on the code it runs, not only on its inputs.

ZenML's cache key covers only the source of the step function. Our steps are thin and call `redaction`, so without this a step
would reuse its old result after an edit in `redaction`.
"""

from __future__ import annotations

from zenml.config.cache_policy import CachePolicy

from redaction import import_graph


def code_of(*modules: str) -> CachePolicy:
    """A cache policy that reruns the step after an edit of these modules or of modules they import, and after no other edit.

    JSON files in the packages count as code: they hold the expectation suites.

    Args:
        modules: dotted names, such as ``redaction.synthesis``; a package stands for everything below it.

    Raises:
        ModuleNotFoundError: one of the modules does not exist.
    """
    code = [file.as_posix() for file in import_graph.required_files(*modules)]
    folders = (import_graph.REPOSITORY.joinpath(*module.split(".")) for module in modules)
    data = [file.relative_to(import_graph.REPOSITORY).as_posix() for folder in folders for file in folder.rglob("*.json")]
    return CachePolicy(file_dependencies=sorted({*code, *data}))
