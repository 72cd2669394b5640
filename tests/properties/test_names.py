"""A decision rests on whether somebody is named, never on who: names can be erased, and no answer has one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from readygate.v1.decision_pb2 import Decision
from readygate.v1.evidence_pb2 import Evidence, FactValue
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.names.wire import fill, find_names
from readygate_server.adapters.proposals.dossier import dossier_of
from readygate_server.bootstrap import LocalGate
from tests.bench.workload import AS_OF, workload
from tests.builders import FULL, gate_under_test

GATES = ("commit", "pilot", "production")


def _proposal() -> Proposal:
    """Returns the benchmark's proposal, in which two sources also disagree about an owner."""
    proposal = workload()
    for name in ("Jane Doe", "Joe Bloggs"):
        proposal.evidence.append(
            Evidence(facts=["api.owner.person"], subject="erp", value=FactValue(text=name), attested_by="M. Curie")
        )
    proposal.statements.add(fact="ops.site_readiness", kind=1, reason="no site", stated_by="G. Hopper")
    return proposal


def _renamed(proposal: Proposal, rename: Callable[[bytes], bytes]) -> Proposal:
    data = proposal.SerializeToString()
    spans = find_names(data, Proposal.DESCRIPTOR)
    return Proposal.FromString(fill(data, spans, [rename(data[start : start + size]) for start, size in spans]))


def _mirrored(name: bytes) -> bytes:
    """Returns another name of the same length; two different names stay different."""
    return bytes(byte ^ 1 if chr(byte).isalpha() else byte for byte in name)


def _decided(gate: LocalGate, proposal: Proposal, asked: str) -> Decision:
    return gate.evaluate(proposal, ruleset=FULL, gate=asked, as_of=AS_OF)


@pytest.mark.parametrize("asked", GATES)
def test_other_names_make_the_same_decision(asked: str) -> None:
    """With every name replaced by another one, findings, conflicts, plan and ways to yes are the same to the byte."""
    proposal = _proposal()
    other = _renamed(proposal, _mirrored)
    assert other != proposal

    first, second = (_decided(gate_under_test(), each, asked) for each in (proposal, other))

    assert second.SerializeToString(deterministic=True) == first.SerializeToString(deterministic=True)


def test_other_names_make_the_same_digest() -> None:
    """Owners, sponsor, who stops, who collects, who vouches and who states leave the digest of facts as it is."""
    proposal = _proposal()

    assert dossier_of(_renamed(proposal, _mirrored)).digest == dossier_of(proposal).digest


@pytest.mark.parametrize("asked", GATES)
def test_no_answer_has_a_name(asked: str) -> None:
    """Whatever the proposal names, the decision says that somebody is named."""
    data = _proposal().SerializeToString()
    names = {data[start : start + size] for start, size in find_names(data, Proposal.DESCRIPTOR)}
    decision = _decided(gate_under_test(), _proposal(), asked)
    answer = decision.SerializeToString()

    assert len(names) > 10
    assert [name for name in names if name in answer] == []
    observed = [each for found in decision.findings for each in found.observations if each.fact.endswith(".person")]
    assert {each.observed.text for each in observed} <= {"", "(named)"}
    assert [each.value.text for conflict in decision.conflicts for each in conflict.values][:2] == ["(named)"] * 2
