"""Finds the names in the bytes of a message, without parsing it into one and without writing it anew.

Protobuf has many encodings of the same message, and a digest is over one of them. So names are found, blanked and put
back at their places in the bytes, and every other byte is left as it came: unknown fields, fields out of order or
given twice, messages in pieces, numbers that are longer than they need be.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Final

from google.protobuf.descriptor import Descriptor

from readygate_server.adapters.names.routes import (
    DELIMITED,
    FIXED64,
    GROUP,
    INNER,
    NAME,
    OBSERVED,
    ONE_BYTE,
    VARINT,
    Route,
    route_through,
)
from readygate_server.adapters.proposals.personal import personal_facts

Span = tuple[int, int]
"""Where a name begins, and how many bytes it has."""

_END_GROUP: Final = 4
_MOST_RECALLED: Final = 10_000
"""Assets of a kind whose names are recalled: about 2 MB."""


def _one_of(tags: Iterable[int]) -> bytes:
    return b"[%s]" % b"".join(b"\\x%02x" % tag for tag in tags)


_SCALARS: Final = re.compile(
    b"(?s:%s[\\x01-\\x7f].{8}|%s[\\x01-\\x7f][\\x80-\\xff]*+[\\x00-\\x7f])*+"
    % (_one_of(range(ONE_BYTE | FIXED64, 2 * ONE_BYTE, 8)), _one_of(range(ONE_BYTE | VARINT, 2 * ONE_BYTE, 8)))
)
"""Any number of numbers and choices in a row under tags of two bytes, as most facts about an asset are."""


def find_names(data: bytes, message: Descriptor) -> list[Span]:
    """Returns the places of all names that are not empty, in their order; `data` has been parsed as this message."""
    spans: list[Span] = []
    route = route_through(message)
    if route is not None:
        _walk(data, 0, len(data), route, spans)
        spans.sort()  # a name in an observed value is found after those that stand behind it
    return spans


def fill(data: bytes, spans: Sequence[Span], texts: Sequence[bytes | None]) -> bytes:
    """Returns the bytes with a text of the same length at each place; with `*` where there is None."""
    filled = bytearray(data)
    for (start, length), text in zip(spans, texts, strict=True):
        filled[start : start + length] = text or b"*" * length
    return bytes(filled)


def _walk(  # noqa: C901, PLR0912 -- a call per field would take twice the time
    data: bytes, at: int, end: int, route: Route, spans: list[Span]
) -> None:
    """Notes the names in one message. Every recording passes here; the most frequent fields are asked about first."""
    short, long, scalars = route.short, route.long, _SCALARS.match
    start = at
    observed: list[Span] | None = None
    while at < end:
        tag = data[at]
        if tag < ONE_BYTE:
            action = short[tag]
            size = data[at + 1]
            if size < ONE_BYTE:
                if action == DELIMITED:
                    at += 2 + size
                    continue
                if action == VARINT:
                    at += 2
                    continue
            at += 1
        elif tag & 7 <= FIXED64 and (behind := scalars(data, at, end).end()) > at:  # type: ignore[union-attr]
            at = behind
            continue
        else:
            tag, at = _number(data, at)
            action = short[tag] if tag < ONE_BYTE else long.get(tag, tag & 7)
        if action < NAME:
            at = _past(data, at, action)
            continue
        size = data[at]
        if size < ONE_BYTE:
            at += 1
        else:
            size, at = _number(data, at)
        if action >= INNER:
            inner = route.inner[action - INNER]
            if inner.recalled is None:
                _walk(data, at, at + size, inner, spans)
            else:
                _recall(data, at, at + size, inner, spans)
        elif action == OBSERVED:
            observed = [*(observed or ()), (at, size)]
        elif size:
            spans.append((at, size))
        at += size
    if observed and route.observed is not None and _is_of_name(data, start, end, route.fact_tag):
        for at, size in observed:
            _walk(data, at, at + size, route.observed, spans)


def _recall(data: bytes, at: int, end: int, route: Route, spans: list[Span]) -> None:
    """Notes the names in one asset as they were found in the same bytes before. Only a digest of these is kept."""
    recalled = route.recalled
    assert recalled is not None, "only assets are recalled"
    digest = sha256(data[at:end]).digest()
    found = recalled.get(digest)
    if found is None:
        fresh: list[Span] = []
        _walk(data, at, end, route, fresh)
        if len(recalled) >= _MOST_RECALLED:
            recalled.clear()
        found = recalled[digest] = tuple((start - at, size) for start, size in fresh)
    spans += [(at + start, size) for start, size in found]


def _is_of_name(data: bytes, at: int, end: int, fact_tag: int) -> bool:
    """True when a message says that what it observes is a fact that holds a name."""
    while at < end:
        tag, at = _number(data, at)
        after = _past(data, at, tag & 7)
        if tag == fact_tag:
            _, first = _number(data, at)
            if data[first:after].decode("utf-8", "replace") in personal_facts():
                return True
        at = after
    return False


def _past(data: bytes, at: int, kind: int) -> int:
    """Returns the place behind the value of a field of a wire type."""
    if kind == VARINT:
        return _number(data, at)[1]
    if kind == DELIMITED:
        size, at = _number(data, at)
        return at + size
    if kind == GROUP:
        return _past_group(data, at)
    return at + (8 if kind == FIXED64 else 4)


def _past_group(data: bytes, at: int) -> int:
    """Returns the place behind the end of an unknown group."""
    while True:
        tag, at = _number(data, at)
        if tag & 7 == _END_GROUP:
            return at
        at = _past(data, at, tag & 7)


def _number(data: bytes, at: int) -> tuple[int, int]:
    """Returns a number of variable length, and the place behind it."""
    value = data[at]
    if value < ONE_BYTE:
        return value, at + 1
    high = data[at + 1]
    if high < ONE_BYTE:
        return value + ((high - 1) << 7), at + 2
    value, shift = 0, 0
    while (byte := data[at]) >= ONE_BYTE:
        value |= (byte & 127) << shift
        shift += 7
        at += 1
    return value | byte << shift, at + 1
