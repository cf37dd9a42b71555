"""What the cached result of a step depends on besides its inputs: the code that it runs.

ZenML's own key holds the source of the step function only. Our steps are thin and call `redaction`, so without this an edited
module would leave yesterday's result in place.
"""

from __future__ import annotations

from zenml.config.cache_policy import CachePolicy

from redaction import import_graph


def code_of(*modules: str) -> CachePolicy:
    """A cache policy under which an edit of the code behind these modules runs the step again, and no other edit does.

    JSON files in the packages count as code: they hold the expectation suites.

    Args:
        modules: dotted names, such as ``redaction.synthesis``; a package stands for everything below it.

    Raises:
        ModuleNotFoundError: there is no such module.
    """
    code = [file.as_posix() for file in import_graph.required_files(*modules)]
    folders = (import_graph.REPOSITORY.joinpath(*module.split(".")) for module in modules)
    data = [file.relative_to(import_graph.REPOSITORY).as_posix() for folder in folders for file in folder.rglob("*.json")]
    return CachePolicy(file_dependencies=sorted({*code, *data}))
