"""What holds for every FoundationBook: the one in memory that other tests use, and the record on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import Connection, Table, delete, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from readygate.v1.foundation_pb2 import ASSET_SCOPE_SOURCE
from readygate.v1.record_pb2 import LogEntry
from readygate_server.adapters.storage import RecordStore
from readygate_server.adapters.storage.foundations import StoredFoundations
from readygate_server.adapters.storage.schema import ASSET_REQUEST, ASSET_REVISION, ASSET_USE
from readygate_server.application.foundation_ports import Claim, Claimed, FoundationBook
from readygate_server.application.foundations import Registered
from readygate_server.domain.errors import EtagMismatchError, RecordUnavailableError
from readygate_server.domain.foundations import AssetKey
from readygate_server.domain.identity import Role
from readygate_server.domain.record import Stamp
from readygate_server.domain.vocabulary import Scope
from tests.contracts.records import Place, logged
from tests.fake_foundations import CRM, AssetWorld, FakeFoundationBook, offer, revision
from tests.fake_waivers import person

ERP, ORDERS = AssetKey(Scope.SOURCE, "erp"), AssetKey(Scope.API, "orders")
CLAIM = Claim("person-1", "r-1", b"hash")


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def book(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[FoundationBook]:
    """An empty book."""
    if request.param == "memory":
        yield FakeFoundationBook()
        return
    url = request.getfixturevalue("postgres_database") if request.param == "postgres" else tmp_path / "data"
    async with Place(url).opened() as store:
        yield StoredFoundations(store)


async def test_what_is_kept_comes_back(book: FoundationBook) -> None:
    """Each revision comes back as it was handed over, by its number and, the newest, without one."""
    kept = [revision(), revision(number=2, content=b"more"), revision(ERP)]
    stamps = [await book.append(each, None) for each in kept]

    found = await book.get([(CRM, 1), (CRM, 2), (CRM, 0), (ERP, 0), (CRM, 3), (ORDERS, 0)])

    assert {key: filed.revision for key, filed in found.items()} == {
        (CRM, 1): kept[0],
        (CRM, 2): kept[1],
        (CRM, 0): kept[1],
        (ERP, 0): kept[2],
    }
    assert [found[key].stamp for key in ((CRM, 1), (CRM, 2), (ERP, 0))] == stamps
    assert not await book.get([])


@pytest.mark.parametrize("number", [0, 1, 3])
async def test_a_revision_has_its_number(book: FoundationBook, number: int) -> None:
    """No revision takes the number of another, and none is left out."""
    await book.append(revision(), None)

    with pytest.raises(EtagMismatchError):
        await book.append(revision(number=number, content=b"more"), None)
    assert len(await book.revisions(CRM, below=0, limit=9)) == 1


async def test_of_sixteen_at_once_one_is_kept(book: FoundationBook) -> None:
    """The next revision goes to one of all who try, for every number anew."""
    for number in (1, 2):
        crowd = (revision(number=number, person=f"person-{who}") for who in range(16))
        outcomes = await asyncio.gather(*(book.append(each, None) for each in crowd), return_exceptions=True)

        assert sum(isinstance(outcome, Stamp) for outcome in outcomes) == 1
        assert sum(isinstance(outcome, EtagMismatchError) for outcome in outcomes) == 15
    assert [each.revision.number for each in await book.revisions(CRM, below=0, limit=9)] == [2, 1]


async def test_a_request_is_claimed_once(book: FoundationBook) -> None:
    """Its id stands for one revision; whoever comes second keeps nothing, neither claim nor revision."""
    assert await book.claimed("person-1", "r-1") is None
    await book.append(revision(), CLAIM)
    with pytest.raises(EtagMismatchError):
        await book.append(revision(number=2), CLAIM)
    with pytest.raises(EtagMismatchError):
        await book.claim(CLAIM, CRM, 1)
    await book.claim(CLAIM._replace(caller="person-2"), CRM, 1)

    assert await book.claimed("person-1", "r-1") == Claimed(b"hash", CRM, 1, is_new=True)
    assert await book.claimed("person-2", "r-1") == Claimed(b"hash", CRM, 1, is_new=False)
    assert len(await book.revisions(CRM, below=0, limit=9)) == 1


async def test_assets_are_listed(book: FoundationBook) -> None:
    """The newest revision of each, by scope and id, from any of them on; revisions the newest first."""
    for key, number in ((ERP, 1), (CRM, 1), (ORDERS, 1), (CRM, 2), (CRM, 3)):
        await book.append(revision(key, number), None)

    async def listed(scope: Scope | None = None, after: tuple[str, str] = ("", ""), limit: int = 9) -> list[str]:
        found = await book.newest(scope, after=after, limit=limit)
        return [f"{each.revision.key.id}@{each.revision.number}" for each in found]

    assert await listed() == ["orders@1", "crm@3", "erp@1"]
    assert await listed(limit=2) == ["orders@1", "crm@3"]
    assert await listed(after=("source", "crm")) == ["erp@1"]
    assert await listed(Scope.SOURCE) == ["crm@3", "erp@1"]
    assert await listed(Scope.WORKFLOW) == []
    assert [each.revision.number for each in await book.revisions(CRM, below=3, limit=1)] == [2]


async def test_users_are_found_in_order(book: FoundationBook) -> None:
    """Each proposal once, in the order in which they first referenced the asset, from any of them on."""
    for name in ("b", "a", "b", "c"):
        await book.note_use(name, [CRM, ERP])
    await book.note_use("d", [ORDERS])
    everybody = await book.users(CRM, after="", limit=9)

    assert [each.proposal_id for each in everybody] == ["b", "a", "c"]
    assert await book.users(CRM, after=everybody[0].id, limit=1) == everybody[1:2]
    assert [each.proposal_id for each in await book.users(ORDERS, after="", limit=9)] == ["d"]


async def test_the_use_case_over_every_book(book: FoundationBook) -> None:
    """Of eight stewards at once, each with an asset of their own, all have a revision, and twins have the same."""
    world, ada = AssetWorld(book), person("ada", Role.STEWARD)
    offers = [offer(f"content {number}".encode()) for number in range(4)]

    crowd = await asyncio.gather(
        *(world.foundations.register(ada, each, request_id=f"r-{place}") for place, each in enumerate(offers * 2))
    )
    again = await asyncio.gather(
        *(world.foundations.register(ada, each, request_id=f"r-{place}") for place, each in enumerate(offers * 2))
    )

    assert all(isinstance(each, Registered) for each in crowd)
    assert [each.view.number for each in again] == [each.view.number for each in crowd]
    assert [each.view.content for each in crowd] == [each.content for each in offers * 2]


async def test_a_revision_is_a_leaf_of_the_log(store: RecordStore) -> None:
    """The leaf tells asset, number and digest, and commits to content and name; what is not kept has none."""
    kept = revision()
    stamp = await StoredFoundations(store).append(kept, CLAIM)
    with pytest.raises(EtagMismatchError):
        await StoredFoundations(store).append(revision(number=2), CLAIM)

    head = await logged(store, 1)
    found = await store.find(stamp.id)
    assert found is not None
    entry = LogEntry.FromString(found[1])

    assert (head.size, entry.id, entry.WhichOneof("body")) == (1, stamp.id, "asset")
    assert entry.recorded_at.ToMicroseconds() == stamp.recorded_at
    assert (entry.asset.scope, entry.asset.id, entry.asset.revision) == (ASSET_SCOPE_SOURCE, "crm", 1)
    assert entry.asset.digest == kept.digest
    assert entry.asset.redacted_content_digest == sha256(kept.content).digest()
    assert (entry.asset.content_commitment, entry.asset.actor_commitment) == (
        kept.content_commitment,
        kept.actor_commitment,
    )


@pytest.mark.parametrize("table", [ASSET_REVISION, ASSET_REQUEST, ASSET_USE], ids=lambda each: each.name)
async def test_the_database_itself_changes_nothing(store: RecordStore, table: Table) -> None:
    """Who has the database but not the right to drop triggers can neither change nor delete nor replace a row."""
    await StoredFoundations(store).append(revision(), CLAIM)
    await StoredFoundations(store).note_use("p", [CRM])
    rows = await store.read(lambda connection: connection.execute(select(table)).mappings().all())

    def replaced(connection: Connection, _stamp: Stamp) -> None:
        statement = insert(table).values(dict(rows[0]))
        if connection.dialect.name == "sqlite":
            statement = statement.prefix_with("OR REPLACE")
        connection.execute(statement)

    for change in (
        lambda connection, _stamp: connection.execute(update(table).values(asset_id="erp")),
        lambda connection, _stamp: connection.execute(delete(table)),
        replaced,
    ):
        with pytest.raises(IntegrityError):
            await store.change(change)
    assert len(rows) == 1
    assert await store.read(lambda connection: connection.execute(select(table)).mappings().all()) == rows


@pytest.mark.parametrize(
    "tampering",
    [
        {"content": b"better"},
        {"digest": "sha256:other"},
        {"number": 7},
        {"actor_commitment": b"somebody else's"},
        {"recorded_at": 1},
        {"entry_id": "f" * 32},
    ],
    ids=lambda changes: next(iter(changes)),
)
async def test_a_row_that_its_leaf_does_not_bear_out_is_not_given(
    store: RecordStore, tampering: dict[str, object]
) -> None:
    """Who may drop triggers can change rows, but not what the log says, and then nothing is judged on them."""
    book = StoredFoundations(store)
    await book.append(revision(), None)

    def tamper(connection: Connection, _stamp: Stamp) -> None:
        on_table = " ON asset_revision" if connection.dialect.name == "postgresql" else ""
        connection.execute(text(f"DROP TRIGGER asset_revision_no_update{on_table}"))
        connection.execute(update(ASSET_REVISION).values(**tampering))

    await store.change(tamper)

    for asked in (
        book.get([(CRM, 0)]),
        book.newest(None, after=("", ""), limit=1),
        book.revisions(CRM, below=0, limit=1),
    ):
        with pytest.raises(RecordUnavailableError, match="can not be reached"):
            await asked


async def test_servers_that_race_have_one_winner(postgres_database: str) -> None:
    """Sixteen revisions and as many proposals over two servers: the keys of the tables keep all but one out."""
    place = Place(postgres_database)
    async with AsyncExitStack() as stack:
        books = [StoredFoundations(await stack.enter_async_context(place.opened())) for _ in range(2)]
        for number in (1, 2, 3):
            crowd = [replace(revision(number=number), names=f"{who}".encode()) for who in range(16)]
            outcomes = await asyncio.gather(
                *(books[who % 2].append(each, None) for who, each in enumerate(crowd)), return_exceptions=True
            )
            assert sum(isinstance(outcome, Stamp) for outcome in outcomes) == 1
            assert sum(isinstance(outcome, EtagMismatchError) for outcome in outcomes) == 15
            newest = [(await each.get([(CRM, 0)]))[CRM, 0].revision for each in books]
            assert newest[0] == newest[1]
        await asyncio.gather(*(books[who % 2].note_use("p", [CRM, ERP]) for who in range(16)))
        for each in books:
            assert [use.proposal_id for use in await each.users(CRM, after="", limit=9)] == ["p"]


async def test_another_server_sees_it_at_once(postgres_database: str) -> None:
    """On PostgreSQL a revision that one server acknowledged is the newest for every other from then on."""
    place = Place(postgres_database)
    async with AsyncExitStack() as stack:
        one, other = [StoredFoundations(await stack.enter_async_context(place.opened())) for _ in range(2)]
        for number in range(1, 11):
            await one.append(revision(number=number), None)
            assert (await other.get([(CRM, 0)]))[CRM, 0].revision.number == number
            one, other = other, one


async def test_a_book_is_read_again_after_a_restart(place: Place) -> None:
    """What was kept is there when the server comes back."""
    async with place.opened() as store:
        stamp = await StoredFoundations(store).append(revision(), CLAIM)
    async with place.opened() as store:
        found = (await StoredFoundations(store).get([(CRM, 0)]))[CRM, 0]

    assert (found.revision, found.stamp) == (revision(), stamp)
