"""What would be a yes: what passes today, and the smallest sets of work that flip the verdict.

Blockers are conjunctive, so at one tier and gate there is exactly one smallest set of work: everything that blocks
there. The alternatives are other tiers, to which the proposal would have to be narrowed, and earlier gates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from readygate_server.application.active_ruleset import ActiveRuleset
from readygate_server.application.ports import Dossier
from readygate_server.domain.decision import PassingToday, WayToYes
from readygate_server.domain.facts import FactRef, FactValue
from readygate_server.domain.plan import make_plan
from readygate_server.domain.tiering import Narrowing, assign_tier, narrow
from readygate_server.domain.verdict import decide
from readygate_server.domain.vocabulary import Effect, Gate, Tier, Verdict

if TYPE_CHECKING:
    from readygate_server.application.evaluate import Judgement, Question

    Judge = Callable[[ActiveRuleset, Dossier, Question], Judgement]


def passing_today(
    active: ActiveRuleset, dossier: Dossier, question: Question, tier: Tier, judge: Judge
) -> tuple[PassingToday, ...]:
    """Returns, per tier from the highest, the latest gate that passes as things stand."""
    passing = []
    for lower, narrowings, narrowed in _narrowed(active, dossier, tier):
        for gate in sorted(Gate, reverse=True):
            judged = judge(active, narrowed, replace(question, gate=gate))
            if judged.verdict.passes:
                passing.append(PassingToday(judged.verdict, lower, gate, narrowings))
                break
    return tuple(passing)


def ways_to_yes(
    active: ActiveRuleset, dossier: Dossier, question: Question, tier: Tier, judge: Judge
) -> tuple[WayToYes, ...]:
    """Returns the smallest set of work for each tier and each gate up to the one asked for, cheapest first.

    A way is left out when another asks for no more work and gives at least the same tier and gate.
    """
    ways = []
    for lower, narrowings, narrowed in _narrowed(active, dossier, tier):
        for gate in (gate for gate in Gate if gate <= question.gate):
            judged = judge(active, narrowed, replace(question, gate=gate))
            if not judged.verdict.passes:
                ways.append(_way(judged, lower, gate, narrowings))
    useful = [way for way in ways if not any(_better(other, way) for other in ways if other is not way)]
    return tuple(sorted(useful, key=lambda way: (way.effort.middle, len(way.items), -way.tier, -way.gate)))


def _way(judged: Judgement, tier: Tier, gate: Gate, narrowings: tuple[Narrowing, ...]) -> WayToYes:
    plan = make_plan(judged.table, judged.findings)
    none = Effect.NONE
    done = [
        finding._replace(effect=min(finding.effect, Effect.CONDITIONS), refuted=none, open=none)
        if not finding.blocks
        else finding._replace(effect=none, refuted=none, open=none)
        for finding in judged.findings
    ]
    verdict = decide(done)
    return WayToYes(
        verdict if verdict.passes else Verdict.GO,
        tier,
        gate,
        narrowings,
        tuple(item.id for item in plan.items),
        plan.total + plan.total_if_false,
        plan.critical_by_elapsed.elapsed,
    )


def _better(other: WayToYes, way: WayToYes) -> bool:
    return (
        other.tier >= way.tier
        and other.gate >= way.gate
        and set(other.items) <= set(way.items)
        and (other.tier, other.gate) != (way.tier, way.gate)
    )


def _narrowed(
    active: ActiveRuleset, dossier: Dossier, tier: Tier
) -> Iterator[tuple[Tier, tuple[Narrowing, ...], Dossier]]:
    """Yields the proposal as it stands, then narrowed to each lower tier that narrowing can reach."""
    yield tier, (), dossier
    for lower in sorted((lower for lower in Tier if lower < tier), reverse=True):
        narrowings = narrow(active.ruleset, dossier.facts.deployment, lower)
        changes: dict[FactRef, FactValue | None] = {FactRef(each.fact): each.narrowed for each in narrowings}
        narrowed = dossier.with_facts(changes)
        reached = assign_tier(active.ruleset.axes, active.expressions.about(narrowed)).tier
        if narrowings and reached is lower:
            yield lower, narrowings, narrowed
