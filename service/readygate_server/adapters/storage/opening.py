"""Opens a record, wherever it is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Engine

from readygate_server.adapters.storage import sqlite
from readygate_server.adapters.storage.anchoring import AnchorKeeper, refuse_forked_log
from readygate_server.adapters.storage.clock import RecordClock, microseconds_now
from readygate_server.adapters.storage.committer import Committer
from readygate_server.adapters.storage.files import DirectoryLock, refuse_network_file_system, sync_directory
from readygate_server.adapters.storage.migrations import migrate
from readygate_server.adapters.storage.reads import last_recorded_at
from readygate_server.adapters.storage.store import Backend, RecordStore
from readygate_server.application.record_ports import Anchor, CheckpointSigner
from readygate_server.domain.record import TreeHead

FILE = "record.db"


async def open_store(
    place: str | Path,
    *,
    signer: CheckpointSigner,
    anchor: Anchor,
    now: Callable[[], int] = microseconds_now,
) -> RecordStore:
    """Opens the record in a directory, made when it is not there, or in a PostgreSQL by its URL.

    Raises:
      StoreRefusedError: when it must not be opened like this.
      RecordUnavailableError: when the database does not answer.
    """
    clock = RecordClock(now)
    return RecordStore(await asyncio.to_thread(_open_sqlite, Path(place), clock, signer, anchor))


def _open_sqlite(directory: Path, clock: RecordClock, signer: CheckpointSigner, anchor: Anchor) -> Backend:
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    refuse_network_file_system(directory)
    lock = DirectoryLock(directory)
    try:
        path = directory / FILE
        sqlite.log_version()
        sqlite.create_file(path)
        engine = sqlite.writing_engine(path)
        head = prepare(engine, clock, anchor)
        sync_directory(directory)
    except BaseException:
        lock.release()
        raise
    keeper = AnchorKeeper(anchor, head)
    writer = sqlite.SqliteWriter(engine, clock, signer, keeper.committed)

    def close() -> None:
        writer.close()
        keeper.close()
        lock.release()

    return Backend(Committer([writer.transact]), sqlite.reading_engine(path), sqlite.READERS, close)


def prepare(engine: Engine, clock: RecordClock, anchor: Anchor) -> TreeHead | None:
    """Migrates a database, holds its log against the anchor and sets the clock; returns the head of the log."""
    with engine.begin() as connection:
        migrate(connection)
        head = refuse_forked_log(connection, anchor)
        clock.never_before(last_recorded_at(connection))
    return head
