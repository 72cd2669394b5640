"""What differs between two messages of one kind, field by field, for people."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any, Final, NamedTuple

from google.protobuf import text_format
from google.protobuf.message import Message

_LONGEST: Final = 200
_ABSENT: Final = ""


class Difference(NamedTuple):
    """A field that differs: its path, and both values as text; empty where the field is absent."""

    path: str
    first: str
    second: str


def differences(first: Message, second: Message, path: str = "") -> Iterator[Difference]:
    """Yields every field that differs, in the order of the fields; nothing when the messages are equal."""
    for field in first.DESCRIPTOR.fields:
        place = f"{path}.{field.name}" if path else field.name
        if field.is_repeated:
            pairs = zip_longest(getattr(first, field.name), getattr(second, field.name))
            for index, (one, other) in enumerate(pairs):
                yield from _of_values(field, f"{place}[{index}]", one, other)
        else:
            yield from _of_values(field, place, _value(first, field), _value(second, field))


def _of_values(field: Any, place: str, one: Any, other: Any) -> Iterator[Difference]:
    if isinstance(one, Message) and isinstance(other, Message):
        yield from differences(one, other, place)
    elif one != other or (one is None) != (other is None):
        yield Difference(place, _text(field, one), _text(field, other))


def _value(message: Message, field: Any) -> Any:
    """Returns the value of a field, None when it is absent."""
    return None if field.has_presence and not message.HasField(field.name) else getattr(message, field.name)


def _text(field: Any, value: Any) -> str:
    if value is None:
        return _ABSENT
    if isinstance(value, Message):
        text = text_format.MessageToString(value, as_one_line=True)
    elif field.enum_type is not None:
        named = field.enum_type.values_by_number.get(value)
        text = named.name if named else str(value)
    else:
        text = str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
