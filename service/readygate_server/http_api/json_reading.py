"""Requests in JSON: proto JSON as `google.protobuf.json_format` reads it, but with every fault at once, by its path.

What is read of a kind of message is found out once, from its descriptor. Fields may be named as in the contract or in
lower camel case; faults name them as in the contract, as all others do.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, Final, NamedTuple

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from readygate_server.grpc_api.errors import InvalidRequestError
from readygate_server.http_api.json_parts import WELL_KNOWN
from readygate_server.http_api.json_scalars import (
    SHOWN,
    Faults,
    Place,
    Read,
    TooManyError,
    add,
    enumeration,
    map_key,
    scalar,
)
from readygate_server.http_api.json_structs import reader_of


class _Field(NamedTuple):
    name: str
    oneof: str
    read: Read
    plain: bool
    """True when the message class itself refuses a text that does not belong there."""


class _Twice(dict[str, Any]):
    """An object in which some name stands more than once."""

    names: tuple[str, ...] = ()


def read_json(content: bytes, kind: type[Message]) -> Message:
    """Returns the message that JSON stands for; raises InvalidRequestError with every fault."""
    if (sound := _sound(content, kind)) is not None:
        return sound
    faults = Faults()
    try:
        loaded = _loaded(content)
        fields = _read_message(kind.DESCRIPTOR)(loaded, None, faults)
        if not faults:
            with contextlib.suppress(ValueError, TypeError):  # what is wrong is found below
                return kind(**fields)
        faults = Faults()
        faults.looks_at_texts = True
        fields = _read_message(kind.DESCRIPTOR)(loaded, None, faults)
    except TooManyError as error:
        faults = error.faults
    except RecursionError:
        faults = Faults([("", "the JSON is nested too deeply", "", "a request as the contract has it")])
    if faults:
        raise InvalidRequestError("request", tuple(sorted(faults)))
    return kind(**fields)


def _sound(content: bytes, kind: type[Message]) -> Message | None:
    name = kind.DESCRIPTOR.full_name
    if name not in _READERS:
        _READERS[name] = reader_of(kind)
    return _READERS[name](content)


_READERS: Final[dict[str, Callable[[bytes], Message | None]]] = {}


def _loaded(content: bytes) -> Any:
    try:
        return json.loads(content.decode(), object_pairs_hook=_object, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        fault = ("", f"this is no JSON: {error.msg}", where, "a JSON object")
    except UnicodeDecodeError as error:
        fault = ("", "this is no UTF-8", f"byte {error.start}", "JSON in UTF-8")
    except ValueError as error:
        fault = ("", f"this is no JSON: {error}"[:SHOWN], "", "a JSON object")
    raise InvalidRequestError("request", (fault,))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    names = [name for name, _ in pairs]
    twice = _Twice(found)
    twice.names = tuple(sorted({name for name in names if names.count(name) > 1})) if len(names) < SHOWN else ("",)
    return twice


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number in JSON")


@cache
def _read_message(kind: Descriptor) -> Read:
    """Returns what reads messages of a kind as the arguments of their class."""
    if kind.full_name.startswith(WELL_KNOWN):
        return _well_known(kind)
    fields: dict[str, _Field] = {}

    def read(value: Any, at: Place, faults: Faults) -> dict[str, Any]:
        if not isinstance(value, dict):
            add(faults, at, "this is no object", value, "an object")
            return {}
        if not fields:  # made when one is first met: a kind may hold itself
            fields.update(_fields(kind))
        found: dict[str, Any] = {}
        oneofs: set[str] = set()
        plain = not faults.looks_at_texts
        for name, item in value.items():
            if item is None and name in fields:  # as if it were left out
                continue
            field = fields.get(name)
            if field is None or field.name in found or field.oneof in oneofs:
                _misplaced(kind, field, name, item, at, faults)
                continue
            if field.oneof:
                oneofs.add(field.oneof)
            is_text = plain and field.plain and type(item) is str
            found[field.name] = item if is_text else field.read(item, (at, field.name), faults)
        if isinstance(value, _Twice):
            for name in value.names:
                add(faults, (at, name), "the name stands there more than once", "", "each name once")
        return found

    return read


def _misplaced(kind: Descriptor, field: _Field | None, name: str, item: Any, at: Place, faults: Faults) -> None:
    if field is None:
        add(faults, (at, name), "there is no such field", item, _known(kind))
    elif field.oneof:
        message = "another field is given that excludes this one"
        add(faults, (at, field.name), message, item, _members(kind, field.oneof))
    else:
        add(faults, (at, field.name), "the field is given under both of its names", item, "one of them")


def _fields(kind: Descriptor) -> Iterable[tuple[str, _Field]]:
    for field in kind.fields:
        oneof = field.containing_oneof
        # An optional field is the only one of a oneof that nobody has written.
        exclusive = oneof.name if oneof is not None and len(oneof.fields) > 1 else ""
        is_plain = not field.is_repeated and (field.type == field.TYPE_STRING or field.enum_type is not None)
        known = _Field(field.name, exclusive, _read_field(field), is_plain)
        yield field.name, known
        yield field.json_name, known


def _read_field(field: FieldDescriptor) -> Read:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        return _map(field.message_type)
    return _list(_value(field)) if field.is_repeated else _value(field)


def _value(field: FieldDescriptor) -> Read:
    if field.message_type is not None:
        return _read_message(field.message_type)
    return enumeration(field.enum_type) if field.enum_type is not None else scalar(field)


def _list(read: Read) -> Read:
    def read_list(value: Any, at: Place, faults: Faults) -> list[Any]:
        if not isinstance(value, list):
            add(faults, at, "this is no list", value, "a list")
            return []
        items = [read(item, (at, index), faults) for index, item in enumerate(value) if item is not None]
        if len(items) < len(value):
            add(faults, (at, value.index(None)), "null is no item of a list", None, "a value")
        return items

    return read_list


def _map(entry: Descriptor) -> Read:
    read_key, read_value = map_key(entry.fields_by_name["key"]), _value(entry.fields_by_name["value"])

    def read_map(value: Any, at: Place, faults: Faults) -> dict[Any, Any]:
        if not isinstance(value, dict):
            add(faults, at, "this is no object", value, "an object")
            return {}
        return {read_key(key, (at, key), faults): read_value(item, (at, key), faults) for key, item in value.items()}

    return read_map


def _well_known(kind: Descriptor) -> Read:
    """Returns what reads messages that have a form of their own in JSON, such as a time."""
    made, name = GetMessageClass(kind), kind.name

    def read(value: Any, at: Place, faults: Faults) -> Message:
        try:
            return json_format.ParseDict(value, made())
        except (json_format.ParseError, TypeError, ValueError, AttributeError):
            expected = "a time such as 2026-11-01T12:00:00Z" if name == "Timestamp" else f"a {name} in JSON"
            add(faults, at, f"this is no {name}", value, expected)
            return made()

    return read


@cache
def _known(kind: Descriptor) -> str:
    return "one of " + ", ".join(field.name for field in kind.fields) if kind.fields else "no field"


@cache
def _members(kind: Descriptor, oneof: str) -> str:
    return "one of " + ", ".join(field.name for field in kind.oneofs_by_name[oneof].fields)
