"""Every kind of event comes from what happens in the record, and a moment that comes is told once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from readygate.v1 import gate_service_pb2 as gate
from readygate.v1.decision_pb2 import Decision, FoundationCount
from readygate.v1.gate_service_pb2 import EvaluateResponse
from readygate.v1.record_pb2 import AssetEntry, CertificateEntry, LogEntry
from readygate.v1.ruleset_pb2 import RulesetSelector
from readygate_server.adapters.notices.cloud_events import cloud_event
from readygate_server.adapters.notices.derive import Change, LogSource, day_after
from readygate_server.adapters.storage import RecordStore
from readygate_server.adapters.storage.clock import microseconds_now
from readygate_server.adapters.storage.notices import StoredNotices
from readygate_server.adapters.storage.waivers import StoredWaivers
from readygate_server.application.notice_ports import Endpoint, Settled
from readygate_server.application.notices import WINDOW, Projection
from readygate_server.application.waiver_ports import NewWaiverStep
from readygate_server.domain.foundations import AssetKey
from readygate_server.domain.notices import Interest
from readygate_server.domain.record import EntryKind, NewEntry, Sealed, SealedText, Stamp
from readygate_server.domain.verdict import Bond
from readygate_server.domain.vocabulary import Verdict
from readygate_server.domain.waivers import WaiverAction, WaiverState
from tests.contracts.records import Place, decision, logged
from tests.grpc_api import rules_on_disk
from tests.grpc_api.assets import SOURCE, crm, register, standing_on_crm
from tests.webhooks.receiver import Receiver
from tests.webhooks.serving import Site

DAY = 86_400 * 1_000_000
EVERYTHING = Endpoint("all", "https://hooks.test/", Interest(), 1.0, 60.0, (b"k" * 32,))
LAST_DAY = "2026-11-10"
ENDS_AT = day_after(LAST_DAY)


@dataclass
class Told:
    """A record, and what of it is told at a time that the test chooses."""

    store: RecordStore
    now: int = ENDS_AT - 30 * DAY
    changes: list[Change] = field(default_factory=list)
    recorded: int = 0

    def __post_init__(self) -> None:
        """Puts everything together."""
        self.outbox = StoredNotices(self.store, partial(cloud_event, source="log.test"))
        waivers = StoredWaivers(self.store)
        self.source = LogSource(self.outbox, self.store, waivers, self._changes, now=lambda: self.now)
        self.projection = Projection(self.outbox, self.source, lambda: self.now)

    async def _changes(self, _key: AssetKey, _revision: int) -> Sequence[Change]:
        return self.changes

    async def begin(self) -> None:
        """Tells from here on."""
        await self.outbox.next_leaf()
        await self.outbox.assign(EVERYTHING, window=WINDOW)

    async def decide(
        self, proposal: str = "refund", *, verdict: Verdict = Verdict.GO, valid_until: str = LAST_DAY
    ) -> str:
        """Records a decision."""
        counts = [FoundationCount(foundation="data", blocking=2), FoundationCount(foundation="api", blocking=1)]
        answer = EvaluateResponse(decision=Decision(valid_until=valid_until, foundations=counts)).SerializeToString()
        made = decision(proposal_id=proposal, verdict=verdict, seal=lambda stamp: Sealed(stamp.id.encode(), answer))
        self.recorded += 1
        return (await self.store.record(made)).id

    async def append(self, kind: EntryKind, **body: Any) -> str:
        """Records an entry that is no decision."""

        def written(stamp: Stamp) -> bytes:
            return LogEntry(id=stamp.id, **body).SerializeToString()

        self.recorded += 1
        return (await self.store.append(NewEntry(kind, written))).id

    async def step(self, number: int, action: WaiverAction, state: WaiverState) -> None:
        """Records a step of a waiver that ends on the last day."""
        terms = {"decision_id": "d", "proposal_id": "refund", "rule_id": "DAT-03", "starts_on": "2026-11-01"}
        said = {**terms, **Bond("sha256:f", "sha256:r")._asdict(), "ends_on": LAST_DAY, "reason": "why, says Ada"}
        step = NewWaiverStep(
            waiver_id="w" * 32,
            number=number,
            action=action,
            state=state,
            facts_digest="sha256:f",
            actor=SealedText("p", b"c"),
            body=json.dumps(said).encode(),
            actor_commitment=b"a",
        )
        self.recorded += 1
        await StoredWaivers(self.store).append(step)

    async def events(self, *, at: int = 0) -> list[dict[str, Any]]:
        """Returns all events so far, once everything that is recorded was looked at."""
        self.now = at or self.now
        if self.recorded:
            await logged(self.store, self.recorded)
        while await self.projection.advance([EVERYTHING]):
            pass
        await self.outbox.assign(EVERYTHING, window=WINDOW)
        await self.outbox.assign(EVERYTHING, window=WINDOW)
        query = "SELECT body FROM notice ORDER BY position"
        return await self.store.read(
            lambda connection: [json.loads(bytes(row[0])) for row in connection.exec_driver_sql(query)]
        )

    async def kinds(self, *, at: int = 0) -> list[str]:
        """Returns the types of all events so far, without what all have in common."""
        return [each["type"][len("dev.readygate.") : -len(".v1")] for each in await self.events(at=at)]


@pytest.fixture(params=["sqlite", "postgres"])
async def told(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Told]:
    """A record on either database."""
    at = tmp_path / "data" if request.param == "sqlite" else request.getfixturevalue("postgres_database")
    async with Place(at).opened() as store:
        yield Told(store)


async def test_a_decision_is_told_and_its_lapse_once(told: Told) -> None:
    """The lapse comes when the last day is over and not before, with an id of its own, and never again."""
    await told.begin()
    id_ = await told.decide()
    first = await told.events(at=ENDS_AT - 1)
    after = await told.events(at=ENDS_AT)
    much_later = await told.events(at=ENDS_AT + 90 * DAY)

    assert [each["id"] for each in first] == [id_]
    assert first[0]["data"]["blockers"] == 3
    assert first[0]["data"]["valid_until"] == LAST_DAY
    assert [each["id"] for each in after] == [id_, f"lapsed-{id_}"]
    assert after[1]["time"] == "2026-11-11T00:00:00.000000Z"
    assert much_later == after


@pytest.mark.parametrize("verdict", [Verdict.GO, Verdict.NO_GO])
async def test_a_decision_that_another_one_replaced_does_not_lapse(told: Told, verdict: Verdict) -> None:
    """Of one proposal and gate the newest decision lapses, when it is a go."""
    await told.begin()
    await told.decide()
    newer = await told.decide(verdict=verdict, valid_until=LAST_DAY if verdict is Verdict.GO else "")
    other = await told.decide("claims")
    lapsed = [each["data"]["decision_id"] for each in await told.events(at=ENDS_AT) if "lapsed" in each["type"]]

    assert sorted(lapsed) == ([newer, other] if verdict is Verdict.GO else [other])


async def test_what_was_recorded_before_is_not_told_and_still_lapses(told: Told) -> None:
    """Of what was there when webhooks began only moments that were yet to come are told."""
    ended = await told.decide("ended", valid_until="2026-01-01")
    open_ = await told.decide("open")
    await logged(told.store, 2)
    await told.begin()
    later = await told.decide("later", valid_until="")
    before = [each["id"] for each in await told.events()]
    ids = [each["id"] for each in await told.events(at=ENDS_AT)]

    assert before == [later]
    assert f"lapsed-{ended}" not in ids
    assert ids == [later, f"lapsed-{open_}"]


async def test_a_certificate_is_issued_then_expiring_then_expired(told: Told) -> None:
    """A week before its end a certificate is said to expire, and at its end that it has."""
    await told.begin()
    entry = CertificateEntry(decision_id=await told.decide(valid_until=""))
    told.now = 1  # the writer's clock is that of the machine, so the end lies ahead of that
    made = await told.events()
    ends_at = microseconds_now() + 30 * DAY
    entry.not_after.FromMicroseconds(ends_at)
    id_ = await told.append(EntryKind.CERTIFICATE, certificate=entry)

    assert len(made) == 1
    assert await told.kinds(at=ends_at - 8 * DAY) == ["decision.recorded", "certificate.issued"]
    assert (await told.kinds(at=ends_at - 7 * DAY))[2:] == ["certificate.expiring"]
    events = await told.events(at=ends_at)
    assert [each["id"] for each in events[1:]] == [id_, f"expiring-{id_}", f"expired-{id_}"]
    assert {each["subject"] for each in events} == {"refund"}


@pytest.mark.parametrize("is_revoked", [True, False])
async def test_a_waiver_is_told_step_by_step_and_ends_unless_revoked(told: Told, is_revoked: bool) -> None:
    """Request, approval and revocation are told without who and why; one that was approved ends."""
    await told.begin()
    await told.step(1, WaiverAction.REQUESTED, WaiverState.REQUESTED)
    await told.step(2, WaiverAction.APPROVED, WaiverState.APPROVED)
    if is_revoked:
        await told.step(3, WaiverAction.REVOKED, WaiverState.REVOKED)
    kinds = await told.kinds(at=ENDS_AT)

    last = "waiver.revoked" if is_revoked else "waiver.expired"
    assert kinds == ["waiver.requested", "waiver.approved", last]
    assert "Ada" not in json.dumps(await told.events())


async def test_a_changed_verdict_is_told_once_and_when_it_changes_back(told: Told) -> None:
    """The same change by another revision is not told again; that the verdict is what it was is."""
    await told.begin()
    id_ = await told.decide(valid_until="")
    seen = []
    for revision, now in enumerate((Verdict.NO_GO, Verdict.NO_GO, Verdict.GO, Verdict.GO), 2):
        told.changes = [Change(id_, Verdict.GO, now)]
        await told.append(EntryKind.ASSET, asset=AssetEntry(scope=SOURCE, id="crm", revision=revision))
        seen.append([each["data"] for each in await told.events() if "changed" in each["type"]])

    assert [len(each) for each in seen] == [1, 1, 2, 2]
    assert [(each["verdict_before"], each["verdict"]) for each in seen[-1]] == [("GO", "NO_GO"), ("NO_GO", "GO")]
    assert [each["asset_revision"] for each in seen[-1]] == [2, 4]


async def test_every_event_is_a_cloud_event(told: Told) -> None:
    """Attributes are those of CloudEvents 1.0, with the names and forms that its JSON Schema asks for."""
    await told.begin()
    await told.decide("refund")
    await told.step(1, WaiverAction.REQUESTED, WaiverState.REQUESTED)
    await told.step(2, WaiverAction.APPROVED, WaiverState.APPROVED)
    schema = {
        "type": "object",
        "required": ["id", "source", "specversion", "type"],
        "properties": {
            **{name: {"type": "string", "minLength": 1} for name in ("id", "specversion", "type", "subject")},
            "source": {"type": "string", "format": "uri-reference", "minLength": 1},
            "datacontenttype": {"const": "application/json"},
            "time": {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$"},
            "data": {"type": "object"},
        },
        "propertyNames": {"pattern": "^[a-z0-9]{1,20}$"},
        "additionalProperties": False,
    }
    events = await told.events(at=ENDS_AT)

    assert len(events) == 5
    assert [error.message for each in events for error in Draft202012Validator(schema).iter_errors(each)] == []
    assert len({each["id"] for each in events}) == 5
    assert all("." not in each["id"] for each in events)


async def test_what_everybody_has_got_is_forgotten_after_a_while(told: Told) -> None:
    """Events that wait or are young stay; what was delivered goes after seven days."""
    await told.begin()
    await told.decide("one")
    await told.decide("two")
    assert len(await told.events()) == 2
    first, second = await told.outbox.pending("all", told.now, 9)
    await told.outbox.settle("all", [Settled(first.position)], now=told.now, is_gone=False)
    now = microseconds_now()
    await told.outbox.prune(["all"], now + 6 * DAY)
    young = len(await told.events())
    await told.outbox.prune(["all"], now + 8 * DAY)

    assert young == 2
    assert [each["id"] for each in await told.events()] == [second.event_id]


async def test_a_step_that_somebody_else_took_is_not_taken_twice(told: Told) -> None:
    """Two who look at the same entries tell them once."""
    await told.begin()
    await told.decide()
    await logged(told.store, 1)
    other = Told(told.store, now=told.now)
    outcomes = await asyncio.gather(
        told.projection.advance([EVERYTHING]), other.projection.advance([EVERYTHING]), return_exceptions=True
    )

    assert len(await told.events()) == 1
    assert [type(each).__name__ for each in outcomes if isinstance(each, Exception)] in ([], ["RecordUnavailableError"])


async def test_a_new_revision_of_an_asset_is_heard_of(site: Site, receiver: Receiver) -> None:
    """A server that judges a proposal again because of a new revision tells that its verdict is another."""
    rules = site.directory / "rules"
    rules.mkdir()
    rules_on_disk.write(rules, version="2026.1.0")
    site.tell_all(receiver)
    async with site.server("--rules", str(rules)) as (served, client):
        await register(client, crm(0.5))
        request = gate.EvaluateRequest(proposal=standing_on_crm("a"), ruleset=RulesetSelector(name="small"))
        decision_id = (await client.evaluate(request)).record.decision_id
        await register(client, crm(0.95))
        await asyncio.to_thread(receiver.until, lambda: bool(receiver.of("decision.changed")))
        await served.stop()
    data = receiver.of("decision.changed")[0].event["data"]

    assert data["decision_id"] == decision_id
    assert (data["verdict_before"], data["verdict"]) == ("NO_GO", "GO")
    assert data["asset"] == "source/crm"
