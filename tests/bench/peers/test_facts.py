"""Tests of what peers are told about proposals."""

from __future__ import annotations

import json

from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.proposals.flatten import facts_of
from readygate_server.adapters.proposals.reader import read_proposal
from readygate_server.adapters.proposals.validation import validate_proposal
from tests.bench.peers.facts import GROUPS, cases, input_of
from tests.bench.workload import APIS, AS_OF, SOURCES, WORKFLOWS, workload

PLAIN = (*GROUPS, "data_sources", "apis", "workflows")


def test_peers_are_told_every_fact_and_no_other() -> None:
    """What a peer is told is a proposal in JSON that says the same about everything."""
    for proposal in cases()[::5]:  # reading them takes long
        plain = input_of(proposal, as_of=AS_OF)
        text = json.dumps({"id": "told"} | {name: plain[name] for name in PLAIN})
        assert facts_of(read_proposal(text, file="told.json")[0]) == facts_of(proposal)


def test_the_cases_are_sound() -> None:
    """Every case is a proposal that readygate accepts, and it says nothing in place of a fact."""
    for proposal in cases():
        assert validate_proposal(proposal) == ()
        assert not proposal.statements


def test_the_first_case_is_the_proposal_of_the_benchmark() -> None:
    """The first case is the very proposal that is timed, with as many assets as it is said to have."""
    first = cases()[0]
    assert first == workload()
    assert (len(first.data_sources), len(first.apis), len(first.workflows)) == (SOURCES, APIS, WORKFLOWS)


def test_the_cases_differ() -> None:
    """No case is there twice, and there are enough of them."""
    assert len({proposal.SerializeToString(deterministic=True) for proposal in cases()}) == len(cases()) > 400


def test_what_follows_from_facts_is_told_on_demand() -> None:
    """What is computed from several facts is told at the worst that it can be, and left out when nothing is known."""
    proposal = Proposal()
    proposal.value.unit_cost.baseline = 10
    source = proposal.data_sources.add(id="crm", freshness_lag_p95=7, max_staleness=5)
    source.accuracy.ratio = 0.9
    proposal.apis.add(id="orders", critical_path=True, availability_30d=0.9, latency_p95=100)
    proposal.apis.add(id="payments", availability_30d=0.5, latency_p95=50)
    plain = input_of(proposal, as_of=AS_OF, derived=True)
    assert plain["data_sources"][0]["derived"] == {"staleness_excess": 2, "systems_of_record": 1, "shadow_copies": 1}
    assert plain["deployment"]["derived"] == {"chain_availability": 0.45, "sequential_latency_p95": 150}
    assert "derived" not in plain["value"]
    assert "derived" not in input_of(proposal, as_of=AS_OF)["deployment"]
