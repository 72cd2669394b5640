"""Retention on both databases: payloads go by age, after the log says so; proofs stay."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from sqlalchemy import delete
from sqlalchemy.exc import DBAPIError

from readygate.v1.record_pb2 import LogEntry
from readygate_server.adapters.storage import RecordStore
from readygate_server.adapters.storage.retention import StoredRetention
from readygate_server.adapters.storage.schema import PAYLOAD
from readygate_server.application.retention import DAY, Dropped, drop_payloads, keep_for
from readygate_server.domain.errors import RecordUnavailableError
from readygate_server.domain.record import DecisionFilter
from tests.contracts.records import Place, decision, logged, root_from_entries

START = 1_790_812_800_000_000
"""2026-10-01 in microseconds."""


class Clock:
    """A clock that stands until it is told."""

    def __init__(self) -> None:
        """Starts on 2026-10-01."""
        self.now = START

    def __call__(self) -> int:
        """Returns the moment."""
        return self.now


@pytest.fixture
def clock(place: Place) -> Clock:
    """The clock of the store."""
    clock = Clock()
    place.now = clock
    return clock


async def _fill(store: RecordStore, clock: Clock, days: int) -> list[str]:
    """Records one decision a day; returns their ids."""
    ids = []
    for day in range(days):
        clock.now = START + day * DAY
        ids.append((await store.record(decision())).id)
    return ids


async def _kept(store: RecordStore, ids: list[str]) -> list[bool]:
    found = [await store.get(each, with_payload=True) for each in ids]
    return [each is not None and each.payload is not None for each in found]


async def test_payloads_before_a_moment_go_and_later_ones_stay(place: Place, clock: Clock) -> None:
    """The moment itself is not before it; what was dropped says so, and keeps all but its bytes."""
    async with place.opened() as store:
        ids = await _fill(store, clock, 5)
        dropped = await drop_payloads(StoredRetention(store), before=START + 3 * DAY)

        assert (dropped.payloads, bool(dropped.entry_id)) == (3, True)
        assert await _kept(store, ids) == [False, False, False, True, True]
        first = await store.get(ids[0], with_payload=True)
        assert first is not None
        assert first.is_dropped
        assert len(await store.newest(DecisionFilter(), before="", limit=10)) == 5


async def test_the_log_says_what_was_dropped_and_proves_what_it_did(place: Place, clock: Clock) -> None:
    """The retention is a leaf, and the tree of before is still the one that its entries make."""
    async with place.opened() as store:
        await _fill(store, clock, 3)
        before = await logged(store, 3)
        dropped = await drop_payloads(StoredRetention(store), before=START + DAY)
        await logged(store, 4)

        entry = LogEntry.FromString((await store.entries(3, 1))[0])
        assert entry.id == dropped.entry_id
        assert entry.retention.recorded_before.ToMicroseconds() == START + DAY
        assert await root_from_entries(store, 3) == before.root


async def test_nothing_to_drop_is_no_entry(place: Place, clock: Clock) -> None:
    """Asked again, or for what is too young, a retention leaves no trace."""
    async with place.opened() as store:
        await _fill(store, clock, 2)
        keeper = StoredRetention(store)
        assert await drop_payloads(keeper, before=START) == Dropped(0, "")
        assert (await drop_payloads(keeper, before=START + DAY)).payloads == 1
        assert await drop_payloads(keeper, before=START + DAY) == Dropped(0, "")
        assert (await logged(store, 3)).size == 3


async def test_a_crash_in_between_is_made_up_for_without_another_entry(place: Place, clock: Clock) -> None:
    """What the log has announced and a crash has kept goes with the next retention."""
    async with place.opened() as store:
        ids = await _fill(store, clock, 3)
        await StoredRetention(store).announce(START + 2 * DAY)
    async with place.opened() as store:
        assert await _kept(store, ids) == [True, True, True]
        assert await drop_payloads(StoredRetention(store), before=START + 2 * DAY) == Dropped(2, "")
        assert await _kept(store, ids) == [False, False, True]
        assert (await logged(store, 4)).size == 4


async def test_no_payload_goes_before_the_log_says_so(place: Place, clock: Clock) -> None:
    """The database itself refuses; after the announcement the same statement is taken."""
    async with place.opened() as store:
        ids = await _fill(store, clock, 2)
        drop = delete(PAYLOAD).where(PAYLOAD.c.decision_id == ids[0])
        with pytest.raises(DBAPIError, match="retention"):
            await store.change(lambda connection, _: connection.execute(drop).rowcount)
        assert await _kept(store, ids) == [True, True]

        await StoredRetention(store).announce(START + DAY)
        assert await store.change(lambda connection, _: connection.execute(drop).rowcount) == 1


async def test_many_payloads_go_in_several_transactions(place: Place, clock: Clock) -> None:
    """More than fit into one transaction are dropped all the same."""
    async with place.opened() as store:
        await asyncio.gather(*(store.record(decision()) for _ in range(1_203)))
        clock.now += DAY
        last = await store.record(decision())

        assert (await drop_payloads(StoredRetention(store), before=START + DAY // 2)).payloads == 1_203
        assert await _kept(store, [last.id]) == [True]


async def test_a_server_drops_what_has_become_old(place: Place, clock: Clock) -> None:
    """Payloads are kept for whole days, so that a retention of 2 days leaves those of the last 2 days."""
    async with place.opened() as store:
        ids = await _fill(store, clock, 5)
        clock.now = START + 4 * DAY + DAY // 2
        told: list[Dropped | RecordUnavailableError] = []
        heard = asyncio.Event()

        def tell(each: Dropped | RecordUnavailableError) -> None:
            told.append(each)
            heard.set()

        task = asyncio.create_task(keep_for(StoredRetention(store), days=2, now=clock, told=tell))
        await asyncio.wait_for(heard.wait(), 30)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

        assert await _kept(store, ids) == [False, False, True, True, True]
        assert [each.payloads for each in told if isinstance(each, Dropped)] == [2]
