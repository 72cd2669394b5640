"""Roles within their scopes: who is known may not do everything."""

from __future__ import annotations

import pytest
from google.protobuf.message import Message

from readygate.errors import GateError
from readygate.v1 import decision_pb2
from readygate.v1 import gate_service_pb2 as pb
from readygate.v1 import ruleset_service_pb2 as rulesets
from readygate.v1.proposal_pb2 import Proposal
from readygate.v1.ruleset_pb2 import RulesetSelector
from readygate_server.bootstrap import Snapshot
from tests.grpc_api.serving import AS_OF, refund_agent
from tests.identity.authority import put
from tests.identity.provider import Provider
from tests.identity.serving import Files, Guarded, guarded, refusal

GATE, RULESETS = "/readygate.v1.GateService", "/readygate.v1.RulesetService"
FULL = RulesetSelector(name="operational-readiness-full")
EVALUATE = pb.EvaluateRequest(proposal=refund_agent(), as_of=AS_OF)


def named(name: str) -> Proposal:
    """Returns the worked example under another id."""
    proposal = refund_agent()
    proposal.id = name
    return proposal


REFUSED: dict[str, tuple[str, Message]] = {
    "another ruleset": (f"{GATE}/Evaluate", pb.EvaluateRequest(proposal=refund_agent(), as_of=AS_OF, ruleset=FULL)),
    "another proposal": (f"{GATE}/Evaluate", pb.EvaluateRequest(proposal=named("loans"), as_of=AS_OF)),
    "simulating another": (f"{GATE}/Simulate", pb.SimulateRequest(proposal=named("loans"), as_of=AS_OF)),
    "reading another ruleset": (f"{RULESETS}/GetRuleset", rulesets.GetRulesetRequest(ruleset=FULL, as_of=AS_OF)),
    "checking rules": (f"{RULESETS}/ValidateRuleset", rulesets.ValidateRulesetRequest()),
    "comparing rules": (f"{RULESETS}/DiffRulesets", rulesets.DiffRulesetsRequest()),
}


async def answer(gate: Guarded, bearer: str, method: str, request: Message) -> str:
    """Returns the reason of the error that a call ends with, which may have other faults; empty when it is answered."""
    try:
        await gate.call(bearer, method=method, request=request)
    except GateError as error:
        return error.reason
    return ""


@pytest.mark.parametrize("what", REFUSED)
async def test_beyond_its_scope_a_caller_is_refused(gate: Guarded, idp: Provider, what: str) -> None:
    """A service that may judge some proposals by one ruleset may do nothing else; who may, gets another answer."""
    method, request = REFUSED[what]

    error = await refusal(gate.call(gate.files.key.text, method=method, request=request))

    assert (error.code.name, error.reason) == ("PERMISSION_DENIED", "PERMISSION_DENIED")
    assert "PERMISSION_DENIED" not in await answer(gate, idp.token(), method, request)


async def test_within_its_scope_a_caller_is_answered(gate: Guarded) -> None:
    """The same service gets a verdict for a proposal of its own by its ruleset."""
    reply = await gate.call(gate.files.key.text, method=f"{GATE}/Evaluate", request=EVALUATE)

    assert pb.EvaluateResponse.FromString(reply).decision.verdict == decision_pb2.VERDICT_NO_GO
    assert await gate.call(gate.files.key.text, method=f"{RULESETS}/ListRulesets")


async def test_nothing_is_judged_for_who_may_not(gate: Guarded) -> None:
    """A refused caller costs no evaluation."""
    method, request = REFUSED["another proposal"]
    await refusal(gate.call(gate.files.key.text, method=method, request=request))
    judged = [gate.metrics.value("readygate_decisions_total", verdict=name) for name in ("NO_GO", "UNDETERMINED", "GO")]

    assert judged == [0, 0, 0]


async def test_an_item_of_a_batch_beyond_the_scope_is_refused_alone(gate: Guarded) -> None:
    """Of a batch only the items within the scope are judged."""
    request = pb.BatchEvaluateRequest(items=[EVALUATE, pb.EvaluateRequest(proposal=named("loans"), as_of=AS_OF)])
    raw = await gate.call(gate.files.key.text, method=f"{GATE}/BatchEvaluate", request=request)
    results = pb.BatchEvaluateResponse.FromString(raw).results

    assert results[0].response.decision.verdict
    assert (results[1].error.reason, results[1].HasField("response")) == ("PERMISSION_DENIED", False)


@pytest.mark.parametrize(
    ("method", "request_"),
    [
        (f"{GATE}/Evaluate", EVALUATE),
        (f"{GATE}/BatchEvaluate", pb.BatchEvaluateRequest(items=[EVALUATE])),
        (f"{GATE}/Simulate", pb.SimulateRequest(proposal=refund_agent(), as_of=AS_OF)),
        (f"{GATE}/ListRequirements", pb.ListRequirementsRequest(as_of=AS_OF)),
        (f"{RULESETS}/ListRulesets", rulesets.ListRulesetsRequest()),
        (f"{RULESETS}/GetRuleset", rulesets.GetRulesetRequest(as_of=AS_OF)),
        (f"{RULESETS}/ValidateRuleset", rulesets.ValidateRulesetRequest()),
        (f"{RULESETS}/DiffRulesets", rulesets.DiffRulesetsRequest()),
    ],
    ids=lambda value: value.split("/")[-1] if isinstance(value, str) else "",
)
async def test_who_has_no_role_may_do_nothing(packaged: Snapshot, files: Files, method: str, request_: Message) -> None:
    """To be known is not to be allowed: without a binding every RPC but the description of the server is refused."""
    text = files.identity.read_text(encoding="utf-8")
    put(files.identity, text.replace("principal: service:ci", "principal: service:idle"))
    async with guarded(packaged, files) as gate:
        assert await gate.call(files.key.text)
        error = await refusal(gate.call(files.key.text, method=method, request=request_))

    assert error.reason == "PERMISSION_DENIED"


async def test_decisions_are_counted_by_the_day(packaged: Snapshot, files: Files, idp: Provider) -> None:
    """A batch beyond what is left is refused as a whole; one that fits is answered; others have their own count."""
    files.more = "limits:\n  - {principals: [service:ci], decisions_per_day: 3}"
    files.write()
    batch = pb.BatchEvaluateRequest(items=[EVALUATE] * 3)
    invalid = pb.EvaluateRequest(proposal=named("refund-x"), as_of=AS_OF)
    invalid.proposal.data_sources[0].completeness = 2
    async with guarded(packaged, files) as gate:
        key = files.key.text
        assert (await refusal(gate.call(key, method=f"{GATE}/Evaluate", request=invalid))).reason == "INVALID_PROPOSAL"
        await gate.call(key, method=f"{GATE}/Evaluate", request=EVALUATE)
        error = await refusal(gate.call(key, method=f"{GATE}/BatchEvaluate", request=batch))
        judged = gate.metrics.value("readygate_decisions_total", verdict="NO_GO")
        del batch.items[-1]
        raw = await gate.call(key, method=f"{GATE}/BatchEvaluate", request=batch)
        last = await refusal(gate.call(key, method=f"{GATE}/Evaluate", request=EVALUATE))
        await gate.call(idp.token(), method=f"{GATE}/Evaluate", request=EVALUATE)

    assert (error.code.name, error.reason) == ("RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED")
    assert error.metadata["limit"] == "3 decisions a day"
    assert judged == 1
    assert all(result.HasField("response") for result in pb.BatchEvaluateResponse.FromString(raw).results)
    assert last.reason == "QUOTA_EXCEEDED"
    assert 0 < float(last.metadata["retry_after_seconds"]) <= 86_400
