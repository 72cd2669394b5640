"""A record as its tables show it, for whoever checks it: read only, piece by piece, and without a server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection, Engine, Row, func, or_, select
from sqlalchemy.exc import SQLAlchemyError

from readygate_server.adapters.log.proof_file import ProofFile
from readygate_server.adapters.storage import postgres, sqlite
from readygate_server.adapters.storage.errors import StoreRefusedError
from readygate_server.adapters.storage.opening import FILE
from readygate_server.adapters.storage.reads import find_entry
from readygate_server.adapters.storage.schema import (
    CHECKPOINT,
    DECISION,
    ENTRY,
    LOG_LEAF,
    LOG_NODE,
    PAYLOAD,
    PENDING,
)
from readygate_server.adapters.storage.tree import read_head, read_nodes
from readygate_server.domain.merkle import NodeId, inclusion_nodes, inclusion_proof
from readygate_server.domain.record import EntryKind, TreeHead


class UnreadableError(Exception):
    """Reports a record that can not be read, so that nothing can be said about it."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf with the entry that it stands for; None where the entry is gone."""

    index: int
    entry_id: str
    hash: bytes
    kind: str | None
    recorded_at: int | None
    body: bytes | None


@dataclass(frozen=True, slots=True)
class Edges:
    """How far the tables reach."""

    leaves: int
    nodes: Sequence[NodeId]
    """The last node of each level."""
    newest_checkpoint: int


class RecordCopy:
    """The tables of a record. Every method raises UnreadableError."""

    def __init__(self, engine: Engine) -> None:
        """Takes an engine whose connections only read."""
        self._engine = engine

    @classmethod
    def open(cls, place: str | Path) -> Self:
        """Opens the record of a data directory, or of a PostgreSQL by its URL; raises UnreadableError."""
        if isinstance(place, Path):
            if not (place / FILE).is_file():
                raise UnreadableError(f"{place / FILE}: there is no such file")
            return cls(sqlite.reading_engine(place / FILE))
        try:
            return cls(postgres.reading_engine(postgres.database_url(place)))
        except StoreRefusedError as error:
            raise UnreadableError(str(error)) from error

    def close(self) -> None:
        """Lets go of the database."""
        self._engine.dispose()

    def counts(self) -> tuple[int, int]:
        """Returns how many leaves there are, and how many entries wait for theirs."""
        with self._reading() as connection:
            last = connection.execute(select(func.max(LOG_LEAF.c.leaf_index))).scalar_one()
            waiting = connection.execute(select(func.count()).select_from(PENDING)).scalar_one()
        return (0 if last is None else last + 1), waiting

    def leaves(self, start: int, end: int) -> Sequence[Leaf]:
        """Returns the leaves from an index up to another one."""
        index, entry = LOG_LEAF.c.leaf_index, ENTRY.c
        query = (
            select(index, LOG_LEAF.c.entry_id, LOG_LEAF.c.leaf_hash, entry.kind, entry.recorded_at, entry.body)
            .outerjoin(ENTRY, entry.id == LOG_LEAF.c.entry_id)
            .where(index >= start, index < end)
            .order_by(index)
        )
        return [
            Leaf(
                row.leaf_index,
                row.entry_id,
                bytes(row.leaf_hash),
                row.kind,
                row.recorded_at,
                None if row.body is None else bytes(row.body),
            )
            for row in self._all(query)
        ]

    def nodes(self, ranges: Sequence[tuple[int, int, int]]) -> dict[NodeId, bytes]:
        """Returns the inner nodes of ranges: level, first index, index behind the last one."""
        if not ranges:
            return {}
        node = LOG_NODE.c
        wanted = or_(*((node.level == level) & node.node_index.between(first, end - 1) for level, first, end in ranges))
        query = select(node.level, node.node_index, node.hash).where(wanted)
        return {(row.level, row.node_index): bytes(row.hash) for row in self._all(query)}

    def checkpoints(self, above: int, up_to: int) -> Sequence[TreeHead]:
        """Returns the signed trees above a size, up to another one, by size."""
        size = CHECKPOINT.c.tree_size
        query = select(CHECKPOINT).where(size > above, size <= up_to).order_by(size)
        return [TreeHead(row.tree_size, bytes(row.root), row.note) for row in self._all(query)]

    def beyond(self) -> Edges:
        """Returns how far the tables reach, at one moment."""
        level, index = LOG_NODE.c.level, LOG_NODE.c.node_index
        with self._reading() as connection:
            last = connection.execute(select(func.max(LOG_LEAF.c.leaf_index))).scalar_one()
            nodes = connection.execute(select(level, func.max(index)).group_by(level)).all()
            newest = connection.execute(select(func.max(CHECKPOINT.c.tree_size))).scalar_one()
        return Edges(0 if last is None else last + 1, [(row[0], row[1]) for row in nodes], newest or 0)

    def decisions(self, ids: Sequence[str]) -> dict[str, Row[Any]]:
        """Returns the rows of decisions, with their payloads where these are."""
        query = (
            select(DECISION, PAYLOAD.c.decision_id.label("payload_id"), PAYLOAD.c.request, PAYLOAD.c.response)
            .outerjoin(PAYLOAD, PAYLOAD.c.decision_id == DECISION.c.id)
            .where(DECISION.c.id.in_(ids))
        )
        return {row.id: row for row in self._all(query)} if ids else {}

    def strays(self, limit: int) -> Sequence[tuple[str, str]]:
        """Returns what hangs on no leaf, as table and id: entries that do not wait either, and decisions."""
        in_log = select(LOG_LEAF.c.entry_id)
        lost_entries = select(ENTRY.c.id).where(
            ENTRY.c.id.not_in(in_log), ENTRY.c.id.not_in(select(PENDING.c.entry_id))
        )
        lost_decisions = select(DECISION.c.id).where(DECISION.c.id.not_in(select(ENTRY.c.id)))
        lost_payloads = select(PAYLOAD.c.decision_id).where(PAYLOAD.c.decision_id.not_in(select(DECISION.c.id)))
        queries = (("entry", lost_entries), ("decision", lost_decisions), ("payload", lost_payloads))
        return [(table, row[0]) for table, query in queries for row in self._all(query.limit(limit))]

    def retentions_from(self, index: int) -> Sequence[bytes]:
        """Returns the entries about retention from an index on."""
        query = (
            select(ENTRY.c.body)
            .join(LOG_LEAF, LOG_LEAF.c.entry_id == ENTRY.c.id)
            .where(LOG_LEAF.c.leaf_index >= index, ENTRY.c.kind == EntryKind.RETENTION.value)
        )
        return [bytes(row[0]) for row in self._all(query)]

    def proof(self, entry_id: str) -> ProofFile | None:
        """Returns the proof that an entry is in the newest tree; None when the log has no such entry."""
        with self._reading() as connection:
            found, head = find_entry(connection, entry_id), read_head(connection)
            if found is None or head is None:
                return None
            index, body = found
            nodes = read_nodes(connection, inclusion_nodes(index, head.size))
        try:
            return ProofFile(body, index, inclusion_proof(index, head.size, nodes), head.note)
        except KeyError as error:
            level, place = error.args[0]
            raise UnreadableError(f"node {place} of level {level} is missing; readygate log verify says more") from None

    def _all(self, query: Any) -> Sequence[Row[Any]]:
        with self._reading() as connection:
            return connection.execute(query).all()

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        try:
            with self._engine.connect() as connection:
                yield connection
        except StoreRefusedError as error:
            raise UnreadableError(str(error)) from error
        except (SQLAlchemyError, OSError) as error:
            raise UnreadableError(f"the record can not be read: {getattr(error, 'orig', None) or error}") from error
