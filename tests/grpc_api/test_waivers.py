"""WaiverService: what is asked wrongly is told all at once, and what it answers can be checked against the log."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Sequence
from hashlib import sha256
from typing import Any, cast

import pytest

from readygate.v1 import decision_pb2, gate_service_pb2
from readygate.v1 import waiver_service_pb2 as pb
from readygate_server.adapters.recorded import RecordedDecisions
from readygate_server.domain.errors import (
    InvalidInputError,
    InvalidTokenError,
    LimitExceededError,
    NotFoundError,
    PermissionDeniedError,
    WaiverRefusedError,
)
from readygate_server.domain.identity import LOCAL, Principal, Role
from readygate_server.domain.record import DecisionFacts, Payload, SealedText, StoredDecision
from readygate_server.domain.rule import RulesetIdentity
from readygate_server.domain.vocabulary import Gate, Tier, Verdict
from readygate_server.grpc_api.page_tokens import PageTokens
from readygate_server.grpc_api.waiver_servicer import WaiverServicer
from readygate_server.observability import begin_call
from tests.fake_waivers import DECISION, NOW, World, person, wish

NOBODY = cast("Any", None)
"""The context of a call, which these answers never look at."""
ADA, GRACE = person("ada"), person("grace")
Become = Callable[[Principal], None]


@pytest.fixture
def become() -> Become:
    """Begins a call; returns what says whose it is."""
    begun = begin_call("r-1", "WaiverService/Test")

    def set_caller(principal: Principal) -> None:
        begun.principal = principal

    set_caller(ADA)
    return set_caller


@pytest.fixture
def world() -> World:
    """Everything around waivers."""
    return World()


@pytest.fixture
def service(world: World, become: Become) -> WaiverServicer:
    """The servicer, called by Ada until somebody else becomes the caller."""
    del become
    return WaiverServicer(world.waivers, PageTokens(b"s" * 16))


def asking(**changes: str) -> pb.RequestWaiverRequest:
    """Returns a request for a waiver."""
    asked = wish()
    said = {name: getattr(asked, name) for name in asked.__dataclass_fields__}
    return pb.RequestWaiverRequest(**{**said, **changes})


async def asked_for(service: WaiverServicer, **changes: str) -> pb.WaiverRecord:
    """Returns a waiver that Ada has asked for."""
    return (await service.RequestWaiver(asking(**changes), NOBODY)).waiver


async def faults_of(asked: Awaitable[object]) -> Sequence[tuple[str, str]]:
    """Returns path and expectation of each fault that an answer ends with."""
    with pytest.raises(InvalidInputError) as caught:
        await asked
    return [(path, expected) for path, _, _, expected in caught.value.faults]


async def test_a_waiver_from_request_to_revocation(service: WaiverServicer, become: Become) -> None:
    """Each answer shows where the waiver stands, with all that has happened so far."""
    requested = await asked_for(service)
    become(GRACE)
    approval = pb.ApproveWaiverRequest(waiver_id=requested.waiver.id, etag=requested.etag, reason="Seen.")
    approved = (await service.ApproveWaiver(approval, NOBODY)).waiver
    become(ADA)
    revocation = pb.RevokeWaiverRequest(waiver_id=requested.waiver.id, etag=approved.etag, reason="It is mended.")
    revoked = (await service.RevokeWaiver(revocation, NOBODY)).waiver

    assert [each.state for each in (requested, approved, revoked)] == [
        pb.WAIVER_STATE_REQUESTED,
        pb.WAIVER_STATE_APPROVED,
        pb.WAIVER_STATE_REVOKED,
    ]
    assert len({each.etag for each in (requested, approved, revoked)}) == 3
    assert (requested.waiver.approved_by, approved.waiver.approved_by) == ("", "grace")
    assert (revoked.waiver.requested_by, revoked.waiver.rule_id, revoked.waiver.subject) == ("ada", "DAT-03", "crm")
    assert (revoked.facts_digest, revoked.ruleset_digest, revoked.quorum) == ("sha256:facts", "sha256:example", 1)
    assert (revoked.decision_id, revoked.proposal_id, revoked.ruleset_name) == (DECISION, "refund-agent", "example")
    assert [(step.action, step.actor, step.reason) for step in revoked.steps] == [
        ("requested", "ada", "The CRM is replaced in November."),
        ("approved", "grace", "Seen."),
        ("revoked", "ada", "It is mended."),
    ]
    got = await service.GetWaiver(pb.GetWaiverRequest(waiver_id=requested.waiver.id), NOBODY)
    assert got.waiver == revoked


async def test_what_is_shown_opens_the_leaf(service: WaiverServicer, world: World) -> None:
    """With body and salt anybody can check what the log committed to, and after erasure still the body."""
    requested = await asked_for(service)
    (kept,) = world.book.filed
    (step,) = requested.steps

    assert step.entry_id == kept.stamp.id
    assert step.recorded_at.ToMicroseconds() == kept.stamp.recorded_at
    assert sha256(step.body).digest() == sha256(kept.step.body).digest()
    assert hmac.digest(step.actor_salt, step.actor.encode(), "sha256") == kept.step.actor_commitment

    world.vault.erase("ada")
    got = (await service.GetWaiver(pb.GetWaiverRequest(waiver_id=requested.waiver.id), NOBODY)).waiver
    assert (got.waiver.requested_by, got.steps[0].actor, got.steps[0].actor_salt) == ("", "", b"")
    assert got.steps[0].body == step.body


async def test_a_request_names_every_fault(service: WaiverServicer) -> None:
    """Whatever is missing or malformed is told at once."""
    faults = await faults_of(service.RequestWaiver(pb.RequestWaiverRequest(starts_on="2026-11-31"), NOBODY))

    assert [path for path, _ in faults] == [
        "compensating_control",
        "decision_id",
        "ends_on",
        "reason",
        "rule_id",
        "starts_on",
    ]
    assert dict(faults)["decision_id"] == "32 hexadecimal digits"
    assert dict(faults)["starts_on"] == "a day as YYYY-MM-DD"


async def test_steps_name_every_fault(service: WaiverServicer, become: Become) -> None:
    """An approval needs id and etag, a revocation a reason as well."""
    become(person("grace", Role.APPROVER))

    approval = service.ApproveWaiver(pb.ApproveWaiverRequest(waiver_id="w-1"), NOBODY)
    assert [path for path, _ in await faults_of(approval)] == ["etag", "waiver_id"]
    revocation = service.RevokeWaiver(pb.RevokeWaiverRequest(), NOBODY)
    assert [path for path, _ in await faults_of(revocation)] == ["etag", "reason", "waiver_id"]
    assert [path for path, _ in await faults_of(service.GetWaiver(pb.GetWaiverRequest(), NOBODY))] == ["waiver_id"]
    listing = pb.ListWaiversRequest(page_size=1_001, state=cast("Any", 9))
    assert [path for path, _ in await faults_of(service.ListWaivers(listing, NOBODY))] == ["page_size", "state"]


@pytest.mark.parametrize(
    ("name", "length"), [("reason", 4_001), ("compensating_control", 4_001), ("rule_id", 129), ("subject", 129)]
)
async def test_texts_have_a_length(service: WaiverServicer, name: str, length: int) -> None:
    """A text beyond its limit is refused by name."""
    with pytest.raises(LimitExceededError, match=name):
        await asked_for(service, **{name: "x" * length})


@pytest.mark.parametrize(
    ("who", "call"),
    [
        (person("eve", Role.EVALUATOR), "request"),
        (person("ada", Role.REQUESTER), "approve"),
        (person("eve", Role.AUDITOR), "approve"),
        (person("eve", Role.AUDITOR), "revoke"),
        (person("eve", Role.EVALUATOR), "get"),
        (person("eve", Role.RULE_ADMIN), "list"),
    ],
)
async def test_roles_are_asked_first(service: WaiverServicer, become: Become, who: Principal, call: str) -> None:
    """Without the role there is no answer, not even about what is wrong with the request."""
    become(who)
    calls: dict[str, Callable[[], Awaitable[object]]] = {
        "request": lambda: service.RequestWaiver(pb.RequestWaiverRequest(), NOBODY),
        "approve": lambda: service.ApproveWaiver(pb.ApproveWaiverRequest(), NOBODY),
        "revoke": lambda: service.RevokeWaiver(pb.RevokeWaiverRequest(), NOBODY),
        "get": lambda: service.GetWaiver(pb.GetWaiverRequest(), NOBODY),
        "list": lambda: service.ListWaivers(pb.ListWaiversRequest(), NOBODY),
    }

    with pytest.raises(PermissionDeniedError):
        await calls[call]()


async def test_a_server_without_identities_takes_no_request(service: WaiverServicer, become: Become) -> None:
    """Who is only known for having reached the machine is nobody that could be told from an approver."""
    become(LOCAL)

    with pytest.raises(WaiverRefusedError, match="service:local is no person"):
        await asked_for(service)


async def test_pages_go_on_where_they_ended(service: WaiverServicer, world: World) -> None:
    """Every waiver comes once, newest first, over as many pages as it takes."""
    made = []
    for _ in range(5):
        world.now += 1
        made.append((await asked_for(service)).waiver.id)
    listed, token, pages = [], "", 0
    while pages == 0 or token:
        reply = await service.ListWaivers(pb.ListWaiversRequest(page_size=2, page_token=token), NOBODY)
        listed += [each.waiver.id for each in reply.waivers]
        token, pages = reply.next_page_token, pages + 1

    assert listed == list(reversed(made))
    assert pages == 3


async def test_a_token_is_of_its_query_and_caller(service: WaiverServicer, world: World, become: Become) -> None:
    """With another filter, by another caller, or changed, a token asks for nothing; another page size is no matter."""
    for _ in range(3):
        world.now += 1
        await asked_for(service)
    first = await service.ListWaivers(pb.ListWaiversRequest(page_size=1), NOBODY)
    token = first.next_page_token

    def listing(**other: Any) -> Awaitable[pb.ListWaiversResponse]:
        return service.ListWaivers(pb.ListWaiversRequest(**{"page_token": token, **other}), NOBODY)

    assert len((await listing(page_size=9)).waivers) == 2
    for other in ({"facts_digest": "sha256:facts"}, {"state": pb.WAIVER_STATE_REQUESTED}, {"page_token": token[:-2]}):
        with pytest.raises(InvalidTokenError):
            await listing(**other)
    become(GRACE)
    with pytest.raises(InvalidTokenError):
        await listing()


async def test_lists_are_filtered(service: WaiverServicer, become: Become) -> None:
    """By state and by the facts of a proposal."""
    requested = await asked_for(service)
    become(GRACE)
    approval = pb.ApproveWaiverRequest(waiver_id=requested.waiver.id, etag=requested.etag)

    async def count(**filters: Any) -> int:
        return len((await service.ListWaivers(pb.ListWaiversRequest(**filters), NOBODY)).waivers)

    assert await count(state=pb.WAIVER_STATE_APPROVED) == 0
    await service.ApproveWaiver(approval, NOBODY)
    assert await count(state=pb.WAIVER_STATE_APPROVED) == 1
    assert await count(state=pb.WAIVER_STATE_REQUESTED) == 0
    assert await count(facts_digest="sha256:facts") == 1
    assert await count(facts_digest="sha256:other") == 0


class _Archive:
    """An archive of one decision."""

    def __init__(self, payload: Payload | None) -> None:
        self._payload = payload

    async def get(self, decision_id: str, *, with_payload: bool = False) -> StoredDecision | None:
        """Returns the decision."""
        assert with_payload
        identity = RulesetIdentity("readiness", "1.0.0", "sha256:rules", "stable", "2026-01-01", "", "Rules.")
        facts = DecisionFacts(
            "refund-agent",
            Verdict.NO_GO,
            Gate.PILOT,
            Tier.T3,
            "2026-11-01",
            identity,
            68,
            "0.1",
            "sha256:f",
            "sha256:r",
        )
        stored = StoredDecision(
            DECISION, NOW, facts, SealedText("p", b""), "r-1", 0, b"", self._payload, is_dropped=self._payload is None
        )
        return stored if decision_id == DECISION else None


async def test_what_a_decision_found_is_read_from_its_response() -> None:
    """What blocks or conditions counts, advice and what is satisfied does not."""
    effects = {"A-01": 4, "A-02": 3, "A-03": 2, "A-04": 1}
    findings = [
        decision_pb2.Finding(rule_id=name, subject="crm", effect=cast("Any", effect))
        for name, effect in effects.items()
    ]
    response = gate_service_pb2.EvaluateResponse(decision=decision_pb2.Decision(findings=findings))
    archive = cast("Any", _Archive(Payload(b"", b"", response.SerializeToString())))

    decided = await RecordedDecisions(archive).decided(DECISION)

    assert decided is not None
    assert decided.held_up_by == {("A-01", "crm"), ("A-02", "crm")}
    assert (decided.proposal_id, decided.ruleset_name) == ("refund-agent", "readiness")
    assert decided.bond == ("sha256:f", "sha256:rules")
    assert await RecordedDecisions(archive).decided("e" * 32) is None


async def test_what_is_no_longer_kept_can_not_be_waived() -> None:
    """After retention nobody can tell what the decision found; evaluating again makes a new one."""
    with pytest.raises(WaiverRefusedError, match="dropped by retention"):
        await RecordedDecisions(cast("Any", _Archive(None))).decided(DECISION)


async def test_an_unknown_waiver_is_not_found(service: WaiverServicer) -> None:
    """An id that nobody gave leads nowhere."""
    with pytest.raises(NotFoundError):
        await service.GetWaiver(pb.GetWaiverRequest(waiver_id="f" * 32), NOBODY)
