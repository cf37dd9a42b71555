"""Configuration files, read strictly: errors name the file, the key and the nearest valid one.

`read_yaml` reads a file of ours into its model. A pipeline run's file has the orchestrator's models, which ignore silently what
they do not know; `key_problems` and `type_problems` hold plain data against any annotation and say what is wrong with it.
"""

from __future__ import annotations

import json
import re
import types
from collections.abc import Collection, Hashable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic.errors import PydanticSchemaGenerationError
from pydantic_core import ErrorDetails

from redaction.errors import RedactionError

Model = TypeVar("Model", bound=BaseModel)

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


def read_mapping(path: Path) -> dict[str, Any]:
    """The file's content; an empty file is an empty configuration.

    Raises:
        RedactionError: it cannot be read, is not YAML, has a key twice, or is not a mapping of names.
    """
    try:
        content = yaml.load(path.read_bytes(), Loader=_UniqueKeyLoader)  # noqa: S506 - the safe loader, with one check more
    except OSError as error:
        raise RedactionError(f"The configuration {path} cannot be read: {error.strerror}.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise RedactionError(f"The configuration {path} is not valid YAML: {error}") from error
    if content is None:
        return {}
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise RedactionError(f"The configuration {path} must be a mapping of names to values.")
    return content


def read_yaml(path: Path, model: type[Model]) -> Model:
    """The YAML file as a `model`, checked strictly: a number in quotes is not a number, and an unknown key is an error.

    Raises:
        RedactionError: the file cannot be read, is not YAML, or does not fit.
    """
    content = read_mapping(path)
    try:
        # JSON mode is strict about what was written and still takes a list for a tuple and a string for a path.
        return model.model_validate_json(json.dumps(content, default=str), strict=True)
    except ValidationError as error:
        # a misspelt key often is the cause of further faults, which would only distract from it
        refuse(path, [*key_problems(content, model)] or _faults(error, content))
        raise


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
            fitting = [model for model in models if _may_be(value, model)] or models
            yield from min(([*_model_problems(value, model, where)] for model in fitting), key=len)
        elif values is not None:
            for key, item in value.items():
                yield from key_problems(item, values, _join(where, key))
    elif isinstance(value, list) and items is not None:
        for index, item in enumerate(value):
            yield from key_problems(item, items, _join(where, index))


def _may_be(value: Mapping[str, Any], model: type[BaseModel]) -> bool:
    """Whether no field that tells the models of a union apart (``kind: folder``) says that it is another one."""
    tags = {
        name: get_args(field.annotation) for name, field in model.model_fields.items() if get_origin(field.annotation) is Literal
    }
    return all(value[name] in allowed for name, allowed in tags.items() if name in value)


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
        return _faults(error, value, where)
    return []


def _faults(error: ValidationError, value: Any, where: str = "") -> list[str]:
    # unknown keys have a better sentence, from `key_problems`
    details = [detail for detail in error.errors() if detail["type"] != "extra_forbidden"]
    places = [detail["loc"] for detail in details]
    # pydantic counts the items that are right: a list with one wrong item is "too short" as well
    causes = [
        detail
        for detail in details
        if detail["type"] != "too_short" or not any(place[: len(detail["loc"])] == detail["loc"] != place for place in places)
    ]
    return list(dict.fromkeys(_fault(detail, _join(where, *_written(detail["loc"], value))) for detail in causes))


def _fault(detail: ErrorDetails, place: str) -> str:
    context = {name: str(text) for name, text in detail.get("ctx", {}).items()}
    if detail["type"].startswith("union_tag"):
        tag, known = context["discriminator"].strip("'"), _quoted(context.get("expected_tags", ""))
        said = unknown(tag, context["tag"], known) if "tag" in context else "is required"
        return f"{_join(place, tag)}: {said}"
    nearest = get_close_matches(str(detail["input"]), _quoted(context.get("expected", "")), n=1, cutoff=0.5)
    hint = f" (did you mean {nearest[0]!r}?)" if nearest else ""
    return f"{place}: {detail['msg'].removeprefix('Value error, ')}{hint}"


def _written(place: tuple[int | str, ...], value: Any) -> list[int | str]:
    """The place as the file has it: pydantic also names the member of a union, and marks keys."""
    parts: list[int | str] = []
    for position, part in enumerate(place):
        is_last = position == len(place) - 1
        if isinstance(value, Mapping) and value.get("kind") == part and place[position - 1] != part and not is_last:
            continue  # which of the models told apart by `kind`; one of them has a field of the same name
        try:
            value = value[part]
        except (LookupError, TypeError):
            if not is_last or part == "[key]":
                continue
        parts.append(part)
    return parts


def _quoted(names: str) -> list[str]:
    return re.findall(r"'([^']*)'", names)


def refuse(path: Path | str, problems: list[str]) -> None:
    """Do nothing without problems.

    Raises:
        RedactionError: with all problems of the file.
    """
    if problems:
        raise RedactionError(f"The configuration {path} is not valid: " + "; ".join(problems) + ".")


def _join(*parts: object) -> str:
    return ".".join(str(part) for part in parts if part != "") or "the file"
