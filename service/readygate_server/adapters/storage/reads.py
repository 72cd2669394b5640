"""Questions to the record. Each is a function of a connection, which shows what is durable and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, select

from readygate_server.adapters.storage.claims import Key, read_claims
from readygate_server.adapters.storage.clock import lowest_id
from readygate_server.adapters.storage.rows import stored_decision
from readygate_server.adapters.storage.schema import DECISION, ENTRY, LOG_LEAF, PAYLOAD, RULESET_SOURCE
from readygate_server.domain.record import DecisionFilter, Recorded, StoredDecision

_JOINED: Final = (
    DECISION.join(ENTRY, ENTRY.c.id == DECISION.c.id)
    .outerjoin(LOG_LEAF, LOG_LEAF.c.entry_id == DECISION.c.id)
    .outerjoin(PAYLOAD, PAYLOAD.c.decision_id == DECISION.c.id)
)
_JOINED_TO_LEAVES: Final = (
    LOG_LEAF.join(DECISION, DECISION.c.id == LOG_LEAF.c.entry_id)
    .join(ENTRY, ENTRY.c.id == DECISION.c.id)
    .outerjoin(PAYLOAD, PAYLOAD.c.decision_id == DECISION.c.id)
)
_COLUMNS: Final = (
    *DECISION.c,
    ENTRY.c.body.label("entry"),
    LOG_LEAF.c.leaf_index,
    PAYLOAD.c.decision_id.label("payload_id"),
)
_LAST: Final = select(ENTRY.c.recorded_at).order_by(ENTRY.c.id.desc()).limit(1)
_PAYLOAD: Final = (PAYLOAD.c.request, PAYLOAD.c.names, PAYLOAD.c.response)


def recorded(connection: Connection, caller: str, request_id: str) -> tuple[bytes, Recorded] | None:
    """Returns the hash and answer of the request that had an id."""
    claim = read_claims(connection, [Key(caller, request_id)]).get(Key(caller, request_id))
    return None if claim is None else (claim.request_hash, Recorded(claim.decision_id, claim.response, is_new=False))


def decision(connection: Connection, decision_id: str, *, with_payload: bool) -> StoredDecision | None:
    """Returns a decision by its id."""
    columns = (*_COLUMNS, *_PAYLOAD) if with_payload else _COLUMNS
    query = select(*columns).select_from(_JOINED).where(DECISION.c.id == decision_id)
    row = connection.execute(query).one_or_none()
    return None if row is None else stored_decision(row, with_payload=with_payload)


def newest(connection: Connection, wanted: DecisionFilter, *, before: str, limit: int) -> Sequence[StoredDecision]:
    """Returns decisions with ids below another, newest first."""
    query = select(*_COLUMNS).select_from(_JOINED).where(*_conditions(wanted))
    if before:
        query = query.where(DECISION.c.id < before)
    return _listed(connection, query.order_by(DECISION.c.id.desc()).limit(limit))


def tail(connection: Connection, wanted: DecisionFilter, *, after: int, limit: int) -> Sequence[StoredDecision]:
    """Returns decisions in the order of the log."""
    query = select(*_COLUMNS).select_from(_JOINED_TO_LEAVES).where(LOG_LEAF.c.leaf_index > after, *_conditions(wanted))
    return _listed(connection, query.order_by(LOG_LEAF.c.leaf_index).limit(limit))


def entries(connection: Connection, start: int, limit: int) -> Sequence[bytes]:
    """Returns the bytes of entries in the order of the log."""
    query = (
        select(ENTRY.c.body)
        .join(LOG_LEAF, LOG_LEAF.c.entry_id == ENTRY.c.id)
        .where(LOG_LEAF.c.leaf_index >= start)
        .order_by(LOG_LEAF.c.leaf_index)
        .limit(limit)
    )
    return [bytes(body) for body in connection.execute(query).scalars()]


def find_entry(connection: Connection, entry_id: str) -> tuple[int, bytes] | None:
    """Returns the leaf index and bytes of an entry."""
    query = (
        select(LOG_LEAF.c.leaf_index, ENTRY.c.body)
        .join(ENTRY, ENTRY.c.id == LOG_LEAF.c.entry_id)
        .where(LOG_LEAF.c.entry_id == entry_id)
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else (row.leaf_index, bytes(row.body))


def ruleset(connection: Connection, digest: str) -> bytes | None:
    """Returns the files of a ruleset."""
    query = select(RULESET_SOURCE.c.bundle).where(RULESET_SOURCE.c.digest == digest)
    bundle = connection.execute(query).scalar_one_or_none()
    return None if bundle is None else bytes(bundle)


def last_recorded_at(connection: Connection) -> int:
    """Returns the time of the newest entry; 0 when there is none."""
    return connection.execute(_LAST).scalar_one_or_none() or 0


def _listed(connection: Connection, query: Select[Any]) -> Sequence[StoredDecision]:
    return [stored_decision(row, with_payload=False) for row in connection.execute(query)]


def _conditions(wanted: DecisionFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    columns = DECISION.c
    if wanted.proposal_id:
        found.append(columns.proposal_id == wanted.proposal_id)
    if wanted.verdicts:
        found.append(columns.verdict.in_(sorted(wanted.verdicts)))
    if wanted.ruleset:
        is_digest = wanted.ruleset.startswith("sha256:")
        found.append((columns.ruleset_digest if is_digest else columns.ruleset_name) == wanted.ruleset)
    if wanted.caller:
        found.append(columns.caller == wanted.caller)
    if wanted.recorded_from is not None:
        # Ids begin with the time, and have the index that goes with the order of the list.
        found += [columns.id >= lowest_id(wanted.recorded_from), columns.recorded_at >= wanted.recorded_from]
    if wanted.recorded_before is not None:
        found += [columns.id < lowest_id(wanted.recorded_before + 1_000), columns.recorded_at < wanted.recorded_before]
    return found
