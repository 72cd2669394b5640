"""A ruleset made ready for one tier and one gate: what does not depend on a proposal is settled here, once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from readygate_server.domain.comparators import Compare, compile_comparison, describe
from readygate_server.domain.facts import scope_of
from readygate_server.domain.rule import Check, Provenance, Requirement, Rule, Ruleset
from readygate_server.domain.vocabulary import Effect, Gate, RuleKind, Scope, Severity, Tier


class AskedCheck(NamedTuple):
    """A check that is asked at this tier."""

    id: str
    fact: str
    of_subject: bool
    compare: Compare
    required: str
    provenance: Provenance
    unit: str
    where: str
    due: Gate
    severity: Severity | None
    effect: Effect
    is_due: bool


class AskedRequirement(NamedTuple):
    """A requirement that is asked at this tier."""

    id: str
    expression: str
    asks: str
    provenance: Provenance
    where: str
    due: Gate
    severity: Severity | None
    effect: Effect
    is_due: bool


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One rule at one tier and gate. `adjustable` rows have severities that depend on the proposal."""

    rule: Rule
    severity: Severity
    due: Gate
    checks: tuple[AskedCheck, ...]
    requirements: tuple[AskedRequirement, ...]
    adjustable: bool

    @property
    def asks(self) -> bool:
        """True when there is anything to ask at this tier."""
        return bool(self.checks or self.requirements)


@dataclass(frozen=True, slots=True)
class RuleTable:
    """All rules at one tier and gate, in the order of their ids."""

    ruleset: Ruleset
    tier: Tier
    gate: Gate
    rows: tuple[RuleRow, ...]

    @property
    def unknown_facts(self) -> RuleRow | None:
        """The row that reports unknown facts, when the ruleset has one."""
        return next((row for row in self.rows if row.rule.kind is RuleKind.UNKNOWN_FACTS), None)

    @property
    def evidence(self) -> RuleRow | None:
        """The row that asks about evidence, when the ruleset has one."""
        return next((row for row in self.rows if row.rule.kind is RuleKind.EVIDENCE), None)


def build_table(ruleset: Ruleset, tier: Tier, gate: Gate) -> RuleTable:
    """Settles a ruleset for a tier and a gate."""
    return RuleTable(ruleset, tier, gate, tuple(_row(rule, tier, gate) for rule in ruleset.rules))


def _row(rule: Rule, tier: Tier, gate: Gate) -> RuleRow:
    severity, due = rule.severity[tier], rule.due[tier]
    checks = (
        ()
        if severity is Severity.NONE
        else tuple(_check(check, rule, tier, gate) for check in rule.checks if tier in check.thresholds)
    )
    requirements = (
        ()
        if severity is Severity.NONE
        else tuple(
            _requirement(requirement, rule, tier, gate)
            for requirement in rule.requirements
            if tier in requirement.tiers
        )
    )
    return RuleRow(rule, severity, due, checks, requirements, bool(rule.severity_when))


def _weight(part: Check | Requirement, rule: Rule, tier: Tier, gate: Gate) -> tuple[Severity | None, Gate, Effect]:
    own = part.severity[tier] if part.severity and tier in part.severity else None
    due = max(rule.due[tier], part.due or Gate.COMMIT)
    severity = rule.severity[tier] if own is None else own
    return own, due, severity.effect(due=due, gate=gate)


def _check(check: Check, rule: Rule, tier: Tier, gate: Gate) -> AskedCheck:
    threshold = check.thresholds[tier]
    own, due, effect = _weight(check, rule, tier, gate)
    return AskedCheck(
        id=check.id,
        fact=check.fact,
        of_subject=scope_of(check.fact) is not Scope.DEPLOYMENT,
        compare=compile_comparison(check.comparator, threshold.value),
        required=describe(check.comparator, threshold.value),
        provenance=threshold.provenance,
        unit=check.unit,
        where=check.where,
        due=due,
        severity=own,
        effect=effect,
        is_due=gate >= due,
    )


def _requirement(requirement: Requirement, rule: Rule, tier: Tier, gate: Gate) -> AskedRequirement:
    own, due, effect = _weight(requirement, rule, tier, gate)
    return AskedRequirement(
        id=requirement.id,
        expression=requirement.expression,
        asks=requirement.asks,
        provenance=requirement.provenance,
        where=requirement.where,
        due=due,
        severity=own,
        effect=effect,
        is_due=gate >= due,
    )
