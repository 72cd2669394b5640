"""The same check of a whole log, of a record in PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from tests.adapters.log.records import SIGNER, erasure, new_decision
from tests.contracts.records import logged

from readygate_server.adapters.log.anchor import FileAnchor
from readygate_server.adapters.log.audit import Kept, audit
from readygate_server.adapters.log.findings import Step, is_sound
from readygate_server.adapters.log.proof_file import check_proof
from readygate_server.adapters.log.record_copy import RecordCopy, UnreadableError
from readygate_server.adapters.log.trust import TrustedKeys
from readygate_server.adapters.storage import RecordStore, open_store

TRUSTED = TrustedKeys(frozenset([SIGNER.key.public]))


@pytest.fixture
async def store(postgres_database: str, tmp_path: Path) -> AsyncIterator[RecordStore]:
    """A record that a server has open, with eight decisions and two other entries."""
    store = await open_store(postgres_database, signer=SIGNER, anchor=FileAnchor(tmp_path))
    await asyncio.gather(*(store.record(new_decision(number)) for number in range(8)))
    await asyncio.gather(*(store.append(erasure(str(number))) for number in range(2)))
    await logged(store, 10)
    yield store
    await store.close()


def checked(url: str, kept: list[Kept]) -> list[Step]:
    """Checks the record in small pieces."""
    with closing(RecordCopy.open(url)) as copy:
        return audit(copy, trusted=TRUSTED, kept=kept, piece=3)


async def test_a_record_is_checked_while_its_server_runs(store: RecordStore, postgres_database: str) -> None:
    """It is sound, and so is the proof of each entry; what was kept before is part of it."""
    head = await store.head()
    assert head is not None
    await asyncio.gather(*(store.record(new_decision(number)) for number in range(100, 105)))

    steps = await asyncio.to_thread(checked, postgres_database, [Kept("before", head)])

    assert is_sound(steps)
    assert all(step.is_checked for step in steps)
    with closing(RecordCopy.open(postgres_database)) as copy:
        [leaf] = copy.leaves(4, 5)
        proof = copy.proof(leaf.entry_id)
        assert copy.proof("f" * 32) is None
    assert proof is not None
    assert is_sound(check_proof(proof, TRUSTED))


@pytest.mark.parametrize(
    ("table", "statement", "title"),
    [
        ("entry", "update entry set body = body || '\\x00' where id = (select min(id) from entry)", "Entries"),
        ("log_node", "update log_node set hash = hash || '\\x00' where level = 2 and node_index = 1", "Tree"),
        (
            "payload",
            "update payload set response = '\\x00' where decision_id = (select min(id) from entry)",
            "Decisions",
        ),
    ],
)
@pytest.mark.usefixtures("store")
async def test_what_was_changed_is_found(postgres_database: str, table: str, statement: str, title: str) -> None:
    """Whoever may switch the guards off may change rows, and does not stay unseen."""
    await asyncio.to_thread(_run, postgres_database, f"alter table {table} disable trigger user", statement)

    steps = await asyncio.to_thread(checked, postgres_database, [])

    assert title in {step.title for step in steps if step.count}


def test_a_database_that_does_not_answer_is_no_finding() -> None:
    """It can not be read, which is not the same as wrong."""
    with pytest.raises(UnreadableError, match="can not be read"):
        checked("postgresql://nobody@127.0.0.1:1/none", [])


def _run(url: str, *statements: str) -> None:
    with psycopg.connect(url) as database:
        for statement in statements:
            database.execute(statement.encode())
