"""Sound requests in JSON, read at the speed of C: structs of msgspec that follow the descriptors do the work.

They know the usual form only: names in lower camel case, each once, and no null. Whatever else a request holds, sound
or not, they leave to `json_reading`, which knows all forms and names every fault.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Annotated, Any, Final

import msgspec
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from readygate_server.http_api.json_parts import Translations, parts_of

_TIMESTAMP: Final = "google.protobuf.Timestamp"
_TIME: Final = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$")]
_LONG_TEXT: Final = Annotated[str, msgspec.Meta(pattern=r"^-?(0|[1-9][0-9]{0,17})$")]
_SHORT: Final = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]
_LONG: Final = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
_SCALARS: Final[dict[int, tuple[Any, Any]]] = {
    FieldDescriptor.CPPTYPE_STRING: (str, str),
    FieldDescriptor.CPPTYPE_ENUM: (str, str),
    FieldDescriptor.CPPTYPE_BOOL: (bool, bool),
    FieldDescriptor.CPPTYPE_DOUBLE: (float, float),
    FieldDescriptor.CPPTYPE_INT32: (_SHORT, int),
    FieldDescriptor.CPPTYPE_INT64: (_LONG | _LONG_TEXT, int),
}
"""Types in JSON, and types in the arguments of a message class, which refuses names that its enumerations lack."""
_SPACE: Final = b" \t\n\r"
_EMPTY: Final = b"{}"


class _UnusualError(TypeError):
    """Messages of a kind that structs can not follow."""


def reader_of(kind: type[Message]) -> Callable[[bytes], Message | None]:
    """Returns what reads sound requests of a kind, and returns None for all that it does not know."""
    descriptor: Any = kind.DESCRIPTOR
    parts = {part.name: part.kind for part in parts_of(descriptor)}
    read_around = _reader(descriptor, frozenset(parts))

    def read(content: bytes) -> Message | None:
        found = read_around(content)
        if found is None:
            return None
        message, given = found
        for name, part in given.items():
            sound = _translations.of(parts[name], part, _part_reader(parts[name]))
            if sound is None:
                return None
            within = getattr(message, name)
            within.SetInParent()
            within.MergeFromString(sound)
        return message

    return read


_translations: Final = Translations()


@cache
def _part_reader(kind: Descriptor) -> Callable[[bytes], bytes | None]:
    read = _reader(kind, frozenset())

    def read_part(content: bytes) -> bytes | None:
        found = read(content)
        return None if found is None else found[0].SerializeToString()

    return read_part


def _reader(kind: Descriptor, apart: frozenset[str]) -> Callable[[bytes], tuple[Message, Mapping[str, bytes]] | None]:
    """Returns what reads messages of a kind, and gives the JSON of the parts that are to be read by themselves."""
    try:
        written, taken = _structs(kind, (), apart)
    except _UnusualError:
        return lambda _: None
    decode, made = msgspec.json.Decoder(written).decode, GetMessageClass(kind)

    def read(content: bytes) -> tuple[Message, Mapping[str, bytes]] | None:
        try:
            found = decode(content)
            parts = {name: bytes(part) for name in apart if (part := getattr(found, name)) is not None}
            if not all(part.startswith(b"{") for part in parts.values()):
                return None
            if not _has_each_name_once(content, found, parts):
                return None
            arguments = msgspec.convert(found, taken, from_attributes=True, strict=False)
            return made(**msgspec.to_builtins(arguments, builtin_types=(datetime,))), parts
        except (msgspec.MsgspecError, UnicodeError, ValueError, TypeError, RecursionError):
            return None

    return read


def _has_each_name_once(content: bytes, found: msgspec.Struct, parts: Mapping[str, bytes]) -> bool:
    """True when no name stands twice in an object, of which msgspec would take the last and not say so.

    What was found is written again, with each name once, and the names on both sides are counted: by the quotes that a
    colon follows, without those of texts, which a backslash precedes. Names that end with one are not counted on. Parts
    are looked at when they are read; here an empty object stands for each, of which the second stays where it was.
    """
    for name, part in parts.items():
        content = content.replace(part, _EMPTY, 1)
        setattr(found, name, msgspec.Raw(_EMPTY))
    names = _names_in(content)
    return names is not None and names == _names_in(msgspec.json.encode(found))


def _names_in(content: bytes) -> int | None:
    dense = content.translate(None, _SPACE)
    return None if b'\\\\":' in dense else dense.count(b'":') - dense.count(b'\\":')


@cache
def _structs(kind: Descriptor, within: tuple[Descriptor, ...], apart: frozenset[str] = frozenset()) -> tuple[Any, Any]:
    """Returns the struct of what is written, and that of what a message class takes; the parts apart stay JSON."""
    if kind in within:
        raise _UnusualError(kind.full_name)
    written, taken = [], []
    for field in kind.fields:
        if field.name in apart:
            written.append((field.name, msgspec.Raw, None))
            continue
        ours, theirs = _types(field, (*within, kind))
        written.append((field.name, ours | None, None))
        taken.append((field.name, theirs | None, None))
    names = {field.name: field.json_name for field in kind.fields}
    body = {"__post_init__": _one_of_each(kind)} if _oneofs(kind) else {}
    return (
        msgspec.defstruct(
            kind.name, written, forbid_unknown_fields=True, omit_defaults=True, rename=names, namespace=body
        ),
        msgspec.defstruct(kind.name, taken, omit_defaults=True),
    )


def _types(field: FieldDescriptor, within: tuple[Descriptor, ...]) -> tuple[Any, Any]:
    message = field.message_type
    if message is not None and message.GetOptions().map_entry:
        if message.fields_by_name["key"].type != FieldDescriptor.TYPE_STRING:
            raise _UnusualError(field.full_name)
        ours, theirs = _types(message.fields_by_name["value"], within)
        return dict[str, ours], dict[str, theirs]  # type: ignore[valid-type]
    ours, theirs = _single(field, within)
    return (list[ours], list[theirs]) if field.is_repeated else (ours, theirs)  # type: ignore[valid-type]


def _single(field: FieldDescriptor, within: tuple[Descriptor, ...]) -> tuple[Any, Any]:
    if field.message_type is not None:
        return (_TIME, datetime) if field.message_type.full_name == _TIMESTAMP else _structs(field.message_type, within)
    if field.type == FieldDescriptor.TYPE_BYTES or field.cpp_type not in _SCALARS:
        raise _UnusualError(field.full_name)
    return _SCALARS[field.cpp_type]


def _oneofs(kind: Descriptor) -> list[list[str]]:
    return [[field.name for field in oneof.fields] for oneof in kind.oneofs if len(oneof.fields) > 1]


def _one_of_each(kind: Descriptor) -> Callable[[Any], None]:
    groups = _oneofs(kind)

    def check(struct: Any) -> None:
        for names in groups:
            if sum(getattr(struct, name) is not None for name in names) > 1:
                raise ValueError("one field excludes another")

    return check
