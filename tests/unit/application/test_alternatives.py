"""What would be a yes: earlier gates, lower tiers, and the work in between."""

from __future__ import annotations

from typing import Any

import pytest

from readygate_server.application.active_ruleset import ActiveRuleset
from readygate_server.application.evaluate import evaluate
from readygate_server.application.judgement import Question
from readygate_server.domain.decision import Decision
from readygate_server.domain.facts import Facts, ProposalFacts
from readygate_server.domain.rule import NarrowTo, Range, Rule, TierAxis, TierLevel
from readygate_server.domain.tiering import Narrowing
from readygate_server.domain.vocabulary import Gate, Scope, Tier, Verdict
from tests.fakes import Answer, FakeDossier, FakeExpressions
from tests.unit.make import AS_OF, OURS, check, facts, rule, ruleset, work

EFFECT = "deployment.action_effect"


def _is(value: str) -> Answer:
    def answer(given: ProposalFacts, _: str) -> bool:
        return given.deployment.get(EFFECT) == value

    return answer


AXIS = TierAxis("effect", "Effect", (TierLevel(Tier.T3, "writes"), TierLevel(Tier.T2, "informs")), OURS)
ANSWERS: dict[str, Answer] = {"writes": _is("write_reversible"), "informs": _is("inform")}
NARROW = {
    Tier.T2: (NarrowTo(EFFECT, frozenset({"write_reversible"}), "inform"),),
    Tier.T1: (NarrowTo(EFFECT, frozenset({"write_reversible", "inform"}), "draft"),),
}


def about(rule_id: str, fact: str, least: Any, *, effort: float = 1, **other: Any) -> Rule:
    """Returns a rule about the deployment that takes some effort to meet."""
    return rule(
        rule_id,
        check(fact, "at_least", least),
        scope=Scope.DEPLOYMENT,
        work=work(Range(effort, effort)),
        **other,
    )


def decided(given: Facts, *rules: Rule, gate: Gate = Gate.PRODUCTION, full: bool = True) -> Decision:
    """Returns the decision about a deployment that writes."""
    active = ActiveRuleset(ruleset(*rules, axes=(AXIS,), narrow_to=NARROW), FakeExpressions(ANSWERS), {})
    dossier = FakeDossier(facts({EFFECT: "write_reversible", **given}))
    return evaluate(active, dossier, Question(gate, AS_OF, full=full))


TRAINED = about("ORG-04", "org.trained_share", {Tier.T1: 0.5, Tier.T2: 0.8, Tier.T3: 0.9})
LOGS = about("GOV-06", "gov.log_retention", 180, effort=5, due=Gate.PILOT)


def passes(decision: Decision) -> list[tuple[str, str, str]]:
    """Returns what passes today as tier, gate and verdict."""
    return [(each.tier.name, each.gate.name, each.verdict.value) for each in decision.passes_today]


def ways(decision: Decision) -> list[tuple[str, str, tuple[str, ...]]]:
    """Returns the ways to yes as tier, gate and work."""
    return [(each.tier.name, each.gate.name, each.items) for each in decision.ways_to_yes]


def test_a_go_has_no_way_to_go() -> None:
    """What passes as it stands needs no work, and says so for its own tier and gate first."""
    decision = decided({"org.trained_share": 0.9, "gov.log_retention": 200}, TRAINED, LOGS)

    assert decision.verdict is Verdict.GO
    assert (decision.plan, decision.ways_to_yes) == (None, ())
    assert passes(decision)[0] == ("T3", "PRODUCTION", "GO")


def test_a_later_gate_that_passes_is_told_as_well() -> None:
    """Asked about an earlier gate, the answer tells the latest one that passes."""
    decision = decided({"org.trained_share": 0.9, "gov.log_retention": 200}, TRAINED, LOGS, gate=Gate.COMMIT)

    assert passes(decision)[0] == ("T3", "PRODUCTION", "GO")


def test_an_earlier_gate_passes_what_is_due_later() -> None:
    """What only the logs stop can be committed to today."""
    decision = decided({"org.trained_share": 0.9, "gov.log_retention": 30}, TRAINED, LOGS)

    assert decision.verdict is Verdict.NO_GO
    assert passes(decision) == [("T3", "COMMIT", "GO"), ("T2", "COMMIT", "GO"), ("T1", "COMMIT", "GO")]
    assert ways(decision) == [("T3", "PRODUCTION", ("W-GOV-06",))]


def test_a_lower_tier_says_what_has_to_be_narrowed() -> None:
    """What is not good enough to act may be good enough to inform; the narrowing is told with old and new value."""
    decision = decided({"org.trained_share": 0.85, "gov.log_retention": 200}, TRAINED, LOGS)
    lower = decision.passes_today[0]

    assert (lower.tier, lower.gate, lower.verdict) == (Tier.T2, Gate.PRODUCTION, Verdict.GO)
    assert lower.narrowings == (Narrowing(EFFECT, "write_reversible", "inform"),)


def test_the_cheapest_way_comes_first() -> None:
    """Ways are ordered by effort; each names all the work that blocks at its tier and gate."""
    decision = decided({"org.trained_share": 0.4, "gov.log_retention": 30}, TRAINED, LOGS)

    assert ways(decision) == [
        ("T3", "COMMIT", ("W-ORG-04",)),
        ("T3", "PRODUCTION", ("W-GOV-06", "W-ORG-04")),
    ]
    assert [way.effort for way in decision.ways_to_yes] == [Range(1, 1), Range(6, 6)]
    assert all(way.verdict is Verdict.GO for way in decision.ways_to_yes)


def test_a_way_that_gives_less_for_the_same_work_is_left_out() -> None:
    """Nobody is told to narrow a deployment when the same work lets it go as it is."""
    decision = decided({"org.trained_share": 0.85, "gov.log_retention": 30}, TRAINED, LOGS)

    assert ("T3", "COMMIT", ("W-ORG-04",)) in ways(decision)
    assert ("T2", "PILOT", ("W-GOV-06",)) not in ways(decision)
    assert ("T2", "PRODUCTION", ("W-GOV-06",)) in ways(decision)


def test_a_way_does_not_lead_beyond_what_was_asked() -> None:
    """Asked about commit, nobody is told what production would take."""
    decision = decided({"org.trained_share": 0.4, "gov.log_retention": 30}, TRAINED, LOGS, gate=Gate.COMMIT)

    assert {gate for _, gate, _ in ways(decision)} == {"COMMIT"}


def test_a_summary_looks_for_no_alternatives() -> None:
    """A summary answers the question and nothing else."""
    decision = decided({"org.trained_share": 0.4}, TRAINED, full=False)

    assert decision.verdict is Verdict.NO_GO
    assert (decision.plan, decision.passes_today, decision.ways_to_yes) == (None, (), ())


@pytest.mark.parametrize("share", [0.4, 0.6, 0.85, 0.95])
def test_the_plan_is_the_way_at_the_tier_and_gate_asked(share: float) -> None:
    """The work of the plan is what the way to yes without narrowing asks for."""
    decision = decided({"org.trained_share": share, "gov.log_retention": 30}, TRAINED, LOGS)
    planned = {item.id for item in decision.plan.items} if decision.plan else set()
    unchanged = [way for way in decision.ways_to_yes if not way.narrowings and way.gate is Gate.PRODUCTION]

    assert [set(way.items) for way in unchanged] == [planned]


def test_a_way_takes_as_long_as_its_effort_says() -> None:
    """Where something has to be measured first, effort and weeks both count the repair that may follow."""
    (way,) = decided({"gov.log_retention": 200}, TRAINED, LOGS, gate=Gate.COMMIT).ways_to_yes[:1]

    assert way.elapsed == way.effort
