"""The record as the application sees it, whichever database it is in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypeVar, cast

from sqlalchemy import Connection, Engine, insert
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError

from readygate_server.adapters.storage import reads
from readygate_server.adapters.storage.committer import CLOSED, Committer
from readygate_server.adapters.storage.group import Change
from readygate_server.adapters.storage.outages import detail_of, is_outage
from readygate_server.adapters.storage.schema import RULESET_SOURCE
from readygate_server.adapters.storage.tree import read_head, read_nodes
from readygate_server.domain.errors import RecordUnavailableError
from readygate_server.domain.record import (
    DecisionFilter,
    NewDecision,
    NewEntry,
    Recorded,
    Stamp,
    StoredDecision,
    TreeHead,
)

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Backend:
    """What a database brings along: what writes, what reads, and what is to be done last."""

    committer: Committer
    readers: Engine
    reading_threads: int
    close: Callable[[], None]


class RecordStore:
    """Fills the ports Recorder, Archive and LogReader. Every method raises RecordUnavailableError."""

    def __init__(self, backend: Backend) -> None:
        """Takes an open database."""
        self._backend = backend
        self._pool = ThreadPoolExecutor(backend.reading_threads, thread_name_prefix="record-reader")
        self._is_open = True

    async def record(self, decision: NewDecision) -> Recorded:
        """Records a decision, or returns the one that the same caller's same request made before."""
        return cast(Recorded, await self._backend.committer.submit(decision))

    async def append(self, entry: NewEntry) -> Stamp:
        """Records an entry that is no decision."""
        return await self.write(entry, lambda _connection, stamp: stamp)

    async def write(self, entry: NewEntry, insert: Callable[[Connection, Stamp], _T]) -> _T:
        """Records an entry together with rows of somebody else, all or nothing, and returns what `insert` does.

        `insert` runs first, so that the entry's body may tell what it found. What it raises is raised here and undoes
        its own part only. Other callers wait while it runs, and it runs again when the transaction is tried again.
        """
        return cast(_T, await self._backend.committer.submit(Change(insert, entry)))

    async def change(self, insert: Callable[[Connection, Stamp], _T]) -> _T:
        """Writes rows of somebody else that the log says nothing about."""
        return cast(_T, await self._backend.committer.submit(Change(insert)))

    async def read(self, query: Callable[[Connection], _T]) -> _T:
        """Runs a question on a connection that can not write; it sees one state of the database."""
        if not self._is_open:
            raise RecordUnavailableError(CLOSED)
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._ask, query)

    async def keep_ruleset(self, digest: str, bundle: bytes) -> None:
        """Keeps the files of a ruleset unless they are there."""
        if await self.ruleset(digest) is None:
            await self.change(partial(_keep_ruleset, digest, bundle))

    async def recorded(self, caller: str, request_id: str) -> tuple[bytes, Recorded] | None:
        """Returns the hash and answer of the request that had an id."""
        return await self.read(lambda connection: reads.recorded(connection, caller, request_id))

    async def get(self, decision_id: str, *, with_payload: bool = False) -> StoredDecision | None:
        """Returns a decision."""
        return await self.read(lambda connection: reads.decision(connection, decision_id, with_payload=with_payload))

    async def newest(self, wanted: DecisionFilter, *, before: str, limit: int) -> Sequence[StoredDecision]:
        """Returns decisions with ids below `before` (all when empty), newest first."""
        return await self.read(lambda connection: reads.newest(connection, wanted, before=before, limit=limit))

    async def tail(self, wanted: DecisionFilter, *, after: int, limit: int) -> Sequence[StoredDecision]:
        """Returns decisions with a leaf index above `after`, in the order of the log."""
        return await self.read(lambda connection: reads.tail(connection, wanted, after=after, limit=limit))

    async def ruleset(self, digest: str) -> bytes | None:
        """Returns the files of a ruleset."""
        return await self.read(lambda connection: reads.ruleset(connection, digest))

    async def head(self) -> TreeHead | None:
        """Returns the newest signed tree."""
        return await self.read(read_head)

    async def entries(self, start: int, limit: int) -> Sequence[bytes]:
        """Returns the bytes of entries from an index on."""
        return await self.read(lambda connection: reads.entries(connection, start, limit))

    async def find(self, entry_id: str) -> tuple[int, bytes] | None:
        """Returns the leaf index and bytes of an entry."""
        return await self.read(lambda connection: reads.find_entry(connection, entry_id))

    async def nodes(self, ids: Sequence[tuple[int, int]]) -> Mapping[tuple[int, int], bytes]:
        """Returns the hashes of complete subtrees by level and index."""
        return await self.read(lambda connection: read_nodes(connection, ids))

    async def close(self) -> None:
        """Writes what was asked for, and lets go of the database."""
        if self._is_open:
            self._is_open = False
            await asyncio.to_thread(self._close)

    def _ask(self, query: Callable[[Connection], _T]) -> _T:
        for attempt in (1, 2):
            try:
                with self._backend.readers.connect() as connection:
                    return query(connection)
            except Exception as error:
                if not is_outage(error):
                    raise
                # A connection that died in the pool is replaced, with all others; to ask again changes nothing.
                if attempt == 1 and isinstance(error, DBAPIError) and error.connection_invalidated:
                    continue
                raise RecordUnavailableError(detail_of(error)) from error
        raise AssertionError("the second attempt returns or raises")

    def _close(self) -> None:
        self._backend.committer.close()
        self._pool.shutdown()
        self._backend.readers.dispose()
        self._backend.close()


def _keep_ruleset(digest: str, bundle: bytes, connection: Connection, _stamp: Stamp) -> None:
    row = {"digest": digest, "bundle": bundle}
    if connection.dialect.name == "postgresql":  # where another server may be keeping it just now
        connection.execute(postgresql.insert(RULESET_SOURCE).on_conflict_do_nothing(), [row])
    elif reads.ruleset(connection, digest) is None:
        connection.execute(insert(RULESET_SOURCE), [row])
