"""The database itself refuses what would change the record."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Column, Engine, Text, insert, text
from sqlalchemy.exc import DBAPIError

from readygate_server.adapters.storage import postgres, sqlite
from readygate_server.adapters.storage.guards import APPEND_ONLY, missing_guards, restore_guards
from readygate_server.adapters.storage.migrations import migrate
from readygate_server.adapters.storage.schema import METADATA

CUTOFF = 1_000
ROWS: dict[str, dict[str, object]] = {
    "entry": {"id": "old", "recorded_at": CUTOFF - 1, "kind": "decision", "body": b"entry"},
    "idempotency": {"caller": "c", "request_id": "r", "request_hash": b"h", "decision_id": "old"},
    "payload": {"decision_id": "old", "request": b"q", "names": b"n", "response": b"a"},
    "pending": {"entry_id": "old"},
    "log_leaf": {"leaf_index": 0, "entry_id": "logged", "leaf_hash": b"h"},
    "log_node": {"level": 1, "node_index": 0, "hash": b"h"},
    "checkpoint": {"tree_size": 1, "root": b"r", "note": "n"},
    "retention": {"entry_id": "kept", "recorded_before": CUTOFF - 1},
    "ruleset_source": {"digest": "d", "bundle": b"b"},
}
"""A row per table; `log_head` has its row from the beginning, and decisions have many columns."""


def decision_row(id_: str, recorded_at: int) -> dict[str, object]:
    """Returns a row of table `decision` whose other columns are empty."""
    row: dict[str, object] = {column.name: "" for column in METADATA.tables["decision"].c}
    return row | {"id": id_, "recorded_at": recorded_at, "gate": 1, "tier": 1, "rule_count": 1, "caller_cipher": b""}


def file_engine(tmp_path: Path) -> Engine:
    """Returns the writing engine of an empty file."""
    path = tmp_path / "record.db"
    sqlite.create_file(path)
    return sqlite.writing_engine(path)


@pytest.fixture(params=["sqlite", "postgres"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A migrated database with a row in every table."""
    if request.param == "sqlite":
        engine = file_engine(tmp_path)
    else:
        url = postgres.database_url(request.getfixturevalue("postgres_database"))
        engine = postgres.engine_for(url, connections=2)
    with engine.begin() as connection:
        migrate(connection)
        for table, row in ROWS.items():
            connection.execute(insert(METADATA.tables[table]), [row])
        connection.execute(insert(METADATA.tables["decision"]), [decision_row("old", CUTOFF - 1)])
    yield engine
    engine.dispose()


def refused(engine: Engine, statement: str) -> bool:
    """Says whether the database refuses a statement."""
    try:
        with engine.begin() as connection:
            connection.execute(text(statement))
    except DBAPIError:
        return True
    return False


def own_tables(engine: Engine) -> list[str]:
    """Returns the tables whose rows never change, of those that this module fills."""
    assert engine.dialect.name
    return [table for table in APPEND_ONLY if table in ROWS or table in ("decision", "log_head")]


def test_rows_are_never_changed_or_deleted(engine: Engine) -> None:
    """UPDATE and DELETE are refused on every table of the record."""
    for table in own_tables(engine):
        column = APPEND_ONLY[table][0]

        assert refused(engine, f"UPDATE {table} SET {column} = {column}"), table  # noqa: S608 -- names from the guards
        assert refused(engine, f"DELETE FROM {table}"), table  # noqa: S608 -- as above


def test_without_its_trigger_a_row_can_be_deleted(engine: Engine) -> None:
    """It is the trigger that refuses: without it the row goes."""
    on = " ON checkpoint" if engine.dialect.name == "postgresql" else ""

    assert not refused(engine, f"DROP TRIGGER checkpoint_no_delete{on}")
    assert not refused(engine, "DELETE FROM checkpoint")


def test_rows_are_never_replaced(tmp_path: Path) -> None:
    """SQLite's INSERT OR REPLACE, which asks no trigger for deletions, is refused as well."""
    engine = file_engine(tmp_path)
    replace = "REPLACE INTO ruleset_source VALUES ('d', 'changed')"
    with engine.begin() as connection:
        migrate(connection)
        connection.execute(text("INSERT INTO ruleset_source VALUES ('d', 'first')"))
        connection.execute(text("INSERT INTO log_leaf VALUES (0, 'entry', 'hash')"))

    assert refused(engine, replace)
    assert refused(engine, "REPLACE INTO log_leaf VALUES (1, 'entry', 'hash')")
    assert not refused(engine, "DROP TRIGGER ruleset_source_no_replace")
    assert not refused(engine, replace)


def test_tables_are_never_emptied_at_once(postgres_database: str) -> None:
    """PostgreSQL's TRUNCATE, which asks no trigger of a row, is refused as well."""
    engine = postgres.engine_for(postgres.database_url(postgres_database), connections=1)
    with engine.begin() as connection:
        migrate(connection)
    for table in (*own_tables(engine), "payload", "pending"):
        assert refused(engine, f"TRUNCATE {table}"), table
    engine.dispose()


def test_payloads_go_when_their_retention_is_over(engine: Engine) -> None:
    """A payload is never changed, and is deleted only when it is older than the newest end of a retention."""
    assert refused(engine, "UPDATE payload SET response = response")
    assert refused(engine, "DELETE FROM payload")

    with engine.begin() as connection:
        later = {"entry_id": "later", "recorded_before": CUTOFF}
        connection.execute(insert(METADATA.tables["retention"]), [later])
        connection.execute(insert(METADATA.tables["decision"]), [decision_row("new", CUTOFF)])
        connection.execute(insert(METADATA.tables["payload"]), [ROWS["payload"] | {"decision_id": "new"}])

    assert refused(engine, "DELETE FROM payload WHERE decision_id = 'new'")
    assert not refused(engine, "DELETE FROM payload WHERE decision_id = 'old'")


def test_what_waits_for_the_log_waits_until_it_is_in(engine: Engine) -> None:
    """An entry can not be taken from those that wait before it has a leaf."""
    assert refused(engine, "DELETE FROM pending")

    with engine.begin() as connection:
        leaf = {"leaf_index": 1, "entry_id": "old", "leaf_hash": b"h"}
        connection.execute(insert(METADATA.tables["log_leaf"]), [leaf])

    assert not refused(engine, "DELETE FROM pending")


def test_guards_that_a_migration_dropped_come_back(tmp_path: Path) -> None:
    """Alembic's copying of a SQLite table drops its triggers without a word; the next start makes them again."""
    engine = file_engine(tmp_path)
    with engine.begin() as connection:
        migrate(connection)
        operations = Operations(MigrationContext.configure(connection))
        with operations.batch_alter_table("checkpoint", recreate="always") as batch:
            batch.add_column(Column("more", Text))
        dropped = missing_guards(connection)
        restore_guards(connection)
        left = missing_guards(connection)

    assert dropped == {"checkpoint_no_update", "checkpoint_no_delete", "checkpoint_no_replace"}
    assert left == set()


def test_a_guard_that_was_switched_off_is_missing(postgres_database: str) -> None:
    """A trigger that PostgreSQL was told not to ask does not count as being there."""
    engine = postgres.engine_for(postgres.database_url(postgres_database), connections=1)
    with engine.begin() as connection:
        migrate(connection)
        before = missing_guards(connection)
        connection.execute(text("ALTER TABLE entry DISABLE TRIGGER entry_no_delete"))
        after = missing_guards(connection)
    engine.dispose()

    assert before == set()
    assert after == {"entry_no_delete"}
