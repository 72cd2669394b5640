"""Erasures in the record: one entry of the log each, however often they are reported."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Column, Connection, MetaData, Table, Text, insert, select
from sqlalchemy.exc import IntegrityError

from readygate.v1.record_pb2 import ErasureEntry, LogEntry
from readygate_server.adapters.storage.schema import ENTRY
from readygate_server.adapters.storage.store import RecordStore
from readygate_server.domain.record import EntryKind, Erasure, NewEntry, Stamp

ERASURE: Final = Table(
    "erasure",
    MetaData(),
    Column("person_ref", Text, primary_key=True),
    Column("entry_id", Text, nullable=False),
    sqlite_with_rowid=False,
)


class StoredErasures:
    """Fills the port ErasureLog."""

    def __init__(self, store: RecordStore) -> None:
        """Takes an open record."""
        self._store = store

    async def record(self, erasure: Erasure) -> str:
        """Returns the id of the entry, which is made once however often this is called."""
        known = await self._known(erasure.person)
        if known is None:
            try:
                known = await self._store.write(_entry_of(erasure), lambda *place: _insert(erasure.person, *place))
            except IntegrityError:
                # Somebody else, in another process, was first.
                known = await self._known(erasure.person)
                if known is None:
                    raise
        return known

    async def recorded(self) -> Sequence[Erasure]:
        """Returns all erasures that the log knows of."""
        query = select(ENTRY.c.body).join(ERASURE, ERASURE.c.entry_id == ENTRY.c.id)
        bodies = await self._store.read(lambda connection: connection.execute(query).scalars().all())
        said = [LogEntry.FromString(body).erasure for body in bodies]
        return [Erasure(each.person_ref, each.reason) for each in said]

    async def _known(self, person: str) -> str | None:
        query = select(ERASURE.c.entry_id).where(ERASURE.c.person_ref == person)
        return await self._store.read(lambda connection: connection.execute(query).scalar_one_or_none())


def _insert(person: str, connection: Connection, stamp: Stamp) -> str:
    connection.execute(insert(ERASURE), [{"person_ref": person, "entry_id": stamp.id}])
    return stamp.id


def _entry_of(erasure: Erasure) -> NewEntry:
    def body(stamp: Stamp) -> bytes:
        entry = LogEntry(id=stamp.id, erasure=ErasureEntry(person_ref=erasure.person, reason=erasure.reason))
        entry.recorded_at.FromMicroseconds(stamp.recorded_at)
        return entry.SerializeToString(deterministic=True)

    return NewEntry(EntryKind.ERASURE, body)
