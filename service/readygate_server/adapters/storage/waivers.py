"""Steps of waivers in the record: each a row and a leaf of the log, written together or not at all."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from hashlib import sha256
from itertools import groupby
from typing import Any, Final, Protocol, TypeVar

from sqlalchemy import (
    Connection,
    Row,
    Select,
    bindparam,
    func,
    select,
)
from sqlalchemy import insert as insert_into
from sqlalchemy.exc import IntegrityError

from readygate.v1.record_pb2 import LogEntry, WaiverEntry
from readygate_server.adapters.storage.gathering import Gathering
from readygate_server.adapters.storage.schema import ENTRY, WAIVER_STEP
from readygate_server.application.waiver_ports import FiledStep, NewWaiverStep, WaiverFilter
from readygate_server.domain.errors import EtagMismatchError, RecordUnavailableError
from readygate_server.domain.record import EntryKind, NewEntry, SealedText, Stamp
from readygate_server.domain.waivers import WaiverAction, WaiverState

_T = TypeVar("_T")
_MOST_KNOWN: Final = 100_000
"""Proposals with waivers that a process remembers; of any other it supposes that there are none, and is corrected."""
_STEP: Final = WAIVER_STEP.c
_APPROVED_IDS: Final = (
    select(_STEP.waiver_id)
    .where(_STEP.facts_digest.in_(bindparam("digests", expanding=True)), _STEP.state == WaiverState.APPROVED.value)
    .distinct()
)
_WITH_ENTRY: Final = select(WAIVER_STEP, ENTRY.c.body.label("entry")).select_from(
    WAIVER_STEP.outerjoin(ENTRY, ENTRY.c.id == _STEP.entry_id)
)
_OF_WAIVERS: Final = _WITH_ENTRY.where(_STEP.waiver_id.in_(bindparam("ids", expanding=True))).order_by(
    _STEP.waiver_id, _STEP.number
)


class Store(Protocol):
    """What is asked of the record."""

    async def write(self, entry: NewEntry, insert: Callable[[Connection, Stamp], _T]) -> _T:
        """Records an entry together with rows, all or nothing."""
        ...

    async def read(self, query: Callable[[Connection], _T]) -> _T:
        """Runs a question on what is durable."""
        ...


class StoredWaivers:
    """Fills the port WaiverBook from the record."""

    def __init__(self, store: Store) -> None:
        """Takes the open record."""
        self._store = store
        self._gathering = Gathering(self._approved)
        self._known: dict[str, None] = {}

    def knows_of(self, facts_digest: str) -> bool:
        """Tells whether steps are known of waivers of a proposal."""
        return facts_digest in self._known

    def learn_of(self, facts_digest: str) -> None:
        """Takes note that there are steps; what was noted first is forgotten first, and is found again."""
        self._known[facts_digest] = None
        if len(self._known) > _MOST_KNOWN:
            del self._known[next(iter(self._known))]

    async def append(self, step: NewWaiverStep) -> Stamp:
        """Keeps a step together with its leaf."""
        entry = NewEntry(EntryKind.WAIVER, lambda stamp: log_entry(step, stamp))
        return await self._store.write(entry, lambda connection, stamp: _append(connection, step, stamp))

    async def get(self, waiver_id: str) -> Sequence[FiledStep]:
        """Returns the steps of a waiver."""
        query = _WITH_ENTRY.where(_STEP.waiver_id == waiver_id).order_by(_STEP.number)
        return await self._store.read(lambda connection: tuple(map(_filed, connection.execute(query))))

    async def newest(self, wanted: WaiverFilter, *, before: str, limit: int) -> Sequence[Sequence[FiledStep]]:
        """Returns waivers with ids below another, the highest first."""
        ids = _wanted_ids(wanted, before).order_by(_STEP.waiver_id.desc()).limit(limit)
        query = _WITH_ENTRY.where(_STEP.waiver_id.in_(ids)).order_by(_STEP.waiver_id.desc(), _STEP.number)
        return await self._store.read(lambda connection: _grouped(connection, query))

    async def approved(self, facts_digest: str) -> Sequence[Sequence[FiledStep]]:
        """Returns the waivers of a proposal that are approved and not revoked."""
        return await self._gathering.answer(facts_digest)

    async def _approved(self, digests: Collection[str]) -> Mapping[str, Sequence[Sequence[FiledStep]]]:
        return await self._store.read(lambda connection: _approved(connection, digests))


def log_entry(step: NewWaiverStep, stamp: Stamp) -> bytes:
    """Returns what the log commits to: the step without the name, and a commitment to the name."""
    return _log_entry(step, stamp).SerializeToString(deterministic=True)


def _log_entry(step: NewWaiverStep, stamp: Stamp) -> LogEntry:
    seconds, rest = divmod(stamp.recorded_at, 1_000_000)
    entry = LogEntry(
        id=stamp.id,
        waiver=WaiverEntry(
            waiver_id=step.waiver_id,
            step=step.number,
            action=step.action.value,
            redacted_step_digest=sha256(step.body).digest(),
            actor_commitment=step.actor_commitment,
        ),
    )
    entry.recorded_at.seconds, entry.recorded_at.nanos = seconds, rest * 1000
    return entry


def _append(connection: Connection, step: NewWaiverStep, stamp: Stamp) -> Stamp:
    last = connection.execute(select(func.max(_STEP.number)).where(_STEP.waiver_id == step.waiver_id)).scalar()
    if (last or 0) + 1 != step.number:
        raise EtagMismatchError("waiver", step.waiver_id)
    try:
        connection.execute(insert_into(WAIVER_STEP), _row(step, stamp))
    except IntegrityError:
        # Another server was faster: its step was not to be seen before the key kept ours out.
        raise EtagMismatchError("waiver", step.waiver_id) from None
    return stamp


def _wanted_ids(wanted: WaiverFilter, before: str) -> Select[tuple[str]]:
    query = select(_STEP.waiver_id).where(_STEP.number == 1)
    if wanted.facts_digest:
        query = query.where(_STEP.facts_digest == wanted.facts_digest)
    if wanted.state is not None:
        later = WAIVER_STEP.alias("later")
        newest = select(later.c.state).where(later.c.waiver_id == _STEP.waiver_id).order_by(later.c.number.desc())
        query = query.where(newest.limit(1).scalar_subquery() == wanted.state.value)
    return query.where(_STEP.waiver_id < before) if before else query


def _approved(connection: Connection, digests: Collection[str]) -> Mapping[str, Sequence[Sequence[FiledStep]]]:
    """Returns the approved waivers of each proposal; mostly there are none, which the first question tells."""
    found: dict[str, list[Sequence[FiledStep]]] = {digest: [] for digest in digests}
    ids = connection.execute(_APPROVED_IDS, {"digests": list(digests)}).scalars().all()
    for steps in _grouped(connection, _OF_WAIVERS, ids=ids) if ids else ():
        if steps[-1].step.state is WaiverState.APPROVED:
            found[steps[0].step.facts_digest].append(steps)
    return found


def _grouped(connection: Connection, query: Select[Any], **values: object) -> list[Sequence[FiledStep]]:
    filed = map(_filed, connection.execute(query, values))
    return [tuple(steps) for _, steps in groupby(filed, key=lambda each: each.step.waiver_id)]


def _row(step: NewWaiverStep, stamp: Stamp) -> dict[str, object]:
    return {
        "waiver_id": step.waiver_id,
        "number": step.number,
        "entry_id": stamp.id,
        "recorded_at": stamp.recorded_at,
        "action": step.action.value,
        "state": step.state.value,
        "facts_digest": step.facts_digest,
        "actor": step.actor.person,
        "actor_cipher": step.actor.cipher,
        "actor_commitment": step.actor_commitment,
        "body": step.body,
    }


def _filed(row: Row[Any]) -> FiledStep:
    """Returns the step of a row, unless that was tampered with: what counts is what the log says."""
    step = NewWaiverStep(
        waiver_id=row.waiver_id,
        number=row.number,
        action=WaiverAction(row.action),
        state=WaiverState(row.state),
        facts_digest=row.facts_digest,
        actor=SealedText(row.actor, bytes(row.actor_cipher)),
        body=bytes(row.body),
        actor_commitment=bytes(row.actor_commitment),
    )
    stamp = Stamp(row.entry_id, row.recorded_at)
    if row.entry is None or LogEntry.FromString(bytes(row.entry)) != _log_entry(step, stamp):
        raise RecordUnavailableError(f"step {row.number} of the waiver {row.waiver_id} is not what its log entry says")
    return FiledStep(step, stamp)
