"""Opens a record, wherever it is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from readygate_server.adapters.durable import sync_path
from readygate_server.adapters.storage import postgres, sqlite
from readygate_server.adapters.storage.anchoring import AnchorKeeper, refuse_forked_log
from readygate_server.adapters.storage.clock import RecordClock, microseconds_now
from readygate_server.adapters.storage.committer import Committer
from readygate_server.adapters.storage.errors import StoreRefusedError
from readygate_server.adapters.storage.files import DirectoryLock, Turn, refuse_network_file_system
from readygate_server.adapters.storage.migrations import migrate
from readygate_server.adapters.storage.outages import detail_of
from readygate_server.adapters.storage.reads import last_recorded_at
from readygate_server.adapters.storage.sequencer import Sequencer
from readygate_server.adapters.storage.store import Backend, RecordStore
from readygate_server.application.record_ports import Anchor, CheckpointSigner
from readygate_server.domain.record import TreeHead

FILE: Final = "record.db"


async def open_store(
    place: str | Path,
    *,
    signer: CheckpointSigner,
    anchor: Anchor,
    now: Callable[[], int] = microseconds_now,
    lock: DirectoryLock | None = None,
) -> RecordStore:
    """Opens the record in a directory, made when it is not there, or in a PostgreSQL by its URL.

    When several processes of one server use a directory, each is given the lock, which is taken once and inherited;
    they then write in turns. A PostgreSQL needs no lock.

    Raises:
      StoreRefusedError: when it can not or must not be opened like this.
    """
    clock = RecordClock(now)
    return RecordStore(await asyncio.to_thread(_open, place, _Parts(clock, signer, anchor, lock)))


@dataclass(frozen=True, slots=True)
class _Parts:
    """What a store is put together from."""

    clock: RecordClock
    signer: CheckpointSigner
    anchor: Anchor
    lock: DirectoryLock | None


def _open(place: str | Path, parts: _Parts) -> Backend:
    with ExitStack() as undo:  # what was begun is undone, unless all of it succeeds
        try:
            if isinstance(place, str) and "://" in place:
                backend = _open_postgres(place, parts, undo)
            else:
                backend = _open_sqlite(Path(place), parts, undo)
        except (DBAPIError, OSError) as error:
            raise StoreRefusedError(f"the record can not be opened: {detail_of(error)}") from error
    return backend


def _open_sqlite(directory: Path, parts: _Parts, undo: ExitStack) -> Backend:
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    refuse_network_file_system(directory)
    undo.callback((parts.lock or DirectoryLock(directory)).release)
    path = directory / FILE
    sqlite.log_version()
    sqlite.create_file(path)
    engine = sqlite.writing_engine(path)
    turn = Turn(directory) if parts.lock else None
    if turn:
        undo.callback(turn.close)
    with turn or nullcontext():
        head = _prepare(engine, parts)
    sync_path(directory)
    keeper = AnchorKeeper(parts.anchor, head, has_siblings=turn is not None)
    undo.callback(keeper.close)
    writer = sqlite.SqliteWriter(engine, parts.clock, parts.signer, keeper.committed, turn)
    undo.callback(writer.close)
    closing = undo.pop_all()
    return Backend(
        Committer([writer.transact], pace_seconds=sqlite.PACE_SECONDS),
        sqlite.reading_engine(path),
        sqlite.READERS,
        closing.close,
    )


def _open_postgres(place: str, parts: _Parts, undo: ExitStack) -> Backend:
    url = postgres.database_url(place)
    engine = postgres.engine_for(url, connections=2 * postgres.WRITERS + 1)
    undo.callback(engine.dispose)
    with engine.connect() as connection:
        postgres.warn_of_lost_syncs(connection)
    keeper = AnchorKeeper(parts.anchor, _prepare(engine, parts), has_siblings=True)
    undo.callback(keeper.close)
    sequencer = Sequencer(engine, parts.signer, keeper.committed)
    undo.callback(sequencer.close)
    writer = postgres.PostgresWriter(engine, parts.clock, sequencer.wake)
    closing = undo.pop_all()
    committer = Committer([writer.transact] * postgres.WRITERS, pace_seconds=postgres.PACE_SECONDS)
    return Backend(committer, postgres.reading_engine(url), postgres.READERS, closing.close)


def _prepare(engine: Engine, parts: _Parts) -> TreeHead | None:
    """Migrates a database, holds its log against the anchor, and sets the clock; returns the head of the log."""
    with engine.begin() as connection:
        migrate(connection)
    # Before the log is looked at, which another server may be building: so the log is never the older of the two.
    kept = parts.anchor.newest()
    one_state = {"isolation_level": "REPEATABLE READ"} if engine.dialect.name == "postgresql" else {}
    with engine.execution_options(**one_state).begin() as connection:
        head = refuse_forked_log(connection, kept)
        parts.clock.never_before(last_recorded_at(connection))
    return head
