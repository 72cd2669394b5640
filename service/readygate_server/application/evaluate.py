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

from dataclasses import replace

from readygate_server import ENGINE_VERSION
from readygate_server.application.active_ruleset import ActiveRuleset
from readygate_server.application.alternatives import alternatives
from readygate_server.application.judgement import Judgement, Question, judge, prepare
from readygate_server.application.ports import Dossier
from readygate_server.domain.decision import Decision, MissingFact, missing_fact_of
from readygate_server.domain.facts import FactRef
from readygate_server.domain.plan import make_plan
from readygate_server.domain.validity import valid_until
from readygate_server.domain.vocabulary import Effect

_NONE, _BLOCKS = Effect.NONE, Effect.BLOCKS


def evaluate(active: ActiveRuleset, dossier: Dossier, question: Question) -> Decision:
    """Returns the decision; raises RuleFailedError when an expression can not be evaluated."""
    prepared = prepare(active, dossier, question)
    judged = judge(active, prepared, question)
    used = _waivers_used(judged) if question.waivers else ()
    if question.waivers:
        # Only a waiver that the decision names has a say in it, so that it can be made again from what is recorded.
        question = replace(question, waivers=tuple(each for each in question.waivers if each.id in used))
    blocked = not judged.verdict.passes
    plan = make_plan(judged.table, judged.findings) if question.full and blocked else None
    passing, ways = alternatives(active, prepared, judged, question, plan) if question.full else ((), ())
    return Decision(
        verdict=judged.verdict,
        gate=question.gate,
        as_of=question.as_of,
        tier=judged.tier,
        findings=judged.findings,
        missing=_missing(judged, dossier),
        conflicts=dossier.conflicts,
        plan=plan,
        ways_to_yes=ways,
        passes_today=passing,
        ruleset=active.ruleset.identity,
        rule_count=len(active.ruleset.rules),
        engine_version=ENGINE_VERSION,
        facts_digest=dossier.digest,
        valid_until=_last_day(judged, question),
        waiver_ids=used,
    )


def _waivers_used(judged: Judgement) -> tuple[str, ...]:
    return tuple(sorted({finding.waiver_id for finding in judged.findings if finding.waiver_id}))


def _last_day(judged: Judgement, question: Question) -> str:
    if not judged.verdict.passes:
        return ""
    return valid_until(judged.table, judged.findings, judged.evidence, question.waivers, judged.day)


def _missing(judged: Judgement, dossier: Dossier) -> tuple[MissingFact, ...]:
    """Gathers what findings miss, and what the tier hangs on; only what holds up something counts."""
    needed: dict[FactRef, list[str]] = {}
    blocking: set[FactRef] = set()
    if judged.tier.is_floor:
        needed = {ref: [] for axis in judged.tier.axes for ref in axis.missing}
        blocking = set(needed)
    for finding in judged.findings:
        if finding.open is _NONE:
            continue
        if finding.open is _BLOCKS:
            blocking.update(finding.missing)
        for ref in finding.missing:
            rules = needed.setdefault(ref, [])
            if finding.rule.id not in rules[-1:]:  # findings stand by rule
                rules.append(finding.rule.id)
    said = dossier.statements
    return tuple(
        [missing_fact_of((ref, tuple(needed[ref]), said.get(ref, ""), ref in blocking)) for ref in sorted(needed)]
    )
