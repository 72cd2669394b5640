"""From a proposal to findings and the verdict that follows: the part of an evaluation that decides."""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from readygate_server.application.active_ruleset import ActiveRuleset
from readygate_server.application.ports import Dossier
from readygate_server.domain.conditions import Conditions
from readygate_server.domain.evaluation import Case
from readygate_server.domain.evidence import EvidenceIndex
from readygate_server.domain.finding import Finding
from readygate_server.domain.hearing import hear
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


class Prepared(NamedTuple):
    """What does not depend on the gate: conditions, tier and evidence of a proposal on one day."""

    dossier: Dossier
    conditions: Conditions
    tier: TierAssignment
    evidence: EvidenceIndex
    day: int


class Judgement(NamedTuple):
    """The findings, by rule id and subject, and the verdict."""

    table: RuleTable
    tier: TierAssignment
    findings: tuple[Finding, ...]
    verdict: Verdict
    evidence: EvidenceIndex
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
    case = Case(dossier.facts, prepared.conditions, dossier.not_applicable, question.as_of, day, dossier.imprints)
    floor = tuple(ref for axis in prepared.tier.axes for ref in axis.missing) if prepared.tier.is_floor else None
    memory = active.memory if dossier.imprints else None
    findings, late = hear(table, case, prepared.evidence, floor=floor, memory=memory)
    late += report_unknown(table, [*findings, *late])
    if question.waivers:
        # Here and nowhere else. What was granted for the whole is not for it narrowed, which has another digest.
        occasion = Occasion(question.as_of, Bond(dossier.digest, active.ruleset.identity.digest))
        findings, late = waive(findings, question.waivers, occasion), waive(late, question.waivers, occasion)
    for finding in late:  # rules about other things than facts, which stand in between
        insort(findings, finding, key=_place)
    verdict = decide(findings)
    if prepared.tier.is_floor and verdict.passes:
        # At a higher tier, which the missing facts may still lead to, more is asked.
        verdict = Verdict.UNDETERMINED
    return Judgement(table, prepared.tier, tuple(findings), verdict, prepared.evidence, day)


def _place(finding: Finding) -> tuple[str, str]:
    return finding.rule.id, finding.subject
