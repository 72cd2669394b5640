"""The record in SQLite: one connection writes, others only read, and what is acknowledged was synced to the disk."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from sqlalchemy import Connection, Engine, NullPool, QueuePool, create_engine, event

from readygate_server.adapters.storage.clock import RecordClock
from readygate_server.adapters.storage.errors import StoreRefusedError
from readygate_server.adapters.storage.files import Turn
from readygate_server.adapters.storage.group import Item, write_group
from readygate_server.adapters.storage.reads import last_recorded_at
from readygate_server.adapters.storage.tree import Edge, lengthen, read_edge, read_size
from readygate_server.application.record_ports import CheckpointSigner
from readygate_server.domain.record import TreeHead
from readygate_server.observability import logger

READERS: Final = 4
PACE_SECONDS: Final = 0.015
_PATIENCE_SECONDS: Final = 10.0
_PAUSE_SECONDS: Final = 0.01
_FULL: Final = 2
_FIRST_SOUND: Final = (3, 51, 3)
_SOUND_BRANCHES: Final = {(3, 44): 6, (3, 50): 7}


def connect(path: Path, *, mode: str) -> sqlite3.Connection:
    """Opens a database file for writing (`rw`) or only for reading (`ro`), so that commits are synced.

    Raises:
      StoreRefusedError: when SQLite does not do as it is told.
    """
    # Statements begin no transaction by themselves; `begin` below does.
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?mode={mode}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=_PATIENCE_SECONDS,
    )
    try:
        if mode == "ro":
            connection.execute("PRAGMA query_only = ON")
        journal = _switch_to_wal(connection) if mode == "rw" else connection.execute("PRAGMA journal_mode").fetchone()
        connection.execute("PRAGMA synchronous = FULL")
        synchronous = connection.execute("PRAGMA synchronous").fetchone()
        if (journal, synchronous) != (("wal",), (_FULL,)):
            raise StoreRefusedError(
                f"{path}: SQLite keeps journal_mode {journal[0]} and synchronous {synchronous[0]}, expected wal and "
                "2 (FULL); see that no other program has the file open"
            )
    except BaseException:
        connection.close()
        raise
    return connection


def _switch_to_wal(connection: sqlite3.Connection) -> Any:
    """Returns the journal mode after asking for WAL.

    Of several that open a new file at once only one can switch it, and SQLite tells the others at once that it is
    locked, however long they may wait for locks.
    """
    until = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return connection.execute("PRAGMA journal_mode = WAL").fetchone()
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(_PAUSE_SECONDS)


def writing_engine(path: Path) -> Engine:
    """Returns the engine of the one connection that writes; a transaction keeps other writers out from its start."""
    engine = _engine(path, mode="rw", poolclass=NullPool)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


def reading_engine(path: Path) -> Engine:
    """Returns the engine of the connections that read; a transaction sees one state of the database."""
    engine = _engine(path, mode="ro", poolclass=QueuePool, pool_size=READERS, max_overflow=0)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return engine


def create_file(path: Path) -> None:
    """Makes the file of the database for nobody else's eyes, when it is not there."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


def has_wal_reset_bug(version: tuple[int, int, int]) -> bool:
    """True for a SQLite that can damage a database when two connections write and checkpoint at once."""
    fixed = _SOUND_BRANCHES.get(version[:2])
    return version < _FIRST_SOUND and (fixed is None or version[2] < fixed)


def log_version() -> None:
    """Says which SQLite this is, as a warning when it has the bug that one writing connection avoids."""
    tell = logger().warning if has_wal_reset_bug(sqlite3.sqlite_version_info) else logger().info
    tell("sqlite", version=sqlite3.sqlite_version, wal_reset_bug=has_wal_reset_bug(sqlite3.sqlite_version_info))


class SqliteWriter:
    """Writes groups, on one thread. The entries of a group, the tree over them and its signature are one commit."""

    def __init__(
        self,
        engine: Engine,
        clock: RecordClock,
        signer: CheckpointSigner,
        committed: Callable[[TreeHead], None],
        turn: Turn | None = None,
    ) -> None:
        """Takes the engine of the writing connection, and who is told of each tree once it is durable.

        With a turn, other processes write as well, and everything that one of them does with its connection, the
        checkpoints of the WAL too, happens in its turn.
        """
        self._engine = engine
        self._clock = clock
        self._signer = signer
        self._committed = committed
        self._turn = turn
        self._connection: Connection | None = None
        self._edge: Edge | None = None

    def transact(self, items: Sequence[Item]) -> list[Any]:
        """Writes a group; returns its outcomes when they are durable."""
        with self._turn or nullcontext():
            outcomes, head = self._transact(items)
        if head is not None:
            self._committed(head)
        return outcomes

    def close(self) -> None:
        """Lets go of the connection."""
        with self._turn or nullcontext():
            self._drop()

    def _transact(self, items: Sequence[Item]) -> tuple[list[Any], TreeHead | None]:
        try:
            connection = self._connection = self._connection or self._engine.connect()
            with connection.begin():
                edge, head = self._edge_now(connection), None
                group = write_group(connection, items, self._clock)
                if group.entries:
                    logged = [(entry.stamp.id, entry.body) for entry in group.entries]
                    edge, head = lengthen(connection, edge, logged, self._signer)
        except BaseException:
            # What the connection and the edge stand for is no longer certain; both are made anew from the file.
            self._drop()
            raise
        self._edge = edge
        return group.outcomes, head

    def _edge_now(self, connection: Connection) -> Edge:
        """Returns the edge of the tree, after a look at what other processes did since this one's last turn."""
        if self._turn is not None:
            self._clock.never_before(last_recorded_at(connection))
            if self._edge is not None and self._edge.size != read_size(connection):
                return read_edge(connection)
        return self._edge or read_edge(connection)

    def _drop(self) -> None:
        connection, self._connection, self._edge = self._connection, None, None
        if connection is not None:
            connection.invalidate()
            connection.close()


def _engine(path: Path, *, mode: str, **pool: Any) -> Engine:
    # What callers send is not for logs, so errors say nothing of parameters.
    return create_engine("sqlite://", creator=lambda: connect(path, mode=mode), hide_parameters=True, **pool)
