"""Tests that the hand-written functions answer as readygate does, so that their speed can be compared with its own."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date
from functools import cache
from itertools import chain

import pytest

from readygate.v1.proposal_pb2 import Proposal
from readygate_server.domain.vocabulary import Gate
from tests.bench.peers.expected import Answers, expected
from tests.bench.peers.facts import cases, input_of, tier_of
from tests.bench.peers.handwritten import judge, labels
from tests.bench.workload import AS_OF
from tests.builders import full_rules
from tests.differential.threshold_proposals import ThresholdProposals

EDGES, SEED = 100, 66


def at_the_edge() -> Iterator[Proposal]:
    """Yields random proposals whose numbers lie as near to what is asked as numbers can."""
    maker = ThresholdProposals(full_rules().ruleset.rules)
    for number in range(EDGES):
        proposal = maker.make(random.Random(SEED + number), date.fromisoformat(AS_OF))  # noqa: S311 -- no secret
        del proposal.statements[:]
        yield proposal


@cache
def proposals() -> list[tuple[Proposal, int]]:
    """Returns all proposals with their tiers; those that peers are compared on come first."""
    return [(each, int(tier_of(each))) for each in chain(cases(), at_the_edge())]


@cache
def wanted(gate: Gate) -> list[Answers]:
    """Returns what readygate answers for each."""
    return [expected(each, as_of=AS_OF, ruleset=full_rules(), gate=gate) for each, _ in proposals()]


@pytest.mark.parametrize("gate", Gate)
def test_the_functions_answer_as_readygate_does(gate: Gate) -> None:
    """Every rule gives the same answer about every subject of every proposal, and nothing but yes or no."""
    for (proposal, tier), said in zip(proposals(), wanted(gate), strict=True):
        answers = judge(proposal, tier=tier, as_of=AS_OF, gate=int(gate))
        got = dict(zip(labels(proposal), answers, strict=True))
        assert got.keys() == said.keys()
        for (rule_id, subject), answer in said.items():
            assert got[rule_id, subject] is answer, (
                f"{rule_id} about {subject or 'the deployment'} at tier {tier}: "
                f"readygate says {answer}; facts: {_facts(proposal, subject)}"
            )


def _facts(proposal: Proposal, subject: str) -> object:
    plain = input_of(proposal, as_of=AS_OF)
    assets = [asset for field in ("data_sources", "apis", "workflows") for asset in plain[field]]
    return next((asset for asset in assets if asset["id"] == subject), plain)


@pytest.mark.parametrize("gate", Gate)
def test_every_rule_says_yes_and_no(gate: Gate) -> None:
    """Over the cases that all peers are compared on, every rule that is due says yes at least once and no as often."""
    said: dict[str, set[bool]] = {}
    for answers in wanted(gate)[: len(cases())]:
        for (rule_id, _), answer in answers.items():
            said.setdefault(rule_id, set()).add(answer)
    rules = {rule.id: min(rule.due.values()) for rule in full_rules().ruleset.rules if rule.id in said}
    assert len(rules) == len(full_rules().ruleset.rules) - 2  # both rules about evidence are no rules about facts
    assert {rule_id for rule_id, both in said.items() if len(both) == 2} == {
        rule_id for rule_id, due in rules.items() if due <= gate
    }
