"""The items of a batch as they came, byte by byte."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

_ITEMS: Final = 1
"""Number of the field `items` in BatchEvaluateRequest."""
_VARINT, _FIXED64, _BYTES, _GROUP, _END_OF_GROUP, _FIXED32 = range(6)
_FIXED_LENGTHS: Final = {_FIXED64: 8, _FIXED32: 4}


def item_bytes(batch: bytes) -> Sequence[bytes]:
    """Returns the bytes of each item of a serialised BatchEvaluateRequest that could be parsed."""
    return list(_fields(batch, _ITEMS))


def _fields(message: bytes, wanted: int) -> Iterator[bytes]:
    at = depth = 0
    while at < len(message):
        tag, at = _varint(message, at)
        number, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            _, at = _varint(message, at)
        elif kind == _BYTES:
            length, at = _varint(message, at)
            if number == wanted and not depth:
                yield message[at : at + length]
            at += length
        elif kind in _FIXED_LENGTHS:
            at += _FIXED_LENGTHS[kind]
        else:  # the contract has no groups, but one that it does not know may stand there, with fields of its own
            depth += 1 if kind == _GROUP else -1


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """Returns a number and where it ends."""
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value, at
        shift += 7
