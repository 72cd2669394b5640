"""Single values in JSON: numbers, texts, bytes and enumerations, as proto JSON has them."""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor

Fault = tuple[str, str, str, str]
"""Path, message, what stood there, what may."""
Place: TypeAlias = "tuple[Place, str | int] | None"
"""Where a value stands: within what, and under which name or number. None is the request itself."""
Read: TypeAlias = "Callable[[Any, Place, Faults], Any]"

SHOWN: Final = 60
MOST_FAULTS: Final = 100
"""Faults after which nothing further is looked at."""
_WHOLE: Final = re.compile(r"-?(0|[1-9][0-9]*)")
_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_SPECIAL: Final = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_MOST_DIGITS: Final = 30
_BOOLEANS: Final = {"true": True, "false": False}
_RANGES: Final = {
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1),
}


def path_of(at: Place) -> str:
    """Returns a place as it is written, such as `proposal.data_sources[0].id`."""
    parts: list[str] = []
    while at is not None:
        at, name = at
        parts.append(f"[{name}]" if isinstance(name, int) else f".{name[:SHOWN]}")
    return "".join(reversed(parts)).removeprefix(".")


class Faults(list[Fault]):
    """The faults so far. Texts are looked at only once it is known that something is wrong with them."""

    looks_at_texts = False


class TooManyError(Exception):
    """As many faults are found as are shown."""

    def __init__(self, faults: Faults) -> None:
        """Takes them."""
        super().__init__()
        self.faults = faults


def add(faults: Faults, at: Place, message: str, got: object, expected: str) -> None:
    """Adds a fault; raises TooManyError when there are enough."""
    shown = got if isinstance(got, str) else json.dumps(got)
    faults.append((path_of(at), message, shown[:SHOWN], expected))
    if len(faults) >= MOST_FAULTS:
        raise TooManyError(faults)


def scalar(field: FieldDescriptor) -> Read:
    """Returns what reads values of a field that holds neither messages nor names."""
    if field.cpp_type in _RANGES:
        return _integer(*_RANGES[field.cpp_type])
    if field.type == field.TYPE_BYTES:
        return _binary
    return _OTHERS[field.cpp_type]


def map_key(field: FieldDescriptor) -> Read:
    """Returns what reads the keys of a map, which are texts in JSON."""
    if field.type == field.TYPE_BOOL:
        return lambda key, at, faults: _boolean(_BOOLEANS.get(key, key), at, faults)
    return scalar(field)


def enumeration(enum: EnumDescriptor) -> Read:
    """Returns what reads names of an enumeration, or their numbers; which numbers there are is looked at later."""
    numbers = {name: value.number for name, value in enum.values_by_name.items()}
    expected = "one of " + ", ".join(numbers)

    def read(value: Any, at: Place, faults: Faults) -> Any:
        if isinstance(value, str):
            if (number := numbers.get(value)) is not None:
                return number
            add(faults, at, "there is no such name", value, expected)
            return 0
        return read_number(value, at, faults)

    read_number = _integer(*_RANGES[FieldDescriptor.CPPTYPE_INT32], expected=expected)
    return read


def _integer(least: int, most: int, *, expected: str = "") -> Read:
    wanted = expected or f"a whole number of {least} to {most}"

    def read(value: Any, at: Place, faults: Faults) -> int:
        number = value
        if isinstance(value, str):
            number = int(value) if len(value) <= _MOST_DIGITS and _WHOLE.fullmatch(value) else None
        elif isinstance(value, float) and value.is_integer():
            number = int(value)
        if not isinstance(number, int) or isinstance(number, bool) or not least <= number <= most:
            add(faults, at, "this is no such number", value, wanted)
            return 0
        return number

    return read


def _double(value: Any, at: Place, faults: Faults) -> float:
    number = value
    if isinstance(value, str):
        number = _SPECIAL.get(value)
        if number is not None:
            return number
        number = float(value) if _NUMBER.fullmatch(value) else None
    if isinstance(number, int) and not isinstance(number, bool):
        try:
            number = float(number)
        except OverflowError:
            number = None
    if not isinstance(number, float) or math.isinf(number):
        add(faults, at, "this is no such number", value, "a number")
        return 0.0
    return number


def _boolean(value: Any, at: Place, faults: Faults) -> bool:
    if not isinstance(value, bool):
        add(faults, at, "this is neither true nor false", value, "true or false")
    return value is True


def _text(value: Any, at: Place, faults: Faults) -> str:
    if not isinstance(value, str):
        add(faults, at, "this is no text", value, "a text")
        return ""
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            add(faults, at, "this is half a character", value.encode("ascii", "backslashreplace").decode(), "a text")
            return ""
    return value


def _binary(value: Any, at: Place, faults: Faults) -> bytes:
    try:
        if isinstance(value, str):
            padded = value.replace("-", "+").replace("_", "/").rstrip("=")
            return base64.b64decode(padded + "=" * (-len(padded) % 4), validate=True)
    except (binascii.Error, ValueError):
        pass
    add(faults, at, "this is no base64", value, "bytes in base64")
    return b""


_OTHERS: Final[dict[int, Read]] = {
    FieldDescriptor.CPPTYPE_DOUBLE: _double,
    FieldDescriptor.CPPTYPE_BOOL: _boolean,
    FieldDescriptor.CPPTYPE_STRING: _text,
}
