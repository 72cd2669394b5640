"""What holds for every Recorder."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import Connection, insert, select

from readygate_server.adapters.storage import RecordStore
from readygate_server.adapters.storage.schema import RULESET_SOURCE
from readygate_server.domain.errors import RecordUnavailableError, RequestIdReusedError
from readygate_server.domain.record import DecisionFilter, EntryKind, NewEntry, Recorded, Sealed, Stamp
from tests.contracts.records import Place, decision, entry, logged, seal


async def count(store: RecordStore) -> int:
    """Returns the number of decisions, at most 100."""
    return len(await store.newest(DecisionFilter(), before="", limit=100))


async def test_twins_make_one_decision(store: RecordStore) -> None:
    """Of 32 concurrent requests with one id one is recorded, and all get its answer."""
    answers = await asyncio.gather(*(store.record(decision("twin")) for _ in range(32)))

    assert sum(answer.is_new for answer in answers) == 1
    assert len({(answer.id, answer.response) for answer in answers}) == 1
    assert await count(store) == 1


async def test_requests_without_an_id_are_all_different(store: RecordStore) -> None:
    """Of requests without an id each is recorded, equal or not."""
    answers = await asyncio.gather(*(store.record(decision()) for _ in range(8)))

    assert all(answer.is_new for answer in answers)
    assert await count(store) == 8


async def test_an_id_stands_for_one_request(store: RecordStore) -> None:
    """A request id that comes back with another request is refused, at once as well as later."""
    both = (store.record(decision("id", request=b"one")), store.record(decision("id", request=b"another")))
    first, second = await asyncio.gather(*both, return_exceptions=True)
    with pytest.raises(RequestIdReusedError):
        await store.record(decision("id", request=b"a third"))

    assert {type(first), type(second)} == {Recorded, RequestIdReusedError}
    assert await count(store) == 1


async def test_each_caller_has_ids_of_its_own(store: RecordStore) -> None:
    """The request id of one caller says nothing about the same id of another."""
    ours = await store.record(decision("id", caller="one", request=b"one"))
    theirs = await store.record(decision("id", caller="another", request=b"another"))

    assert ours.is_new
    assert theirs.is_new
    assert ours.id != theirs.id


async def test_a_twin_is_known_after_a_restart(place: Place) -> None:
    """A repeated request gets the bytes of the first answer, also from a server that was started later."""
    async with place.opened() as store:
        first = await store.record(decision("id"))
    async with place.opened() as store:
        second = await store.record(decision("id"))

    assert second == Recorded(first.id, first.response, is_new=False)


async def test_the_answer_tells_id_and_time(store: RecordStore) -> None:
    """What is answered was made for the id and time under which the decision is found."""
    answer = await store.record(decision())
    found = await store.get(answer.id, with_payload=True)

    assert found is not None
    assert found.payload is not None
    expected = seal(Stamp(found.id, found.recorded_at))
    assert answer.response == found.payload.response == expected.response
    assert found.entry == expected.entry


async def test_ids_and_times_go_up(store: RecordStore) -> None:
    """Every record is later than those that were answered before it, and ids are in the order of times."""
    stamps = [await store.append(entry()) for _ in range(5)]

    assert sorted({stamp.id for stamp in stamps}) == [stamp.id for stamp in stamps]
    assert sorted({stamp.recorded_at for stamp in stamps}) == [stamp.recorded_at for stamp in stamps]
    assert all(len(stamp.id) == 32 and set(stamp.id) <= set("0123456789abcdef") for stamp in stamps)


async def test_what_can_not_be_sealed_fails_alone(store: RecordStore) -> None:
    """A decision whose seal fails does not take others of its group with it, nor its twin."""

    def fail(_stamp: Stamp) -> Sealed:
        raise ZeroDivisionError

    asked = [decision("id", seal=fail), decision("id"), decision("other")]
    failed, twin, other = await asyncio.gather(*map(store.record, asked), return_exceptions=True)

    assert isinstance(failed, ZeroDivisionError)
    assert isinstance(twin, Recorded)
    assert isinstance(other, Recorded)
    assert await count(store) == 2


async def test_what_no_database_can_hold_fails_alone(store: RecordStore) -> None:
    """A text that can not be written as UTF-8 fails by itself, and the rest of its group is recorded."""
    asked = [decision(proposal_id=name) for name in ("one", "\ud800", "another")]
    one, bad, another = await asyncio.gather(*map(store.record, asked), return_exceptions=True)

    assert isinstance(one, Recorded)
    assert isinstance(bad, Exception)
    assert isinstance(another, Recorded)
    assert await count(store) == 2


async def test_rows_and_entry_are_written_together(store: RecordStore) -> None:
    """Rows of somebody else are there with their entry, and neither is when writing the rows fails."""

    def keep(connection: Connection, stamp: Stamp) -> str:
        connection.execute(insert(RULESET_SOURCE), [{"digest": stamp.id, "bundle": b"kept"}])
        return stamp.id

    def keep_and_fail(connection: Connection, stamp: Stamp) -> str:
        keep(connection, stamp)
        raise ZeroDivisionError

    kept, failed, recorded = await asyncio.gather(
        store.write(entry(), keep),
        store.write(entry(), keep_and_fail),
        store.record(decision()),
        return_exceptions=True,
    )
    digests = await store.read(lambda connection: connection.execute(select(RULESET_SOURCE.c.digest)).scalars().all())

    assert isinstance(failed, ZeroDivisionError)
    assert isinstance(recorded, Recorded)
    assert digests == [kept]
    assert (await logged(store, 2)).size == 2


async def test_an_entry_can_tell_what_its_rows_found(store: RecordStore) -> None:
    """The bytes of an entry are made after its rows were written."""
    found: list[str] = []

    def find(_connection: Connection, stamp: Stamp) -> str:
        found.append("it")
        return stamp.id

    made = NewEntry(EntryKind.WAIVER, lambda _stamp: f"found {found[-1]}".encode())
    id_ = await store.write(made, find)
    await logged(store, 1)

    assert await store.find(id_) == (0, b"found it")


async def test_a_ruleset_is_kept_once(store: RecordStore) -> None:
    """The files of a ruleset stay as they were first kept."""
    await asyncio.gather(*(store.keep_ruleset("sha256:1", b"files") for _ in range(4)))
    await store.keep_ruleset("sha256:1", b"other files")

    assert await store.ruleset("sha256:1") == b"files"
    assert await store.ruleset("sha256:2") is None


async def test_a_closed_store_takes_nothing(place: Place) -> None:
    """What was asked for before a store is closed is recorded, and what is asked for afterwards is refused."""
    async with place.opened() as store:
        asked = [asyncio.ensure_future(store.record(decision())) for _ in range(20)]
        await asyncio.sleep(0)
    answers = await asyncio.gather(*asked)

    assert all(answer.is_new for answer in answers)
    with pytest.raises(RecordUnavailableError):
        await store.record(decision())
    with pytest.raises(RecordUnavailableError):
        await store.head()
