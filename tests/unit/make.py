"""Makes rules, rulesets and facts with only what a test is about; everything else is ordinary."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, TypeVar

from readygate_server.domain.backing import FactClass, backing_for
from readygate_server.domain.evaluation import Case
from readygate_server.domain.evidence import EvidenceIndex
from readygate_server.domain.facts import FactRef, Facts, FactValue, ProposalFacts
from readygate_server.domain.finding import Finding
from readygate_server.domain.hearing import hear
from readygate_server.domain.rule import (
    ZERO,
    Check,
    EvidenceDemand,
    Provenance,
    Range,
    Requirement,
    Rule,
    Ruleset,
    RulesetIdentity,
    Threshold,
    Work,
)
from readygate_server.domain.table import RuleTable, build_table
from readygate_server.domain.vocabulary import Effect, Gate, Grade, Outcome, RuleKind, Scope, Severity, Tier
from tests.fakes import Answer, FakeConditions

AS_OF = "2026-11-01"
OURS = Provenance(judgement="An example.")
ORDINARY = Range(1, 2)
_T = TypeVar("_T")


def per_tier(value: _T | Mapping[Tier, _T]) -> Mapping[Tier, _T]:
    """Returns one value for all tiers, or the values per tier as they are."""
    return value if isinstance(value, Mapping) else dict.fromkeys(Tier, value)


def check(fact: str, comparator: str, value: FactValue | Mapping[Tier, FactValue], **other: Any) -> Check:
    """Returns a check whose id is the last part of its fact."""
    limits: Mapping[Tier, FactValue] = value if isinstance(value, Mapping) else dict.fromkeys(Tier, value)
    thresholds = {tier: Threshold(limit, OURS) for tier, limit in limits.items()}
    other.setdefault("id", fact.rpartition(".")[2])
    return Check(fact=fact, comparator=comparator, thresholds=thresholds, **other)


def requirement(expression: str, **other: Any) -> Requirement:
    """Returns a requirement at every tier."""
    other.setdefault("tiers", frozenset(Tier))
    return Requirement(expression, expression, f"{expression} holds", provenance=OURS, **other)


def work(effort: Range = ORDINARY, **other: Any) -> Work:
    """Returns infrastructure work without waiting."""
    values: dict[str, Any] = {
        "title": "Repair it",
        "done_when": "It holds",
        "wait": ZERO,
        "owner": "Data owner",
        "after": (),
        "infrastructure": True,
    }
    return Work(effort=effort, **{**values, **other})


def rule(
    rule_id: str,
    *parts: Check | Requirement,
    severity: Severity | Mapping[Tier, Severity] = Severity.BLOCKER,
    due: Gate | Mapping[Tier, Gate] = Gate.COMMIT,
    **other: Any,
) -> Rule:
    """Returns a rule, about each data source unless `scope` says otherwise; a blocker that is due from commit on."""
    other.setdefault("scope", Scope.SOURCE)
    other.setdefault("foundation", "data")
    other.setdefault("work", work())
    return Rule(
        id=rule_id,
        title=rule_id,
        question=f"Does {rule_id} hold?",
        motivation="An example.",
        due=per_tier(due),
        severity=per_tier(severity),
        references=(),
        checks=tuple(part for part in parts if isinstance(part, Check)),
        requirements=tuple(part for part in parts if isinstance(part, Requirement)),
        **other,
    )


def evidence_rule(rule_id: str = "EVD-02", *, severity: Severity = Severity.BLOCKER, **demand: Any) -> Rule:
    """Returns the rule about evidence: documents at least, tests no older than 90 days, measurements 30."""
    values: dict[str, Any] = {
        "minimum_grade": per_tier(Grade.E1),
        "minimum_grade_where_a_tool_exists": {},
        "minimum_grade_of_blockers": {},
        "maximum_age_days": {"measured": per_tier(30), "test": per_tier(90), "document": per_tier(365)},
        "provenance": {"default": OURS},
    }
    due = demand.pop("due", Gate.COMMIT)
    other = {name: demand.pop(name) for name in ("effective_from", "effective_until", "work") if name in demand}
    return rule(
        rule_id,
        scope=Scope.DEPLOYMENT,
        kind=RuleKind.EVIDENCE,
        foundation="evidence",
        severity=severity,
        due=due,
        evidence=EvidenceDemand(**{**values, **demand}),
        **other,
    )


def unknown_facts_rule(rule_id: str = "EVD-01", **other: Any) -> Rule:
    """Returns the rule that reports what is unknown; measuring takes 0.1 to 0.3 person-weeks per fact."""
    other.setdefault("work", work(Range(0.1, 0.3), title="Measure", done_when="It is stated", infrastructure=False))
    return rule(rule_id, scope=Scope.DEPLOYMENT, kind=RuleKind.UNKNOWN_FACTS, foundation="evidence", **other)


def ruleset(*rules: Rule, **other: Any) -> Ruleset:
    """Returns a ruleset without tiering; a go holds for 92 days."""
    values: dict[str, Any] = {"axes": (), "narrow_to": {}, "verdict_valid_days": 92}
    identity = RulesetIdentity("example", "2026.1.0", "sha256:example", "stable", "2026-01-01", "", "An example.")
    return Ruleset(identity, tuple(sorted(rules, key=lambda each: each.id)), **{**values, **other})


def table(
    *rules: Rule,
    tier: Tier = Tier.T3,
    gate: Gate = Gate.COMMIT,
    classes: Mapping[str, FactClass] | None = None,
    reads: Mapping[str, frozenset[str]] | None = None,
) -> RuleTable:
    """Returns rules at a tier and a gate; evidence is asked of facts that `classes` names."""
    demand = next((each.evidence for each in rules if each.evidence is not None), None)
    if demand is None:
        return build_table(ruleset(*rules), tier, gate)
    backing = backing_for(demand, tier, classes or {}, lambda text, _: (reads or {})[text])
    return build_table(ruleset(*rules), tier, gate, backing)


def facts(
    deployment: Facts | None = None,
    *,
    sources: Mapping[str, Facts] | None = None,
    apis: Mapping[str, Facts] | None = None,
    workflows: Mapping[str, Facts] | None = None,
) -> ProposalFacts:
    """Returns facts by name, assets by id."""
    given = {Scope.SOURCE: sources, Scope.API: apis, Scope.WORKFLOW: workflows}
    return ProposalFacts(deployment or {}, {scope: tuple(sorted((of or {}).items())) for scope, of in given.items()})


def judged(
    rule: Rule,
    given: ProposalFacts,
    answers: Mapping[str, Answer] | None = None,
    *,
    tier: Tier = Tier.T3,
    gate: Gate = Gate.COMMIT,
    as_of: str = AS_OF,
    not_applicable: Mapping[FactRef, str] | None = None,
) -> list[Finding]:
    """Returns the findings of one rule."""
    conditions = FakeConditions(answers or {}, given)
    case = Case(given, conditions, not_applicable or {}, as_of, date.fromisoformat(as_of).toordinal())
    return hear(table(rule, tier=tier, gate=gate), case, EvidenceIndex((), case.day)).about_facts


def judged_one(rule: Rule, given: ProposalFacts, answers: Mapping[str, Answer] | None = None, **asked: Any) -> Finding:
    """Returns the only finding of a rule."""
    (finding,) = judged(rule, given, answers, **asked)
    return finding


def finding(
    rule: Rule,
    outcome: Outcome = Outcome.SATISFIED,
    effect: Effect = Effect.NONE,
    *,
    subject: str = "",
    **other: Any,
) -> Finding:
    """Returns a finding of the rule's own severity at T3."""
    if outcome is Outcome.VIOLATED:
        other.setdefault("refuted", effect)
    if outcome in (Outcome.UNKNOWN, Outcome.STALE):
        other.setdefault("open", effect)
    return Finding(rule, subject, outcome, effect, rule.severity[Tier.T3], rule.due[Tier.T3], **other)
