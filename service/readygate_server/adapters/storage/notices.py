"""What others are told of, in the record's database: kept with how far the log was looked at, all or nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from hashlib import sha256
from typing import Any, Final, NamedTuple, TypeVar

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from readygate_server.adapters.storage.schema import (
    DECISION,
    ENTRY,
    LOG_LEAF,
    NOTICE,
    NOTICE_DELIVERY,
    NOTICE_ENDPOINT,
    NOTICE_SOURCE,
    NOTICE_TOLD,
    NOTICE_WATCH,
    PAYLOAD,
)
from readygate_server.adapters.storage.store import RecordStore
from readygate_server.adapters.storage.tree import read_size
from readygate_server.application.notice_ports import Endpoint, EndpointState, Pending, Settled, Step
from readygate_server.domain.errors import RecordUnavailableError
from readygate_server.domain.notices import Interest, Notice, NoticeType
from readygate_server.domain.record import Stamp

_T = TypeVar("_T")
_AT_ONCE: Final = 200
_MOST_PASSED: Final = 2_000
"""Notices that an endpoint does not want and that are passed over at once."""
_KEPT: Final = 7 * 86_400 * 1_000_000
"""How long what everybody has got is kept, in microseconds, so that it can be looked at."""
_DELIVERY: Final = NOTICE_DELIVERY.c


class LogRow(NamedTuple):
    """An entry of the log, with what else is known of a decision."""

    leaf: int
    id: str
    recorded_at: int
    kind: str
    body: bytes
    proposal_id: str | None
    verdict: str | None
    gate: int | None
    tier: int | None
    as_of: str | None
    ruleset_name: str | None
    ruleset_digest: str | None
    response: bytes | None


_ROWS: Final = (
    select(
        LOG_LEAF.c.leaf_index,
        ENTRY.c.id,
        ENTRY.c.recorded_at,
        ENTRY.c.kind,
        ENTRY.c.body,
        *(DECISION.c[name] for name in LogRow._fields[5:12]),
        PAYLOAD.c.response,
    )
    .select_from(LOG_LEAF)
    .join(ENTRY, ENTRY.c.id == LOG_LEAF.c.entry_id)
    .outerjoin(DECISION, DECISION.c.id == ENTRY.c.id)
    .outerjoin(PAYLOAD, PAYLOAD.c.decision_id == ENTRY.c.id)
    .order_by(LOG_LEAF.c.leaf_index)
)


class StoredNotices:
    """Fills the port Outbox, and reads the entries that notices follow from."""

    def __init__(self, store: RecordStore, render: Callable[[Notice], bytes]) -> None:
        """Takes the open record, and what writes a notice as it is sent."""
        self._store = store
        self._render = render

    async def rows(self, start: int, limit: int) -> Sequence[LogRow]:
        """Returns entries of the log from an index on."""
        query = _ROWS.where(LOG_LEAF.c.leaf_index >= start).limit(limit)
        return await self._store.read(lambda connection: [LogRow._make(row) for row in connection.execute(query)])

    async def told(self, decision_id: str) -> str:
        """Returns the verdict that was last told of a decision because an asset changed; empty when none was."""
        query = select(NOTICE_TOLD.c.verdict).where(NOTICE_TOLD.c.decision_id == decision_id)
        return await self._store.read(lambda connection: connection.execute(query).scalar() or "")

    async def next_leaf(self) -> tuple[int, int]:
        """Returns the entry to look at next, and the first that is told."""
        query = select(NOTICE_SOURCE.c.next_leaf, NOTICE_SOURCE.c.first_leaf)
        found = await self._store.read(lambda connection: connection.execute(query).one_or_none())
        if found is not None:
            return found.next_leaf, found.first_leaf
        try:
            return await self._store.change(_begin)
        except IntegrityError:  # another server was faster
            return await self.next_leaf()

    async def take(self, step: Step, wanted: Sequence[Interest], before: int) -> int:
        """Keeps what follows from entries and goes on behind them, all or nothing."""
        return await self._store.change(lambda connection, _stamp: self._take(connection, step, wanted, before))

    async def due(self, now: int, wanted: Sequence[Interest]) -> int:
        """Turns what was waited for into notices."""
        query = select(NOTICE_WATCH.c.key).where(NOTICE_WATCH.c.due_at <= now).limit(1)
        if await self._store.read(lambda connection: connection.execute(query).scalar()) is None:
            return 0
        return await self._store.change(lambda connection, _stamp: self._due(connection, now, wanted))

    async def assign(self, endpoint: Endpoint, *, window: int) -> None:
        """Gives an endpoint the next notices that it wants, unless enough are pending."""
        digest = sha256(endpoint.url.encode()).hexdigest()
        if await self._store.read(partial(_has_room, endpoint.name, digest, window)):
            with suppress(IntegrityError):  # another server made it known just now
                await self._store.change(lambda connection, _stamp: _assign(connection, endpoint, digest, window))

    async def pending(self, endpoint: str, now: int, limit: int) -> Sequence[Pending]:
        """Returns what is to be tried now: of each subject the first only."""
        query = (
            select(
                NOTICE.c.position, NOTICE.c.event_id, NOTICE.c.type, NOTICE.c.subject, NOTICE.c.body,
                _DELIVERY.attempts, _DELIVERY.first_at, _DELIVERY.next_at,
            )
            .join(NOTICE, NOTICE.c.position == _DELIVERY.position)
            .join(NOTICE_ENDPOINT, NOTICE_ENDPOINT.c.name == _DELIVERY.endpoint)
            .where(_DELIVERY.endpoint == endpoint, _DELIVERY.is_dead == 0, NOTICE_ENDPOINT.c.is_disabled == 0)
            .order_by(_DELIVERY.position)
        )  # fmt: skip
        rows = await self._store.read(lambda connection: connection.execute(query).all())
        firsts = {row.subject: row for row in reversed(rows)}
        ready = sorted((row for row in firsts.values() if row.next_at <= now), key=lambda row: row.position)
        return [
            Pending(row.position, row.event_id, row.type, row.subject, bytes(row.body), row.attempts, row.first_at)
            for row in ready[:limit]
        ]

    async def settle(self, endpoint: str, settled: Sequence[Settled], *, now: int, is_gone: bool) -> None:
        """Notes what became of attempts."""
        await self._store.change(lambda connection, _stamp: _settle(connection, endpoint, settled, now, is_gone))

    async def states(self) -> Sequence[EndpointState]:
        """Returns how far each endpoint is."""
        return await self._store.read(endpoint_states)

    async def again(self, endpoint: str, event_ids: Sequence[str]) -> int:
        """Lets dead letters of an endpoint be tried again, all when none is named; one that was switched off is on."""
        return await self._store.change(lambda connection, _stamp: _again(connection, endpoint, event_ids))

    async def prune(self, endpoints: Sequence[str], now: int) -> bool:
        """Forgets some of what every endpoint got a while ago; returns whether there may be more."""
        return await self._store.change(lambda connection, _stamp: _prune(connection, endpoints, now))

    def _take(self, connection: Connection, step: Step, wanted: Sequence[Interest], before: int) -> int:
        moved = connection.execute(
            update(NOTICE_SOURCE).where(NOTICE_SOURCE.c.next_leaf == before).values(next_leaf=step.next_leaf)
        )
        if moved.rowcount != 1:
            raise RecordUnavailableError("another process tells of the log's entries")
        last = {watch.key: watch for watch in step.watches}
        for key in {*step.dropped, *last}:
            connection.execute(delete(NOTICE_WATCH).where(NOTICE_WATCH.c.key == key))
        if last:
            rows = [{"key": key, "due_at": each.due_at, "notice": _packed(each.notice)} for key, each in last.items()]
            connection.execute(insert(NOTICE_WATCH), rows)
        for decision_id, verdict in step.told.items():
            connection.execute(delete(NOTICE_TOLD).where(NOTICE_TOLD.c.decision_id == decision_id))
            connection.execute(insert(NOTICE_TOLD), {"decision_id": decision_id, "verdict": verdict})
        return self._keep(connection, step.notices, wanted)

    def _due(self, connection: Connection, now: int, wanted: Sequence[Interest]) -> int:
        query = select(NOTICE_WATCH.c.key, NOTICE_WATCH.c.notice).where(NOTICE_WATCH.c.due_at <= now)
        rows = connection.execute(query.order_by(NOTICE_WATCH.c.due_at).limit(_AT_ONCE)).all()
        connection.execute(delete(NOTICE_WATCH).where(NOTICE_WATCH.c.key.in_([row.key for row in rows])))
        return self._keep(connection, [_unpacked(row.notice) for row in rows], wanted)

    def _keep(self, connection: Connection, notices: Sequence[Notice], wanted: Sequence[Interest]) -> int:
        kept = [each for each in notices if any(one.covers(each.type, each.subject, each.verdict) for one in wanted)]
        if not kept:
            return 0
        position = connection.execute(select(NOTICE_SOURCE.c.next_position)).scalar_one()
        connection.execute(update(NOTICE_SOURCE).values(next_position=position + len(kept)))
        rows = [
            {
                "position": position + place,
                "event_id": each.id,
                "type": each.type.value,
                "subject": each.subject,
                "verdict": each.verdict,
                "created_at": each.at,
                "body": self._render(each),
            }
            for place, each in enumerate(kept)
        ]
        connection.execute(insert(NOTICE), rows)
        return len(kept)


def endpoint_states(connection: Connection) -> Sequence[EndpointState]:
    """Returns how far each endpoint is."""
    end = connection.execute(select(NOTICE_SOURCE.c.next_position)).scalar() or 0
    counted = select(_DELIVERY.endpoint, _DELIVERY.is_dead, func.count()).group_by(
        _DELIVERY.endpoint, _DELIVERY.is_dead
    )
    counts = {(name, bool(is_dead)): count for name, is_dead, count in connection.execute(counted)}
    return [
        EndpointState(
            row.name,
            counts.get((row.name, False), 0),
            counts.get((row.name, True), 0),
            bool(row.is_disabled),
            end - row.position,
        )
        for row in connection.execute(select(NOTICE_ENDPOINT).order_by(NOTICE_ENDPOINT.c.name))
    ]


def dead_letters(connection: Connection, endpoint: str = "") -> Sequence[Mapping[str, Any]]:
    """Returns what was given up."""
    query = (
        select(_DELIVERY.endpoint, NOTICE.c.event_id, NOTICE.c.type, NOTICE.c.subject, _DELIVERY.attempts,
               _DELIVERY.first_at, _DELIVERY.detail)
        .join(NOTICE, NOTICE.c.position == _DELIVERY.position)
        .where(_DELIVERY.is_dead == 1)
        .order_by(_DELIVERY.endpoint, _DELIVERY.position)
    )  # fmt: skip
    if endpoint:
        query = query.where(_DELIVERY.endpoint == endpoint)
    return [dict(row._mapping) for row in connection.execute(query)]


def _begin(connection: Connection, _stamp: Stamp) -> tuple[int, int]:
    size = read_size(connection)
    connection.execute(insert(NOTICE_SOURCE), {"only": 1, "next_leaf": 0, "first_leaf": size, "next_position": 1})
    return 0, size


def _has_room(name: str, digest: str, window: int, connection: Connection) -> bool:
    """True when there is something to assign."""
    row = connection.execute(select(NOTICE_ENDPOINT).where(NOTICE_ENDPOINT.c.name == name)).one_or_none()
    if row is None or row.url_digest != digest:
        return True
    end = connection.execute(select(NOTICE_SOURCE.c.next_position)).scalar() or 0
    return not row.is_disabled and row.position < end and _count(connection, name) < window


def _count(connection: Connection, name: str) -> int:
    query = select(func.count()).where(_DELIVERY.endpoint == name, _DELIVERY.is_dead == 0)
    return int(connection.execute(query).scalar_one())


def _assign(connection: Connection, endpoint: Endpoint, digest: str, window: int) -> None:
    mine = NOTICE_ENDPOINT.c.name == endpoint.name
    row = connection.execute(select(NOTICE_ENDPOINT).where(mine)).one_or_none()
    if row is None:
        # Who is new is told of what comes from now on.
        end = connection.execute(select(NOTICE_SOURCE.c.next_position)).scalar() or 1
        new = {"name": endpoint.name, "position": end, "url_digest": digest, "is_disabled": 0}
        connection.execute(insert(NOTICE_ENDPOINT), new)
        return
    room = window - _count(connection, endpoint.name)
    query = select(NOTICE.c.position, NOTICE.c.type, NOTICE.c.subject, NOTICE.c.verdict)
    found = connection.execute(
        query.where(NOTICE.c.position >= row.position).order_by(NOTICE.c.position).limit(_MOST_PASSED)
    )
    position: int = row.position
    rows: list[Any] = []
    for each in found:
        if len(rows) >= room:
            break
        position = each.position + 1
        if endpoint.interest.covers(each.type, each.subject, each.verdict):
            rows.append(each)
    if rows:
        blank = {"attempts": 0, "first_at": 0, "next_at": 0, "is_dead": 0, "detail": ""}
        new_rows = [
            {"endpoint": endpoint.name, "position": each.position, "subject": each.subject, **blank} for each in rows
        ]
        connection.execute(insert(NOTICE_DELIVERY), new_rows)
    connection.execute(update(NOTICE_ENDPOINT).where(mine).values(position=position, url_digest=digest, is_disabled=0))


def _settle(connection: Connection, endpoint: str, settled: Sequence[Settled], now: int, is_gone: bool) -> None:
    for each in settled:
        mine = (_DELIVERY.endpoint == endpoint, _DELIVERY.position == each.position)
        if not each.next_at and not each.is_dead:
            connection.execute(delete(NOTICE_DELIVERY).where(*mine))
            continue
        connection.execute(
            update(NOTICE_DELIVERY)
            .where(*mine)
            .values(
                attempts=_DELIVERY.attempts + 1,
                first_at=func.coalesce(func.nullif(_DELIVERY.first_at, 0), now),
                next_at=each.next_at,
                is_dead=int(each.is_dead),
                detail=each.detail,
            )
        )
    if is_gone:
        connection.execute(update(NOTICE_ENDPOINT).where(NOTICE_ENDPOINT.c.name == endpoint).values(is_disabled=1))


def _again(connection: Connection, endpoint: str, event_ids: Sequence[str]) -> int:
    connection.execute(update(NOTICE_ENDPOINT).where(NOTICE_ENDPOINT.c.name == endpoint).values(is_disabled=0))
    again = update(NOTICE_DELIVERY).where(_DELIVERY.endpoint == endpoint, _DELIVERY.is_dead == 1)
    if event_ids:
        wanted = select(NOTICE.c.position).where(NOTICE.c.event_id.in_(event_ids))
        again = again.where(_DELIVERY.position.in_(wanted))
    return connection.execute(again.values(is_dead=0, next_at=0, first_at=0, attempts=0)).rowcount


def _prune(connection: Connection, endpoints: Sequence[str], now: int) -> bool:
    behind = select(func.min(NOTICE_ENDPOINT.c.position)).where(NOTICE_ENDPOINT.c.name.in_(endpoints))
    passed = connection.execute(behind).scalar()
    if passed is None:
        return False
    waiting = select(_DELIVERY.position)
    old = (
        select(NOTICE.c.position)
        .where(NOTICE.c.position < passed, NOTICE.c.created_at < now - _KEPT, NOTICE.c.position.not_in(waiting))
        .order_by(NOTICE.c.position)
        .limit(_AT_ONCE)
    )
    positions = list(connection.execute(old).scalars())
    if positions:
        connection.execute(delete(NOTICE).where(NOTICE.c.position.in_(positions)))
    return len(positions) == _AT_ONCE


def _packed(notice: Notice) -> str:
    return json.dumps([notice.id, notice.type.value, notice.subject, notice.at, dict(notice.data)])


def _unpacked(text: str) -> Notice:
    id_, kind, subject, at, data = json.loads(text)
    return Notice(id_, NoticeType(kind), subject, at, tuple(data.items()))
