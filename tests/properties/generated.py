"""Proposals around the edge of a go: complete ones that just pass, with some facts changed, some evidence weakened."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache

from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from readygate.v1.evidence_pb2 import EvidenceGrade
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.proposals.dossier import ProposalDossier, dossier_of
from readygate_server.adapters.proposals.paths import clear_fact, set_fact
from readygate_server.adapters.proposals.values import bounds_of
from readygate_server.adapters.proposals.vocabulary import FactField, Kind, fact_fields
from readygate_server.application.active_ruleset import ActiveRuleset
from readygate_server.application.judgement import Judgement, Question, judge, prepare
from readygate_server.domain.facts import FactRef, FactValue
from readygate_server.domain.vocabulary import Gate, Tier
from tests.builders import AS_OF, checks_of, full_rules, passing_proposal, stated_facts

SAME_EVERY_TIME = settings(derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
"""The same examples in every run, however slow the machine is."""

_NUMBERS = (0, 1, 2, 0.05, 5)


@dataclass(frozen=True)
class Sketch:
    """What a generated proposal is made of; equal sketches make equal proposals."""

    tier: Tier
    gate: Gate
    changes: tuple[tuple[FactRef, FactValue], ...] = ()
    gone: tuple[FactRef, ...] = ()
    evidence: tuple[tuple[int, int, int], ...] = ()
    """Place of an evidence entry, its grade, and its age in days."""

    def made(self) -> Proposal:
        """Returns the proposal."""
        proposal = passing_proposal(self.tier, self.gate)
        for ref, value in self.changes:
            set_fact(proposal, ref, list(value) if isinstance(value, tuple) else value)
        for ref in self.gone:
            clear_fact(proposal, ref)
        for place, grade, age in self.evidence:
            entry = proposal.evidence[place % len(proposal.evidence)]
            entry.grade = EvidenceGrade.ValueType(grade)
            entry.as_of.CopyFrom(moment(age))
        return proposal

    def without(self, refs: Iterable[FactRef]) -> Sketch:
        """Returns the sketch with facts taken away."""
        return replace(self, gone=(*self.gone, *refs))


def moment(days_ago: int) -> Timestamp:
    """Returns the start of a day before the day of asking."""
    stamp = Timestamp()
    stamp.FromJsonString(f"{(date.fromisoformat(AS_OF) - timedelta(days=days_ago)).isoformat()}T00:00:00Z")
    return stamp


@cache
def all_facts() -> tuple[FactRef, ...]:
    """Returns every fact that the complete proposals state."""
    return tuple(stated_facts(passing_proposal(Tier.T4)))


@cache
def candidates(fact: str) -> tuple[FactValue, ...]:
    """Returns values of a fact on all sides of what the rules ask: its thresholds, their neighbours, every name."""
    field = fact_fields()[fact]
    limits = [(check.comparator, each.value) for check in checks_of(fact) for each in check.thresholds.values()]
    if fact == "source.max_staleness":
        limits += [(check.comparator, 5) for check in checks_of("source.freshness_lag_p95")]
    found = _of_kind(field, limits)
    return tuple(dict.fromkeys(value for value in found if _fits(field, value)))


def _of_kind(field: FactField, limits: Sequence[tuple[str, FactValue]]) -> list[FactValue]:
    match field.kind:
        case Kind.FLAG:
            return [True, False]
        case Kind.CHOICE:
            return list(field.choices)
        case Kind.CHOICES:
            names = tuple(field.choices)
            return [(), names, *((name,) for name in names), *(names[:count] for count in range(2, len(names)))]
        case Kind.IDS:
            return [(), ("crm",), ("crm", "nobody"), ("nobody",)]
        case Kind.METRICS:
            return [(), ("one metric",), ("one metric", "two metrics")]
        case Kind.NUMBER | Kind.INTEGER:
            return _numbers(field, [limit for _, limit in limits if isinstance(limit, (int, float))])
        case _:
            return _texts(field, [limit for _, limit in limits if isinstance(limit, int)])


def _numbers(field: FactField, limits: Sequence[float]) -> list[FactValue]:
    around = [value for limit in limits for value in (limit, limit - 1, limit + 1, limit * 0.99, limit * 1.01)]
    found = [*around, *_NUMBERS, -1, 1_000_000]
    if field.kind is Kind.INTEGER:
        return [whole for value in found for whole in (math.floor(value), math.ceil(value))]
    return [float(value) for value in found]


def _texts(field: FactField, limits: Sequence[int]) -> list[FactValue]:
    if bounds_of(field).is_currency:
        return ["EUR", "USD"]
    if not bounds_of(field).is_day:
        return ["", "somebody", "customer", "policy"]
    today = date.fromisoformat(AS_OF)
    days = [day for limit in limits for day in (-limit, -limit - 1, limit, limit + 1)]
    return [(today + timedelta(days=day)).isoformat() for day in (0, -1, 1, 900, *days)]


def _fits(field: FactField, value: FactValue) -> bool:
    bounds = bounds_of(field)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return True
    low, high = bounds.minimum, bounds.maximum
    return (low is None or value >= low) and (high is None or value <= high)


def _change(ref: FactRef) -> st.SearchStrategy[tuple[FactRef, FactValue]]:
    return st.tuples(st.just(ref), st.sampled_from(candidates(ref.fact)))


def facts() -> st.SearchStrategy[FactRef]:
    """Returns any fact of a complete proposal."""
    return st.sampled_from(all_facts())


def sketches(*, changes: int = 4, gone: int = 0, evidence: int = 2) -> st.SearchStrategy[Sketch]:
    """Returns proposals of every tier and gate that differ in so many facts, at most, from one that just passes."""
    return st.builds(
        Sketch,
        st.sampled_from(Tier),
        st.sampled_from(Gate),
        st.lists(facts().flatmap(_change), max_size=changes).map(tuple),
        st.lists(facts(), max_size=gone).map(tuple),
        st.lists(
            st.tuples(st.integers(0, 30), st.integers(1, 4), st.sampled_from((0, 20, 31, 100, 400))), max_size=evidence
        ).map(tuple),
    )


def dossier(sketch: Sketch) -> ProposalDossier:
    """Returns the proposal as the use cases want it."""
    return dossier_of(sketch.made())


def judged(
    dossier: ProposalDossier, gate: Gate, *, tier: Tier | None = None, rules: ActiveRuleset | None = None
) -> Judgement:
    """Returns findings and verdict by all rules that ship, or by others; `tier` overrides tiering."""
    active = rules or full_rules()
    question = Question(gate, AS_OF, full=False, tier=tier)
    return judge(active, prepare(active, dossier, question), question)


def changed(dossier: ProposalDossier, changes: Mapping[FactRef, FactValue | None]) -> ProposalDossier:
    """Returns a dossier with other facts."""
    return dossier.with_facts(changes)
