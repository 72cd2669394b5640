"""Findings as messages of the contract."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from google.protobuf.message import Message

from readygate.v1 import decision_pb2 as pb
from readygate.v1 import evidence_pb2, ruleset_pb2
from readygate_server.domain.comparators import show
from readygate_server.domain.facts import FactRef, FactValue
from readygate_server.domain.finding import Finding, LastingObservation, Observation
from readygate_server.domain.rule import Provenance
from readygate_server.domain.vocabulary import Effect, Gate, Outcome, Severity
from readygate_server.grpc_api.enum_values import EFFECTS, GATES, OUTCOMES, SEVERITIES
from readygate_server.grpc_api.wire import head_of, number_of, text_field

_FINDING: Final = number_of(pb.Decision, "findings")
_RULE_ID, _SUBJECT, _MESSAGE, _OBSERVATION, _MISSING, _WAIVER_ID = (
    number_of(pb.Finding, name)
    for name in ("rule_id", "subject", "message", "observations", "missing_facts", "waiver_id")
)
_REMEMBERED: Final = 4096


def finding_bytes(finding: Finding) -> bytes:
    """Returns a finding as a field of a serialised decision, as serialising the message would give it.

    What follows from the rules alone is serialised once and put in between, as most of a finding does.
    """
    rule = finding.rule
    content = b"".join(
        (
            text_field(_RULE_ID, rule.id),
            text_field(_SUBJECT, finding.subject),
            _state(finding.outcome, finding.effect, finding.severity, finding.due),
            _name(rule.foundation, rule.title),
            text_field(_MESSAGE, explain(finding)),
            *[
                part.once(_observation) if isinstance(part, LastingObservation) else _observation(part)
                for part in finding.observations
            ],
            *map(_missing, finding.missing),
            _references(rule.references),
            text_field(_WAIVER_ID, finding.waiver_id),
        )
    )
    return head_of(_FINDING, len(content)) + content


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


def _observation(observation: Observation) -> bytes:
    asked, observed, outcome, _ = observation
    start, required, end = _frame(asked.id, asked.fact, asked.required, asked.provenance, asked.unit, asked.due)
    value = b"" if observed is None else _value(observed)
    length = len(start) + len(value) + len(required) + len(_OUTCOMES[outcome]) + len(end)
    return b"".join((head_of(_OBSERVATION, length), start, value, required, _OUTCOMES[outcome], end))


@lru_cache(maxsize=_REMEMBERED)
def _frame(
    check_id: str, fact: str, required: str, provenance: Provenance, unit: str, due: Gate
) -> tuple[bytes, bytes, bytes]:
    """Returns what is asked, cut where the value and the outcome belong."""
    return (
        _serialised(pb.Observation(check_id=check_id, fact=fact)),
        _serialised(pb.Observation(required=required)),
        _serialised(pb.Observation(provenance=provenance_message(provenance), unit=unit, due=GATES[due])),
    )


@lru_cache(maxsize=_REMEMBERED, typed=True)
def _value(value: FactValue) -> bytes:
    return _serialised(pb.Observation(observed=value_message(value)))


@lru_cache(maxsize=_REMEMBERED)
def _state(outcome: Outcome, effect: Effect, severity: Severity, due: Gate) -> bytes:
    message = pb.Finding(
        outcome=OUTCOMES[outcome], effect=EFFECTS[effect], severity=SEVERITIES[severity], due=GATES[due]
    )
    return _serialised(message)


@lru_cache(maxsize=_REMEMBERED)
def _name(foundation: str, title: str) -> bytes:
    return _serialised(pb.Finding(foundation=foundation, title=title))


@lru_cache(maxsize=_REMEMBERED)
def _missing(ref: FactRef) -> bytes:
    return text_field(_MISSING, str(ref))


@lru_cache(maxsize=_REMEMBERED)
def _references(references: tuple[str, ...]) -> bytes:
    return _serialised(pb.Finding(references=references))


def _serialised(message: Message) -> bytes:
    return message.SerializeToString(deterministic=True)


_OUTCOMES = {outcome: _serialised(pb.Observation(outcome=number)) for outcome, number in OUTCOMES.items()}

_UNITS_LEFT_OUT = frozenset({"ratio", "date"})
"""Units that say nothing that the number does not."""


def explain(finding: Finding) -> str:
    """Returns one sentence: observed against required for what fails or is unknown, else what was said instead."""
    parts = [
        part.once(_explained) if isinstance(part, LastingObservation) else _explained(part)
        for part in finding.observations
        if part.outcome in _EXPLAINED
    ]
    if finding.note:
        parts.append(finding.note)
    if not parts and finding.missing:
        parts.append("not known: " + ", ".join(str(ref) for ref in finding.missing))
    return "; ".join(parts)


_EXPLAINED = (Outcome.VIOLATED, Outcome.UNKNOWN)


def _explained(part: Observation) -> str:
    if part.outcome is Outcome.UNKNOWN:
        missing = ", ".join(str(ref) for ref in part.missing) or part.fact
        return f"{missing} not known, required {part.required}"
    if not part.fact:
        return f"not met: {part.required}"
    unit = f" {part.unit}" if part.unit and part.unit not in _UNITS_LEFT_OUT else ""
    return f"{part.fact} is {show(part.observed)}{unit}, required {part.required}"
