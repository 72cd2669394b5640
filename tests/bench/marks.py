"""Texts in requests that are to differ from call to call: marks, which generators replace by a number that grows."""

from __future__ import annotations

from typing import Final

MARK: Final = "zzzzzzzz"
PLACE: Final = "0000"  # stands before every mark, and differs between the items of a batch


def numbered(message: bytes, number: int) -> bytes:
    """Returns a message with its number in place of every mark."""
    return message.replace(MARK.encode(), f"{number:0{len(MARK)}x}"[-len(MARK) :].encode())


def placed(message: bytes, place: int) -> bytes:
    """Returns a message with its place in a batch before every mark, so that the numbers of its items differ."""
    return message.replace((PLACE + MARK).encode(), f"{place:0{len(PLACE)}x}{MARK}".encode())
