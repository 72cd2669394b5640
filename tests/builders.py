"""Complete proposals that just pass: every fact that any rule asks for, at the value that its thresholds ask for.

Numbers come from the rules, so that a changed threshold changes the proposal. What thresholds can not say (the axes of
tiering, which assets there are, what is read in conditions) is stated here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from functools import cache
from typing import Any

from readygate.v1.evidence_pb2 import EVIDENCE_GRADE_E3_VERIFIED
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.proposals.flatten import facts_of
from readygate_server.adapters.proposals.paths import set_fact
from readygate_server.adapters.proposals.values import bounds_of
from readygate_server.adapters.proposals.vocabulary import GROUPS, FactField, Kind, fact_fields
from readygate_server.application.active_ruleset import ActiveRuleset
from readygate_server.application.selection import Selection
from readygate_server.bootstrap import LocalGate, local_gate
from readygate_server.domain.facts import FactRef, FactValue
from readygate_server.domain.rule import Check
from readygate_server.domain.vocabulary import Gate, Scope, Tier

AS_OF = "2026-11-01"
FULL = "operational-readiness-full"
SHORT = "operational-readiness"
ASSETS: dict[Scope, tuple[str, ...]] = {
    Scope.DEPLOYMENT: ("",),
    Scope.SOURCE: ("crm", "kb"),
    Scope.API: ("catalogue-api", "order-api"),
    Scope.WORKFLOW: ("returns",),
}
_FIELDS = {Scope.SOURCE: "data_sources", Scope.API: "apis", Scope.WORKFLOW: "workflows"}

AXES: dict[Tier, dict[str, FactValue]] = {
    Tier.T1: {
        "deployment.autonomy_level": "l2_collaborator",
        "deployment.action_effect": "draft",
        "deployment.audience": ("staff",),
        "deployment.data_sensitivity": "personal",
        "deployment.decision_effect": "none",
        "deployment.regulatory_class": "minimal",
    },
    Tier.T2: {
        "deployment.autonomy_level": "l3_consultant",
        "deployment.action_effect": "inform",
        "deployment.audience": ("customer", "staff"),
        "deployment.data_sensitivity": "personal",
        "deployment.decision_effect": "none",
        "deployment.regulatory_class": "transparency",
    },
    Tier.T3: {
        "deployment.autonomy_level": "l4_approver",
        "deployment.action_effect": "write_reversible",
        "deployment.audience": ("customer", "staff"),
        "deployment.data_sensitivity": "personal",
        "deployment.decision_effect": "material",
        "deployment.regulatory_class": "transparency",
    },
    Tier.T4: {
        "deployment.autonomy_level": "l5_observer",
        "deployment.action_effect": "write_hard_to_reverse",
        "deployment.audience": ("customer", "staff", "vulnerable"),
        "deployment.data_sensitivity": "special",
        "deployment.decision_effect": "legal_or_similar",
        "deployment.regulatory_class": "high_risk",
    },
}
"""A value on every axis that makes a proposal of exactly this tier."""

SAID: dict[str, FactValue] = {
    "deployment.use_case": "Answers questions about orders and settles returns.",
    "deployment.interactions_per_month": 100,
    "deployment.peak_calls_per_second": 5.0,
    "deployment.tolerated_harm_events": 10.0,
    "deployment.dependencies": tuple(sorted(name for names in ASSETS.values() for name in names if name)),
    "deployment.model_supply": "vendor_hosted",
    "deployment.commitment_limit.none_granted": True,
    "deployment.go_live_on": "2027-03-01",
    "deployment.channel": "voice",
    "source.authority": "system_of_record",
    "source.accuracy.ratio": 1.0,
    "source.held_elsewhere": True,
    "source[crm].entity": "customer",
    "source[crm].uses": ("action_state", "customer_state", "reference"),
    "source[crm].written": True,
    "source[kb].entity": "policy",
    "source[kb].uses": ("evaluation", "knowledge", "training"),
    "source[kb].written": False,
    "api.availability_30d": 0.9999,
    "api.latency_p95": 200,
    "api.lifecycle.status": "active",
    "api.integration_method": "api",
    "api.degraded_mode_tested": True,
    "api.human_approves_writes": False,
    "api[order-api].critical_path": True,
    "api[order-api].writes": True,
    "api[catalogue-api].critical_path": False,
    "api[catalogue-api].writes": False,
    "gov.dpia_status.criteria_met": 2,
    "gov.legal_basis.status": "confirmed",
    "value.target.change": 0.2,
    "value.target.minimum_detectable_effect": 0.05,
    "value.unit_cost.baseline": 10.0,
    "value.unit_cost.projected": 7.5,
}
"""What no threshold tells; facts of an asset by its path when they differ between assets."""


@cache
def gate_under_test() -> LocalGate:
    """Returns a gate with the rules that ship; loaded once."""
    return local_gate()


@cache
def full_rules() -> ActiveRuleset:
    """Returns all rules that ship, ready to judge."""
    return gate_under_test().snapshot.select(Selection(FULL), as_of=AS_OF)


@cache
def _passing(tier: Tier, gate: Gate) -> bytes:
    proposal = Proposal(id=f"passing-{tier.name.lower()}", title="A proposal that just passes")
    for scope, field in _FIELDS.items():
        for name in ASSETS[scope]:
            getattr(proposal, field).add(id=name)
    for ref, value in _facts(tier, gate):
        set_fact(proposal, ref, list(value) if isinstance(value, tuple) else value)
    for guardrail in proposal.value.guardrails.members:
        guardrail.limit = "no worse than today"
    _add_evidence(proposal)
    return proposal.SerializeToString(deterministic=True)


def passing_proposal(tier: Tier, gate: Gate = Gate.PRODUCTION) -> Proposal:
    """Returns a proposal of a tier that is a go at a gate on the day of the tests, with nothing left out."""
    return Proposal.FromString(_passing(tier, gate))


def _facts(tier: Tier, gate: Gate) -> Iterator[tuple[FactRef, FactValue]]:
    for name, field in fact_fields().items():
        if field.kind is Kind.WHOLE or not field.in_proposal:
            continue
        for subject in ASSETS[field.scope]:
            value = _value(field, FactRef(name, subject), tier, gate)
            if value is not None:
                yield FactRef(name, subject), value


def _value(field: FactField, ref: FactRef, tier: Tier, gate: Gate) -> FactValue | None:
    if field.name == "deployment.target_gate":
        return gate.name.lower()
    if field.name == "source.max_staleness":  # the lag that a default allows is declared as tolerated, and no more
        return value_for(field, checks_of("source.freshness_lag_p95"), tier)
    said = AXES[tier].get(field.name, SAID.get(str(ref), SAID.get(field.name)))
    if said is not None:
        return said
    checks = checks_of(field.name)
    return value_for(field, checks, tier) if checks else None


@cache
def checks_of(fact: str) -> tuple[Check, ...]:
    """Returns the checks of all rules on a fact."""
    return tuple(check for rule in full_rules().ruleset.rules for check in rule.checks if check.fact == fact)


def value_for(field: FactField, checks: Sequence[Check], tier: Tier) -> FactValue:
    """Returns the value that only just meets all checks on a fact: at the tier where they ask there, else anywhere."""
    here = [(check.comparator, check.thresholds[tier].value) for check in checks if tier in check.thresholds]
    asked = here or [(check.comparator, each.value) for check in checks for each in check.thresholds.values()]
    met = {name: [limit for comparator, limit in asked if comparator == name] for name, _ in asked}
    if field.kind in (Kind.NUMBER, Kind.INTEGER):
        return _number(field, met)
    if field.kind in (Kind.CHOICES, Kind.METRICS):
        return _members(field, met)
    if field.kind is Kind.CHOICE:
        return _choice(field, met)
    if field.kind is Kind.FLAG:
        return bool(met.get("equals", [True])[0])
    return _text(field, met)


def _number(field: FactField, met: dict[str, list[Any]]) -> FactValue:
    least = max(met.get("at_least", [-math.inf]))
    most = min(met.get("at_most", [math.inf]))
    value = least if math.isfinite(least) else most if math.isfinite(most) else 1
    assert least <= value <= most, f"no value of {field.name} meets {met}"
    return math.ceil(value) if field.kind is Kind.INTEGER else float(value)


def _choice(field: FactField, met: dict[str, list[Any]]) -> str:
    left = [name for name in field.choices if all(name in names for names in met.get("one_of", []))]
    left = [name for name in left if not any(name in names for names in met.get("none_of", []))]
    left = [name for name in left if all(name == wanted for wanted in met.get("equals", []))]
    assert left, f"no value of {field.name} meets {met}"
    return left[-1]


def _members(field: FactField, met: dict[str, list[Any]]) -> tuple[str, ...]:
    names = [name for names in met.get("includes", []) for name in names]
    possible = list(field.choices) or [f"metric {number}" for number in range(20)]
    wanted = max(met.get("count_at_least", [1]))
    more = [name for name in possible if name not in names]
    return tuple(sorted((*names, *more[: max(0, wanted - len(names))])))


def _text(field: FactField, met: dict[str, list[Any]]) -> str:
    today = date.fromisoformat(AS_OF)
    if "at_most_days_ago" in met:
        return (today - timedelta(days=min(met["at_most_days_ago"]))).isoformat()
    if "at_most_days_ahead" in met:
        return (today + timedelta(days=min(met["at_most_days_ahead"]))).isoformat()
    if bounds_of(field).is_day:
        return (today + timedelta(days=90)).isoformat()
    return "EUR" if bounds_of(field).is_currency else f"the {field.name.rpartition('.')[2]}"


def _add_evidence(proposal: Proposal) -> None:
    """Adds evidence for all facts: measured, independently checked, of the day of asking."""
    for group in GROUPS:
        if group == "evidence":
            continue
        scope = next(field.scope for field in fact_fields().values() if field.group == group)
        for subject in ASSETS[scope]:
            entry = proposal.evidence.add(facts=[f"{group}.*"], subject=subject, grade=EVIDENCE_GRADE_E3_VERIFIED)
            entry.as_of.FromJsonString(f"{AS_OF}T00:00:00Z")
            entry.collected_at.FromJsonString(f"{AS_OF}T06:00:00Z")
            entry.collector = "collector"
            entry.source_uri = f"https://evidence.example/{group}/{subject}"


def stated_facts(proposal: Proposal) -> list[FactRef]:
    """Returns every fact that a proposal states, parts by their own names, in a fixed order."""
    facts = facts_of(proposal)
    found = [FactRef(name) for name in facts.deployment]
    found += [FactRef(name, id_) for scope in _FIELDS for id_, of in facts.of(scope) for name in of]
    return sorted(found)
