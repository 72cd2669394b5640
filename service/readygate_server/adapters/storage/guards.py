"""Triggers that make the database itself refuse what would change the record.

They do not stop whoever may drop triggers; the log shows what such a person did.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection, inspect, text

APPEND_ONLY: Final[dict[str, tuple[str, ...]]] = {
    "entry": ("id",),
    "decision": ("id",),
    "idempotency": ("caller", "request_id"),
    "log_head": ("only",),
    "log_leaf": ("leaf_index", "entry_id"),
    "log_node": ("level", "node_index"),
    "checkpoint": ("tree_size",),
    "retention": ("entry_id",),
    "ruleset_source": ("digest",),
    "waiver_step": ("waiver_id", "number"),
    "erasure": ("person_ref",),
    "asset_revision": ("scope", "asset_id", "number"),
    "asset_request": ("caller", "request_id"),
    "asset_use": ("scope", "asset_id", "proposal_id"),
}
"""Tables whose rows stay as they are, with the columns that no two rows share."""

_UNIQUE_EACH: Final = frozenset({"log_leaf"})
"""Tables in which every one of these columns is unique by itself."""

_IS_KEPT: Final = (
    "NOT EXISTS (SELECT 1 FROM decision, retention"
    " WHERE decision.id = OLD.decision_id AND decision.recorded_at < retention.recorded_before)"
)
_CONDITIONAL: Final = {
    ("payload", "delete"): (
        _IS_KEPT,
        "a payload is kept until its retention is over",
    ),
    ("payload", "update"): ("1 = 1", "a payload is never changed"),
    ("pending", "delete"): (
        "NOT EXISTS (SELECT 1 FROM log_leaf WHERE log_leaf.entry_id = OLD.entry_id)",
        "an entry waits until the log has taken it in",
    ),
    ("pending", "update"): ("1 = 1", "what waits for the log is never changed"),
}
_NO_REPLACE: Final = APPEND_ONLY | {"payload": ("decision_id",), "pending": ("entry_id",)}
_PG_FUNCTION: Final = """
CREATE OR REPLACE FUNCTION readygate_refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation'; END $$
"""


def missing_guards(connection: Connection) -> frozenset[str]:
    """Returns the names of the triggers that are not there."""
    return frozenset(_triggers(connection)) - _present(connection)


def restore_guards(connection: Connection) -> None:
    """Makes the triggers that are not there; those that are stay untouched, so that no table is locked for them."""
    missing = missing_guards(connection)
    if missing and connection.dialect.name == "postgresql":
        for function in _pg_functions():
            connection.execute(text(function))
    for name, statement in _triggers(connection).items():
        if name in missing:
            connection.execute(text(statement))


def _triggers(connection: Connection) -> dict[str, str]:
    """Returns the statements that make the triggers of the tables that there are, by name."""
    tables = frozenset(inspect(connection).get_table_names())
    build = _pg_triggers if connection.dialect.name == "postgresql" else _sqlite_triggers
    return {name: statement for table, name, statement in build() if table in tables}


def _present(connection: Connection) -> frozenset[str]:
    if connection.dialect.name == "postgresql":
        # One that was switched off, such as by ALTER TABLE ... DISABLE TRIGGER, does not count as being there.
        query = (
            "SELECT tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
            " WHERE NOT tgisinternal AND tgenabled IN ('O', 'A') AND relnamespace = current_schema()::regnamespace"
        )
    else:
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    return frozenset(connection.execute(text(query)).scalars())


def _conditions() -> Iterator[tuple[str, str, str, str]]:
    """Yields table, action, condition under which it is refused, and message."""
    for table in APPEND_ONLY:
        for action in ("update", "delete"):
            yield table, action, "1 = 1", f"{table} is append-only"
    for (table, action), (condition, message) in _CONDITIONAL.items():
        yield table, action, condition, message


def _sqlite_triggers() -> Iterator[tuple[str, str, str]]:
    for table, action, condition, message in _conditions():
        name = f"{table}_no_{action}"
        yield table, name, _sqlite_trigger(name, table, action, condition, message)
    for table, columns in _NO_REPLACE.items():
        # INSERT OR REPLACE deletes a row without asking the trigger for deletions.
        same = (" OR " if table in _UNIQUE_EACH else " AND ").join(f"{each} = NEW.{each}" for each in columns)
        condition = f"EXISTS (SELECT 1 FROM {table} WHERE {same})"  # noqa: S608 -- names from this module
        name = f"{table}_no_replace"
        yield table, name, _sqlite_trigger(name, table, "insert", condition, f"{table} is append-only")


def _sqlite_trigger(name: str, table: str, action: str, condition: str, message: str) -> str:
    return (
        f"CREATE TRIGGER {name} BEFORE {action.upper()} ON {table} WHEN {condition}"
        f" BEGIN SELECT RAISE(ABORT, '{message}'); END"
    )


def _pg_functions() -> Iterator[str]:
    yield _PG_FUNCTION
    for (table, action), (condition, message) in _CONDITIONAL.items():
        row = "OLD" if action == "delete" else "NEW"
        yield (
            f"CREATE OR REPLACE FUNCTION readygate_{table}_{action}() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN IF {condition} THEN RAISE EXCEPTION '{message}'"
            f" USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN {row}; END $$"
        )


def _pg_triggers() -> Iterator[tuple[str, str, str]]:
    for table, action, _condition, message in _conditions():
        special = (table, action) in _CONDITIONAL
        call = f"readygate_{table}_{action}()" if special else f"readygate_refuse('{message}')"
        name = f"{table}_no_{action}"
        yield (
            table,
            name,
            f"CREATE TRIGGER {name} BEFORE {action.upper()} ON {table} FOR EACH ROW EXECUTE FUNCTION {call}",
        )
    for table in dict.fromkeys(each[0] for each in _conditions()):
        name = f"{table}_no_truncate"
        refuse = f"readygate_refuse('{table} is append-only')"
        yield table, name, f"CREATE TRIGGER {name} BEFORE TRUNCATE ON {table} EXECUTE FUNCTION {refuse}"
