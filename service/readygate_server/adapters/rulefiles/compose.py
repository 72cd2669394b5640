"""Makes the domain's rules out of sound rule files."""

from __future__ import annotations

from collections.abc import Mapping

from readygate_server.adapters.rulefiles import schema
from readygate_server.adapters.rulefiles.drafts import gates, severities
from readygate_server.adapters.rulefiles.known_facts import known_facts
from readygate_server.domain.facts import FactValue
from readygate_server.domain.rule import (
    Check,
    EvidenceDemand,
    NarrowTo,
    Provenance,
    Range,
    Requirement,
    Rule,
    SeverityWhen,
    Threshold,
    TierAxis,
    TierLevel,
    Work,
)
from readygate_server.domain.vocabulary import Gate, Grade, RuleKind, Scope, Tier


def plain_value(value: object) -> FactValue:
    """Returns a threshold as the evaluator compares it: lists become tuples."""
    if isinstance(value, list):
        return tuple(str(name) for name in value)
    if not isinstance(value, (bool, int, float, str)):
        raise TypeError(f"{value!r} is no threshold; the loader refuses it")
    return value


def thresholds_by_tier(check: schema.Check) -> Mapping[Tier, FactValue]:
    """Returns the thresholds of a check by tier; one value for all stands at each of them."""
    value = getattr(check, check.comparator)
    per_tier = value if isinstance(value, dict) else {tier.name: value for tier in Tier}
    return {Tier[tier]: plain_value(limit) for tier, limit in per_tier.items()}


def rule_of(file: schema.RuleFile) -> Rule:
    """Returns the rule that a file states."""
    return Rule(
        id=file.id,
        title=file.title,
        foundation=file.foundation,
        question=file.question,
        motivation=file.motivation,
        scope=Scope(file.scope),
        due=_due(file),
        severity=severities(file.severity),
        work=_work(file.work),
        references=tuple(file.references),
        kind=RuleKind(file.kind),
        severity_when=tuple(SeverityWhen(item.when.strip(), severities(item.severity)) for item in file.severity_when),
        when=_condition(file.when),
        where=_condition(file.where),
        checks=tuple(map(_check, file.checks)),
        requirements=tuple(map(_requirement, file.require)),
        evidence=None if file.evidence is None else _evidence(file.evidence),
        may_be_not_applicable=frozenset(file.may_be_not_applicable),
        monotone=file.monotone,
        waivable=file.waivable,
        maximum_waiver_days=file.maximum_waiver_days,
        waiver_quorum=file.waiver_quorum,
        authors=frozenset(file.authors),
        effective_from=file.effective_from or "",
        effective_until=file.effective_until or "",
        not_checked=tuple(file.not_checked),
        cannot_be={str(outcome): reason for outcome, reason in file.cannot_be.items()},
    )


def axes_of(file: schema.TieringFile) -> tuple[TierAxis, ...]:
    """Returns the axes of a tiering."""
    return tuple(
        TierAxis(
            axis.id,
            axis.title,
            tuple(TierLevel(Tier[level.tier], level.when.strip()) for level in axis.levels),
            provenance_of(axis.provenance),
        )
        for axis in file.axes
    )


def narrowing_of(file: schema.TieringFile) -> Mapping[Tier, tuple[NarrowTo, ...]]:
    """Returns how a proposal is narrowed to each lower tier."""
    return {
        Tier[tier]: tuple(NarrowTo(step.fact, frozenset(step.narrowed_from), plain_value(step.to)) for step in steps)
        for tier, steps in file.narrow_to.items()
    }


def provenance_of(provenance: schema.Provenance) -> Provenance:
    """Returns where a number comes from."""
    return Provenance(provenance.source or "", provenance.judgement or "", provenance.citation or "")


def _due(file: schema.RuleFile) -> Mapping[Tier, Gate]:
    named = gates(file.due)
    # Only tiers at which the rule is not asked can be left out, so what stands there is never looked at.
    return {tier: named.get(tier, max(named.values(), default=Gate.COMMIT)) for tier in Tier}


def _condition(text: str | None) -> str:
    return "" if text is None else text.strip()


def _check(check: schema.Check) -> Check:
    known = known_facts()[check.fact]
    return Check(
        id=check.id,
        fact=check.fact,
        comparator=check.comparator,
        thresholds={
            tier: Threshold(limit, _provenance_at(check.provenance, tier))
            for tier, limit in sorted(thresholds_by_tier(check).items())
        },
        unit="" if known.is_day else known.unit,
        where=_condition(check.where),
        due=Gate[check.due.upper()] if check.due else None,
        severity=severities(check.severity) if check.severity else None,
    )


def _provenance_at(provenance: schema.TierProvenance, tier: Tier) -> Provenance:
    if isinstance(provenance, schema.Provenance):
        return provenance_of(provenance)
    return provenance_of(provenance[tier.name] if tier.name in provenance else provenance["default"])


def _requirement(requirement: schema.Requirement) -> Requirement:
    return Requirement(
        id=requirement.id,
        expression=requirement.cel.strip(),
        asks=requirement.asks,
        tiers=frozenset(Tier[tier] for tier in requirement.tiers),
        provenance=provenance_of(requirement.provenance),
        where=_condition(requirement.where),
        due=Gate[requirement.due.upper()] if requirement.due else None,
        severity=severities(requirement.severity) if requirement.severity else None,
    )


def _evidence(demand: schema.EvidenceDemand) -> EvidenceDemand:
    provenance = demand.provenance
    named = {"default": provenance} if isinstance(provenance, schema.Provenance) else provenance
    return EvidenceDemand(
        minimum_grade=_grades(demand.minimum_grade),
        minimum_grade_where_a_tool_exists=_grades(demand.minimum_grade_where_a_tool_exists),
        minimum_grade_of_blockers={
            Tier[tier]: {foundation: Grade[grade] for foundation, grade in sorted(by_foundation.items())}
            for tier, by_foundation in sorted(demand.minimum_grade_of_blockers.items())
        },
        maximum_age_days={
            ages_as: {Tier[tier]: days for tier, days in sorted(per_tier.items())}
            for ages_as, per_tier in sorted(demand.maximum_age_days.items())
        },
        provenance={name: provenance_of(part) for name, part in sorted(named.items())},
    )


def _grades(names: Mapping[schema.TierName, schema.GradeName]) -> Mapping[Tier, Grade]:
    return {Tier[tier]: Grade[grade] for tier, grade in sorted(names.items())}


def _work(work: schema.Work) -> Work:
    return Work(
        title=work.title,
        done_when=work.done_when,
        effort=Range(work.effort.min, work.effort.max),
        wait=Range(work.wait_weeks.min, work.wait_weeks.max),
        owner=work.owner,
        after=tuple(work.after),
        infrastructure=work.kind == "infrastructure",
        per=work.effort.per or "",
    )
