"""What holds for the record in PostgreSQL only: several servers, one log, and a network in between."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import psycopg
import pytest
from tests.adapters.storage.cut_connection import Between, Cut, between
from tests.contracts.records import Place, decision, entry, logged, root_from_entries
from tests.postgres import Cluster

from readygate_server.adapters.storage import RecordStore, StoreRefusedError
from readygate_server.adapters.storage.postgres import database_url
from readygate_server.domain.errors import RecordUnavailableError
from readygate_server.domain.record import DecisionFilter, Recorded, TreeHead

SIGNS_FOR_EVER = """
import asyncio, sys, time
from tests.contracts.records import Place, PlainSigner, decision

def wait():
    print("signing", flush=True)
    time.sleep(600)

async def run():
    async with Place(sys.argv[1], signer=PlainSigner(before=wait)).opened() as store:
        print((await store.record(decision("theirs"))).id, flush=True)
        await asyncio.sleep(600)

asyncio.run(run())
"""


@pytest.fixture
def place(postgres_database: str) -> Place:
    """Where an empty store can be opened."""
    return Place(postgres_database)


@pytest.fixture
def cut(postgres_database: str) -> Iterator[Between]:
    """A way to the database that can be cut."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder, between(Path(folder), postgres_database) as made:
        yield made


async def ids(store: RecordStore) -> list[str]:
    """Returns the ids of decisions, oldest first."""
    return [each.id for each in await store.newest(DecisionFilter(), before="", limit=10_000)][::-1]


async def test_twins_at_two_servers_make_one_decision(place: Place) -> None:
    """Of 32 concurrent requests with one id, spread over two servers, one is recorded."""
    async with place.opened() as one, place.opened() as other:
        answers = await asyncio.gather(*((one, other)[number % 2].record(decision("twin")) for number in range(32)))

        assert sum(answer.is_new for answer in answers) == 1
        assert len({(answer.id, answer.response) for answer in answers}) == 1
        assert len(await ids(one)) == 1


async def test_many_twins_at_two_servers_wait_for_no_circle(place: Place) -> None:
    """Groups of the same requests in different order, at two servers at once, all get their answers."""
    names = [f"id-{number}" for number in range(60)]
    async with place.opened() as one, place.opened() as other:
        answers = await asyncio.gather(
            *(one.record(decision(name)) for name in names), *(other.record(decision(name)) for name in names[::-1])
        )

        assert sum(answer.is_new for answer in answers) == 60
        assert len(await ids(one)) == 60


async def test_two_servers_build_one_log(place: Place) -> None:
    """Entries of two servers are in one log, each once, and its root is that of the entries."""
    async with place.opened() as one, place.opened() as other:
        for _ in range(5):
            await asyncio.gather(*(store.record(decision()) for store in (one, other) for _ in range(10)))
        head = await logged(one, 100)

        assert head.size == 100
        assert await root_from_entries(other, 100) == head.root


async def test_an_answered_record_is_earlier_than_any_asked_for_later(place: Place) -> None:
    """A server whose clock is an hour behind still gives later times than those that were answered before."""
    async with AsyncExitStack() as stack:
        ahead = await stack.enter_async_context(place.opened())
        behind = await stack.enter_async_context(Place(place.at, now=lambda: 1_000_000).opened())
        stamps = [await store.append(entry()) for store in (ahead, behind, ahead, behind)]

    assert sorted({stamp.recorded_at for stamp in stamps}) == [stamp.recorded_at for stamp in stamps]
    assert sorted({stamp.id for stamp in stamps}) == [stamp.id for stamp in stamps]


@pytest.fixture
def stuck(place: Place) -> Iterator[subprocess.Popen[str]]:
    """A server that has recorded a decision, and signs the log for ever; it has said so, and the decision's id."""
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", SIGNS_FOR_EVER, str(place.at)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=env) as started:
        yield started
        started.kill()


async def test_a_killed_sequencer_is_replaced(place: Place, stuck: subprocess.Popen[str]) -> None:
    """While one server holds the log, another records but adds no leaf; when the first is killed, it takes over."""
    assert stuck.stdout is not None
    said = sorted([stuck.stdout.readline().strip(), stuck.stdout.readline().strip()])
    async with place.opened() as store:
        ours = await store.record(decision("ours"))
        await asyncio.sleep(0.5)
        before = await store.head()
        stuck.kill()
        head = await logged(store, 2)

        assert said[1] == "signing"
        assert before is None
        assert await ids(store) == [said[0], ours.id]
        assert await root_from_entries(store, 2) == head.root


async def test_a_lost_answer_to_a_commit_is_looked_up(place: Place, cut: Between) -> None:
    """A decision whose commit was done although the answer got lost is answered as recorded, once."""
    async with Place(cut.url, signer=place.signer).opened() as store:
        await store.record(decision("first"))
        cut.cut = Cut.AFTER
        answer = await store.record(decision("id"))
        twin = await store.record(decision("id"))

        assert answer.is_new
        assert twin == Recorded(answer.id, answer.response, is_new=False)
        assert len(await ids(store)) == 2


async def test_a_lost_commit_is_not_answered_as_recorded(cut: Between) -> None:
    """A decision whose commit never reached the server is unavailable, and its request id can be used again."""
    async with Place(cut.url).opened() as store:
        await store.record(decision("first"))
        cut.cut = Cut.BEFORE
        with pytest.raises(RecordUnavailableError) as raised:
            await store.record(decision("id"))
        again = await store.record(decision("id"))

        assert "outcome" in raised.value.detail
        assert again.is_new
        assert len(await ids(store)) == 2


async def test_an_outcome_that_nobody_can_tell_is_no_answer(cut: Between) -> None:
    """When the commit was done but nobody can be asked about it, the caller learns it by asking again."""
    async with Place(cut.url).opened() as store:
        await store.record(decision("first"))
        cut.cut = Cut.FOR_GOOD
        with pytest.raises(RecordUnavailableError):
            await store.record(decision("id"))
        cut.is_shut = False
        again = await store.record(decision("id"))

        assert not again.is_new
        assert len(await ids(store)) == 2


async def test_a_stopped_server_fails_cleanly(postgres_cluster: Cluster) -> None:
    """While the server is down writing and reading fail as unavailable; once it is up both go on by themselves."""
    async with Place(postgres_cluster.url).opened() as store:
        first = await store.record(decision("first"))
        await asyncio.to_thread(postgres_cluster.stop)
        with pytest.raises(RecordUnavailableError):
            await store.record(decision("id"))
        with pytest.raises(RecordUnavailableError):
            await store.get(first.id)
        await asyncio.to_thread(postgres_cluster.start)
        found = await store.get(first.id)
        again = await store.record(decision("id"))
        head = await logged(store, 2)

        assert found is not None
        assert again.is_new
        assert await root_from_entries(store, 2) == head.root


async def test_no_answer_is_lost_or_doubled_when_the_server_is_killed_under_load(postgres_cluster: Cluster) -> None:
    """Callers who ask again after a failure get one decision per request id, and every answer that they got is kept."""
    answers: dict[str, str] = {}
    failures: list[str] = []
    over = asyncio.Event()

    async def call(store: RecordStore, name: str) -> None:
        number = 0
        while not over.is_set():
            request_id = f"{name}-{number}"
            try:
                answers[request_id] = (await store.record(decision(request_id))).id
                number += 1
            except RecordUnavailableError:
                failures.append(request_id)
                await asyncio.sleep(0.05)

    async with Place(postgres_cluster.url).opened() as store:
        callers = [asyncio.create_task(call(store, f"caller-{number}")) for number in range(8)]
        for _ in range(2):
            await asyncio.sleep(0.7)
            await asyncio.to_thread(postgres_cluster.kill)
            await asyncio.to_thread(postgres_cluster.start)
        await asyncio.sleep(0.7)
        over.set()
        await asyncio.gather(*callers)
        kept = await ids(store)
        head = await logged(store, len(kept))

        assert failures
        assert set(answers.values()) <= set(kept)
        assert len(set(answers.values())) == len(answers)
        assert len(kept) == len(answers)
        assert await root_from_entries(store, len(kept)) == head.root


async def test_a_commit_waits_for_the_disk_whatever_the_database_is_set_to(place: Place) -> None:
    """A database that is set up not to wait for the disk is told to, on every connection."""
    with psycopg.connect(str(place.at), autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {connection.info.dbname} SET synchronous_commit = off")
    with psycopg.connect(str(place.at)) as connection:
        plain = connection.execute("SHOW synchronous_commit").fetchone()
    async with place.opened() as store:
        ours = await store.change(lambda connection, _: connection.exec_driver_sql("SHOW synchronous_commit").scalar())

    assert (plain, ours) == (("off",), "on")


async def test_readers_can_not_write(place: Place) -> None:
    """A question that would change something is refused by the database."""
    async with place.opened() as store:
        with pytest.raises(RecordUnavailableError):
            await store.read(lambda connection: connection.exec_driver_sql("DELETE FROM pending"))


async def test_a_log_without_what_was_signed_is_refused(place: Place) -> None:
    """A database with fewer entries than were signed before is not opened."""
    place.anchor.keep(TreeHead(1, b"r" * 32, "note"))
    with pytest.raises(StoreRefusedError, match="0 entries, but a checkpoint of 1"):
        async with place.opened():
            pass


@pytest.mark.parametrize("url", ["sqlite:///file", "mysql://host/name", "postgresql+asyncpg://host/name", "://"])
def test_other_databases_are_refused(url: str) -> None:
    """A URL of anything but a PostgreSQL is refused with the form that is expected."""
    with pytest.raises(StoreRefusedError, match="expected postgresql://"):
        database_url(url)


def test_the_driver_is_named_when_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without psycopg the error tells what to install."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StoreRefusedError, match=r"readygate\[postgres\]"):
        database_url("postgresql://host/name")


async def test_a_server_that_is_not_there_is_told_at_the_start() -> None:
    """A store whose server does not answer is not opened."""
    with pytest.raises(StoreRefusedError, match="can not be opened"):
        async with Place("postgresql://nobody@/nothing?host=/nonexistent").opened():
            pass
