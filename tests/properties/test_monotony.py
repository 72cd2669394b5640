"""Knowing less never helps, and improving never hurts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from readygate_server.adapters.proposals.vocabulary import fact_fields
from readygate_server.domain.comparators import compile_comparison
from readygate_server.domain.facts import FactRef, FactValue, scope_of
from readygate_server.domain.finding import Finding
from readygate_server.domain.rule import Check, Rule
from readygate_server.domain.vocabulary import Effect, Gate, Scope, Tier, Verdict
from tests.builders import AS_OF, ASSETS, full_rules
from tests.properties.generated import SAME_EVERY_TIME, Sketch, candidates, dossier, facts, judged, sketches

_RANKS = {Verdict.NO_GO: 0, Verdict.UNDETERMINED: 0, Verdict.GO_WITH_CONDITIONS: 1, Verdict.GO: 2}
_TODAY = date.fromisoformat(AS_OF).toordinal()
_CHECKS = tuple(
    (rule, check)
    for rule in full_rules().ruleset.rules
    if rule.monotone
    for check in rule.checks
    if check.fact in fact_fields()
)


@settings(SAME_EVERY_TIME, max_examples=400)
@given(sketches(gone=3), st.lists(facts(), min_size=1, max_size=6), st.booleans())
def test_leaving_facts_out_never_helps(sketch: Sketch, more: Sequence[FactRef], what_changed: bool) -> None:
    """Deleting facts never turns a no or an open answer into a go, nor a conditional go into a plain one."""
    gone = [*more, *(ref for ref, _ in sketch.changes)] if what_changed else more
    before = judged(dossier(sketch), sketch.gate).verdict
    after = judged(dossier(sketch.without(gone)), sketch.gate).verdict
    event(f"{before.value} to {after.value}")

    assert _RANKS[after] <= _RANKS[before]


@settings(SAME_EVERY_TIME, max_examples=200)
@given(sketches(changes=3), st.data())
def test_leaving_out_what_a_finding_rests_on_never_helps(sketch: Sketch, data: st.DataObject) -> None:
    """The same, aimed at the facts behind what fails: what stands in the way can not be taken out of the proposal."""
    full = judged(dossier(sketch), sketch.gate)
    behind = list(dict.fromkeys(ref for finding in full.findings for ref in _rests_on(finding)))
    assume(behind)
    gone = data.draw(st.lists(st.sampled_from(behind), min_size=1, max_size=5))
    after = judged(dossier(sketch.without(gone)), sketch.gate).verdict

    assert _RANKS[after] <= _RANKS[full.verdict]


def _rests_on(finding: Finding) -> list[FactRef]:
    """Returns the stated facts that a finding with an effect compares."""
    if finding.effect < Effect.CONDITIONS:
        return []
    return [
        FactRef(part.fact, finding.subject if part.asked.of_subject else "")
        for part in finding.observations
        if part.fact in fact_fields()
    ]


@settings(SAME_EVERY_TIME, max_examples=300)
@given(sketches(changes=2), st.sampled_from(_CHECKS), st.data())
def test_improving_a_fact_never_hurts(sketch: Sketch, asked: tuple[Rule, Check], data: st.DataObject) -> None:
    """A fact that moves in the direction of a check breaks no rule that is declared monotone, and undoes no go."""
    rule, check = asked
    subject = data.draw(st.sampled_from(ASSETS[scope_of(check.fact)]))
    before = dossier(sketch)
    value = before.facts.get(FactRef(check.fact, subject))
    better = [] if value is None else _better(check, value, sketch.tier)
    assume(better)
    improved = before.with_facts({FactRef(check.fact, subject): data.draw(st.sampled_from(better))})

    was, now = judged(before, sketch.gate), judged(improved, sketch.gate)
    event(f"{was.verdict.value} to {now.verdict.value}")

    assert was.tier.tier is now.tier.tier
    for finding, after in zip(was.findings, now.findings, strict=False):
        if finding.rule is rule and finding.subject in (subject, ""):
            assert after.rule is rule
            assert after.refuted <= finding.refuted
    assert not (was.verdict.passes and now.verdict is Verdict.NO_GO)


def _better(check: Check, value: FactValue, tier: Tier) -> list[FactValue]:
    """Returns values that are better than a stated one, by the comparator of a check."""
    if tier not in check.thresholds:
        return []
    threshold = check.thresholds[tier].value
    meets = compile_comparison(check.comparator, threshold)
    others = [other for other in candidates(check.fact) if other != value]
    match check.comparator:
        case "at_least":
            return [other for other in others if other > value]  # type: ignore[operator]  # numbers
        case "at_most":
            return [other for other in others if other < value]  # type: ignore[operator]  # numbers
        case "at_most_days_ago":
            return [other for other in others if str(value) < str(other) <= AS_OF]
        case "includes" | "count_at_least":
            return [other for other in others if set(value) < set(other)]  # type: ignore[arg-type]  # sets
        case _:
            return [] if meets(value, _TODAY) else [other for other in others if meets(other, _TODAY)]


def test_most_rules_are_declared_monotone() -> None:
    """A rule that improving can hurt is an exception that its file owns up to."""
    exceptions = {rule.id for rule in full_rules().ruleset.rules if not rule.monotone}

    assert len(exceptions) <= 5
    assert {rule.scope for rule, _ in _CHECKS} == set(Scope)


@settings(SAME_EVERY_TIME, max_examples=100)
@given(sketches(gone=2))
def test_a_later_gate_never_asks_for_less(sketch: Sketch) -> None:
    """What does not pass at a gate passes at no later one: what is due stays due."""
    given_dossier = dossier(sketch)
    ranks = [_RANKS[judged(given_dossier, gate).verdict] for gate in Gate]

    assert ranks == sorted(ranks, reverse=True)
