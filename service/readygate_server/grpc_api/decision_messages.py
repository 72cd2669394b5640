"""Decisions as messages of the contract. Total: whatever the domain concludes has a form here."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Protocol

from readygate.v1 import decision_pb2 as pb
from readygate.v1 import evidence_pb2, gate_pb2, ruleset_pb2
from readygate_server.domain.comparators import show
from readygate_server.domain.decision import Conflict, Decision, MissingFact, PassingToday, WayToYes
from readygate_server.domain.facts import FactRef, FactValue
from readygate_server.domain.finding import Finding, Observation
from readygate_server.domain.plan import Chain, Plan, Total, WorkItem
from readygate_server.domain.rule import Provenance, Range, RulesetIdentity
from readygate_server.domain.tiering import Narrowing, TierAssignment
from readygate_server.domain.vocabulary import Effect, Gate, Grade, Outcome, Severity, Tier, Verdict

VERDICTS: Mapping[Verdict, pb.Verdict.ValueType] = {each: pb.Verdict.Value(f"VERDICT_{each.name}") for each in Verdict}
OUTCOMES: Mapping[Outcome, pb.Outcome.ValueType] = {each: pb.Outcome.Value(f"OUTCOME_{each.name}") for each in Outcome}
EFFECTS: Mapping[Effect, pb.Effect.ValueType] = {each: pb.Effect.Value(f"EFFECT_{each.name}") for each in Effect}
SEVERITIES: Mapping[Severity, ruleset_pb2.Severity.ValueType] = {
    each: ruleset_pb2.Severity.Value(f"SEVERITY_{each.name}") for each in Severity
}
GATES: Mapping[Gate, gate_pb2.Gate.ValueType] = {each: gate_pb2.Gate.Value(f"GATE_{each.name}") for each in Gate}
TIERS: Mapping[Tier, ruleset_pb2.Tier.ValueType] = {
    Tier.T1: ruleset_pb2.TIER_T1_ASSIST,
    Tier.T2: ruleset_pb2.TIER_T2_ADVISE,
    Tier.T3: ruleset_pb2.TIER_T3_ACT,
    Tier.T4: ruleset_pb2.TIER_T4_COMMIT,
}
GRADES: Mapping[Grade, evidence_pb2.EvidenceGrade.ValueType] = {
    Grade.E0: evidence_pb2.EVIDENCE_GRADE_E0_CLAIMED,
    Grade.E1: evidence_pb2.EVIDENCE_GRADE_E1_DOCUMENT,
    Grade.E2: evidence_pb2.EVIDENCE_GRADE_E2_MEASURED,
    Grade.E3: evidence_pb2.EVIDENCE_GRADE_E3_VERIFIED,
}


class FactDirectory(Protocol):
    """Who owns a fact, and which artefact would give it."""

    def owner_role(self, fact: str) -> str:
        """Returns the role that normally owns a fact."""
        ...

    def artefact(self, fact: str) -> str:
        """Returns the artefact that would give a fact."""
        ...


def decision_message(decision: Decision, directory: FactDirectory, *, summary: bool = False) -> pb.Decision:
    """Returns the message of a decision; a summary leaves out findings that neither block nor condition."""
    findings = decision.findings
    if summary:
        findings = tuple(finding for finding in findings if finding.effect >= Effect.CONDITIONS)
    message = pb.Decision(
        verdict=VERDICTS[decision.verdict],
        gate=GATES[decision.gate],
        as_of=decision.as_of,
        tier=tier_message(decision.tier),
        findings=[_finding(finding) for finding in findings],
        missing_facts=[_missing(missing, directory) for missing in decision.missing],
        conflicts=[_conflict(conflict) for conflict in decision.conflicts],
        ways_to_yes=[_way(way) for way in decision.ways_to_yes],
        passes_today=[_passing(passing) for passing in decision.passes_today],
        foundations=[
            pb.FoundationCount(
                foundation=count.foundation,
                satisfied=count.satisfied,
                violated=count.violated,
                unknown=count.unknown,
                blocking=count.blocking,
            )
            for count in decision.foundations
        ],
        ruleset=ruleset_ref(decision.ruleset, decision.rule_count),
        engine_version=decision.engine_version,
        facts_digest=decision.facts_digest,
        valid_until=decision.valid_until,
        waiver_ids=decision.waiver_ids,
    )
    if decision.plan is not None:
        message.plan.CopyFrom(_plan(decision.plan, directory))
    return message


def ruleset_ref(identity: RulesetIdentity, rule_count: int) -> ruleset_pb2.RulesetRef:
    """Returns the reference to a ruleset."""
    return ruleset_pb2.RulesetRef(
        name=identity.name,
        version=identity.version,
        digest=identity.digest,
        channel=identity.channel,
        effective_from=identity.effective_from,
        rule_count=rule_count,
        summary=identity.summary,
    )


def value_message(value: FactValue) -> evidence_pb2.FactValue:
    """Returns the message of a fact value."""
    if isinstance(value, bool):
        return evidence_pb2.FactValue(flag=value)
    if isinstance(value, int):
        return evidence_pb2.FactValue(integer=value)
    if isinstance(value, float):
        return evidence_pb2.FactValue(number=value)
    if isinstance(value, tuple):
        return evidence_pb2.FactValue(names=evidence_pb2.NameSet(members=value))
    return evidence_pb2.FactValue(text=value)


def tier_message(tier: TierAssignment) -> pb.TierAssignment:
    """Returns the message of a tier assignment."""
    return pb.TierAssignment(
        tier=TIERS[tier.tier],
        set_by=tier.set_by,
        is_floor=tier.is_floor,
        axes=[
            pb.AxisTier(axis=axis.axis, tier=TIERS[axis.tier], missing_facts=[str(ref) for ref in axis.missing])
            for axis in tier.axes
        ],
    )


@lru_cache(maxsize=4096)
def provenance_message(provenance: Provenance) -> ruleset_pb2.Provenance:
    """Returns the message of a provenance; shared, never changed."""
    if provenance.source:
        return ruleset_pb2.Provenance(source=provenance.source, citation=provenance.citation)
    return ruleset_pb2.Provenance(judgement=provenance.judgement, citation=provenance.citation)


def _finding(finding: Finding) -> pb.Finding:
    return pb.Finding(
        rule_id=finding.rule.id,
        subject=finding.subject,
        outcome=OUTCOMES[finding.outcome],
        effect=EFFECTS[finding.effect],
        severity=SEVERITIES[finding.severity],
        due=GATES[finding.due],
        foundation=finding.rule.foundation,
        title=finding.rule.title,
        message=explain(finding),
        observations=[_observation(observation) for observation in finding.observations],
        missing_facts=[str(ref) for ref in finding.missing],
        references=finding.rule.references,
        waiver_id=finding.waiver_id,
    )


def _observation(observation: Observation) -> pb.Observation:
    message = pb.Observation(
        check_id=observation.check_id,
        fact=observation.fact,
        required=observation.required,
        outcome=OUTCOMES[observation.outcome],
        provenance=provenance_message(observation.provenance),
        unit=observation.unit,
        due=GATES[observation.due],
    )
    if observation.observed is not None:
        message.observed.CopyFrom(value_message(observation.observed))
    return message


_UNITS_LEFT_OUT = frozenset({"ratio", "date"})
"""Units that say nothing that the number does not."""


def explain(finding: Finding) -> str:
    """Returns one sentence: observed against required for what fails or is unknown, else what was said instead."""
    parts = []
    for part in finding.observations:
        if part.outcome is Outcome.VIOLATED:
            if part.fact:
                unit = f" {part.unit}" if part.unit and part.unit not in _UNITS_LEFT_OUT else ""
                parts.append(f"{part.fact} is {show(part.observed)}{unit}, required {part.required}")
            else:
                parts.append(f"not met: {part.required}")
        elif part.outcome is Outcome.UNKNOWN:
            missing = ", ".join(str(ref) for ref in part.missing) or part.fact
            parts.append(f"{missing} not known, required {part.required}")
    if finding.note:
        parts.append(finding.note)
    if not parts and finding.missing:
        parts.append("not known: " + ", ".join(str(ref) for ref in finding.missing))
    return "; ".join(parts)


def _missing(missing: MissingFact, directory: FactDirectory) -> pb.MissingFact:
    return pb.MissingFact(
        fact=missing.ref.fact,
        subject=missing.ref.subject,
        owner_role=directory.owner_role(missing.ref.fact),
        artefact=directory.artefact(missing.ref.fact),
        rule_ids=missing.rule_ids,
        statement=missing.statement,
        blocks=missing.blocks,
    )


def _conflict(conflict: Conflict) -> pb.FactConflict:
    message = pb.FactConflict(fact=conflict.ref.fact, subject=conflict.ref.subject, unresolved=conflict.unresolved)
    for candidate in conflict.candidates:
        value = message.values.add(source_uri=candidate.source_uri, as_of=candidate.as_of)
        value.value.CopyFrom(value_message(candidate.value))
        if candidate.grade is not None:
            value.grade = GRADES[candidate.grade]
    return message


def _effort(effort: Range) -> ruleset_pb2.EffortRange:
    return ruleset_pb2.EffortRange(min_person_weeks=effort.low, max_person_weeks=effort.high)


def _weeks(weeks: Range) -> ruleset_pb2.WaitRange:
    return ruleset_pb2.WaitRange(min_weeks=weeks.low, max_weeks=weeks.high)


def _plan(plan: Plan, directory: FactDirectory) -> pb.Plan:
    return pb.Plan(
        items=[_item(item, directory) for item in plan.items],
        waves=[pb.Wave(number=number, item_ids=items) for number, items in enumerate(plan.waves, 1)],
        critical_by_effort=_chain(plan.critical_by_effort),
        critical_by_elapsed=_chain(plan.critical_by_elapsed),
        total=_effort(plan.total),
        total_if_measured_false=_effort(plan.total_if_false),
        by_owner_role=[_total(total) for total in plan.by_owner],
        by_foundation=[_total(total) for total in plan.by_foundation],
        infrastructure=_effort(plan.infrastructure),
        paperwork=_effort(plan.paperwork),
    )


def _item(item: WorkItem, directory: FactDirectory) -> pb.WorkItem:
    message = pb.WorkItem(
        id=item.id,
        rule_id=item.rule_id,
        subject=item.subject,
        title=item.title,
        done_when=item.done_when,
        kind=pb.WORK_KIND_MEASURE if item.measures else pb.WORK_KIND_FIX,
        effort=_effort(item.effort),
        wait=_weeks(item.wait),
        owner_role=item.owner,
        after=item.after,
        wave=item.wave,
        foundation=item.foundation,
        infrastructure=item.infrastructure,
        measures=[_measure(ref, item, directory) for ref in item.measures],
    )
    if item.measures:
        message.effort_if_measured_false.CopyFrom(_effort(item.effort_if_false))
        message.wait_if_measured_false.CopyFrom(_weeks(item.wait_if_false))
    return message


def _measure(ref: FactRef, item: WorkItem, directory: FactDirectory) -> pb.MissingFact:
    return _missing(MissingFact(ref, (item.rule_id,), "", blocks=True), directory)


def _chain(chain: Chain) -> pb.Chain:
    return pb.Chain(item_ids=chain.items, effort=_effort(chain.effort), elapsed=_weeks(chain.elapsed))


def _total(total: Total) -> pb.Total:
    return pb.Total(key=total.key, items=total.items, effort=_effort(total.effort))


def _narrowings(narrowings: tuple[Narrowing, ...]) -> list[pb.Narrowing]:
    return [
        pb.Narrowing(fact=each.fact, proposed=value_message(each.proposed), narrowed=value_message(each.narrowed))
        for each in narrowings
    ]


def _way(way: WayToYes) -> pb.WayToYes:
    return pb.WayToYes(
        verdict=VERDICTS[way.verdict],
        tier=TIERS[way.tier],
        gate=GATES[way.gate],
        narrowings=_narrowings(way.narrowings),
        item_ids=way.items,
        effort=_effort(way.effort),
        elapsed=_weeks(way.elapsed),
    )


def _passing(passing: PassingToday) -> pb.PassingToday:
    return pb.PassingToday(
        verdict=VERDICTS[passing.verdict],
        tier=TIERS[passing.tier],
        gate=GATES[passing.gate],
        narrowings=_narrowings(passing.narrowings),
    )
