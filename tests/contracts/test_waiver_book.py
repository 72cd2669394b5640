"""What holds for every WaiverBook: the one in memory that other tests use, and the record on both databases."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import Connection, delete, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from readygate.v1.record_pb2 import LogEntry
from readygate_server.adapters.storage import RecordStore
from readygate_server.adapters.storage.schema import WAIVER_STEP
from readygate_server.adapters.storage.waivers import StoredWaivers
from readygate_server.application.waiver_ports import NewWaiverStep, WaiverBook, WaiverFilter
from readygate_server.domain.errors import EtagMismatchError, RecordUnavailableError
from readygate_server.domain.record import DecisionFilter, Recorded, SealedText, Stamp, WaiversFoundError
from readygate_server.domain.waivers import WaiverAction, WaiverCase, WaiverState
from tests.contracts.records import Place, decision, facts, logged
from tests.fake_waivers import BOND, RULE, FakeBook, World, person, wish

FACTS = "sha256:facts"
REQUESTED, APPROVED, REVOKED = WaiverAction


def step(waiver_id: str = "a" * 32, number: int = 1, action: WaiverAction = REQUESTED, **other: str) -> NewWaiverStep:
    """Returns a step whose state follows from its action."""
    body = f"{waiver_id} {number} {action.value}".encode()
    return NewWaiverStep(
        waiver_id=waiver_id,
        number=number,
        action=action,
        state=WaiverState(action.value),
        facts_digest=other.get("facts_digest", FACTS),
        actor=SealedText(other.get("person", "person-1"), b"\x00cipher\xff"),
        body=body,
        actor_commitment=hmac.digest(b"salt", b"ada", "sha256"),
    )


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def book(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[WaiverBook]:
    """An empty book."""
    if request.param == "memory":
        yield FakeBook()
        return
    url = request.getfixturevalue("postgres_database") if request.param == "postgres" else tmp_path / "data"
    async with Place(url).opened() as store:
        yield StoredWaivers(store)


async def test_what_is_kept_comes_back(book: WaiverBook) -> None:
    """The steps of a waiver come back in order, as they were handed over, each with its entry and its time."""
    steps = [step(), step(number=2, action=APPROVED), step(number=3, action=REVOKED)]
    stamps = [await book.append(each) for each in steps]

    filed = await book.get("a" * 32)

    assert [each.step for each in filed] == steps
    assert [each.stamp for each in filed] == stamps
    assert stamps == sorted(stamps)
    assert len({stamp.id for stamp in stamps}) == 3
    assert not await book.get("b" * 32)


@pytest.mark.parametrize("number", [0, 1, 3])
async def test_a_step_has_its_number(book: WaiverBook, number: int) -> None:
    """No step takes the number of another, and none is left out."""
    await book.append(step())

    with pytest.raises(EtagMismatchError):
        await book.append(step(number=number, action=APPROVED))
    assert len(await book.get("a" * 32)) == 1


async def test_a_waiver_starts_with_its_first_step(book: WaiverBook) -> None:
    """What was never asked for can not be approved."""
    with pytest.raises(EtagMismatchError):
        await book.append(step(number=2, action=APPROVED))
    assert not await book.get("a" * 32)


async def test_of_sixteen_at_once_one_is_kept(book: WaiverBook) -> None:
    """Each next step goes to one of all who try, for every number anew."""
    await book.append(step())
    for number in (2, 3):
        crowd = (step(number=number, action=APPROVED, person=f"person-{who}") for who in range(16))
        outcomes = await asyncio.gather(*map(book.append, crowd), return_exceptions=True)

        assert sum(isinstance(outcome, Stamp) for outcome in outcomes) == 1
        assert sum(isinstance(outcome, EtagMismatchError) for outcome in outcomes) == 15
    assert [each.step.number for each in await book.get("a" * 32)] == [1, 2, 3]


async def test_decisions_see_what_is_approved(book: WaiverBook) -> None:
    """Of the waivers of a proposal those are given whose last step leaves them approved, with all their steps."""
    for name in "abcd":
        await book.append(step(name * 32))
    for name in "bcd":
        await book.append(step(name * 32, 2, APPROVED))
    await book.append(step("c" * 32, 3, REVOKED))
    await book.append(step("e" * 32, facts_digest="sha256:other"))
    await book.append(step("e" * 32, 2, APPROVED, facts_digest="sha256:other"))

    approved = await book.approved(FACTS)

    assert [(each[0].step.waiver_id[0], len(each)) for each in approved] == [("b", 2), ("d", 2)]
    assert not await book.approved("sha256:nobody")


async def test_a_decision_that_supposes_no_waivers_is_held_against_the_record(store: RecordStore) -> None:
    """Once somebody asked for a waiver of its facts it fails, alone of its group and with its request id still free."""
    await StoredWaivers(store).append(step())
    other = facts(facts_digest="sha256:other")
    asked = [
        replace(decision(name, facts_digest=digest), supposes_no_waivers=supposes)
        for name, digest, supposes in (("a", FACTS, True), ("b", "sha256:other", True), ("c", FACTS, False))
    ]

    wrong, right, told = await asyncio.gather(*map(store.record, asked), return_exceptions=True)
    again = await store.record(replace(asked[0], supposes_no_waivers=False))

    assert isinstance(wrong, WaiversFoundError)
    assert isinstance(right, Recorded)
    assert isinstance(told, Recorded)
    assert again.is_new
    found = await store.newest(DecisionFilter(), before="", limit=9)
    assert sorted(each.request_id for each in found) == ["a", "b", "c"]
    assert [each.facts for each in found if each.request_id == "b"] == [other]


async def test_a_book_learns_of_waivers(store: RecordStore) -> None:
    """Nothing is known of any proposal at first, and then only of those that were found to have waivers."""
    waivers = StoredWaivers(store)
    assert not waivers.knows_of(FACTS)
    waivers.learn_of(FACTS)
    assert waivers.knows_of(FACTS)
    assert not waivers.knows_of("sha256:other")


async def test_waivers_are_listed(book: WaiverBook) -> None:
    """The highest id first, filtered by proposal and by state, from any id on."""
    for name in "abcd":
        await book.append(step(name * 32, facts_digest=FACTS if name in "ab" else "sha256:other"))
    await book.append(step("a" * 32, 2, APPROVED))
    await book.append(step("c" * 32, 2, REVOKED, facts_digest="sha256:other"))

    async def listed(facts_digest: str = "", state: WaiverState | None = None, before: str = "", limit: int = 9) -> str:
        found = await book.newest(WaiverFilter(facts_digest, state), before=before, limit=limit)
        return "".join(each[0].step.waiver_id[0] for each in found)

    assert await listed() == "dcba"
    assert await listed(limit=3) == "dcb"
    assert await listed(before="b" * 32) == "a"
    assert await listed(FACTS) == "ba"
    assert await listed(state=WaiverState.REQUESTED) == "db"
    assert await listed(state=WaiverState.APPROVED) == "a"
    assert await listed("sha256:other", WaiverState.REVOKED) == "c"
    (waiver,) = await book.newest(WaiverFilter(state=WaiverState.APPROVED), before="", limit=9)
    assert len(waiver) == 2


async def test_the_use_case_over_every_book(book: WaiverBook) -> None:
    """Sixteen approvers who saw the same request: one approval is kept, and the decision after it sees the waiver."""
    world = World(rule=RULE, book=book)
    case = await world.waivers.request(person("ada"), wish())
    crowd = [person(f"approver-{number}") for number in range(16)]

    outcomes = await asyncio.gather(
        *(world.waivers.approve(who, case.id, etag=case.etag) for who in crowd), return_exceptions=True
    )

    (won,) = [outcome for outcome in outcomes if isinstance(outcome, WaiverCase)]
    assert all(isinstance(outcome, (WaiverCase, EtagMismatchError)) for outcome in outcomes)
    (waiver,) = await world.waivers.in_force(*BOND)
    assert waiver.approved_by == (won.steps[-1].actor.name,)
    assert await world.waivers.get(person("ada"), case.id) == won


async def test_a_step_is_a_leaf_of_the_log(store: RecordStore) -> None:
    """The leaf tells waiver, number and action, and commits to body and name; a step that is not kept has none."""
    kept = step()
    stamp = await StoredWaivers(store).append(kept)
    with pytest.raises(EtagMismatchError):
        await StoredWaivers(store).append(step())

    head = await logged(store, 1)
    found = await store.find(stamp.id)
    assert found is not None
    entry = LogEntry.FromString(found[1])

    assert (head.size, entry.id) == (1, stamp.id)
    assert entry.recorded_at.ToMicroseconds() == stamp.recorded_at
    assert (entry.waiver.waiver_id, entry.waiver.step, entry.waiver.action) == ("a" * 32, 1, "requested")
    assert entry.waiver.redacted_step_digest == sha256(kept.body).digest()
    assert entry.waiver.actor_commitment == kept.actor_commitment


async def test_the_database_itself_changes_no_step(store: RecordStore) -> None:
    """Who has the database but not the right to drop triggers can neither change nor delete nor replace a step."""
    await StoredWaivers(store).append(step())
    rows = await store.read(lambda connection: connection.execute(select(WAIVER_STEP)).mappings().all())

    def replaced(connection: Connection, _stamp: Stamp) -> None:
        statement = insert(WAIVER_STEP).values({**rows[0], "state": "approved"})
        if connection.dialect.name == "sqlite":
            statement = statement.prefix_with("OR REPLACE")
        connection.execute(statement)

    for change in (
        lambda connection, _stamp: connection.execute(update(WAIVER_STEP).values(state="approved")),
        lambda connection, _stamp: connection.execute(delete(WAIVER_STEP)),
        replaced,
    ):
        with pytest.raises(IntegrityError):
            await store.change(change)
    assert await store.read(lambda connection: connection.execute(select(WAIVER_STEP)).mappings().all()) == rows


@pytest.mark.parametrize(
    "tampering",
    [
        {"action": "approved", "state": "approved"},
        {"body": b'{"quorum":0}'},
        {"actor_commitment": b"somebody else's"},
        {"recorded_at": 1},
        {"entry_id": "f" * 32},
    ],
    ids=lambda changes: next(iter(changes)),
)
async def test_a_row_that_its_leaf_does_not_bear_out_counts_for_nothing(
    store: RecordStore, tampering: dict[str, object]
) -> None:
    """Who may drop triggers can change rows, but not what the log says, and then nothing is decided on them."""
    book = StoredWaivers(store)
    await book.append(step())

    def tamper(connection: Connection, _stamp: Stamp) -> None:
        on_table = " ON waiver_step" if connection.dialect.name == "postgresql" else ""
        connection.execute(text(f"DROP TRIGGER waiver_step_no_update{on_table}"))
        connection.execute(update(WAIVER_STEP).values(**tampering))

    await store.change(tamper)

    asked: list[Awaitable[object]] = [book.get("a" * 32), book.newest(WaiverFilter(), before="", limit=1)]
    if "state" in tampering:
        asked.append(book.approved(FACTS))
    for answer in asked:
        with pytest.raises(RecordUnavailableError, match="can not be reached"):
            await answer


async def test_what_a_row_says_of_its_state_is_not_believed(store: RecordStore) -> None:
    """A request that was made to look approved is found and not granted: nobody approved it."""
    world = World(rule=RULE, book=StoredWaivers(store))
    await world.waivers.request(person("ada"), wish())

    def tamper(connection: Connection, _stamp: Stamp) -> None:
        on_table = " ON waiver_step" if connection.dialect.name == "postgresql" else ""
        connection.execute(text(f"DROP TRIGGER waiver_step_no_update{on_table}"))
        connection.execute(update(WAIVER_STEP).values(state="approved"))

    await store.change(tamper)

    assert len(await world.book.approved(BOND.facts_digest)) == 1
    assert await world.waivers.in_force(*BOND) == ()


async def test_another_server_sees_it_at_once(postgres_database: str) -> None:
    """On PostgreSQL an approval or revocation that one server acknowledged is seen by every other from then on."""
    place = Place(postgres_database)
    async with AsyncExitStack() as stack:
        one, other = [StoredWaivers(await stack.enter_async_context(place.opened())) for _ in range(2)]
        for number in range(20):
            waiver_id = f"{number:032x}"
            await one.append(step(waiver_id))
            await other.append(step(waiver_id, 2, APPROVED))
            assert waiver_id in {each[0].step.waiver_id for each in await one.approved(FACTS)}
            await one.append(step(waiver_id, 3, REVOKED))
            assert waiver_id not in {each[0].step.waiver_id for each in await other.approved(FACTS)}


async def test_servers_that_race_have_one_winner(postgres_database: str) -> None:
    """Sixteen approvals over two servers: the key of the table keeps all but one out."""
    place = Place(postgres_database)
    async with AsyncExitStack() as stack:
        books = [StoredWaivers(await stack.enter_async_context(place.opened())) for _ in range(2)]
        for number in range(5):
            first = step(f"{number:032x}")
            await books[0].append(first)
            crowd = [
                replace(step(first.waiver_id, 2, APPROVED), actor=SealedText(f"person-{who}", b"")) for who in range(16)
            ]
            outcomes = await asyncio.gather(
                *(books[who % 2].append(each) for who, each in enumerate(crowd)), return_exceptions=True
            )
            assert sum(isinstance(outcome, Stamp) for outcome in outcomes) == 1
            assert sum(isinstance(outcome, EtagMismatchError) for outcome in outcomes) == 15


async def test_a_book_is_read_again_after_a_restart(tmp_path: Path) -> None:
    """What was kept is there when the server comes back."""
    place = Place(tmp_path / "data")
    async with place.opened() as store:
        stamp = await StoredWaivers(store).append(step())
    async with place.opened() as store:
        (filed,) = await StoredWaivers(store).get("a" * 32)

    assert (filed.step, filed.stamp) == (step(), stamp)
