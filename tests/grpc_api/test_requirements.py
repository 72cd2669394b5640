"""The list of requirements agrees with what judging asks for."""

from __future__ import annotations

import pytest

from readygate.v1 import decision_pb2, gate_pb2, ruleset_pb2
from readygate.v1 import gate_service_pb2 as pb
from readygate.v1.deployment_pb2 import MODEL_SUPPLY_SELF_HOSTED
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.domain.facts import FactRef, parent_of
from tests.grpc_api.serving import AS_OF, Running, refund_agent

FULL = ruleset_pb2.RulesetSelector(name="operational-readiness-full")
GATES = [gate_pb2.GATE_COMMIT, gate_pb2.GATE_PILOT, gate_pb2.GATE_PRODUCTION]


def bare() -> Proposal:
    """Returns the worked example with nothing but the names of its assets and what sets its tier."""
    example = refund_agent()
    proposal = Proposal(id=example.id)
    for name in ("autonomy_level", "action_effect", "data_sensitivity", "decision_effect", "regulatory_class"):
        setattr(proposal.deployment, name, getattr(example.deployment, name))
    proposal.deployment.audience.CopyFrom(example.deployment.audience)
    for field in ("data_sources", "apis", "workflows"):
        for asset in getattr(example, field):
            getattr(proposal, field).add(id=asset.id)
    return proposal


async def listed(
    served: Running, proposal: Proposal | None, gate: gate_pb2.Gate.ValueType
) -> pb.ListRequirementsResponse:
    """Returns the list for a proposal, by the full ruleset."""
    return await served.client.list_requirements(
        pb.ListRequirementsRequest(proposal=proposal, ruleset=FULL, gate=gate, as_of=AS_OF)
    )


@pytest.mark.parametrize("gate", GATES)
async def test_what_judging_misses_was_asked_for(served: Running, gate: gate_pb2.Gate.ValueType) -> None:
    """Every fact that a decision misses is in the list for the same proposal, with the rules that miss it."""
    proposal = bare()
    request = pb.EvaluateRequest(proposal=proposal, ruleset=FULL, gate=gate, as_of=AS_OF)
    decision = (await served.client.evaluate(request)).decision

    needed = {(each.fact, each.subject): each for each in (await listed(served, proposal, gate)).requirements}

    missing = [each for each in decision.missing_facts if set(each.rule_ids) - {"EVD-01", "EVD-02"}]
    assert len(missing) > 50
    for fact in missing:
        requirement = needed[fact.fact, fact.subject]
        assert not requirement.stated
        assert set(fact.rule_ids) - {"EVD-01", "EVD-02"} <= set(requirement.rule_ids)


async def test_the_evidence_that_is_asked_for_is_what_judging_demands(served: Running) -> None:
    """Without any evidence, judging reports for each fact the grade that the list asks for."""
    proposal = refund_agent()
    del proposal.evidence[:]
    request = pb.EvaluateRequest(proposal=proposal, ruleset=FULL, gate=gate_pb2.GATE_COMMIT, as_of=AS_OF)
    decision = (await served.client.evaluate(request)).decision
    requirements = (await listed(served, proposal, gate_pb2.GATE_COMMIT)).requirements

    (finding,) = [each for each in decision.findings if each.rule_id == "EVD-02"]
    demanded = {each.fact: each.required for each in finding.observations}
    asked = {
        str(FactRef(parent_of(each.fact), each.subject)): f">= E{each.minimum_grade - 1}"
        for each in requirements
        if each.minimum_grade and each.stated
    }
    assert len(demanded) > 20
    assert {fact: asked.get(fact) for fact in demanded} == demanded


async def test_facts_that_are_stated_are_marked(served: Running) -> None:
    """Facts that the proposal states are marked; of a bare one only those that set its tier are."""
    of_example = (await listed(served, refund_agent(), gate_pb2.GATE_COMMIT)).requirements
    of_bare = (await listed(served, bare(), gate_pb2.GATE_COMMIT)).requirements

    assert sum(each.stated for each in of_example) > 100
    assert {each.fact for each in of_bare if each.stated} == {
        "deployment.autonomy_level",
        "deployment.action_effect",
        "deployment.audience",
        "deployment.data_sensitivity",
        "deployment.decision_effect",
        "deployment.regulatory_class",
    }


async def test_without_a_proposal_everything_is_asked_for(served: Running) -> None:
    """Without a proposal the list is longest: every rule, the highest tier, the last gate, and no subject."""
    everything = await served.client.list_requirements(pb.ListRequirementsRequest(ruleset=FULL, as_of=AS_OF))
    of_bare = await listed(served, bare(), gate_pb2.GATE_PRODUCTION)

    assert everything.tier.tier == ruleset_pb2.TIER_T4_COMMIT
    assert {each.subject for each in everything.requirements} == {""}
    assert {each.fact for each in of_bare.requirements} <= {each.fact for each in everything.requirements}
    rules = {rule for each in everything.requirements for rule in each.rule_ids}
    assert len(rules) >= 60


async def test_a_rule_that_certainly_does_not_apply_asks_for_nothing(served: Running) -> None:
    """A system that is no vendor's is not asked about vendors; one of which this is unknown is."""
    vendors, own, unknown = refund_agent(), refund_agent(), refund_agent()
    own.deployment.model_supply = MODEL_SUPPLY_SELF_HOSTED
    unknown.deployment.ClearField("model_supply")
    found = [
        {
            rule
            for each in (await listed(served, proposal, gate_pb2.GATE_PRODUCTION)).requirements
            for rule in each.rule_ids
        }
        for proposal in (vendors, own, unknown)
    ]

    assert found[1] < found[0]
    assert found[0] == found[2]


async def test_a_later_gate_asks_for_more(served: Running) -> None:
    """What is due later is asked for later, with the gate from which it is due."""
    counts = []
    for gate in GATES:
        requirements = (await listed(served, refund_agent(), gate)).requirements
        assert all(each.due <= gate for each in requirements)
        counts.append(len(requirements))

    assert counts == sorted(counts)
    assert counts[0] < counts[-1]


async def test_the_outcome_of_nothing_stated_is_never_a_pass(served: Running) -> None:
    """A bare proposal misses facts at every gate and passes none."""
    for gate in GATES:
        reply = await served.client.evaluate(
            pb.EvaluateRequest(proposal=bare(), ruleset=FULL, gate=gate, as_of=AS_OF, view=pb.VIEW_SUMMARY)
        )
        assert reply.decision.verdict in (decision_pb2.VERDICT_NO_GO, decision_pb2.VERDICT_UNDETERMINED)
