"""Unknown means that it could still go either way: a finding that is unknown can be completed to a yes and to a no."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from readygate_server.adapters.expressions import RulesetExpressions
from readygate_server.adapters.proposals.dossier import ProposalDossier
from readygate_server.adapters.proposals.vocabulary import fact_fields
from readygate_server.application.active_ruleset import ActiveRuleset
from readygate_server.domain.facts import FactRef, FactValue
from readygate_server.domain.finding import Finding
from readygate_server.domain.rule import Rule
from readygate_server.domain.vocabulary import Effect, Gate, Outcome, RuleKind, Tier
from tests.builders import full_rules, stated_facts
from tests.properties.generated import SAME_EVERY_TIME, Sketch, candidates, dossier, facts, judged, sketches

RULES = tuple(rule for rule in full_rules().ruleset.rules if rule.kind is RuleKind.FACTS)
TRIES = 60
"""Random completions that are tried before a finding counts as one that can not be completed."""

_ANY_LIMIT = "a limit has to be stated, and any is one"
NEVER_FAILS: dict[tuple[str, str], tuple[frozenset[Tier], str]] = {
    ("API-09", "api.integration_method"): (
        frozenset({Tier.T1, Tier.T2}),
        "every way will do for drafts, and for advice where nothing is written; it has to be named",
    ),
    ("DAT-07", "source.max_staleness"): (
        frozenset(Tier),
        "with a lag of zero no tolerance fails, and it has to be declared all the same",
    ),
    ("DEP-04", "deployment.commitment_limit.none_granted"): (frozenset(Tier), _ANY_LIMIT),
    ("DEP-04", "deployment.commitment_limit.per_interaction"): (frozenset(Tier), _ANY_LIMIT),
    ("GOV-01", "gov.risk_assessment.approver_level"): (
        frozenset({Tier.T2}),
        "every level may approve, and one is named",
    ),
}
"""Facts that have to be known although, at these tiers, no value of them need fail; each with its reason."""

TAKES_MORE = {"API-03"}
"""Rules that no single missing fact makes unknown: while the chain is available, degraded modes do not matter."""


def alone(rule: Rule) -> ActiveRuleset:
    """Returns a ruleset of one rule, so that a search costs little."""
    return _alone(rule.id)


@cache
def _alone(rule_id: str) -> ActiveRuleset:
    ruleset = replace(full_rules().ruleset, rules=tuple(rule for rule in RULES if rule.id == rule_id))
    return ActiveRuleset(ruleset, RulesetExpressions(ruleset), {})


def finding_of(rule: Rule, subject: str, given: ProposalDossier, sketch: Sketch) -> Finding:
    """Returns the finding of a rule about a subject, at the sketch's own tier whatever the facts are."""
    found = judged(given, sketch.gate, tier=sketch.tier, rules=alone(rule)).findings
    return next(each for each in found if each.subject in (subject, ""))


def completions(given: ProposalDossier, finding: Finding, sketch: Sketch) -> Iterator[ProposalDossier]:
    """Yields the proposal with what is missing filled in.

    First as it was in a proposal that passes, then with one fact after the other at each of its candidates, then at
    random. What is found missing on the way is filled in as well.
    """
    whole = passing(sketch.tier, sketch.gate)
    chance = random.Random(0)  # noqa: S311 -- a search, not a secret
    usual = {ref: _usual(ref, whole) for ref in finding.missing}
    yield given.with_facts(usual)
    for ref in finding.missing:
        for value in candidates(ref.fact):
            yield given.with_facts({**usual, ref: value})
    for _ in range(TRIES):
        yield given.with_facts({ref: chance.choice(candidates(ref.fact)) for ref in finding.missing})


def _usual(ref: FactRef, whole: ProposalDossier) -> FactValue:
    value = whole.facts.get(ref)
    return candidates(ref.fact)[0] if value is None else value


@cache
def passing(tier: Tier, gate: Gate) -> ProposalDossier:
    """Returns a complete proposal that passes."""
    return dossier(Sketch(tier, gate))


def reaches(
    rule: Rule, given: ProposalDossier, finding: Finding, sketch: Sketch, *, fails: bool, deep: int = 3
) -> bool:
    """True when some completion makes the finding fail with its full effect, or pass without one."""
    for completed in completions(given, finding, sketch):
        after = finding_of(rule, finding.subject, completed, sketch)
        if fails and after.refuted >= finding.open:
            return True
        if not fails and after.open < finding.open and after.refuted < finding.open:
            return True
        if after.outcome is Outcome.UNKNOWN and deep and after.missing != finding.missing:
            deeper = after._replace(open=finding.open)
            if reaches(rule, completed, deeper, sketch, fails=fails, deep=deep - 1):
                return True
    return False


def assert_open(rule: Rule, given: ProposalDossier, finding: Finding, sketch: Sketch) -> None:
    """Holds an unknown finding to both of its ends."""
    assert finding.missing, f"{rule.id} is unknown and names nothing that is missing"
    assert all(ref.fact in fact_fields() for ref in finding.missing), f"{rule.id} misses what can not be stated"
    assert reaches(rule, given, finding, sketch, fails=False), f"{rule.id}: nothing satisfies it, {finding.missing}"
    if "violated" not in rule.cannot_be and not _presence_only(rule, finding, sketch.tier):
        assert reaches(rule, given, finding, sketch, fails=True), f"{rule.id}: nothing violates it, {finding.missing}"


def _presence_only(rule: Rule, finding: Finding, tier: Tier) -> bool:
    """True when of all that is missing no more is asked than that it is stated."""
    presence = {check.fact for check in rule.checks if check.comparator == "stated"}
    settled = {fact for fact in presence if not _can_say_no(fact)}
    settled |= {fact for (rule_id, fact), (tiers, _) in NEVER_FAILS.items() if rule_id == rule.id and tier in tiers}
    return all(ref.fact in settled for ref in finding.missing)


def _can_say_no(fact: str) -> bool:
    """True when a fact has a value that is stated and says nothing, such as an empty list."""
    return any((value in (False, "", ()) and value != 0.0) or value is False for value in candidates(fact))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule.id))
def test_each_missing_fact_leaves_its_rule_open(rule: Rule) -> None:
    """Wherever one fact less makes a rule unknown, some value of it passes and some value fails."""
    if "unknown" in rule.cannot_be:
        pytest.skip(rule.cannot_be["unknown"])
    unknown = 0
    for tier in Tier:
        sketch = Sketch(tier, Gate.PRODUCTION)
        whole = dossier(sketch)
        for ref in stated_facts(whole.proposal):
            without = whole.with_facts({ref: None})
            for finding in judged(without, sketch.gate, tier=tier, rules=alone(rule)).findings:
                if finding.outcome is Outcome.UNKNOWN:
                    unknown += 1
                    assert_open(rule, without, finding, sketch)

    assert bool(unknown) != (rule.id in TAKES_MORE), f"{rule.id} is never unknown; say so under cannot_be"


@settings(SAME_EVERY_TIME, max_examples=150)
@given(sketches(changes=2, evidence=0), st.lists(facts(), min_size=1, max_size=12))
def test_what_is_unknown_can_go_either_way(sketch: Sketch, gone: list[FactRef]) -> None:
    """However much is missing, each unknown finding has a completion that passes and one that fails."""
    given = dossier(sketch.without(gone))
    found = judged(given, sketch.gate, tier=sketch.tier).findings
    unknown = [each for each in found if each.outcome is Outcome.UNKNOWN and each.rule.kind is RuleKind.FACTS]
    event(f"{min(len(unknown), 5)} or more unknown")

    for finding in unknown:
        if finding.open > Effect.NONE:
            assert_open(finding.rule, given, finding, sketch)
