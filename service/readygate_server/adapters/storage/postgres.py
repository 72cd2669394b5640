"""The record in PostgreSQL: several servers write to it, one of them at a time builds the log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.util import find_spec
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, select, text
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from readygate_server.adapters.storage.bulk import insert_rows
from readygate_server.adapters.storage.clock import RecordClock
from readygate_server.adapters.storage.errors import StoreRefusedError
from readygate_server.adapters.storage.group import Change, Group, Item, write_group
from readygate_server.adapters.storage.outages import detail_of, is_outage
from readygate_server.adapters.storage.pg_arrays import teach
from readygate_server.adapters.storage.reads import last_recorded_at
from readygate_server.adapters.storage.schema import ENTRY, PENDING
from readygate_server.domain.errors import RecordUnavailableError
from readygate_server.observability import logger

WRITERS: Final = 2
READERS: Final = 4
PACE_SECONDS: Final = 0.015
_ATTEMPTS: Final = 3
_TRY_AGAIN: Final = frozenset({"40001", "40P01"})
"""Serialization failure and deadlock: the server has rolled back, and says that another try may do."""
_CONNECT: Final = {
    "connect_timeout": "5",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "20000",
    "application_name": "readygate",
}
_SESSION: Final = (
    "SET lock_timeout = '10s'",
    "SET statement_timeout = '30s'",
    "SET idle_in_transaction_session_timeout = '30s'",
)


def database_url(text_: str) -> URL:
    """Reads the URL of a database.

    Raises:
      StoreRefusedError: when it is none of a PostgreSQL, or its driver is not installed.
    """
    try:
        url = make_url(text_)
    except ArgumentError:
        raise StoreRefusedError("the database URL can not be read, expected postgresql://USER@HOST/NAME") from None
    if url.drivername not in {"postgresql", "postgresql+psycopg"}:
        raise StoreRefusedError(
            f"the database URL begins with {url.drivername}, expected postgresql://USER@HOST/NAME; "
            "SQLite is taken by --data-dir"
        )
    if find_spec("psycopg") is None:
        raise StoreRefusedError("PostgreSQL needs psycopg, which is not installed: pip install 'readygate[postgres]'")
    return url.set(drivername="postgresql+psycopg")


def engine_for(url: URL, *, connections: int, options: dict[str, Any] | None = None) -> Engine:
    """Returns an engine with a pool of connections on which a commit means durable."""
    engine = create_engine(
        url,
        hide_parameters=True,  # what callers send is not for logs
        pool_size=connections,
        max_overflow=0,
        pool_timeout=10.0,
        pool_use_lifo=True,
        connect_args={name: value for name, value in _CONNECT.items() if name not in url.query},
        execution_options=options or {},
    )
    event.listen(engine, "connect", _prepare)
    return engine


def reading_engine(url: URL) -> Engine:
    """Returns the engine of the connections that read; a transaction sees one state of the database."""
    options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    return engine_for(url, connections=READERS, options=options)


def warn_of_lost_syncs(connection: Connection) -> None:
    """Tells when the server itself was set up to lose what it acknowledged."""
    for setting in ("fsync", "full_page_writes"):
        if connection.execute(text(f"SHOW {setting}")).scalar_one() == "off":
            logger().error("postgres_may_lose_data", setting=setting, value="off", expected="on")


class PostgresWriter:
    """Writes groups; each thread has a connection. The log takes the entries in later."""

    def __init__(self, engine: Engine, clock: RecordClock, committed: Callable[[], None]) -> None:
        """Takes the engine of the writing connections, and who is told that there is something for the log."""
        self._engine = engine
        self._clock = clock
        self._committed = committed

    def transact(self, items: Sequence[Item]) -> list[Any]:
        """Writes a group; returns its outcomes when they are durable."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return self._try(items)
            except DBAPIError as error:
                # Nothing was committed. A connection that had died before is replaced, with all others of the pool.
                may_do = error.connection_invalidated or getattr(error.orig, "sqlstate", None) in _TRY_AGAIN
                if not may_do or attempt == _ATTEMPTS:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def _try(self, items: Sequence[Item]) -> list[Any]:
        """Raises an outage only when nothing was committed, RecordUnavailableError when nobody can tell."""
        unanswered: Exception | None = None
        with self._engine.connect() as connection:
            transaction = connection.begin()
            try:
                # What was acknowledged before, by whichever server, is visible here: this entry's time is later.
                self._clock.never_before(last_recorded_at(connection))
                group = write_group(connection, items, self._clock)
                if group.entries:
                    insert_rows(connection, PENDING, [(each.stamp.id,) for each in group.entries])
            except BaseException:
                with suppress(SQLAlchemyError):
                    transaction.rollback()
                raise
            try:
                transaction.commit()
            except DBAPIError as error:
                unanswered = error
        if unanswered is not None and not self._is_written(items, group):
            raise RecordUnavailableError(
                f"the outcome of a commit is not known: {detail_of(unanswered)}"
            ) from unanswered
        if group.entries:
            self._committed()
        return group.outcomes

    def _is_written(self, items: Sequence[Item], group: Group) -> bool:
        """Looks on another connection whether a group was committed whose commit got no answer.

        What is there is durable, since PostgreSQL shows nothing else. What is not there may still come, so that
        nothing can be said of it; the same request id finds out.
        """
        if not group.entries:
            return not any(isinstance(item, Change) for item in items)
        try:
            with self._engine.connect() as connection:
                query = select(ENTRY.c.id).where(ENTRY.c.id == group.entries[0].stamp.id)
                return connection.execute(query).one_or_none() is not None
        except Exception as error:
            if is_outage(error):
                return False
            raise


def _prepare(connection: Any, _record: Any) -> None:
    """Sets what holds for every connection: nothing waits for ever, and a commit waits for the disk."""
    with connection.cursor() as cursor:
        for statement in _SESSION:
            cursor.execute(statement)
        cursor.execute("SHOW synchronous_commit")
        if cursor.fetchone()[0] == "off":
            cursor.execute("SET synchronous_commit = 'on'")
    connection.commit()
    teach(connection)
