"""Replies in JSON: proto JSON as `google.protobuf.json_format` writes it, several times as fast.

What is written of a kind of message is found out once, from its descriptor. Parts that stand in many replies, such as a
finding of the same facts, are recalled by their bytes.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Mapping
from functools import cache
from json.encoder import encode_basestring as quoted
from typing import Any, Final

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from readygate_server.grpc_api.wire import without_fields
from readygate_server.http_api.json_parts import WELL_KNOWN, Part, Translations, parts_of

Write = Callable[[Any], str]

RECALLED_BYTES: Final = 32 << 20
"""Bytes of all parts that are recalled; when there are more, all are forgotten."""
_LONGEST: Final = 32 << 10
"""Bytes of the longest part that is."""


def json_of(message: Message) -> str:
    """Returns a message in JSON: names in lower camel case, and nothing of fields that are not set."""
    return _writer(message.DESCRIPTOR)(message)


def json_of_bytes(kind: type[Message], content: bytes) -> bytes:
    """Returns a serialised message of a kind in JSON, as `json_of` does; its parts may stand behind all else."""
    parts = _parts(kind.DESCRIPTOR)
    around, given = without_fields(content, parts) if parts else (content, [])
    if len(given) > len({number for number, _ in given}):  # the later one of two adds to the earlier
        return json_of(kind.FromString(content)).encode()
    written = [json_of(kind.FromString(around))[1:-1].encode()]
    for number, part in given:
        name, translate = parts[number].json_name, _part_writer(parts[number].kind)
        text = _translations.of(parts[number].kind, part, translate)
        assert text is not None, "every part can be written"
        written.append(b'"%b":%b' % (name.encode(), text))
    return b"{%b}" % b",".join(filter(None, written))


_translations: Final = Translations()


@cache
def _parts(kind: Descriptor) -> Mapping[int, Part]:
    return {part.number: part for part in parts_of(kind)}


@cache
def _part_writer(kind: Descriptor) -> Callable[[bytes], bytes]:
    made = GetMessageClass(kind)
    return lambda part: json_of(made.FromString(part)).encode()


@cache
def _writer(kind: Descriptor) -> Write:
    """Returns what writes messages of a kind."""
    if kind.full_name.startswith(WELL_KNOWN):
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


class _Recalled(dict[tuple[str, bytes], str]):
    """Parts by their kind and bytes."""

    held = 0

    def add(self, key: tuple[str, bytes], text: str) -> None:
        """Keeps a part, in place of all others when they have become too many."""
        self.held += len(key[1]) + len(text)
        if self.held > RECALLED_BYTES:
            self.clear()
            self.held = len(key[1]) + len(text)
        self[key] = text


_recalled: Final = _Recalled()


def _recalling(kind: Descriptor) -> Write:
    """Returns what writes messages that are met again."""
    write, name = _writer(kind), kind.full_name

    def write_once(message: Message) -> str:
        key = name, message.SerializeToString()
        text = _recalled.get(key)
        if text is None:
            text = write(message)
            if len(key[1]) <= _LONGEST:
                _recalled.add(key, text)
        return text

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
