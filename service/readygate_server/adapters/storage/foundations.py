"""Revisions of assets in the record: each a row and a leaf of the log, written together or not at all."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from hashlib import sha256
from typing import Any, Final, Protocol, TypeVar

from sqlalchemy import Connection, Row, Select, and_, func, insert, or_, select
from sqlalchemy.exc import IntegrityError

from readygate.v1.foundation_pb2 import AssetScope
from readygate.v1.record_pb2 import AssetEntry, LogEntry
from readygate_server.adapters.storage.schema import ASSET_REQUEST, ASSET_REVISION, ASSET_USE, ENTRY
from readygate_server.application.foundation_ports import Claim, Claimed, FiledRevision, NewRevision, Use
from readygate_server.domain.errors import EtagMismatchError, RecordUnavailableError
from readygate_server.domain.foundations import AssetKey
from readygate_server.domain.memory import Memory
from readygate_server.domain.record import EntryKind, NewEntry, SealedText, Stamp
from readygate_server.domain.vocabulary import Scope

_T = TypeVar("_T")
_KIND: Final = "asset"
_USES_KNOWN: Final = 50_000
_REVISION: Final = ASSET_REVISION.c
_LATER: Final = ASSET_REVISION.alias("later")
_WITH_ENTRY: Final = select(ASSET_REVISION, ENTRY.c.body.label("entry")).select_from(
    ASSET_REVISION.outerjoin(ENTRY, ENTRY.c.id == _REVISION.entry_id)
)


class Store(Protocol):
    """What is asked of the record."""

    async def write(self, entry: NewEntry, insert: Callable[[Connection, Stamp], _T]) -> _T:
        """Records an entry together with rows, all or nothing."""
        ...

    async def change(self, insert: Callable[[Connection, Stamp], _T]) -> _T:
        """Writes rows that the log says nothing about."""
        ...

    async def read(self, query: Callable[[Connection], _T]) -> _T:
        """Runs a question on what is durable."""
        ...


class StoredFoundations:
    """Fills the port FoundationBook from the record."""

    def __init__(self, store: Store) -> None:
        """Takes the open record."""
        self._store = store
        self._uses: Memory[bool] = Memory(_USES_KNOWN)

    async def append(self, revision: NewRevision, claim: Claim | None) -> Stamp:
        """Keeps a revision together with its leaf and the claim of its request."""
        entry = NewEntry(
            EntryKind.ASSET, lambda stamp: log_entry(revision, stamp).SerializeToString(deterministic=True)
        )
        return await self._store.write(entry, lambda connection, stamp: _append(connection, revision, claim, stamp))

    async def claim(self, claim: Claim, key: AssetKey, number: int) -> None:
        """Keeps that a request was answered with a revision that was there."""
        await self._store.change(lambda connection, _stamp: _claim(connection, claim, key, number, is_new=False))

    async def claimed(self, caller: str, request_id: str) -> Claimed | None:
        """Returns what a request id stands for."""
        query = select(ASSET_REQUEST).where(ASSET_REQUEST.c.caller == caller, ASSET_REQUEST.c.request_id == request_id)
        row = await self._store.read(lambda connection: connection.execute(query).one_or_none())
        if row is None:
            return None
        return Claimed(bytes(row.request_hash), AssetKey(Scope(row.scope), row.asset_id), row.number, bool(row.is_new))

    async def get(self, wanted: Collection[tuple[AssetKey, int]]) -> Mapping[tuple[AssetKey, int], FiledRevision]:
        """Returns revisions by asset and number, of which 0 is the newest."""
        if not wanted:
            return {}
        found = await self._filed(_WITH_ENTRY.where(or_(*(_is(key, number) for key, number in wanted))))
        newest = {each.revision.key: each for each in sorted(found, key=lambda each: each.revision.number)}
        by_number = {(each.revision.key, each.revision.number): each for each in found}
        held = {(key, number): by_number.get((key, number)) if number else newest.get(key) for key, number in wanted}
        return {each: filed for each, filed in held.items() if filed is not None}

    async def newest(self, scope: Scope | None, *, after: tuple[str, str], limit: int) -> Sequence[FiledRevision]:
        """Returns the newest revision of each asset, by scope and id."""
        each = _LATER.c
        newest = select(each.scope, each.asset_id, func.max(each.number).label("number")).where(
            or_(each.scope > after[0], and_(each.scope == after[0], each.asset_id > after[1]))
        )
        if scope is not None:
            newest = newest.where(each.scope == scope.value)
        newest = newest.group_by(each.scope, each.asset_id).order_by(each.scope, each.asset_id).limit(limit)
        found = newest.subquery()
        query = _WITH_ENTRY.join(
            found, and_(*(_REVISION[name] == found.c[name] for name in ("scope", "asset_id", "number")))
        )
        return await self._filed(query.order_by(_REVISION.scope, _REVISION.asset_id))

    async def revisions(self, key: AssetKey, *, below: int, limit: int) -> Sequence[FiledRevision]:
        """Returns revisions of an asset, newest first."""
        query = _WITH_ENTRY.where(_REVISION.scope == key.scope.value, _REVISION.asset_id == key.id)
        if below:
            query = query.where(_REVISION.number < below)
        return await self._filed(query.order_by(_REVISION.number.desc()).limit(limit))

    async def note_use(self, proposal_id: str, keys: Collection[AssetKey]) -> None:
        """Keeps that a proposal references assets."""
        fresh = [key for key in keys if self._uses.recall((proposal_id, key)) is None]
        if not fresh:
            return
        await self._store.change(lambda connection, stamp: _note(connection, proposal_id, fresh, stamp))
        for key in fresh:
            self._uses.keep((proposal_id, key), True)

    async def users(self, key: AssetKey, *, after: str, limit: int) -> Sequence[Use]:
        """Returns the proposals that referenced an asset, in the order in which they first did."""
        use = ASSET_USE.c
        query = (
            select(use.noted_id, use.proposal_id)
            .where(use.scope == key.scope.value, use.asset_id == key.id, use.noted_id > after)
            .order_by(use.noted_id)
            .limit(limit)
        )
        return await self._store.read(lambda connection: [Use(*row) for row in connection.execute(query)])

    async def _filed(self, query: Select[Any]) -> Sequence[FiledRevision]:
        return await self._store.read(lambda connection: [_filed(row) for row in connection.execute(query)])


def log_entry(revision: NewRevision, stamp: Stamp) -> LogEntry:
    """Returns what the log commits to: the revision without names, and commitments to the whole and to who did it."""
    entry = LogEntry(
        id=stamp.id,
        asset=AssetEntry(
            scope=AssetScope.Value(f"ASSET_SCOPE_{revision.key.scope.name}"),
            id=revision.key.id,
            revision=revision.number,
            digest=revision.digest,
            redacted_content_digest=sha256(revision.content).digest(),
            content_commitment=revision.content_commitment,
            actor_commitment=revision.actor_commitment,
        ),
    )
    entry.recorded_at.FromMicroseconds(stamp.recorded_at)
    return entry


def _is(key: AssetKey, number: int) -> Any:
    scope, id_ = key.scope.value, key.id
    last = select(func.max(_LATER.c.number)).where(_LATER.c.scope == scope, _LATER.c.asset_id == id_)
    wanted = number or last.scalar_subquery()
    return and_(_REVISION.scope == scope, _REVISION.asset_id == id_, _REVISION.number == wanted)


def _append(connection: Connection, revision: NewRevision, claim: Claim | None, stamp: Stamp) -> Stamp:
    key = revision.key
    last = select(func.max(_REVISION.number)).where(_REVISION.scope == key.scope.value, _REVISION.asset_id == key.id)
    if (connection.execute(last).scalar() or 0) + 1 != revision.number:
        raise EtagMismatchError(_KIND, str(key))
    try:
        connection.execute(insert(ASSET_REVISION), _row(revision, stamp))
    except IntegrityError:
        # Another server was faster: its revision was not to be seen before the key kept ours out.
        raise EtagMismatchError(_KIND, str(key)) from None
    if claim is not None:
        _claim(connection, claim, key, revision.number, is_new=True)
    return stamp


def _claim(connection: Connection, claim: Claim, key: AssetKey, number: int, *, is_new: bool) -> None:
    row = {"scope": key.scope.value, "asset_id": key.id, "number": number, "is_new": int(is_new)}
    try:
        connection.execute(insert(ASSET_REQUEST), {**claim._asdict(), **row})
    except IntegrityError:
        raise EtagMismatchError(_KIND, str(key)) from None


def _note(connection: Connection, proposal_id: str, keys: Sequence[AssetKey], stamp: Stamp) -> None:
    use = ASSET_USE.c
    for place, key in enumerate(keys):
        row = {"scope": key.scope.value, "asset_id": key.id, "proposal_id": proposal_id}
        held = select(use.noted_id).where(*(ASSET_USE.c[name] == value for name, value in row.items()))
        if connection.execute(held).scalar() is not None:
            continue
        with connection.begin_nested() as attempt:
            try:
                connection.execute(insert(ASSET_USE), {**row, "noted_id": f"{stamp.id}-{place:03d}"})
            except IntegrityError:
                attempt.rollback()  # another server noted it just now


def _row(revision: NewRevision, stamp: Stamp) -> dict[str, object]:
    return {
        "scope": revision.key.scope.value,
        "asset_id": revision.key.id,
        "number": revision.number,
        "entry_id": stamp.id,
        "recorded_at": stamp.recorded_at,
        "digest": revision.digest,
        "content": revision.content,
        "names": revision.names,
        "actor": revision.actor.person,
        "actor_cipher": revision.actor.cipher,
        "content_commitment": revision.content_commitment,
        "actor_commitment": revision.actor_commitment,
    }


def _filed(row: Row[Any]) -> FiledRevision:
    """Returns the revision of a row, unless that was tampered with: what counts is what the log says."""
    revision = NewRevision(
        key=AssetKey(Scope(row.scope), row.asset_id),
        number=row.number,
        digest=row.digest,
        content=bytes(row.content),
        names=bytes(row.names),
        actor=SealedText(row.actor, bytes(row.actor_cipher)),
        content_commitment=bytes(row.content_commitment),
        actor_commitment=bytes(row.actor_commitment),
    )
    stamp = Stamp(row.entry_id, row.recorded_at)
    if row.entry is None or LogEntry.FromString(bytes(row.entry)) != log_entry(revision, stamp):
        detail = f"revision {row.number} of the {revision.key} is not what its log entry says"
        raise RecordUnavailableError(detail)
    return FiledRevision(revision, stamp)
