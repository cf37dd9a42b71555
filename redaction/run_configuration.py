"""The YAML of a pipeline run, read strictly: what the orchestrator would ignore silently is a problem that is named here.

Nothing in here knows an orchestrator: `key_problems` compares plain data with the annotations of whatever pydantic models the
caller holds against it.
"""

from __future__ import annotations

import types
from collections.abc import Collection, Hashable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic.errors import PydanticSchemaGenerationError

from redaction.errors import RedactionError

KEPT_CONFIGURATION = "run_configuration"
"""Under this key of a scheduled pipeline's ``extra`` the file's content travels to the scheduler that will run it."""


class _UniqueKeyLoader(yaml.SafeLoader):
    """YAML in which a key given twice is an error: the plain loader keeps the last one and says nothing."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen and key_node.tag != "tag:yaml.org,2002:merge":
                raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} is given twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


def read_run_configuration(path: Path) -> dict[str, Any]:
    """The file's content; an empty file is an empty configuration.

    Raises:
        RedactionError: it cannot be read, is not YAML, has a key twice, or is not a mapping of names.
    """
    try:
        content = yaml.load(path.read_bytes(), Loader=_UniqueKeyLoader)  # noqa: S506 - the safe loader, with one check more
    except OSError as error:
        raise RedactionError(f"The run configuration {path} cannot be read: {error.strerror}.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise RedactionError(f"The run configuration {path} is not valid YAML: {error}") from error
    if content is None:
        return {}
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise RedactionError(f"The run configuration {path} must be a mapping of names to values.")
    return content


def unknown(what: str, name: object, known: Collection[str]) -> str:
    """The sentence for a name that is not among the `known` ones, with the nearest that is."""
    nearest = get_close_matches(str(name), known, n=1, cutoff=0.5)
    listed = ", ".join(sorted(known)) or "none"
    return f"unknown {what} {str(name)!r} " + (f"(did you mean {nearest[0]!r}?)" if nearest else f"(known: {listed})")


def key_problems(value: Any, annotation: Any, where: str = "") -> Iterator[str]:
    """Keys in plain `value` that the pydantic models in `annotation` do not have, at any depth.

    Of the models in a union the one that fits best counts. A model that takes extra keys on purpose is not looked into.
    """
    models, items, values = _inside(annotation)
    if isinstance(value, Mapping):
        if models:
            yield from min(([*_model_problems(value, model, where)] for model in models), key=len)
        elif values is not None:
            for key, item in value.items():
                yield from key_problems(item, values, _join(where, key))
    elif isinstance(value, list) and items is not None:
        for index, item in enumerate(value):
            yield from key_problems(item, items, _join(where, index))


def _model_problems(value: Mapping[str, Any], model: type[BaseModel], where: str) -> Iterator[str]:
    if model.model_config.get("extra") == "allow":
        return
    fields = {alias: field for name, field in model.model_fields.items() for alias in {name, field.alias or name}}
    for key, item in value.items():
        if key in fields:
            yield from key_problems(item, fields[key].annotation, _join(where, key))
        else:
            yield f"{_join(where, key)}: {unknown('key', key, fields)}"


def _inside(annotation: Any) -> tuple[list[type[BaseModel]], Any, Any]:
    """What an annotation can hold: its models, the type of a sequence's items, the type of a mapping's values."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation], None, None
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _inside(arguments[0])
    if origin in (Union, types.UnionType):
        parts = [_inside(argument) for argument in arguments]
        items, values = (next((part[i] for part in parts if part[i] is not None), None) for i in (1, 2))
        return [model for part in parts for model in part[0]], items, values
    if isinstance(origin, type) and issubclass(origin, Mapping) and len(arguments) == 2:
        return [], None, arguments[1]
    if isinstance(origin, type) and issubclass(origin, Collection) and arguments:
        return [], arguments[0], None
    return [], None, None


def type_problems(value: Any, annotation: Any, where: str = "") -> list[str]:
    """Why `value` is not an `annotation`, one sentence a fault; types that pydantic does not know are not judged."""
    try:
        # The orchestrator converts numbers in quotes as well; what it takes is taken here.
        configured = isinstance(annotation, type) and issubclass(annotation, BaseModel)
        adapter = TypeAdapter(annotation, config=None if configured else ConfigDict(arbitrary_types_allowed=True))
    except PydanticSchemaGenerationError:
        return []
    try:
        adapter.validate_python(value)
    except ValidationError as error:
        # unknown keys have a better sentence, from `key_problems`
        details = [detail for detail in error.errors() if detail["type"] != "extra_forbidden"]
        return list(dict.fromkeys(f"{_join(where, *detail['loc'])}: {detail['msg']}" for detail in details))
    return []


def refuse(path: Path | str, problems: list[str]) -> None:
    """Do nothing without problems.

    Raises:
        RedactionError: with all problems of the file.
    """
    if problems:
        raise RedactionError(f"The run configuration {path} is not valid: " + "; ".join(problems) + ".")


def _join(*parts: object) -> str:
    return ".".join(str(part) for part in parts if part != "") or "the file"
