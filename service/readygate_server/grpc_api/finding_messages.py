"""Findings as messages of the contract."""

from __future__ import annotations

from functools import lru_cache

from readygate.v1 import decision_pb2 as pb
from readygate.v1 import evidence_pb2, ruleset_pb2
from readygate_server.domain.comparators import show
from readygate_server.domain.facts import FactValue
from readygate_server.domain.finding import Finding, Observation
from readygate_server.domain.rule import Provenance
from readygate_server.domain.vocabulary import Outcome
from readygate_server.grpc_api.enum_values import EFFECTS, GATES, OUTCOMES, SEVERITIES


def finding_bytes(finding: Finding) -> bytes:
    """Returns a finding as a field of a serialised decision."""
    return pb.Decision(findings=[_finding(finding)]).SerializeToString(deterministic=True)


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
