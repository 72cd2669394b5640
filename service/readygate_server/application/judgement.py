"""From a proposal to findings and the verdict that follows: the part of an evaluation that decides."""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from readygate_server.application.active_ruleset import ActiveRuleset
from readygate_server.application.ports import Dossier
from readygate_server.domain.conditions import Conditions
from readygate_server.domain.evaluation import Case, judge_all, unsettle
from readygate_server.domain.evidence import EvidenceIndex, demand_evidence
from readygate_server.domain.finding import Finding
from readygate_server.domain.table import RuleTable
from readygate_server.domain.tiering import TierAssignment, assign_tier
from readygate_server.domain.verdict import Bond, Occasion, Waiver, decide, report_unknown, waive
from readygate_server.domain.vocabulary import Gate, Tier, Verdict


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked about a proposal. `as_of` is YYYY-MM-DD; `tier` overrides tiering, for tests of rules."""

    gate: Gate
    as_of: str
    waivers: Sequence[Waiver] = ()
    full: bool = True
    tier: Tier | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """What does not depend on the gate: conditions, tier and evidence of a proposal on one day."""

    dossier: Dossier
    conditions: Conditions
    tier: TierAssignment
    index: EvidenceIndex
    day: int


@dataclass(frozen=True, slots=True)
class Judgement:
    """The findings, by rule id and subject, and the verdict."""

    table: RuleTable
    tier: TierAssignment
    findings: tuple[Finding, ...]
    verdict: Verdict
    index: EvidenceIndex
    day: int


def prepare(active: ActiveRuleset, dossier: Dossier, question: Question) -> Prepared:
    """Returns the tier and everything else that all gates share."""
    conditions = active.expressions.about(dossier)
    tier = assign_tier(active.ruleset.axes, conditions)
    if question.tier is not None:
        tier = TierAssignment(question.tier, ("question",), is_floor=False, axes=tier.axes)
    day = date.fromisoformat(question.as_of).toordinal()
    return Prepared(dossier, conditions, tier, EvidenceIndex(dossier.evidence, day), day)


def judge(active: ActiveRuleset, prepared: Prepared, question: Question) -> Judgement:
    """Returns the findings at the question's gate, and the verdict."""
    dossier, day = prepared.dossier, prepared.day
    table = active.table(prepared.tier.tier, question.gate)
    case = Case(dossier.facts, prepared.conditions, dossier.not_applicable, question.as_of, day)
    findings = judge_all(table, case)
    if prepared.tier.is_floor:
        findings = unsettle(findings, tuple(ref for axis in prepared.tier.axes for ref in axis.missing))
    judged = len(findings)
    findings = demand_evidence(table, findings, prepared.index, dossier.facts, day)
    findings = report_unknown(table, findings)
    if question.waivers:
        # Here and nowhere else. What was granted for the whole is not for it narrowed, which has another digest.
        bond = Bond(dossier.digest, active.ruleset.identity.digest)
        findings = waive(findings, question.waivers, Occasion(question.as_of, bond))
    findings = _in_order(findings, added=len(findings) - judged)
    verdict = decide(findings)
    if prepared.tier.is_floor and verdict.passes:
        # At a higher tier, which the missing facts may still lead to, more is asked.
        verdict = Verdict.UNDETERMINED
    return Judgement(table, prepared.tier, tuple(findings), verdict, prepared.index, day)


def _in_order(findings: list[Finding], *, added: int) -> list[Finding]:
    """Returns findings by rule id and subject, as they come; what was added at the end has to find its place."""
    start = len(findings) - added
    placed, last = findings[:start], findings[start:]
    for finding in last:
        insort(placed, finding, key=_place)
    return placed


def _place(finding: Finding) -> tuple[str, str]:
    return finding.rule.id, finding.subject
