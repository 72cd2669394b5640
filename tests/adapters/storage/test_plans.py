"""No question to the record reads a whole table, so that answers take as long after years as on the first day."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event
from tests.contracts.records import Place, decision, logged
from tests.fake_foundations import CRM, revision

from readygate_server.adapters.storage.foundations import StoredFoundations
from readygate_server.adapters.storage.opening import FILE
from readygate_server.adapters.storage.schema import METADATA
from readygate_server.domain.merkle import consistency_nodes, inclusion_nodes
from readygate_server.domain.record import DecisionFilter
from readygate_server.domain.vocabulary import Verdict

GROWING = frozenset(METADATA.tables) - {"pending", "log_head", "retention"}
"""Tables that get more rows with every decision, and others that are found by a key."""


@pytest.fixture
def asked() -> Iterator[list[tuple[str, Any]]]:
    """What was asked of any database meanwhile, with its parameters."""
    heard: list[tuple[str, Any]] = []

    def hear(_connection: object, _cursor: object, statement: str, parameters: Any, *_more: object) -> None:
        if statement.lstrip().startswith("SELECT"):
            heard.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", hear)
    yield heard
    event.remove(Engine, "before_cursor_execute", hear)


def scans(file: Path, statement: str, parameters: Any) -> list[str]:
    """Returns the tables that SQLite reads from one end to the other for a statement, in no order that is asked for."""
    with closing(sqlite3.connect(file)) as connection:
        plan = connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
    steps = [str(row[3]) for row in plan]
    ordered = "LIMIT" in statement and not any("TEMP B-TREE" in step for step in steps)
    found = [step.split()[1] for step in steps if step.startswith("SCAN")]
    return [] if ordered else [table for table in found if table in GROWING]


async def test_no_question_reads_a_whole_table(place: Place, asked: list[tuple[str, Any]]) -> None:
    """Every question finds its rows by a key, or reads them in order up to its limit."""
    filters = [
        DecisionFilter(),
        DecisionFilter(proposal_id="one"),
        DecisionFilter(caller="caller-1", verdicts=frozenset({Verdict.GO})),
        DecisionFilter(ruleset="readiness", recorded_from=1, recorded_before=2),
    ]
    async with place.opened() as store:
        answers = await asyncio.gather(*(store.record(decision(f"id-{number}")) for number in range(20)))
        await logged(store, 20)
        await store.recorded("caller-1", "id-1")
        await store.get(answers[0].id, with_payload=True)
        for wanted in filters:
            await store.newest(wanted, before=answers[9].id, limit=5)
            await store.tail(wanted, after=3, limit=5)
        await store.entries(3, 5)
        await store.find(answers[0].id)
        await store.nodes(sorted(inclusion_nodes(3, 20)))
        await store.nodes(sorted(consistency_nodes(7, 20)))
        await store.ruleset("sha256:1")
        await ask_about_assets(StoredFoundations(store))
    file = Path(place.at) / FILE
    found = {statement: scans(file, statement, parameters) for statement, parameters in asked}

    assert len(found) > 15
    assert {statement: tables for statement, tables in found.items() if tables} == {}


async def ask_about_assets(book: StoredFoundations) -> None:
    """Asks every question about registered assets."""
    for number in (1, 2):
        await book.append(revision(number=number), None)
    await book.note_use("p", [CRM])
    await book.claimed("caller-1", "r-1")
    await book.get([(CRM, 0), (CRM, 1)])
    await book.newest(None, after=("", ""), limit=5)
    await book.newest(CRM.scope, after=("source", "a"), limit=5)
    await book.revisions(CRM, below=2, limit=5)
    await book.users(CRM, after="", limit=5)


async def test_a_question_without_a_key_is_noticed(place: Place) -> None:
    """The check sees a question that no key answers, such as one for pairs of columns."""
    async with place.opened() as store:
        await store.record(decision("id"))
    pairs = "SELECT decision_id FROM idempotency WHERE (caller, request_id) IN (VALUES ('a', 'b'), ('c', 'd'))"

    assert scans(Path(place.at) / FILE, pairs, ()) == ["idempotency"]
