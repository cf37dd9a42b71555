"""Configuration files: YAML checked strictly against a model; errors name the file, the key and the nearest valid one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from redaction.errors import RedactionError

Model = TypeVar("Model", bound=BaseModel)


def read_yaml(path: Path, model: type[Model]) -> Model:
    """The YAML file as a `model`, checked strictly: a number in quotes is not a number, and an unknown key is an error.

    Raises:
        RedactionError: the file cannot be read, is not YAML, or does not fit; every fault is named.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise RedactionError(f"The configuration {path} cannot be read: {error}.") from error
    except yaml.YAMLError as error:
        raise RedactionError(f"The configuration {path} is not valid YAML: {error}.") from error
    try:
        # JSON mode is strict about what was written and still takes a list for a tuple and a string for a path.
        return model.model_validate_json(json.dumps({} if content is None else content, default=str), strict=True)
    except ValidationError as error:
        faults = "; ".join(_fault(detail, model) for detail in _first_causes(error.errors()))
        raise RedactionError(f"The configuration {path} is not valid: {faults}.") from error


def _first_causes(details: list[ErrorDetails]) -> list[ErrorDetails]:
    """Without the faults that are merely what another one inside them leads to: a list is empty once its only item is refused."""
    places = [detail["loc"] for detail in details]
    return [
        detail
        for detail in details
        if not any(place != detail["loc"] and place[: len(detail["loc"])] == detail["loc"] for place in places)
    ]


def _fault(detail: ErrorDetails, model: type[BaseModel]) -> str:
    *parents, key = detail["loc"] or ("the file",)
    where = ".".join(str(part) for part in detail["loc"]) or "the file"
    if detail["type"] != "extra_forbidden":
        return f"{where}: {detail['msg']}"
    known = sorted({name for owner in _models_at(model, parents) for name in owner.model_fields})
    nearest = get_close_matches(str(key), known, n=1, cutoff=0.5)
    hint = f"did you mean {nearest[0]!r}?" if nearest else f"known keys are {', '.join(known)}"
    return f"{where}: unknown key {key!r} ({hint})"


def _models_at(annotation: Any, loc: list[int | str]) -> Iterator[type[BaseModel]]:
    """The models that can stand at a place in the file; a union's tag in `loc` is the value of its models' ``kind``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if not loc:
            yield annotation
        elif (field := annotation.model_fields.get(str(loc[0]))) is not None:
            yield from _models_at(field.annotation, loc[1:])
        return
    inner = loc[1:] if loc and isinstance(loc[0], int) else loc
    for argument in get_args(annotation):
        kind = getattr(argument, "model_fields", {}).get("kind")
        if kind is None:
            yield from _models_at(argument, inner)
        elif inner and inner[0] in get_args(kind.annotation):
            yield from _models_at(argument, inner[1:])
