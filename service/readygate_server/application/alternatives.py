"""What would be a yes: what passes today, and the smallest sets of work that flip the verdict.

Blockers are conjunctive, so at one tier and gate there is exactly one smallest set of work: everything that blocks
there. The alternatives are other tiers, to which the proposal would have to be narrowed, and earlier gates.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from readygate_server.application.active_ruleset import ActiveRuleset
from readygate_server.application.judgement import Judgement, Prepared, Question, judge, prepare
from readygate_server.domain.decision import PassingToday, WayToYes
from readygate_server.domain.facts import FactRef, FactValue
from readygate_server.domain.plan import Plan, make_plan
from readygate_server.domain.tiering import Narrowing, narrow
from readygate_server.domain.verdict import decide_when_done
from readygate_server.domain.vocabulary import Gate, Tier

Alternatives = tuple[tuple[PassingToday, ...], tuple[WayToYes, ...]]


def alternatives(
    active: ActiveRuleset, prepared: Prepared, judged: Judgement, question: Question, plan: Plan | None
) -> Alternatives:
    """Returns, per tier from the highest, the latest gate that passes today; and the ways to yes, cheapest first.

    A way is left out when another one asks for no more work and gives at least the same tier and gate. `plan` is that
    of what was judged, where it does not pass.
    """
    passing: list[PassingToday] = []
    ways: list[WayToYes] = []
    for narrowings, candidate in _narrowed(active, prepared, question):
        tier = candidate.tier.tier
        known = {question.gate: judged} if candidate is prepared else {}
        at_gates = _at_gates(active, candidate, question, known)
        latest = max((gate for gate, each in at_gates.items() if each.verdict.passes), default=None)
        if latest is not None:
            passing.append(PassingToday(at_gates[latest].verdict, tier, latest, narrowings))
        if not judged.verdict.passes:
            ways.extend(
                _way(at_gates[gate], gate, narrowings, plan if at_gates[gate] is judged else None)
                for gate in Gate
                if gate <= question.gate and not at_gates[gate].verdict.passes
            )
    useful = [way for way in ways if not any(_better(other, way) for other in ways)]
    useful.sort(key=lambda way: (way.effort.middle, len(way.items), -way.tier, -way.gate))
    return tuple(passing), tuple(useful)


def _at_gates(
    active: ActiveRuleset, candidate: Prepared, question: Question, known: Mapping[Gate, Judgement]
) -> dict[Gate, Judgement]:
    """Judges at every gate up to the one asked for, and at later ones while they pass.

    What blocks at a gate blocks at every later one, so that behind the first that does not pass none does.
    """
    at_gates: dict[Gate, Judgement] = {}
    for gate in Gate:
        if gate > question.gate and not at_gates[Gate(gate - 1)].verdict.passes:
            break
        at_gates[gate] = known.get(gate) or judge(active, candidate, replace(question, gate=gate))
    return at_gates


def _way(judged: Judgement, gate: Gate, narrowings: tuple[Narrowing, ...], plan: Plan | None) -> WayToYes:
    plan = plan or make_plan(judged.table, judged.findings)
    return WayToYes(
        decide_when_done(judged.findings),
        judged.tier.tier,
        gate,
        narrowings,
        tuple(item.id for item in plan.items),
        plan.total + plan.total_if_false,
        plan.elapsed_if_false,
    )


def _better(other: WayToYes, way: WayToYes) -> bool:
    return (
        other.tier >= way.tier
        and other.gate >= way.gate
        and (other.tier, other.gate) != (way.tier, way.gate)
        and set(other.items) <= set(way.items)
    )


def _narrowed(
    active: ActiveRuleset, prepared: Prepared, question: Question
) -> Iterator[tuple[tuple[Narrowing, ...], Prepared]]:
    """Yields the proposal as it stands, then narrowed to each lower tier that narrowing can reach."""
    yield (), prepared
    dossier = prepared.dossier
    for lower in sorted((tier for tier in Tier if tier < prepared.tier.tier), reverse=True):
        narrowings = narrow(active.ruleset, dossier.facts.deployment, lower)
        if not narrowings:
            continue
        changes: dict[FactRef, FactValue | None] = {FactRef(each.fact): each.narrowed for each in narrowings}
        candidate = prepare(active, dossier.with_facts(changes), replace(question, tier=None))
        if candidate.tier.tier is lower:
            yield narrowings, candidate
