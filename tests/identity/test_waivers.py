"""Waivers as people and programs get to them: over TLS, with tokens, certificates and keys, into verdicts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import pytest

from readygate.errors import GateError
from readygate.v1 import decision_pb2 as decisions
from readygate.v1 import decision_service_pb2, deployment_pb2
from readygate.v1 import gate_service_pb2 as gate_pb2
from readygate.v1 import waiver_service_pb2 as pb
from readygate.v1.proposal_pb2 import Proposal
from readygate.v1.ruleset_pb2 import RulesetSelector
from readygate_server.bootstrap import load_snapshot
from readygate_server.bootstrap.record import open_record
from readygate_server.bootstrap.served_rules import ServedRules
from readygate_server.bootstrap.server import callers_of, tls_of
from readygate_server.grpc_api.server import GateServer
from readygate_server.observability import Metrics
from readygate_server.settings import RecordSettings
from tests.grpc_api import rules_on_disk
from tests.identity.authority import Pair, put, uri
from tests.identity.provider import AUDIENCE, ISSUER, Provider
from tests.identity.serving import Files, ask, refusal, secure

IDENTITY = """\
issuers:
  - {{id: staff, issuer: {issuer}, audience: {audience}, jwks_file: keys.json, signs_in_people: true}}
people:
  - {{name: ada, oidc: [{{issuer: staff, subject: ada}}], mtls: [{{uri: "spiffe://bank.example/people/ada"}}]}}
  - {{name: grace, oidc: [{{issuer: staff, subject: grace}}], mtls: [{{uri: "spiffe://bank.example/people/grace"}}]}}
  - {{name: alan, oidc: [{{issuer: staff, subject: alan}}]}}
  - {{name: linus, oidc: [{{issuer: staff, subject: linus}}]}}
services:
  - {{name: ci, oidc: [{{issuer: staff, claims: {{repository_id: 42}}}}]}}
api_keys:
  - {{id: ci-1, sha256: {digest}, principal: service:ci, expires_on: "2099-01-01"}}
bindings:
  - {{principals: [ada, grace, alan, linus, service:ci], roles: [evaluator, requester, approver, auditor]}}
"""
_SERVICE = "/readygate.v1.WaiverService"


@dataclass
class Bank:
    """A server with a record, and the people who use it."""

    target: str
    mtls_target: str
    files: Files
    idp: Provider

    def token(self, who: str, **claims: object) -> str:
        """Returns a token of somebody who signed in half a minute ago."""
        claims.setdefault("auth_time", int(time.time()) - 30)
        return self.idp.token(**cast("Any", {"sub": who, **claims}))

    async def call(self, bearer: str, method: str, request: Any, *, pair: Pair | None = None) -> bytes:
        """Calls with a token or a key, or with a certificate; raises GateError."""
        target = self.mtls_target if pair else self.target
        async with secure(target, self.files.authority, pair) as channel:
            return await ask(channel, method, bearer=bearer, request=request)

    async def evaluate(self, proposal: Proposal, as_of: str = "") -> gate_pb2.EvaluateResponse:
        """Asks for a verdict, as Ada."""
        ruleset = RulesetSelector(name="small")
        request = gate_pb2.EvaluateRequest(proposal=proposal, ruleset=ruleset, as_of=as_of)
        raw = await self.call(self.token("ada"), "/readygate.v1.GateService/Evaluate", request)
        return gate_pb2.EvaluateResponse.FromString(raw)

    async def request(self, decision_id: str, bearer: str = "", **changes: str) -> pb.WaiverRecord:
        """Asks for a waiver of the completeness of the CRM, as Ada unless somebody else shows a token."""
        said = {
            "decision_id": decision_id,
            "rule_id": "ACM-01",
            "subject": "crm",
            "reason": "The CRM is replaced this month.",
            "compensating_control": "Staff check each answer.",
            "starts_on": day(0),
            "ends_on": day(10),
        }
        asked = pb.RequestWaiverRequest(**{**said, **changes})
        raw = await self.call(bearer or self.token("ada"), f"{_SERVICE}/RequestWaiver", asked)
        return pb.RequestWaiverResponse.FromString(raw).waiver

    async def approve(self, waiver: pb.WaiverRecord, bearer: str, *, pair: Pair | None = None) -> pb.WaiverRecord:
        """Approves a waiver as it was seen."""
        asked = pb.ApproveWaiverRequest(waiver_id=waiver.waiver.id, etag=waiver.etag)
        raw = await self.call(bearer, f"{_SERVICE}/ApproveWaiver", asked, pair=pair)
        return pb.ApproveWaiverResponse.FromString(raw).waiver

    async def revoke(self, waiver: pb.WaiverRecord, bearer: str) -> pb.WaiverRecord:
        """Takes a waiver back."""
        asked = pb.RevokeWaiverRequest(waiver_id=waiver.waiver.id, etag=waiver.etag, reason="It is mended.")
        raw = await self.call(bearer, f"{_SERVICE}/RevokeWaiver", asked)
        return pb.RevokeWaiverResponse.FromString(raw).waiver

    async def refused(self, waiver: pb.WaiverRecord, bearer: str, *, pair: Pair | None = None) -> tuple[str, str]:
        """Returns reason and explanation with which an approval is refused."""
        error: GateError = await refusal(self.approve(waiver, bearer, pair=pair))
        return error.reason, str(error)


def day(ahead: int) -> str:
    """Returns a day from today in UTC."""
    return (datetime.now(UTC).date() + timedelta(days=ahead)).isoformat()


def proposal(completeness: float = 0.5) -> Proposal:
    """Returns a proposal of which all is in order but the completeness of the CRM."""
    made = Proposal(id="p")
    made.deployment.interactions_per_month = 100
    made.deployment.action_effect = deployment_pb2.ACTION_EFFECT_DRAFT
    made.data_sources.add(id="crm").completeness = completeness
    return made


@asynccontextmanager
async def opened(
    tmp_path: Path, files: Files, idp: Provider, rule: str = "", *, database_url: str = ""
) -> AsyncIterator[Bank]:
    """Runs a server with a record, here or in a database; `rule` is added to the rule in question."""
    put(files.identity, IDENTITY.format(issuer=ISSUER, audience=AUDIENCE, digest=files.key.digest))
    rules = tmp_path / "rules"
    rules.mkdir(exist_ok=True)
    rules_on_disk.write(rules, version="2026.1.0")
    with (rules / "ACM-01.yaml").open("a", encoding="utf-8") as file:
        file.write(rule)
    gate, settings = ServedRules(), files.settings()
    gate.swap(load_snapshot(rules).compile_all())
    async with AsyncExitStack() as stack:
        record = await open_record(RecordSettings(tmp_path / "data", database_url), gate)
        stack.push_async_callback(record.close)
        server = GateServer(
            gate, settings, Metrics(), callers=callers_of(settings), tls=tls_of(settings), keeping=record.keeping
        )
        await server.start()
        stack.push_async_callback(server.drain)
        await server.show_serving()
        yield Bank(str(server.address), str(server.mtls_address), files, idp)


@pytest.fixture
async def bank(tmp_path: Path, files: Files, idp: Provider) -> AsyncIterator[Bank]:
    """A server with a record."""
    async with opened(tmp_path, files, idp) as running:
        yield running


async def test_from_a_no_to_a_conditional_go_and_back(bank: Bank) -> None:
    """The waiver counts from its approval to its revocation, for this proposal and for none with another fact."""
    blocked = await bank.evaluate(proposal())
    assert blocked.decision.verdict == decisions.VERDICT_NO_GO
    requested = await bank.request(blocked.record.decision_id)
    assert (await bank.evaluate(proposal())).decision.verdict == decisions.VERDICT_NO_GO

    approved = await bank.approve(requested, bank.token("grace"))
    waived = (await bank.evaluate(proposal())).decision
    other = (await bank.evaluate(proposal(0.51))).decision
    later = (await bank.evaluate(proposal(), as_of=day(11))).decision
    await bank.revoke(approved, bank.token("ada"))
    after = (await bank.evaluate(proposal())).decision

    assert waived.verdict == decisions.VERDICT_GO_WITH_CONDITIONS
    assert list(waived.waiver_ids) == [requested.waiver.id]
    assert waived.valid_until == day(10)
    (finding,) = [each for each in waived.findings if each.rule_id == "ACM-01"]
    assert (finding.outcome, finding.waiver_id) == (decisions.OUTCOME_WAIVED, requested.waiver.id)
    assert [each.verdict for each in (other, later, after)] == [decisions.VERDICT_NO_GO] * 3
    assert (requested.waiver.requested_by, approved.waiver.approved_by) == ("ada", "grace")


async def test_a_decision_with_a_waiver_can_be_made_again(bank: Bank) -> None:
    """Byte by byte, also after the waiver was revoked and the names of who asked and approved were erased."""
    requested = await bank.request((await bank.evaluate(proposal())).record.decision_id)
    approved = await bank.approve(requested, bank.token("grace"))
    waived = await bank.evaluate(proposal())
    await bank.revoke(approved, bank.token("grace"))

    async def replayed() -> decision_service_pb2.ReplayDecisionResponse:
        asked = decision_service_pb2.ReplayDecisionRequest(decision_id=waived.record.decision_id)
        raw = await bank.call(bank.token("alan"), "/readygate.v1.DecisionService/ReplayDecision", asked)
        return decision_service_pb2.ReplayDecisionResponse.FromString(raw)

    before = await replayed()
    for name in ("ada", "grace"):
        erasure = decision_service_pb2.ErasePersonRequest(person=name, reason="Request 7")
        await bank.call(bank.token("alan"), "/readygate.v1.DecisionService/ErasePerson", erasure)
    shown = pb.GetWaiverResponse.FromString(
        await bank.call(bank.token("alan"), f"{_SERVICE}/GetWaiver", pb.GetWaiverRequest(waiver_id=requested.waiver.id))
    ).waiver
    after = await replayed()

    assert (before.identical, list(before.differences)) == (True, [])
    assert (after.identical, list(after.differences)) == (True, [])
    assert [step.actor for step in shown.steps] == ["", "", ""]
    assert (shown.waiver.requested_by, shown.waiver.approved_by) == ("", "")
    assert [sha256(step.body).hexdigest() for step in shown.steps[:2]] == [
        sha256(step.body).hexdigest() for step in approved.steps
    ]


async def test_who_and_what_approves_nothing(bank: Bank) -> None:
    """No key, no CI token, no old or undated sign-in, no certificate that says nothing of one, and not who asked."""
    waiver = await bank.request((await bank.evaluate(proposal())).record.decision_id)
    ci = bank.idp.token(sub="repo:bank/agents", repository_id=42, auth_time=int(time.time()))
    old = bank.token("grace", auth_time=int(time.time()) - 901)
    undated = bank.idp.token(sub="grace")
    soon = bank.token("grace", auth_time=int(time.time()) + 3600)
    grace_on_a_key = bank.files.authority.client(uri("spiffe://bank.example/people/grace"))

    refused = {
        "an API key": await bank.refused(waiver, bank.files.key.text),
        "a CI token": await bank.refused(waiver, ci),
        "an old sign-in": await bank.refused(waiver, old),
        "an undated sign-in": await bank.refused(waiver, undated),
        "a sign-in to come": await bank.refused(waiver, soon),
        "a certificate": await bank.refused(waiver, "", pair=grace_on_a_key),
        "who asked": await bank.refused(waiver, bank.token("ada")),
    }

    assert {reason for reason, _ in refused.values()} == {"WAIVER_REFUSED"}
    assert "service:ci is no person" in refused["an API key"][1]
    assert "service:ci is no person" in refused["a CI token"][1]
    assert "and at most 900 s are allowed" in refused["an old sign-in"][1]
    for undatable in ("an undated sign-in", "a sign-in to come", "a certificate"):
        assert "nothing says when the approver signed in" in refused[undatable][1]
    assert "who asked for it can not approve it" in refused["who asked"][1]
    assert (await bank.evaluate(proposal())).decision.verdict == decisions.VERDICT_NO_GO


async def test_programs_ask_for_nothing(bank: Bank) -> None:
    """A program with the role of a requester is refused: behind it could stand who approves."""
    decided = await bank.evaluate(proposal())
    error = await refusal(bank.request(decided.record.decision_id, bank.files.key.text))

    assert (error.reason, "service:ci is no person" in str(error)) == ("WAIVER_REFUSED", True)


async def test_a_quorum_of_two_and_an_author(tmp_path: Path, files: Files, idp: Provider) -> None:
    """Two different people, neither of them the author; the same person by another token is no second one."""
    async with opened(tmp_path, files, idp, "waiver_quorum: 2\nauthors: [linus]\nmaximum_waiver_days: 30\n") as bank:
        decision_id = (await bank.evaluate(proposal())).record.decision_id
        too_long = await refusal(bank.request(decision_id, ends_on=day(30)))
        by_author = await refusal(bank.request(decision_id, bank.token("linus")))
        waiver = await bank.request(decision_id, ends_on=day(29))
        _, approved_by_author = await bank.refused(waiver, bank.token("linus"))
        once = await bank.approve(waiver, bank.token("grace"))
        _, twice = await bank.refused(once, bank.token("grace", jti="another"))
        between = (await bank.evaluate(proposal())).decision.verdict
        full = await bank.approve(once, bank.token("alan"))
        after = (await bank.evaluate(proposal())).decision.verdict

    assert "ACM-01 can be waived for 30 days" in str(too_long)
    assert "linus is an author of ACM-01" in str(by_author)
    assert "linus is an author of ACM-01" in approved_by_author
    assert "grace has approved it already" in twice
    assert (once.state, full.state) == (pb.WAIVER_STATE_REQUESTED, pb.WAIVER_STATE_APPROVED)
    assert (between, after) == (decisions.VERDICT_NO_GO, decisions.VERDICT_GO_WITH_CONDITIONS)


async def test_what_can_not_be_waived(tmp_path: Path, files: Files, idp: Provider) -> None:
    """A rule that forbids it is not waived, and neither is what stands in nobody's way."""
    async with opened(tmp_path, files, idp, "waivable: false\n") as bank:
        decision_id = (await bank.evaluate(proposal())).record.decision_id
        forbidden = await refusal(bank.request(decision_id))
        needless = await refusal(bank.request(decision_id, rule_id="ACM-02", subject=""))
        unknown = await refusal(bank.request("f" * 32))

    assert "ACM-01 can not be waived" in str(forbidden)
    assert "ACM-02 neither blocks nor conditions" in str(needless)
    assert unknown.reason == "NOT_FOUND"


async def test_sixteen_approvals_at_once(tmp_path: Path, files: Files, idp: Provider) -> None:
    """Over sixteen connections one approval is taken; the others are told that the waiver has changed."""
    async with opened(tmp_path, files, idp, "waiver_quorum: 3\n") as bank:
        waiver = await bank.request((await bank.evaluate(proposal())).record.decision_id)
        outcomes = await asyncio.gather(
            *(bank.approve(waiver, bank.token(("grace", "alan")[each % 2], jti=str(each))) for each in range(16)),
            return_exceptions=True,
        )

    won = [outcome for outcome in outcomes if isinstance(outcome, pb.WaiverRecord)]
    lost = [outcome.reason for outcome in outcomes if isinstance(outcome, GateError)]
    assert (len(won), lost) == (1, ["ETAG_MISMATCH"] * 15)
    assert len(won[0].steps) == 2


async def test_every_approval_is_seen_by_the_next_decision(bank: Bank) -> None:
    """Twenty times: a verdict that was asked for after an approval was acknowledged has it, after a revocation not."""
    decision_id = (await bank.evaluate(proposal())).record.decision_id
    for _ in range(20):
        approved = await bank.approve(await bank.request(decision_id), bank.token("grace"))
        waived = await asyncio.gather(*(bank.evaluate(proposal()) for _ in range(3)))
        await bank.revoke(approved, bank.token("alan"))
        blocked = await asyncio.gather(*(bank.evaluate(proposal()) for _ in range(3)))

        assert {each.decision.verdict for each in waived} == {decisions.VERDICT_GO_WITH_CONDITIONS}
        assert {each.decision.verdict for each in blocked} == {decisions.VERDICT_NO_GO}


async def test_what_one_server_took_another_counts(
    tmp_path: Path, files: Files, idp: Provider, postgres_database: str
) -> None:
    """Of two servers over one PostgreSQL each sees at once what the other acknowledged, approvals and revocations."""
    async with AsyncExitStack() as stack:
        here, there = [
            await stack.enter_async_context(opened(tmp_path, files, idp, database_url=postgres_database))
            for _ in range(2)
        ]
        decision_id = (await here.evaluate(proposal())).record.decision_id
        for _ in range(5):
            approved = await there.approve(await here.request(decision_id), here.token("grace"))
            waived = (await here.evaluate(proposal())).decision
            await here.revoke(approved, here.token("ada"))
            blocked = (await there.evaluate(proposal())).decision

            assert waived.verdict == decisions.VERDICT_GO_WITH_CONDITIONS
            assert list(waived.waiver_ids) == [approved.waiver.id]
            assert blocked.verdict == decisions.VERDICT_NO_GO
