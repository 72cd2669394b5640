"""Rows that are written with one statement are those that were given, whatever is in them."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, Table, select
from tests.contracts.records import Place

from readygate_server.adapters.storage.bulk import insert_rows
from readygate_server.adapters.storage.schema import CHECKPOINT, LOG_NODE, RULESET_SOURCE
from readygate_server.domain.record import Stamp

_TEXTS = ["", "plain", "{},\"NULL\\'", "čau 🏦", "x" * 70_000]


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest, place: Place) -> Place:
    """Where a store can be opened, in each database."""
    return place if request.param == "sqlite" else Place(request.getfixturevalue("postgres_database"))


def _insert(table: Table, rows: list[Any], connection: Connection, _stamp: Stamp) -> int:
    return insert_rows(connection, table, rows)


def _all_rows(table: Table, connection: Connection) -> list[Any]:
    return list(connection.execute(select(table)))


@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, 100])
async def test_all_rows_are_written_as_they_are(either: Place, count: int) -> None:
    """However many rows there are, each is there with all of its bytes, letters and numbers."""
    sources = [(f"{number} {_TEXTS[number % 5]}", bytes(range(number, 256)) * (number % 3)) for number in range(count)]
    nodes = [(number, 2**62 - number, b"\x00\xff" * 16) for number in range(count)]
    notes = [(number, b"root", "the čau of all") for number in range(count)]
    written: dict[Table, list[Any]] = {RULESET_SOURCE: sources, LOG_NODE: nodes, CHECKPOINT: notes}

    async with either.opened() as store:
        for table, rows in written.items():
            await store.change(partial(_insert, table, rows))
        found = {table: await store.read(partial(_all_rows, table)) for table in written}

    assert {table: sorted(map(tuple, rows)) for table, rows in found.items()} == {
        table: sorted(rows) for table, rows in written.items()
    }
