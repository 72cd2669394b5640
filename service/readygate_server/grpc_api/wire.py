"""Fields of serialised messages: found as they came, and written without making a message first.

What is recorded is what was sent, so items are taken out of a request byte by byte. And an answer that is in bytes
already, because it was recorded or is about to be sent, goes into a reply as it is: to parse it, copy it and serialise
it again would cost more than all else around an item.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from google.protobuf.message import Message

_VARINT, _FIXED64, _BYTES, _GROUP, _END_OF_GROUP, _FIXED32 = range(6)
_FIXED_LENGTHS: Final = {_FIXED64: 8, _FIXED32: 4}


def number_of(message: type[Message], field: str) -> int:
    """Returns the number of a field."""
    number: int = message.DESCRIPTOR.fields_by_name[field].number
    return number


def fields_of(message: bytes, number: int) -> list[bytes]:
    """Returns each field of a number whose content has a length, in a message that could be parsed."""
    return [message[start:end] for _, start, end in _spans(message, {number})]


def without_fields(message: bytes, numbers: Collection[int]) -> tuple[bytes, list[tuple[int, bytes]]]:
    """Returns a message, which could be parsed, without the fields of these numbers, and their contents."""
    rest, found, ended = [], [], 0
    for begun, start, end in _spans(message, numbers):
        rest.append(message[ended:begun])
        found.append((_varint(message, begun)[0] >> 3, message[start:end]))
        ended = end
    return b"".join((*rest, message[ended:])), found


def head_of(number: int, length: int) -> bytes:
    """Returns what stands before the content of a field that has a length; `number` is 1 to 15."""
    if length <= 0x7F:
        return bytes((number << 3 | _BYTES, length))
    head = bytearray((number << 3 | _BYTES,))
    while length > 0x7F:
        head.append(length & 0x7F | 0x80)
        length >>= 7
    head.append(length)
    return bytes(head)


def text_field(number: int, text: str) -> bytes:
    """Returns a field that holds text; nothing for no text. `number` is 1 to 15."""
    content = text.encode()
    return head_of(number, len(content)) + content if content else b""


def _spans(message: bytes, wanted: Collection[int]) -> Iterator[tuple[int, int, int]]:
    """Gives where each field begins, where its content does, and where it ends."""
    at = depth = 0
    while at < len(message):
        begun = at
        tag, at = _varint(message, at)
        number, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            _, at = _varint(message, at)
        elif kind == _BYTES:
            length, at = _varint(message, at)
            if number in wanted and not depth:
                yield begun, at, at + length
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
