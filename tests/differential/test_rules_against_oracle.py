"""The evaluator and an independent one come to the same finding for the same rule, subject and proposal.

All rules about facts are compared, at every tier and gate, whatever the tier of the proposal. What is asked about
evidence, waivers and the floor of an unknown tier comes after, and is not part of the comparison.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from datetime import date
from functools import cache
from itertools import cycle, product

import pytest
from tests.builders import full_rules
from tests.differential.oracle import Compiled, compile_tree
from tests.differential.rule_oracle import Opinion, Situation, judge_rule
from tests.differential.threshold_proposals import ThresholdProposals

from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.cel import CelCompiler
from readygate_server.adapters.proposals.dossier import dossier_of
from readygate_server.adapters.proposals.validation import validate_proposal
from readygate_server.application.judgement import Question, prepare
from readygate_server.domain.evaluation import Case
from readygate_server.domain.evidence import EvidenceIndex
from readygate_server.domain.finding import Finding
from readygate_server.domain.hearing import hear
from readygate_server.domain.vocabulary import Gate, Outcome, RuleKind, Scope, Tier

EVALUATIONS = int(os.environ.get("READYGATE_DIFFERENTIAL", "20000"))
LEAST_SHARE = 0.01
COMPARED = (
    Outcome.SATISFIED,
    Outcome.VIOLATED,
    Outcome.UNKNOWN,
    Outcome.NOT_APPLICABLE,
    Outcome.NOT_DUE,
)
"""Outcomes of rules about facts; stale and waived are made of findings afterwards."""

DAYS = (date(2026, 11, 1), date(2027, 1, 1), date(2028, 2, 29), date(2028, 3, 1), date(2026, 2, 28))
RULES = tuple(rule for rule in full_rules().ruleset.rules if rule.kind is RuleKind.FACTS)
RULES_ABOUT_KNOWLEDGE = {"EVD-01", "EVD-02"}


@pytest.fixture(scope="module")
def seen() -> Counter[tuple[str, Outcome]]:
    """Compares, and returns how often each rule had each outcome."""
    chance = random.Random(20261102)  # noqa: S311
    proposals = ThresholdProposals(RULES)
    counted: Counter[tuple[str, Outcome]] = Counter()
    for tier, gate in cycle(product(Tier, Gate)):
        today = chance.choice(DAYS)
        proposal = proposals.make(chance, today)
        assert not validate_proposal(proposal)
        counted.update(_compared(proposal, tier, gate, today.isoformat()))
        if counted.total() >= EVALUATIONS:
            break
    return counted


def test_the_evaluator_agrees_with_an_independent_one(seen: Counter[tuple[str, Outcome]]) -> None:
    """No rule, and no part of one, has two outcomes or effects for any subject of many thinned-out proposals."""
    assert seen.total() >= EVALUATIONS


def test_each_outcome_is_compared_often(seen: Counter[tuple[str, Outcome]]) -> None:
    """Each outcome that a rule about facts can have makes up at least a hundredth of what is compared."""
    shares = {
        outcome: sum(count for (_, each), count in seen.items() if each is outcome) / seen.total()
        for outcome in COMPARED
    }
    assert min(shares.values()) >= LEAST_SHARE, shares
    assert {outcome for _, outcome in seen} == set(COMPARED)


def test_each_rule_is_compared_with_each_outcome_that_it_can_have(seen: Counter[tuple[str, Outcome]]) -> None:
    """Every rule of the full ruleset that asks about facts is satisfied, violated and unknown in what is compared."""
    listed = {rule.id for rule in full_rules().ruleset.rules}
    assert {rule for rule, _ in seen} == listed - RULES_ABOUT_KNOWLEDGE
    wanted = {(rule.id, outcome) for rule in RULES for outcome in COMPARED[:3] if outcome.value not in rule.cannot_be}
    assert wanted <= set(seen), sorted(wanted - set(seen))


def _compared(proposal: Proposal, tier: Tier, gate: Gate, as_of: str) -> list[tuple[str, Outcome]]:
    """Returns the rule and outcome of every finding, each of them held against the oracle's."""
    case = _case(proposal, tier, gate, as_of)
    findings = hear(
        full_rules().table(tier, gate), case, EvidenceIndex((), case.day), memory=full_rules().memory
    ).about_facts
    found: dict[str, list[Opinion]] = {}
    for each in findings:
        found.setdefault(each.rule.id, []).append(_opinion(each))
    now = Situation(proposal, int(tier), int(gate), as_of, _compiled)
    for rule in RULES:
        expected = judge_rule(rule, now)
        got = found.get(rule.id)
        assert got == expected, f"{rule.id} {tier.name} {gate.name} {as_of}: {got}, oracle {expected}\n{proposal}"
    return [(each.rule.id, each.outcome) for each in findings]


def _opinion(finding: Finding) -> Opinion:
    parts = tuple((part.check_id, part.outcome.value) for part in finding.observations)
    return Opinion(finding.subject, finding.outcome.value, finding.refuted, finding.open, finding.effect, parts)


def _case(proposal: Proposal, tier: Tier, gate: Gate, as_of: str) -> Case:
    dossier = dossier_of(proposal)
    prepared = prepare(full_rules(), dossier, Question(gate, as_of, tier=tier))
    return Case(dossier.facts, prepared.conditions, dossier.not_applicable, as_of, prepared.day, dossier.imprints)


@cache
def _compiler() -> CelCompiler:
    return CelCompiler()


@cache
def _compiled(text: str, scope: str) -> Compiled:
    return compile_tree(_compiler().check(text, scope=Scope(scope)))
