"""Turns what pydantic says about a file into faults with a place, in plain words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from readygate_server.adapters.yaml_text import Document, Path
from readygate_server.domain.faults import Fault, suggest

_KEY = "[key]"
_CONSTANTS = {"True": "true", "False": "false"}
"""Python's words for what YAML writes otherwise."""
_KINDS = {
    "bool_type": "true or false",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "string_type": "text",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}
_PATTERNS = {
    r"^[A-Z][A-Z0-9]{1,9}-[0-9]{2,3}$": "an id such as DAT-03",
    r"^[a-z][a-z0-9_]{0,62}$": "lower-case letters, digits and underscores",
    r"^[a-z][a-z0-9-]{1,62}$": "lower-case letters, digits and hyphens",
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$": "a day as YYYY-MM-DD",
    r"^[0-9]{4}\.[0-9]{1,3}\.[0-9]{1,3}$": "a calendar version such as 2026.1.0",
    r"^[a-z][a-z0-9-]+@[0-9.]+$": "a name and a version such as operational-readiness@2026.1.0",
    r"^[a-z0-9][a-z0-9._@+-]{1,126}$": "a name such as jane.doe@bank.example, in lower case",
    r"^[0-9a-f]{64}$": "64 hexadecimal digits, as `readygate api-keys new` shows them",
    r"^sha256:[0-9a-f]{64}$": "sha256: and 64 hexadecimal digits",
}


def shape_faults(document: Document, shape: type[BaseModel], error: ValidationError) -> Iterator[Fault]:
    """Yields the faults of a document that does not have the shape, one for each place."""
    by_place: dict[tuple[Path, bool], list[ErrorDetails]] = {}
    for details in error.errors(include_url=False):
        by_place.setdefault(_place(details, document.data), []).append(details)
    for (path, at_key), errors in by_place.items():
        yield _fault(document, shape, path, errors, at_key=at_key)


def spoilt(error: ValidationError, data: object) -> frozenset[Path]:
    """Returns the paths at which a document does not have its shape."""
    return frozenset(_place(details, data)[0] for details in error.errors(include_url=False))


def show(value: object) -> str:
    """Returns a value of a file as it reads in a fault."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case Mapping():
            return "a mapping"
        case str():
            return f"'{value}'" if len(value) <= 60 else f"'{value[:57]}...'"
        case float():
            return f"{value:.10g}"
        case Sequence():
            return f"[{', '.join(map(str, value))}]" if len(value) <= 8 else "a list"
        case _:
            return f"{value}"


def alternatives(words: Sequence[str]) -> str:
    """Returns words as `a, b or c`."""
    return f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else "".join(words)


def _place(details: ErrorDetails, data: object) -> tuple[Path, bool]:
    """Follows the location through the data, leaving out the names of alternatives that pydantic puts in between."""
    path: list[str | int] = []
    here: Any = data
    for part in details["loc"]:
        if part == _KEY:
            return tuple(path), True
        if holds(here, part):
            here = here[part]
            path.append(part)
        elif details["type"] == "missing" and part == details["loc"][-1]:
            path.append(part)
    return tuple(path), details["type"] == "extra_forbidden"


def holds(value: object, part: str | int) -> bool:
    """True when plain data have a part of that key or index."""
    if isinstance(value, dict):
        return part in value
    return isinstance(value, list) and isinstance(part, int) and part < len(value)


def _fault(
    document: Document, shape: type[BaseModel], path: Path, errors: Sequence[ErrorDetails], *, at_key: bool
) -> Fault:
    details = errors[0]
    kind, context = details["type"], details.get("ctx", {})
    name = _name(path)
    got = show(details["input"])
    if kind == "missing":
        return document.fault(path[:-1], f"{name} is missing")
    if at_key:
        keys = _words(context["expected"]) if kind == "literal_error" else _keys(shape, path[:-1])
        meant = suggest(str(path[-1]), keys)
        return document.fault(
            path,
            f"{name} is not a known key",
            expected="" if meant else alternatives(keys),
            suggestion=meant,
            at_key=True,
        )
    if kind == "literal_error":
        words = _words(context["expected"])
        return document.fault(
            path,
            f"{name} is not one of the known words",
            got=got,
            expected=alternatives(words),
            suggestion=suggest(str(details["input"]), words),
        )
    if kind == "misfit":
        return document.fault(path, context["message"], got=context["got"], expected=context["expected"])
    message, expected = _plain(kind, name, context, errors)
    return document.fault(path, message, got=got, expected=expected)


def _plain(kind: str, name: str, context: Mapping[str, Any], errors: Sequence[ErrorDetails]) -> tuple[str, str]:
    match kind:
        case "string_pattern_mismatch":
            return f"{name} is malformed", _PATTERNS.get(context["pattern"], context["pattern"])
        case "string_too_short":
            return f"{name} is too short", f"at least {context['min_length']} characters"
        case "greater_than_equal":
            return f"{name} is out of range", f"at least {context['ge']:g}"
        case _ if kind in _KINDS:
            return f"{name} has a value of the wrong kind", _kinds(errors)
        case _:
            return f"{name}: {errors[0]['msg']}", ""


def _kinds(errors: Sequence[ErrorDetails]) -> str:
    names = list(dict.fromkeys(_KINDS[error["type"]] for error in errors if error["type"] in _KINDS))
    if "a number" in names and "a whole number" in names:
        names.remove("a whole number")
    return alternatives(names)


def _name(path: Path) -> str:
    if not path:
        return "the file"
    return f"item {path[-1] + 1}" if isinstance(path[-1], int) else f"'{path[-1]}'"


def _words(expected: str) -> list[str]:
    """Reads pydantic's `'a', 'b' or 'c'`."""
    words = [word.strip().strip("'") for word in expected.replace(" or ", ", ").split(",")]
    return [_CONSTANTS.get(word, word) for word in words]


def _keys(shape: type[BaseModel], path: Path) -> list[str]:
    """Returns the keys that may stand in the mapping at a path."""
    annotations: list[Any] = [shape]
    for part in path:
        annotations = [inner for annotation in annotations for inner in _inside(annotation, part)]
    models = [model for annotation in annotations for model in _flat(annotation) if _is_model(model)]
    return [info.alias or name for model in models for name, info in model.model_fields.items()]


def _inside(annotation: Any, part: str | int) -> Iterator[Any]:
    for plain in _flat(annotation):
        origin, arguments = get_origin(plain), get_args(plain)
        if _is_model(plain):
            yield from (info.annotation for name, info in plain.model_fields.items() if (info.alias or name) == part)
        elif (origin is list and isinstance(part, int)) or (origin is dict and isinstance(part, str)):
            yield arguments[-1]


def _flat(annotation: Any) -> Iterator[Any]:
    """Yields the alternatives of an annotation, without what is annotated to them."""
    if hasattr(annotation, "__metadata__"):
        yield from _flat(get_args(annotation)[0])
    elif get_origin(annotation) in (list, dict) or not get_args(annotation):
        yield annotation
    else:
        for argument in get_args(annotation):
            yield from _flat(argument)


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
