"""Opens a record, wherever it is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from readygate_server.adapters.storage import postgres, sqlite
from readygate_server.adapters.storage.anchoring import AnchorKeeper, refuse_forked_log
from readygate_server.adapters.storage.clock import RecordClock, microseconds_now
from readygate_server.adapters.storage.committer import Committer
from readygate_server.adapters.storage.errors import StoreRefusedError
from readygate_server.adapters.storage.files import DirectoryLock, refuse_network_file_system, sync_directory
from readygate_server.adapters.storage.migrations import migrate
from readygate_server.adapters.storage.outages import detail_of
from readygate_server.adapters.storage.reads import last_recorded_at
from readygate_server.adapters.storage.sequencer import Sequencer
from readygate_server.adapters.storage.store import Backend, RecordStore
from readygate_server.application.record_ports import Anchor, CheckpointSigner

FILE: Final = "record.db"


async def open_store(
    place: str | Path,
    *,
    signer: CheckpointSigner,
    anchor: Anchor,
    now: Callable[[], int] = microseconds_now,
) -> RecordStore:
    """Opens the record in a directory, made when it is not there, or in a PostgreSQL by its URL.

    Raises:
      StoreRefusedError: when it can not or must not be opened like this.
    """
    clock = RecordClock(now)
    return RecordStore(await asyncio.to_thread(_open, place, clock, signer, anchor))


def _open(place: str | Path, clock: RecordClock, signer: CheckpointSigner, anchor: Anchor) -> Backend:
    with ExitStack() as undo:  # what was begun is undone, unless all of it succeeds
        try:
            if isinstance(place, str) and "://" in place:
                backend = _open_postgres(place, clock, signer, anchor, undo)
            else:
                backend = _open_sqlite(Path(place), clock, signer, anchor, undo)
        except (DBAPIError, OSError) as error:
            raise StoreRefusedError(f"the record can not be opened: {detail_of(error)}") from error
        undo.pop_all()
    return backend


def _open_sqlite(
    directory: Path, clock: RecordClock, signer: CheckpointSigner, anchor: Anchor, undo: ExitStack
) -> Backend:
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    refuse_network_file_system(directory)
    lock = DirectoryLock(directory)
    undo.callback(lock.release)
    path = directory / FILE
    sqlite.log_version()
    sqlite.create_file(path)
    engine = sqlite.writing_engine(path)
    keeper = _prepare(engine, clock, anchor)
    undo.callback(keeper.close)
    sync_directory(directory)
    writer = sqlite.SqliteWriter(engine, clock, signer, keeper.committed)

    def close() -> None:
        writer.close()
        keeper.close()
        lock.release()

    return Backend(Committer([writer.transact]), sqlite.reading_engine(path), sqlite.READERS, close)


def _open_postgres(
    place: str, clock: RecordClock, signer: CheckpointSigner, anchor: Anchor, undo: ExitStack
) -> Backend:
    url = postgres.database_url(place)
    engine = postgres.engine_for(url, connections=2 * postgres.WRITERS + 1)
    undo.callback(engine.dispose)
    with engine.connect() as connection:
        postgres.warn_of_lost_syncs(connection)
    keeper = _prepare(engine, clock, anchor)
    undo.callback(keeper.close)
    sequencer = Sequencer(engine, signer, keeper.committed)
    writer = postgres.PostgresWriter(engine, clock, sequencer.wake)

    def close() -> None:
        sequencer.close()
        keeper.close()
        engine.dispose()

    committer = Committer([writer.transact] * postgres.WRITERS)
    return Backend(committer, postgres.reading_engine(url), postgres.READERS, close)


def _prepare(engine: Engine, clock: RecordClock, anchor: Anchor) -> AnchorKeeper:
    """Migrates a database, holds its log against the anchor, and sets the clock."""
    with engine.begin() as connection:
        migrate(connection)
    # Before the log is looked at, which another server may be building: so the log is never the older of the two.
    kept = anchor.newest()
    one_state = {"isolation_level": "REPEATABLE READ"} if engine.dialect.name == "postgresql" else {}
    with engine.execution_options(**one_state).begin() as connection:
        head = refuse_forked_log(connection, kept)
        clock.never_before(last_recorded_at(connection))
    return AnchorKeeper(anchor, head)
