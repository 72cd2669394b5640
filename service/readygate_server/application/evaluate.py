"""One evaluation, step by step. Check, batch, what-if and the command line all come here.

1. The tier follows from the facts.
2. Every rule is judged for every subject.
3. The evidence behind what is enforced is held against the ruleset's demand.
4. What is decisive and unknown is reported.
5. Waivers in force are applied.
6. The verdict follows.
7. A go gets its last day.
8. On demand: the work, the ways to yes, and what passes today.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from readygate_server import ENGINE_VERSION
from readygate_server.application.active_ruleset import ActiveRuleset
from readygate_server.application.alternatives import passing_today, ways_to_yes
from readygate_server.application.ports import Dossier
from readygate_server.domain.decision import Decision, MissingFact, count_foundations
from readygate_server.domain.evaluation import Case, judge_all
from readygate_server.domain.evidence import EvidenceIndex, demand_evidence
from readygate_server.domain.facts import FactRef
from readygate_server.domain.finding import Finding
from readygate_server.domain.plan import make_plan
from readygate_server.domain.table import RuleTable
from readygate_server.domain.tiering import TierAssignment, assign_tier
from readygate_server.domain.validity import valid_until
from readygate_server.domain.verdict import Waiver, decide, report_unknown, waive
from readygate_server.domain.vocabulary import Effect, Gate, Tier, Verdict


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked about a proposal. `as_of` is YYYY-MM-DD; `tier` overrides tiering, for tests of rules."""

    gate: Gate
    as_of: str
    waivers: Sequence[Waiver] = ()
    full: bool = True
    tier: Tier | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """Steps 1 to 6: the findings and the verdict that follows."""

    table: RuleTable
    tier: TierAssignment
    findings: tuple[Finding, ...]
    verdict: Verdict
    index: EvidenceIndex
    day: int


def judge(active: ActiveRuleset, dossier: Dossier, question: Question) -> Judgement:
    """Returns the findings and the verdict, without what only people need."""
    conditions = active.expressions.about(dossier)
    day = date.fromisoformat(question.as_of).toordinal()
    tier = assign_tier(active.ruleset.axes, conditions)
    if question.tier is not None:
        tier = TierAssignment(question.tier, ("question",), False, tier.axes)
    table = active.table(tier.tier, question.gate)
    case = Case(dossier.facts, conditions, dossier.not_applicable, question.as_of, day)
    findings = judge_all(table, case)
    index = EvidenceIndex(dossier.evidence, day)
    findings = demand_evidence(table, findings, index, active.classes, day)
    findings = report_unknown(table, findings)
    findings = waive(findings, question.waivers, question.as_of)
    ordered = tuple(sorted(findings, key=lambda finding: (finding.rule.id, finding.subject)))
    return Judgement(table, tier, ordered, decide(ordered), index, day)


def evaluate(active: ActiveRuleset, dossier: Dossier, question: Question) -> Decision:
    """Returns the decision; raises RuleFailedError when an expression can not be evaluated."""
    judged = judge(active, dossier, question)
    plan = make_plan(judged.table, judged.findings) if question.full and not judged.verdict.passes else None
    return Decision(
        verdict=judged.verdict,
        gate=question.gate,
        as_of=question.as_of,
        tier=judged.tier,
        findings=judged.findings,
        missing=_missing(judged.findings, dossier),
        conflicts=dossier.conflicts,
        plan=plan,
        ways_to_yes=ways_to_yes(active, dossier, question, judged.tier.tier, judge) if plan else (),
        passes_today=passing_today(active, dossier, question, judged.tier.tier, judge) if question.full else (),
        foundations=count_foundations(judged.findings),
        ruleset=active.ruleset.identity,
        rule_count=len(active.ruleset.rules),
        engine_version=ENGINE_VERSION,
        facts_digest=dossier.digest,
        valid_until=_last_day(active, judged, question),
        waiver_ids=tuple(sorted({finding.waiver_id for finding in judged.findings if finding.waiver_id})),
    )


def _last_day(active: ActiveRuleset, judged: Judgement, question: Question) -> str:
    if not judged.verdict.passes:
        return ""
    return valid_until(judged.table, judged.findings, judged.index, active.classes, question.waivers, judged.day)


def _missing(findings: Sequence[Finding], dossier: Dossier) -> tuple[MissingFact, ...]:
    """Gathers what findings miss; only what holds up something enforced or advised counts."""
    needed: dict[FactRef, tuple[set[str], bool]] = {}
    for finding in findings:
        if finding.open is Effect.NONE:
            continue
        for ref in finding.missing:
            rules, blocks = needed.get(ref, (set(), False))
            needed[ref] = (rules | {finding.rule.id}, blocks or finding.open is Effect.BLOCKS)
    return tuple(
        MissingFact(ref, tuple(sorted(rules)), dossier.statements.get(ref, ""), blocks)
        for ref, (rules, blocks) in sorted(needed.items())
    )
