"""Columns of many rows as arrays, in the form that PostgreSQL itself writes them in.

The driver would take ten times as long to write them, and send bytes as text of twice their length.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Final

from sqlalchemy import BigInteger, Integer, LargeBinary, Table, Text
from sqlalchemy.types import TypeEngine

_HEAD: Final = struct.Struct(">iiiii").pack
_SIZE: Final = struct.Struct(">i").pack


class PgArray(bytes):
    """An array in binary form; each subclass is one type of array."""

    __slots__ = ()
    name: str
    """Name of the type of the elements."""
    element: int
    """Number of that type."""
    number: int
    """Number of the type of the array."""


class Texts(PgArray):
    """An array of text."""

    __slots__ = ()
    name, element, number = "text", 25, 1009


class Blobs(PgArray):
    """An array of bytea."""

    __slots__ = ()
    name, element, number = "bytea", 17, 1001


class Integers(PgArray):
    """An array of int4."""

    __slots__ = ()
    name, element, number = "int4", 23, 1007


class BigIntegers(PgArray):
    """An array of int8."""

    __slots__ = ()
    name, element, number = "int8", 20, 1016


def teach(connection: Any) -> None:
    """Lets a connection of the driver take arrays as parameters."""
    for kind in (Texts, Blobs, Integers, BigIntegers):
        connection.adapters.register_dumper(kind, _dumper_of(kind))


def arrays(table: Table, rows: Sequence[Sequence[Any]]) -> tuple[PgArray, ...]:
    """Returns an array for each column of rows, of which there is at least one."""
    return tuple(array(kind, values) for kind, values in zip(_kinds(table), zip(*rows, strict=True), strict=True))


@cache
def unnested(table: Table) -> str:
    """Returns the expression that turns the arrays of a table into rows again."""
    return f"unnest({', '.join(f'%s::{kind.name}[]' for kind in _kinds(table))})"


def array(kind: type[PgArray], values: Sequence[Any]) -> PgArray:
    """Returns values of one type, of which there is at least one, as an array."""
    head = _HEAD(1, 0, kind.element, len(values), 1)  # one dimension, no nulls, from 1 on
    if kind is Texts and len(set(values)) == 1:  # much is the same in all rows, such as the name of the ruleset
        text = values[0].encode()
        return kind(head + (_SIZE(len(text)) + text) * len(values))
    return kind(b"".join((head, *_elements(kind, values))))


def _elements(kind: type[PgArray], values: Sequence[Any]) -> Iterator[bytes]:
    if kind is Integers or kind is BigIntegers:
        width, form = (4, "i") if kind is Integers else (8, "q")
        numbers = [number for value in values for number in (width, value)]
        yield struct.pack(">" + f"i{form}" * len(values), *numbers)
        return
    for value in values:
        element = value.encode() if kind is Texts else value
        yield _SIZE(len(element))
        yield element


@cache
def _kinds(table: Table) -> tuple[type[PgArray], ...]:
    return tuple(_kind(column.type) for column in table.c)


def _kind(column: TypeEngine[Any]) -> type[PgArray]:
    if isinstance(column, BigInteger):
        return BigIntegers
    if isinstance(column, Integer):
        return Integers
    if isinstance(column, LargeBinary):
        return Blobs
    assert isinstance(column, Text), f"no column of a record is {column!r}"
    return Texts


@cache
def _dumper_of(kind: type[PgArray]) -> Any:
    # The driver is an extra, so nothing of it is asked for before there is a connection.
    from psycopg.adapt import Dumper
    from psycopg.pq import Format

    class ArrayDumper(Dumper):
        """Hands an array to the driver as it is."""

        format = Format.BINARY

        def __init__(self, cls: type, context: Any = None) -> None:
            super().__init__(cls, context)
            self.oid = kind.number

        def dump(self, obj: PgArray) -> bytes:
            """Returns the bytes to be sent."""
            return obj

    return ArrayDumper
