"""Writes what was asked for meanwhile in one transaction: many decisions cost one sync of the disk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from readygate_server.adapters.storage.bulk import insert_rows
from readygate_server.adapters.storage.claims import Claim, Key, claim_keys, read_claims
from readygate_server.adapters.storage.clock import RecordClock
from readygate_server.adapters.storage.lookups import with_waivers
from readygate_server.adapters.storage.outages import is_outage
from readygate_server.adapters.storage.rows import decision_row, payload_row
from readygate_server.adapters.storage.schema import DECISION, ENTRY, PAYLOAD
from readygate_server.domain.errors import RequestIdReusedError
from readygate_server.domain.record import (
    EntryKind,
    NewDecision,
    NewEntry,
    Recorded,
    Sealed,
    Stamp,
    WaiversFoundError,
)


@dataclass(frozen=True, slots=True)
class Change:
    """Rows of somebody else, together with an entry of the log unless there is none to make."""

    insert: Callable[[Connection, Stamp], Any]
    entry: NewEntry | None = None


Item = NewDecision | Change


@dataclass(frozen=True, slots=True)
class Failed:
    """An item that was not written, alone of its group."""

    error: Exception


class Logged(NamedTuple):
    """An entry of the log."""

    stamp: Stamp
    kind: EntryKind
    body: bytes


@dataclass(slots=True)
class Group:
    """What became of a group: an outcome per item, and the entries that it adds to the log, in their order."""

    outcomes: list[Any]
    entries: list[Logged] = field(default_factory=list)


class _New(NamedTuple):
    place: int
    decision: NewDecision
    stamp: Stamp
    sealed: Sealed


def write_group(connection: Connection, items: Sequence[Item], clock: RecordClock) -> Group:
    """Writes a group within the transaction of a connection.

    What fails by itself is a Failed among the outcomes. An error that is raised means the whole group.
    """
    group = Group([None] * len(items))
    decisions = [(place, item) for place, item in enumerate(items) if isinstance(item, NewDecision)]
    if decisions:
        _write_decisions(connection, _without_waivers(connection, decisions, group), clock, group)
    for place, item in enumerate(items):
        if isinstance(item, Change):
            group.outcomes[place] = _change(connection, item, clock.stamp(), group.entries)
    if group.entries:
        rows = [(stamp.id, stamp.recorded_at, kind.value, body) for stamp, kind, body in group.entries]
        insert_rows(connection, ENTRY, rows)
    return group


def _without_waivers(
    connection: Connection, decisions: Sequence[tuple[int, NewDecision]], group: Group
) -> list[tuple[int, NewDecision]]:
    """Returns the decisions that may be written; those that were wrong to suppose that there are no waivers fail."""
    supposed = {decision.facts.facts_digest for _place, decision in decisions if decision.supposes_no_waivers}
    found = with_waivers(connection, supposed)
    kept = []
    for place, decision in decisions:
        if decision.supposes_no_waivers and decision.facts.facts_digest in found:
            group.outcomes[place] = Failed(WaiversFoundError())
        else:
            kept.append((place, decision))
    return kept


def _write_decisions(
    connection: Connection, decisions: Sequence[tuple[int, NewDecision]], clock: RecordClock, group: Group
) -> None:
    asked = {_key(decision) for _place, decision in decisions if decision.request_id}
    # In PostgreSQL another server may be first at any moment, so there the claim itself is the question: it waits for
    # the other's commit, and what the other wrote can be read then.
    claims = read_claims(connection, asked) if connection.dialect.name == "sqlite" else {}
    fresh = _seal(decisions, frozenset(claims), clock, group)
    lost = claim_keys(
        connection,
        {
            _key(each.decision): (each.decision.request_hash, each.stamp.id)
            for each in fresh
            if each.decision.request_id
        },
    )
    claims.update(read_claims(connection, lost))
    kept = [each for each in fresh if not each.decision.request_id or _key(each.decision) not in lost]
    for place, decision, stamp, sealed in kept:
        group.entries.append(Logged(stamp, EntryKind.DECISION, sealed.entry))
        group.outcomes[place] = Recorded(stamp.id, sealed.response, is_new=True)
        claims[_key(decision)] = Claim(decision.request_hash, stamp.id, sealed.response)
    insert_rows(connection, DECISION, [decision_row(each.decision, each.stamp) for each in kept])
    insert_rows(connection, PAYLOAD, [payload_row(each.decision, each.stamp, each.sealed) for each in kept])
    for place, decision in decisions:
        if group.outcomes[place] is None:
            group.outcomes[place] = _answer(decision, claims[_key(decision)])


def _seal(
    decisions: Sequence[tuple[int, NewDecision]], known: frozenset[Key], clock: RecordClock, group: Group
) -> list[_New]:
    """Returns the first decision of every key that nobody used before."""
    fresh: list[_New] = []
    taken = set(known)
    for place, decision in decisions:
        if decision.request_id and _key(decision) in taken:
            continue
        stamp = clock.stamp()
        try:
            fresh.append(_New(place, decision, stamp, decision.seal(stamp)))
        except Exception as error:  # noqa: BLE001 -- what a caller's function raises is for that caller alone
            group.outcomes[place] = Failed(error)
        else:
            taken.add(_key(decision))
    return fresh


def _answer(decision: NewDecision, claim: Claim) -> Recorded | Failed:
    if claim.request_hash != decision.request_hash:
        return Failed(RequestIdReusedError(decision.request_id))
    return Recorded(claim.decision_id, claim.response, is_new=False)


def _change(connection: Connection, change: Change, stamp: Stamp, entries: list[Logged]) -> Any:
    try:
        with connection.begin_nested():
            result = change.insert(connection, stamp)
            if change.entry is not None:
                entries.append(Logged(stamp, change.entry.kind, change.entry.body(stamp)))
    except Exception as error:
        if isinstance(error, DBAPIError) and is_outage(error):
            raise
        return Failed(error)  # what a caller's function raises is for that caller alone
    return result


def _key(decision: NewDecision) -> Key:
    return Key(decision.caller.person, decision.request_id)
