"""Replies in JSON: proto JSON as `google.protobuf.json_format` writes it, several times as fast.

What is written of a kind of message is found out once, from its descriptor. Parts that stand in many replies, such as a
finding of the same facts, are recalled by their bytes.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable
from functools import cache, lru_cache
from json.encoder import encode_basestring as quoted
from typing import Any, Final

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

Write = Callable[[Any], str]

_WELL_KNOWN: Final = "google.protobuf."
_RECALLED: Final = 8_192
"""Parts that are recalled; each stands for some kilobytes."""
_LONGEST: Final = 4_096
"""Bytes of the longest part that is."""


def json_of(message: Message) -> str:
    """Returns a message in JSON: names in lower camel case, and nothing of fields that are not set."""
    return _writer(message.DESCRIPTOR)(message)


@cache
def _writer(kind: Descriptor) -> Write:
    """Returns what writes messages of a kind."""
    if kind.full_name.startswith(_WELL_KNOWN):
        return lambda message: json_format.MessageToJson(message, indent=None)
    fields: dict[int, tuple[str, Write]] = {}

    def write(message: Message) -> str:
        parts = []
        for field, value in message.ListFields():
            number = field.number
            known = fields.get(number)
            if known is None:  # made when it is first met: a kind may hold itself
                known = fields[number] = f"{quoted(field.json_name)}:", _field(field)
            parts.append(known[0] + known[1](value))
        return "{" + ",".join(parts) + "}"

    return write


def _field(field: FieldDescriptor) -> Write:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        key, value = field.message_type.fields_by_name["key"], field.message_type.fields_by_name["value"]
        key_of, value_of = _key(key), _value(value)
        return lambda items: "{" + ",".join([f"{key_of(key)}:{value_of(items[key])}" for key in items]) + "}"
    if field.is_repeated:
        write = _recalling(field.message_type) if field.message_type is not None else _value(field)
        return lambda items: "[" + ",".join([write(item) for item in items]) + "]"
    return _value(field)


def _key(field: FieldDescriptor) -> Write:
    if field.type == field.TYPE_STRING:
        return quoted
    return lambda key: f'"{_boolean(key) if isinstance(key, bool) else key}"'


def _value(field: FieldDescriptor) -> Write:
    if field.message_type is not None:
        return _writer(field.message_type)
    if field.enum_type is not None:
        return _enumeration(field.enum_type)
    return _SCALARS[field.cpp_type] if field.type != field.TYPE_BYTES else _binary


def _recalling(kind: Descriptor) -> Write:
    """Returns what writes messages that are met again."""
    write, read = _writer(kind), GetMessageClass(kind).FromString
    recalled = lru_cache(_RECALLED)(lambda content: write(read(content)))

    def write_once(message: Message) -> str:
        content = message.SerializeToString()
        return recalled(content) if len(content) <= _LONGEST else write(message)

    return write_once


def _enumeration(enum: EnumDescriptor) -> Write:
    names = {number: quoted(value.name) for number, value in enum.values_by_number.items()}
    return lambda number: names.get(number) or str(number)


def _boolean(value: bool) -> str:
    return "true" if value else "false"


def _number(value: float) -> str:
    if math.isfinite(value):
        return repr(value)
    return '"NaN"' if math.isnan(value) else '"Infinity"' if value > 0 else '"-Infinity"'


def _binary(value: bytes) -> str:
    return f'"{base64.b64encode(value).decode()}"'


def _long(value: int) -> str:
    return f'"{value}"'


_SCALARS: Final[dict[int, Write]] = {
    FieldDescriptor.CPPTYPE_STRING: quoted,
    FieldDescriptor.CPPTYPE_BOOL: _boolean,
    FieldDescriptor.CPPTYPE_DOUBLE: _number,
    FieldDescriptor.CPPTYPE_INT32: str,
    FieldDescriptor.CPPTYPE_UINT32: str,
    FieldDescriptor.CPPTYPE_INT64: _long,
    FieldDescriptor.CPPTYPE_UINT64: _long,
}
