"""What holds for the record in SQLite only: one writer, one directory, one disk."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.contracts.records import MemoryAnchor, Place, PlainSigner, decision, entry, logged, root_from_entries

from readygate_server.adapters.storage import RecordStore, StoreRefusedError
from readygate_server.adapters.storage.clock import RecordClock, entry_id, lowest_id
from readygate_server.adapters.storage.opening import FILE
from readygate_server.adapters.storage.sqlite import connect, has_wal_reset_bug
from readygate_server.domain.errors import RecordUnavailableError
from readygate_server.domain.record import DecisionFilter, Recorded


def database(place: Place) -> Path:
    """Returns the file of a store."""
    return Path(place.at) / FILE


async def fill(place: Place, count: int) -> None:
    """Opens a store and records some decisions."""
    async with place.opened() as store:
        await asyncio.gather(*(store.record(decision()) for _ in range(count)))


async def visible(store: RecordStore) -> int:
    """Returns how many decisions can be seen."""
    return len(await store.newest(DecisionFilter(), before="", limit=1_000))


async def test_nothing_is_seen_or_answered_before_it_is_durable(place: Place) -> None:
    """While the transaction of a decision is open, neither its caller nor anybody else knows of it."""
    signing, may_sign = threading.Event(), threading.Event()

    def wait() -> None:
        signing.set()
        assert may_sign.wait(30)

    place.signer = PlainSigner(before=wait)
    async with place.opened() as store:
        asked = asyncio.ensure_future(store.record(decision("id")))
        await asyncio.to_thread(signing.wait, 30)
        seen_before, found_before, answered_before = (
            await visible(store),
            await store.recorded("caller-1", "id"),
            asked.done(),
        )
        may_sign.set()
        answer = await asked

        assert (seen_before, found_before, answered_before) == (0, None, False)
        assert await store.recorded("caller-1", "id") is not None
        assert answer.is_new


async def test_many_callers_share_a_commit(place: Place) -> None:
    """Decisions that are asked for while another is written are written together, under one signature."""
    signed: list[int] = []
    place.signer = PlainSigner(before=lambda: signed.append(1))
    async with place.opened() as store:
        await asyncio.gather(*(store.record(decision()) for _ in range(100)))

        assert (await logged(store, 100)).size == 100
        assert len(signed) < 50


async def test_a_second_server_is_refused(place: Place) -> None:
    """A directory in use is not opened again; afterwards it is."""
    async with place.opened():
        with pytest.raises(StoreRefusedError, match="in use by the process"):
            async with place.opened():
                pass
    async with place.opened() as store:
        assert await store.head() is None


async def test_every_connection_waits_for_the_disk(place: Place) -> None:
    """The writing connection and those that read say that they sync what they commit."""
    asked = "PRAGMA synchronous"
    async with place.opened() as store:
        writing = await store.change(lambda connection, _stamp: connection.exec_driver_sql(asked).scalar())
        reading = await store.read(lambda connection: connection.exec_driver_sql(asked).scalar())

    assert (writing, reading) == (2, 2)


async def test_readers_can_not_write(place: Place) -> None:
    """A question that would change something is refused by the database."""
    async with place.opened() as store:
        with pytest.raises(RecordUnavailableError):
            await store.read(lambda connection: connection.execute(text("DELETE FROM pending")))


async def test_the_file_is_for_its_owner_only(place: Place) -> None:
    """Nobody else on the machine can read the record."""
    async with place.opened():
        modes = {file.name: file.stat().st_mode & 0o077 for file in database(place).parent.iterdir()}

    assert FILE in modes
    assert set(modes.values()) == {0}


async def test_a_file_that_is_no_database_is_refused(place: Place) -> None:
    """A damaged file is named, not written to."""
    database(place).parent.mkdir()
    database(place).write_bytes(b"this is no database" * 1_000)
    with pytest.raises(StoreRefusedError, match="not a database"):
        async with place.opened():
            pass


@pytest.mark.parametrize(
    ("version", "has_bug"),
    [
        ((3, 40, 1), True),
        ((3, 44, 5), True),
        ((3, 44, 6), False),
        ((3, 50, 6), True),
        ((3, 50, 7), False),
        ((3, 51, 2), True),
        ((3, 51, 3), False),
        ((4, 0, 0), False),
    ],
)
def test_the_versions_with_the_wal_bug_are_known(version: tuple[int, int, int], has_bug: bool) -> None:
    """Versions before 3.51.3 are told, but for the two branches that were repaired."""
    assert has_wal_reset_bug(version) is has_bug


async def limit_pages(store: RecordStore, more: int) -> None:
    """Lets the file of the store grow by no more than some pages, as on a disk that is nearly full."""

    def limit(connection: object, _stamp: object) -> None:
        run = connection.exec_driver_sql  # type: ignore[attr-defined]
        run(f"PRAGMA max_page_count = {run('PRAGMA page_count').scalar() + more}")

    await store.change(limit)


async def test_a_full_disk_fails_cleanly_and_recording_goes_on_afterwards(place: Place) -> None:
    """What does not fit is refused and leaves nothing; once there is room again, decisions and log go on."""
    async with place.opened() as store:
        first = await store.record(decision("first"))
        await limit_pages(store, 4)
        big = [decision(f"big-{number}", request=b"x" * 100_000) for number in range(8)]
        refused = await asyncio.gather(*map(store.record, big), return_exceptions=True)
        left = await visible(store)
        # The writer takes a new connection after a failure, and the limit was the old one's.
        again = await asyncio.gather(*map(store.record, big))
        head = await logged(store, 9)

        assert [type(each) for each in refused] == [RecordUnavailableError] * 8
        assert left == 1
        assert all(each.is_new for each in again)
        assert await root_from_entries(store, 9) == head.root
        assert (await store.record(decision("first"))).response == first.response
    with closing(connect(database(place), mode="ro")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def limit_file_size(size: int) -> tuple[int, int]:
    """Lets no file of this process grow beyond a size, or all again; returns the limits from before."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    return before


async def test_a_write_that_the_system_refuses_fails_cleanly(place: Place) -> None:
    """When the system refuses to write in the middle of a transaction, it leaves nothing, and the next one succeeds."""
    async with place.opened() as store:
        await store.record(decision("first"))
        wal = database(place).with_name(f"{FILE}-wal").stat().st_size
        soft, _hard = limit_file_size(wal + 50_000)
        try:
            with pytest.raises(RecordUnavailableError):
                await store.record(decision("big", request=b"x" * 500_000))
        finally:
            limit_file_size(soft)
        left = await visible(store)
        again = await store.record(decision("big", request=b"x" * 500_000))
        head = await logged(store, 2)

        assert left == 1
        assert again.is_new
        assert await root_from_entries(store, 2) == head.root


async def test_a_signer_that_fails_leaves_nothing(place: Place) -> None:
    """What can not be signed is not recorded; when signing works again, recording does."""
    broken = [True]

    def fail() -> None:
        if broken:
            raise OSError("the key is not there")

    place.signer = PlainSigner(before=fail)
    async with place.opened() as store:
        with pytest.raises(RecordUnavailableError):
            await store.record(decision("id"))
        left = await visible(store)
        broken.clear()
        answer = await store.record(decision("id"))

        assert left == 0
        assert answer.is_new
        assert (await logged(store, 1)).size == 1


async def test_a_clock_that_steps_back_does_not_show(place: Place) -> None:
    """Ids and times go up although the clock of the machine goes back, within a run and from one to the next."""
    clock = iter(range(2_000_000_000_000_000, 0, -60_000_000))
    told: list[int] = []

    def now() -> int:
        told.append(next(clock))
        return told[-1]

    place.now = now
    stamps = []
    for _ in range(2):
        async with place.opened() as store:
            stamps += [await store.append(entry()) for _ in range(3)]
    times = [stamp.recorded_at for stamp in stamps]
    ids_by_clock = [entry_id(each, 0) for each in told]

    assert times == list(range(times[0], times[0] + 6))
    assert sorted({stamp.id for stamp in stamps}) == [stamp.id for stamp in stamps]
    assert ids_by_clock == sorted(ids_by_clock, reverse=True)  # what ids by the clock alone would be


def test_ids_are_uuids_that_begin_with_the_time() -> None:
    """An id is a UUID of version 7; the lowest one of a time is below all of it and above all before."""
    at = 1_795_407_962_766_458
    made = entry_id(at, (1 << 62) - 1)

    assert (made[12], made[16] in "89ab", int(made[:12], 16)) == ("7", True, at // 1_000)
    assert lowest_id(at) <= entry_id(at, 0) < made < entry_id(at + 1, 0)
    assert entry_id(at // 1_000 * 1_000 - 1, (1 << 62) - 1) < lowest_id(at)


def test_stamps_from_many_threads_differ() -> None:
    """No two stamps have the same time, whoever asks."""
    clock = RecordClock(lambda: 1)
    found: list[int] = []
    threads = [
        threading.Thread(target=lambda: found.extend(clock.stamp().recorded_at for _ in range(500))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(found) == list(range(1, 2_001))


async def test_an_old_copy_is_refused(place: Place) -> None:
    """A file that was put back from a copy has fewer entries than were signed before, and is not opened."""
    await fill(place, 3)
    copy = shutil.copy(database(place), Path(place.at) / "copy")
    await fill(place, 2)
    shutil.copy(copy, database(place))
    with pytest.raises(StoreRefusedError, match="3 entries, but a checkpoint of 5"):
        await fill(place, 1)

    place.anchor = MemoryAnchor()  # without the guard the same file is opened, and its log is another one from then on
    await fill(place, 1)


async def test_another_past_is_refused(place: Place) -> None:
    """A log that went on from an old copy, and has grown beyond what was signed before, is not opened either."""
    await fill(place, 3)
    copy = shutil.copy(database(place), Path(place.at) / "copy")
    await fill(place, 2)
    shutil.copy(copy, database(place))
    outside, place.anchor = place.anchor, MemoryAnchor()
    await fill(place, 4)
    place.anchor = outside
    with pytest.raises(StoreRefusedError, match="first 5 entries"):
        await fill(place, 1)


async def test_a_leaf_that_was_lost_is_noticed(place: Place) -> None:
    """A file from which somebody took the last leaf, triggers or not, is not opened."""
    await fill(place, 3)
    with closing(sqlite3.connect(database(place))) as connection, connection:
        connection.execute("DROP TRIGGER log_leaf_no_delete")
        connection.execute("DELETE FROM log_leaf WHERE leaf_index = 2")
    with pytest.raises(StoreRefusedError, match="2 entries"):
        await fill(place, 1)


async def test_the_anchor_gets_the_last_head(place: Place) -> None:
    """When a store is closed, the head of the whole log is kept outside, whatever the limit on how often."""
    await fill(place, 3)
    await fill(place, 4)

    assert [head.size for head in place.anchor.kept][-1] == 7
    assert len(place.anchor.kept) < 7


async def test_an_anchor_out_of_reach_stops_nothing(place: Place) -> None:
    """Decisions are recorded while the anchor can not be written, and it gets its head later."""

    class Unreachable(MemoryAnchor):
        def keep(self, head: object) -> None:
            raise OSError(f"no way to keep {head}")

    place.anchor = Unreachable()
    await fill(place, 3)
    place.anchor = MemoryAnchor()
    await fill(place, 1)

    assert place.anchor.kept[-1].size == 4


async def test_a_caller_who_goes_away_changes_nothing(place: Place) -> None:
    """A decision whose caller has given up is recorded all the same, and its twin gets the answer."""
    async with place.opened() as store:
        asked = asyncio.ensure_future(store.record(decision("id")))
        await asyncio.sleep(0)
        asked.cancel()
        twin = await store.record(decision("id"))

        assert isinstance(twin, Recorded)
        assert await visible(store) == 1
