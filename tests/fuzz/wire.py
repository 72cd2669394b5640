"""Damage to serialised messages: to their bytes, and to the tags, lengths and values that they are made of."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any, Final

VARINT, FIXED64, BYTES, GROUP, END_GROUP, FIXED32 = range(6)
_CONTINUED: Final = 0x80
_DEPTHS: Final = (1, 2, 10, 50, 99, 100, 101, 1_000, 20_000)
_VARINTS: Final = (0, 1, 2, 127, 128, 1_000, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**63 - 1, 2**63, 2**64 - 1)
_LENGTHS: Final = (0, 1, 127, 128, 4_096, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**63 - 1, 2**63, 2**64 - 1)
_NUMBERS: Final = (0, 1, 2, 15, 16, 60, 61, 18_999, 19_000, 19_999, 2**29 - 1)
_ENDLESS: Final = float("inf")
_DOUBLES: Final = (
    0.0,
    -0.0,
    1.0,
    -1.0,
    5e-324,
    1e-300,
    1.7976931348623157e308,
    float("inf"),
    -float("inf"),
    float("nan"),
)
_TEXTS: Final = (
    b"",
    b"\x00",
    b"\xff",
    b"\xc0\x80",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\xe2\x80\xae",
    b"\xef\xbb\xbf",
    b" ",
    b"\n",
    b"../../etc/passwd",
    b"%s%n{0}{x.__class__}",
    b"crm",
    b"source.*",
    b"source.accuracy",
    b"2026-02-30",
    b"9999-12-31",
    b"0000-00-00",
    "é".encode() * 40,
    "\U0001f600".encode() * 1_001,
    b"a" * 63,
    b"a" * 64,
    b"a" * 4_001,
)


@dataclass(frozen=True, slots=True)
class Record:
    """One field of a serialised message: where its tag, its payload and its end are, and the field it stands in."""

    start: int
    payload: int
    end: int
    number: int
    wire_type: int
    inside: Record | None
    siblings: tuple[int, ...]
    """Numbers of the fields that the message around it may have."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A serialised message that is sound, and all of its fields at every depth."""

    data: bytes
    records: tuple[Record, ...]


Damage = Callable[[Random, Sample, Record], bytes]


def sample_of(message: Any) -> Sample:
    """Returns a message as bytes, with every field found."""
    data = message.SerializeToString(deterministic=True)
    return Sample(data, tuple(_records(data, message.DESCRIPTOR, 0, len(data), None)))


def varint(number: int) -> bytes:
    """Returns a number as the wire writes it."""
    out = bytearray()
    while number >= _CONTINUED:
        out.append(number & 0x7F | _CONTINUED)
        number >>= 7
    return bytes((*out, number))


def tag(number: int, wire_type: int) -> bytes:
    """Returns what stands before a field."""
    return varint(number << 3 | wire_type)


def damaged_bytes(random: Random, data: bytes, other: bytes) -> bytes:
    """Returns bytes with one place changed without regard to what they mean."""
    at, length = random.randrange(len(data) + 1), 1 << random.randrange(8)
    match random.randrange(8):
        case 0:
            return data[:at]
        case 1:
            return data[at:]
        case 2:
            return data[:at] + random.randbytes(length) + data[at:]
        case 3:
            return data[:at] + random.randbytes(length) + data[at + length :]
        case 4:
            return data[:at] + data[at + length :]
        case 5:
            return data[:at] + data[at : at + length] * random.randrange(2, 6) + data[at + length :]
        case 6:
            return data[:at] + other[random.randrange(len(other) + 1) :]
        case _:
            flipped = bytearray(data or b"\x00")
            for _ in range(random.choice((1, 1, 2, 8, 32))):
                flipped[random.randrange(len(flipped))] ^= 1 << random.randrange(8)
            return bytes(flipped)


def damaged_field(random: Random, sample: Sample) -> bytes:
    """Returns a message in which one field, at any depth, is not what it was; the lengths around it are put right."""
    record = random.choice(sample.records)
    new = random.choice(_DAMAGES)(random, sample, record)
    return replaced(sample.data, record, new, honest=random.random() < 0.9)


def replaced(data: bytes, record: Record, new: bytes, *, honest: bool = True) -> bytes:
    """Returns a message with other bytes in the place of a field; lengths around it stay as they were unless honest."""
    start, end, around = record.start, record.end, record.inside
    while honest and around is not None:
        payload = data[around.payload : start] + new + data[end : around.end]
        new = tag(around.number, BYTES) + varint(len(payload)) + payload
        start, end, around = around.start, around.end, around.inside
    return data[:start] + new + data[end:]


def nested_groups(depth: int, number: int = 99) -> bytes:
    """Returns a group in a group in a group."""
    return tag(number, GROUP) * depth + tag(number, END_GROUP) * depth


def nested_messages(depth: int, number: int = 99) -> bytes:
    """Returns a message in a message in a message, all unknown."""
    data = b""
    for _ in range(depth):
        data = tag(number, BYTES) + varint(len(data)) + data
    return data


def _records(data: bytes, message: Any, start: int, end: int, inside: Record | None) -> Iterator[Record]:
    siblings = tuple(message.fields_by_number)
    while start < end:
        key, payload = _read_varint(data, start)
        number, wire_type = key >> 3, key & 7
        match wire_type:
            case 0:
                _, stop = _read_varint(data, payload)
            case 1:
                stop = payload + 8
            case 5:
                stop = payload + 4
            case _:
                length, payload = _read_varint(data, payload)
                stop = payload + length
        record = Record(start, payload, stop, number, wire_type, inside, siblings)
        yield record
        child = message.fields_by_number[number].message_type
        if child is not None:
            yield from _records(data, child, payload, stop, record)
        start = stop


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = data[at]
        number |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < _CONTINUED:
            return number, at


def _whole(sample: Sample, record: Record) -> bytes:
    return sample.data[record.start : record.end]


def _value(sample: Sample, record: Record) -> bytes:
    return sample.data[record.payload : record.end]


def _gone(_: Random, __: Sample, ___: Record) -> bytes:
    return b""


def _repeated(random: Random, sample: Sample, record: Record) -> bytes:
    return _whole(sample, record) * random.choice((2, 3, 10))


def _other_number(random: Random, sample: Sample, record: Record) -> bytes:
    number = random.choice((random.choice(record.siblings), random.choice(_NUMBERS)))
    length = varint(record.end - record.payload) if record.wire_type == BYTES else b""
    return tag(number, record.wire_type) + length + _value(sample, record)


def _other_type(random: Random, sample: Sample, record: Record) -> bytes:
    return tag(record.number, random.randrange(8)) + _value(sample, record)


def _false_length(random: Random, sample: Sample, record: Record) -> bytes:
    true = record.end - record.payload
    length = random.choice((*_LENGTHS, true + 1, max(0, true - 1)))
    return tag(record.number, BYTES) + varint(length) + _value(sample, record)


def _other_varint(random: Random, _: Sample, record: Record) -> bytes:
    overlong = (b"\x80" * 9 + b"\x01", b"\xff" * 10, b"\x80" * 20, b"\x81\x80\x80\x00", b"\xff" * 9 + b"\x02")
    return tag(record.number, VARINT) + random.choice((varint(random.choice(_VARINTS)), random.choice(overlong)))


def _other_double(random: Random, _: Sample, record: Record) -> bytes:
    return tag(record.number, FIXED64) + struct.pack("<d", random.choice(_DOUBLES))


def _other_text(random: Random, _: Sample, record: Record) -> bytes:
    text = random.choice(_TEXTS)
    return tag(record.number, BYTES) + varint(len(text)) + text


def _spliced(random: Random, sample: Sample, _: Record) -> bytes:
    return _whole(sample, random.choice(sample.records))


def _nested(random: Random, sample: Sample, record: Record) -> bytes:
    depth = random.choice(_DEPTHS)
    nest = nested_groups(depth) if random.random() < 0.7 else nested_messages(min(depth, 1_000))
    return random.choice((nest, nest[: len(nest) // 2])) + _whole(sample, record)


def _flipped(random: Random, sample: Sample, record: Record) -> bytes:
    whole = bytearray(_whole(sample, record))
    whole[random.randrange(len(whole))] ^= 1 << random.randrange(8)
    return bytes(whole)


_DAMAGES: Final[tuple[Damage, ...]] = (
    _gone,
    _repeated,
    _other_number,
    _other_type,
    _false_length,
    _other_varint,
    _other_double,
    _other_text,
    _spliced,
    _nested,
    _flipped,
)
