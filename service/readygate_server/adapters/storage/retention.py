"""Retention in the record: what is old loses its payload, and the log says so before anything goes."""

from __future__ import annotations

from functools import partial
from typing import Final

from sqlalchemy import Connection, delete, func, insert, select

from readygate.v1.record_pb2 import LogEntry, RetentionEntry
from readygate_server.adapters.storage.clock import lowest_id
from readygate_server.adapters.storage.schema import DECISION, PAYLOAD, RETENTION
from readygate_server.adapters.storage.store import RecordStore
from readygate_server.domain.record import EntryKind, NewEntry, Stamp

_AT_ONCE: Final = 500
"""Payloads that go in one transaction, so that decisions need not wait long in between."""


class StoredRetention:
    """Fills the port PayloadKeeper."""

    def __init__(self, store: RecordStore) -> None:
        """Takes an open record."""
        self._store = store

    async def count(self, before: int) -> int:
        """Returns how many payloads there are of decisions recorded before a moment."""
        query = select(func.count()).select_from(PAYLOAD).where(PAYLOAD.c.decision_id < lowest_id(before))
        return await self._store.read(lambda connection: int(connection.execute(query).scalar_one()))

    async def allowed_before(self) -> int:
        """Returns the moment up to which the log says that payloads are dropped; 0 while it says nothing."""
        query = select(func.max(RETENTION.c.recorded_before))
        return await self._store.read(lambda connection: int(connection.execute(query).scalar_one() or 0))

    async def announce(self, before: int) -> str:
        """Records that payloads of decisions recorded before a moment are dropped; returns the id of the entry."""
        return await self._store.write(_entry_of(before), partial(_allow, before))

    async def drop(self, before: int) -> int:
        """Drops payloads as far as the log says that they are, some at a time; returns how many."""
        dropped = 0
        while some := await self._store.change(partial(_drop_some, before)):
            dropped += some
        return dropped


def _allow(before: int, connection: Connection, stamp: Stamp) -> str:
    connection.execute(insert(RETENTION), [{"entry_id": stamp.id, "recorded_before": before}])
    return stamp.id


def _drop_some(before: int, connection: Connection, _stamp: Stamp) -> int:
    # Ids are in the order of the times, so that the oldest come from the front of the key.
    old = (
        select(DECISION.c.id)
        .join(PAYLOAD, PAYLOAD.c.decision_id == DECISION.c.id)
        .where(DECISION.c.id < lowest_id(before), DECISION.c.recorded_at < before)
        .order_by(DECISION.c.id)
        .limit(_AT_ONCE)
    )
    ids = list(connection.execute(old).scalars())
    if ids:
        connection.execute(delete(PAYLOAD).where(PAYLOAD.c.decision_id.in_(ids)))
    return len(ids)


def _entry_of(before: int) -> NewEntry:
    def body(stamp: Stamp) -> bytes:
        entry = LogEntry(id=stamp.id, retention=RetentionEntry())
        entry.recorded_at.FromMicroseconds(stamp.recorded_at)
        entry.retention.recorded_before.FromMicroseconds(before)
        return entry.SerializeToString(deterministic=True)

    return NewEntry(EntryKind.RETENTION, body)
