"""What others are told of, as it follows from the entries of the log."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, NamedTuple

from readygate.v1.foundation_pb2 import AssetScope
from readygate.v1.gate_service_pb2 import EvaluateResponse
from readygate.v1.record_pb2 import LogEntry
from readygate_server.adapters.notices.cloud_events import moment
from readygate_server.adapters.storage.notices import LogRow, StoredNotices
from readygate_server.application.notice_ports import Step, Watch
from readygate_server.application.record_ports import Archive
from readygate_server.application.waiver_ports import WaiverBook
from readygate_server.domain.foundations import AssetKey
from readygate_server.domain.notices import CERTIFICATE_NOTICE_SECONDS, Notice, NoticeType
from readygate_server.domain.record import EntryKind, StoredDecision
from readygate_server.domain.vocabulary import Gate, Scope, Tier, Verdict
from readygate_server.domain.waivers import WaiverAction, WaiverState

_MICROSECONDS: Final = 1_000_000
_STEPS: Final = {
    WaiverAction.REQUESTED: NoticeType.WAIVER_REQUESTED,
    WaiverAction.APPROVED: NoticeType.WAIVER_APPROVED,
    WaiverAction.REVOKED: NoticeType.WAIVER_REVOKED,
}

Data = dict[str, str | int]


class Change(NamedTuple):
    """A proposal that is judged otherwise because an asset changed."""

    decision_id: str
    before: Verdict
    now: Verdict


Changes = Callable[[AssetKey, int], Awaitable[Sequence[Change]]]
"""Returns what the revision of an asset changes, unless there is a newer one; those without a change included."""


@dataclass(slots=True)
class _Found:
    notices: list[Notice] = field(default_factory=list)
    watches: dict[str, Watch] = field(default_factory=dict)
    dropped: set[str] = field(default_factory=set)
    told: dict[str, str] = field(default_factory=dict)
    after: int = 0
    """Moments up to this one are not waited for."""

    def watch(self, watch: Watch) -> None:
        if watch.due_at > self.after:
            self.watches[watch.key] = watch

    def drop(self, key: str) -> None:
        self.watches.pop(key, None)
        self.dropped.add(key)


class LogSource:
    """Fills the port Source."""

    def __init__(
        self,
        stored: StoredNotices,
        archive: Archive,
        waivers: WaiverBook,
        changes: Changes,
        *,
        now: Callable[[], int],
    ) -> None:
        """Takes where entries, decisions and waivers are, what judges again, and a clock in microseconds."""
        self._stored = stored
        self._archive = archive
        self._waivers = waivers
        self._changes = changes
        self._now = now

    async def step(self, start: int, first: int, limit: int) -> Step:
        """Returns what follows from some entries; before `first` they are only waited for, not told."""
        found, rows = _Found(), await self._stored.rows(start, limit)
        for row in rows:
            is_told = row.leaf >= first
            # What had ended before anybody wanted to hear of it is not told.
            found.after = 0 if is_told else self._now()
            await self._look(row, found, is_told=is_told)
        end = rows[-1].leaf + 1 if rows else start
        return Step(end, found.notices, [*found.watches.values()], [*found.dropped], found.told)

    async def _look(self, row: LogRow, found: _Found, *, is_told: bool) -> None:
        told: list[Notice] = []
        if row.kind == EntryKind.DECISION:
            told = _decision(row, found)
        elif row.kind == EntryKind.CERTIFICATE:
            told = await self._certificate(row, found)
        elif row.kind == EntryKind.WAIVER:
            told = await self._waiver(row, found)
        elif row.kind == EntryKind.ASSET and is_told:
            told = await self._asset(row, found)
        if is_told:
            found.notices += told

    async def _certificate(self, row: LogRow, found: _Found) -> list[Notice]:
        entry = LogEntry.FromString(row.body).certificate
        stored = await self._archive.get(entry.decision_id)
        if stored is None:
            return []
        ends_at = entry.not_after.ToMicroseconds()
        data = {"certificate_id": row.id, **_of(stored), "not_after": moment(ends_at)}
        subject = stored.facts.proposal_id
        expired = Notice(f"expired-{row.id}", NoticeType.CERTIFICATE_EXPIRED, subject, ends_at, _frozen(data))
        found.watch(Watch(f"expired:{row.id}", ends_at, expired))
        warned_at = ends_at - CERTIFICATE_NOTICE_SECONDS * _MICROSECONDS
        if warned_at > row.recorded_at:
            kind = NoticeType.CERTIFICATE_EXPIRING
            expiring = Notice(f"expiring-{row.id}", kind, subject, warned_at, _frozen(data))
            found.watch(Watch(f"expiring:{row.id}", warned_at, expiring))
        return [Notice(row.id, NoticeType.CERTIFICATE_ISSUED, subject, row.recorded_at, _frozen(data))]

    async def _waiver(self, row: LogRow, found: _Found) -> list[Notice]:
        entry = LogEntry.FromString(row.body).waiver
        filed = await self._waivers.get(entry.waiver_id)
        if not filed:
            return []
        terms = json.loads(filed[0].step.body)
        state = next((each.step.state for each in filed if each.step.number == entry.step), WaiverState.REQUESTED)
        names = ("decision_id", "ruleset_digest", "starts_on", "ends_on")
        data: Data = {
            "waiver_id": entry.waiver_id,
            "proposal_id": terms["proposal_id"],
            "rule": terms["rule_id"],
            "state": state.value,
            **{name: terms[name] for name in names},
        }
        subject, key = terms["proposal_id"], f"waiver:{entry.waiver_id}"
        if state is WaiverState.APPROVED:
            due_at = day_after(terms["ends_on"])
            ended = Notice(f"expired-{entry.waiver_id}", NoticeType.WAIVER_EXPIRED, subject, due_at, _frozen(data))
            found.watch(Watch(key, due_at, ended))
        elif state is WaiverState.REVOKED:
            found.drop(key)
        return [Notice(row.id, _STEPS[WaiverAction(entry.action)], subject, row.recorded_at, _frozen(data))]

    async def _asset(self, row: LogRow, found: _Found) -> list[Notice]:
        entry = LogEntry.FromString(row.body).asset
        scope = Scope[AssetScope.Name(entry.scope).removeprefix("ASSET_SCOPE_")]
        told: list[Notice] = []
        for change in await self._changes(AssetKey(scope, entry.id), entry.revision):
            last = found.told.get(change.decision_id) or await self._stored.told(change.decision_id)
            last = last or change.before.value
            stored = await self._archive.get(change.decision_id)
            if stored is None or last == change.now.value:
                continue
            found.told[change.decision_id] = change.now.value
            data: Data = {**_of(stored), "verdict": change.now.value, "verdict_before": last}
            data |= {"asset": f"{scope.value}/{entry.id}", "asset_revision": int(entry.revision)}
            id_, subject = f"changed-{row.id}-{change.decision_id}", stored.facts.proposal_id
            told.append(Notice(id_, NoticeType.DECISION_CHANGED, subject, row.recorded_at, _frozen(data)))
        return told


def day_after(day: str) -> int:
    """Returns the first moment behind a day, in microseconds since 1970."""
    following = date.fromisoformat(day) + timedelta(days=1)
    return int(datetime.combine(following, time(), UTC).timestamp()) * _MICROSECONDS


def _decision(row: LogRow, found: _Found) -> list[Notice]:
    subject = row.proposal_id or ""
    data: Data = {
        "decision_id": row.id,
        "proposal_id": subject,
        "verdict": row.verdict or "",
        "gate": Gate(row.gate or 1).name.lower(),
        "tier": Tier(row.tier or 1).name,
        "as_of": row.as_of or "",
        "ruleset_digest": row.ruleset_digest or "",
    }
    key = f"lapse:{json.dumps([subject, row.gate, row.ruleset_name])}"
    found.drop(key)  # whatever was decided before, it is no longer what holds
    if row.response is not None:  # else dropped by retention
        decision = EvaluateResponse.FromString(bytes(row.response)).decision
        data["blockers"] = sum(each.blocking for each in decision.foundations)
        if decision.valid_until:
            data["valid_until"] = decision.valid_until
            due_at = day_after(decision.valid_until)
            lapsed = Notice(f"lapsed-{row.id}", NoticeType.DECISION_LAPSED, subject, due_at, _frozen(data))
            found.watch(Watch(key, due_at, lapsed))
    return [Notice(row.id, NoticeType.DECISION_RECORDED, subject, row.recorded_at, _frozen(data))]


def _of(stored: StoredDecision) -> Data:
    facts = stored.facts
    return {
        "decision_id": stored.id,
        "proposal_id": facts.proposal_id,
        "verdict": facts.verdict.value,
        "gate": facts.gate.name.lower(),
        "tier": facts.tier.name,
        "ruleset_digest": facts.ruleset.digest,
    }


def _frozen(data: Data) -> tuple[tuple[str, str | int], ...]:
    return tuple(data.items())
