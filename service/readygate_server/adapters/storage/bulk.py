"""Writes many rows of a table with one statement, which costs a fraction of one per row.

Each statement lets other threads of the process go on meanwhile, and then waits until one of them does the same. So
the fewer there are, the sooner a group is written, however large it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, Final

from sqlalchemy import Connection, Table

from readygate_server.adapters.storage.pg_arrays import arrays, unnested

_AT_ONCE: Final = 16
"""Rows of one statement of SQLite, which sets them aside until the last, because the tables have triggers."""


def insert_rows(
    connection: Connection, table: Table, rows: Sequence[Sequence[Any]], *, into: str = "", unless: str = ""
) -> int:
    """Inserts rows, each with a value for every column in the order of the table; returns how many.

    The name of the table may be another one, and rows may be left out, such as by `ON CONFLICT DO NOTHING`.
    """
    if not rows:
        return 0
    into = into or table.name
    if connection.dialect.name == "postgresql":
        return connection.exec_driver_sql(_pg_statement(table, into, unless), arrays(table, rows)).rowcount
    start = count = 0
    while start < len(rows):
        # Powers of two, so that SQLite has few different statements to prepare and keeps them all.
        size = min(_AT_ONCE, 1 << ((len(rows) - start).bit_length() - 1))
        values = tuple(value for row in rows[start : start + size] for value in row)
        count += connection.exec_driver_sql(_sqlite_statement(table, size, into, unless), values).rowcount
        start += size
    return count


@cache
def _pg_statement(table: Table, into: str, unless: str) -> str:
    return f"INSERT INTO {into} ({_names(table)}) SELECT * FROM {unnested(table)} {unless}"  # noqa: S608 -- our names


@cache
def _sqlite_statement(table: Table, rows: int, into: str, unless: str) -> str:
    row = f"({', '.join('?' * len(table.c))})"
    return f"INSERT INTO {into} ({_names(table)}) VALUES {', '.join([row] * rows)} {unless}"  # noqa: S608 -- our names


def _names(table: Table) -> str:
    return ", ".join(column.name for column in table.c)
