"""Strict reading of configuration files: errors name the file, the key and the nearest valid key.

`read_yaml` reads a file into one of our models. The models of a pipeline run belong to the orchestrator and silently ignore
unknown keys; `key_problems` and `type_problems` check plain data against any type annotation.
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
from pydantic import AliasChoices, BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic.errors import PydanticSchemaGenerationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from redaction.errors import RedactionError

Model = TypeVar("Model", bound=BaseModel)

RUN_CONFIGURATION_KEY = "run_configuration"
"""Key in a scheduled pipeline's ``extra`` that carries the content of the file to the scheduler."""


class _UniqueKeyLoader(yaml.SafeLoader):
    """A loader that refuses duplicate keys; the plain one silently keeps the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen and key_node.tag != "tag:yaml.org,2002:merge":
                raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} is given twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


def read_mapping(path: Path) -> dict[str, Any]:
    """The content of a YAML file; an empty file is an empty configuration.

    Raises:
        RedactionError: the file cannot be read, is not YAML, repeats a key, or is not a mapping with string keys.
    """
    try:
        content = yaml.load(path.read_bytes(), Loader=_UniqueKeyLoader)  # noqa: S506 - a subclass of the safe loader
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
    """Read a YAML file into `model`, strictly: numbers in quotes and unknown keys are errors.

    Raises:
        RedactionError: the file cannot be read, is not YAML, or is not valid for `model`.
    """
    content = read_mapping(path)
    try:
        # in JSON mode, strict validation still accepts a list for a tuple and a string for a path
        return model.model_validate_json(json.dumps(content, default=str), strict=True)
    except ValidationError as error:
        # a misspelled key often causes further errors, which would only distract from it
        raise_if_invalid(path, [*key_problems(content, model)] or _validation_problems(error, content))
        raise


def unknown_name_message(what: str, name: object, known: Collection[str]) -> str:
    """A message for a name that is not in `known`, with the nearest known name."""
    nearest = get_close_matches(str(name), known, n=1, cutoff=0.5)
    listed = ", ".join(sorted(known)) or "none"
    return f"unknown {what} {str(name)!r} " + (f"(did you mean {nearest[0]!r}?)" if nearest else f"(known: {listed})")


def key_problems(value: Any, annotation: Any, where: str = "") -> Iterator[str]:
    """Find keys in plain `value`, at any depth, that the pydantic models in `annotation` do not define.

    In a union, the model with the fewest problems counts. Models that allow extra keys are not checked.
    """
    models, items, values = _contained_types(annotation)
    if isinstance(value, Mapping):
        if models:
            candidates = [model for model in models if _tags_match(value, model)] or models
            yield from min(([*_model_problems(value, model, where)] for model in candidates), key=len)
        elif values is not None:
            for key, item in value.items():
                yield from key_problems(item, values, _join(where, key))
    elif isinstance(value, list) and items is not None:
        for index, item in enumerate(value):
            yield from key_problems(item, items, _join(where, index))


def _tags_match(value: Mapping[str, Any], model: type[BaseModel]) -> bool:
    """Whether the literal fields that discriminate a union (``kind: folder``) allow this model."""
    tags = {
        name: get_args(field.annotation) for name, field in model.model_fields.items() if get_origin(field.annotation) is Literal
    }
    return all(value[name] in allowed for name, allowed in tags.items() if name in value)


def _keys_of(name: str, field: FieldInfo) -> set[str]:
    """The keys under which a field may be given: its name, its alias, its former names."""
    former = field.validation_alias.choices if isinstance(field.validation_alias, AliasChoices) else ()
    return {name, field.alias or name, *(key for key in former if isinstance(key, str))}


def _model_problems(value: Mapping[str, Any], model: type[BaseModel], where: str) -> Iterator[str]:
    if model.model_config.get("extra") == "allow":
        return
    fields = {alias: field for name, field in model.model_fields.items() for alias in _keys_of(name, field)}
    for key, item in value.items():
        if key in fields:
            yield from key_problems(item, fields[key].annotation, _join(where, key))
        else:
            yield f"{_join(where, key)}: {unknown_name_message('key', key, fields)}"


def _contained_types(annotation: Any) -> tuple[list[type[BaseModel]], Any, Any]:
    """The types in an annotation: its models, the item type of a sequence, the value type of a mapping."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation], None, None
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _contained_types(arguments[0])
    if origin in (Union, types.UnionType):
        parts = [_contained_types(argument) for argument in arguments]
        items, values = (next((part[i] for part in parts if part[i] is not None), None) for i in (1, 2))
        return [model for part in parts for model in part[0]], items, values
    if isinstance(origin, type) and issubclass(origin, Mapping) and len(arguments) == 2:
        return [], None, arguments[1]
    if isinstance(origin, type) and issubclass(origin, Collection) and arguments:
        return [], arguments[0], None
    return [], None, None


def type_problems(value: Any, annotation: Any, where: str = "") -> list[str]:
    """Describe why `value` does not match `annotation`. Types that pydantic does not support are not checked."""
    try:
        # not strict: the orchestrator converts numbers in quotes, too
        is_model = isinstance(annotation, type) and issubclass(annotation, BaseModel)
        adapter = TypeAdapter(annotation, config=None if is_model else ConfigDict(arbitrary_types_allowed=True))
    except PydanticSchemaGenerationError:
        return []
    try:
        adapter.validate_python(value)
    except ValidationError as error:
        return _validation_problems(error, value, where)
    return []


def _validation_problems(error: ValidationError, value: Any, where: str = "") -> list[str]:
    # `key_problems` has a better message for unknown keys
    details = [detail for detail in error.errors() if detail["type"] != "extra_forbidden"]
    locations = [detail["loc"] for detail in details]
    # pydantic counts only the valid items, so a list with one invalid item is reported as too short as well
    causes = [
        detail
        for detail in details
        if detail["type"] != "too_short" or not any(loc[: len(detail["loc"])] == detail["loc"] != loc for loc in locations)
    ]
    return list(dict.fromkeys(_problem(detail, _join(where, *_location_in_file(detail["loc"], value))) for detail in causes))


def _problem(detail: ErrorDetails, where: str) -> str:
    context = {name: str(text) for name, text in detail.get("ctx", {}).items()}
    if detail["type"].startswith("union_tag"):
        tag, known = context["discriminator"].strip("'"), _quoted(context.get("expected_tags", ""))
        message = unknown_name_message(tag, context["tag"], known) if "tag" in context else "is required"
        return f"{_join(where, tag)}: {message}"
    nearest = get_close_matches(str(detail["input"]), _quoted(context.get("expected", "")), n=1, cutoff=0.5)
    hint = f" (did you mean {nearest[0]!r}?)" if nearest else ""
    return f"{where}: {detail['msg'].removeprefix('Value error, ')}{hint}"


def _location_in_file(location: tuple[int | str, ...], value: Any) -> list[int | str]:
    """The location of an error without the parts that pydantic adds: members of unions, and marks for keys."""
    parts: list[int | str] = []
    for position, part in enumerate(location):
        is_last = position == len(location) - 1
        if isinstance(value, Mapping) and value.get("kind") == part and location[position - 1] != part and not is_last:
            continue  # the union tag chosen by `kind`; when the name is repeated, the second is a field
        try:
            value = value[part]
        except (LookupError, TypeError):
            if not is_last or part == "[key]":
                continue
        parts.append(part)
    return parts


def _quoted(names: str) -> list[str]:
    return re.findall(r"'([^']*)'", names)


def raise_if_invalid(path: Path | str, problems: list[str]) -> None:
    """Raise one error for all problems of a file; without problems do nothing.

    Raises:
        RedactionError: `problems` is not empty.
    """
    if problems:
        raise RedactionError(f"The configuration {path} is not valid: " + "; ".join(problems) + ".")


def _join(*parts: object) -> str:
    return ".".join(str(part) for part in parts if part != "") or "the file"
