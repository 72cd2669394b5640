"""Decisions as messages of the contract. Total: whatever the domain concludes has a form here.

A decision is put together from serialised fields, in the order of their numbers, which gives the bytes that serialising
the whole message would. So what is recalled from one proposal to the next is not made anew, and nothing is copied.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from readygate.v1 import decision_pb2 as pb
from readygate.v1 import ruleset_pb2
from readygate_server.domain.decision import Conflict, Decision, FoundationCount, MissingFact
from readygate_server.domain.rule import RulesetIdentity
from readygate_server.domain.tiering import TierAssignment
from readygate_server.domain.vocabulary import Effect
from readygate_server.grpc_api.enum_values import GATES, GRADES, TIERS, VERDICTS
from readygate_server.grpc_api.finding_messages import finding_bytes, value_message
from readygate_server.grpc_api.plan_messages import (
    FactDirectory,
    missing_message,
    passing_message,
    plan_message,
    way_message,
)

_REMEMBERED = 4096


def decision_message(decision: Decision, directory: FactDirectory, *, summary: bool = False) -> pb.Decision:
    """Returns the message of a decision; a summary leaves out findings that neither block nor condition."""
    return pb.Decision.FromString(decision_bytes(decision, directory, summary=summary))


def decision_bytes(decision: Decision, directory: FactDirectory, *, summary: bool = False) -> bytes:
    """Returns the serialised message of a decision."""
    return b"".join(_fields(decision, directory, summary=summary))


def _fields(decision: Decision, directory: FactDirectory, *, summary: bool) -> Iterator[bytes]:
    """Yields the fields of a decision in the order of their numbers."""
    yield _serialised(pb.Decision(verdict=VERDICTS[decision.verdict], gate=GATES[decision.gate], as_of=decision.as_of))
    yield _tier_bytes(decision.tier)
    shown = decision.findings
    if summary:
        shown = tuple([finding for finding in shown if finding.effect >= _CONDITIONS])
    yield from [finding.once(finding_bytes) for finding in shown]
    for missing in decision.missing:
        # What somebody said is not kept for others.
        yield (_missing_bytes if missing.statement else _known_missing_bytes)(missing, directory)
    yield _serialised(
        pb.Decision(
            conflicts=[_conflict(conflict) for conflict in decision.conflicts],
            plan=None if decision.plan is None else plan_message(decision.plan, directory),
            ways_to_yes=[way_message(way) for way in decision.ways_to_yes],
            passes_today=[passing_message(passing) for passing in decision.passes_today],
        )
    )
    yield from map(_count_bytes, decision.foundations)
    yield _ruleset_bytes(decision.ruleset, decision.rule_count)
    yield _serialised(
        pb.Decision(
            engine_version=decision.engine_version,
            facts_digest=decision.facts_digest,
            valid_until=decision.valid_until,
            waiver_ids=decision.waiver_ids,
        )
    )


_CONDITIONS = Effect.CONDITIONS


def _serialised(message: pb.Decision) -> bytes:
    return message.SerializeToString(deterministic=True)


@lru_cache(maxsize=_REMEMBERED)
def _tier_bytes(tier: TierAssignment) -> bytes:
    return _serialised(pb.Decision(tier=tier_message(tier)))


def _missing_bytes(missing: MissingFact, directory: FactDirectory) -> bytes:
    return _serialised(pb.Decision(missing_facts=[missing_message(missing, directory)]))


_known_missing_bytes = lru_cache(maxsize=_REMEMBERED)(_missing_bytes)


@lru_cache(maxsize=_REMEMBERED)
def _count_bytes(count: FoundationCount) -> bytes:
    message = pb.FoundationCount(
        foundation=count.foundation,
        satisfied=count.satisfied,
        violated=count.violated,
        unknown=count.unknown,
        blocking=count.blocking,
    )
    return _serialised(pb.Decision(foundations=[message]))


@lru_cache(maxsize=_REMEMBERED)
def _ruleset_bytes(identity: RulesetIdentity, rule_count: int) -> bytes:
    return _serialised(pb.Decision(ruleset=ruleset_ref(identity, rule_count)))


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


def _conflict(conflict: Conflict) -> pb.FactConflict:
    message = pb.FactConflict(fact=conflict.ref.fact, subject=conflict.ref.subject, unresolved=conflict.unresolved)
    for candidate in conflict.candidates:
        value = message.values.add(source_uri=candidate.source_uri, as_of=candidate.as_of)
        value.value.CopyFrom(value_message(candidate.value))
        if candidate.grade is not None:
            value.grade = GRADES[candidate.grade]
    return message
