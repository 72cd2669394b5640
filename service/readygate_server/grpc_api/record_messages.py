"""Records as messages of the contract, and what the log commits to as its bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from google.protobuf.timestamp_pb2 import Timestamp

from readygate.v1 import decision_pb2, decision_service_pb2, record_pb2
from readygate.v1.foundation_pb2 import AssetUse
from readygate.v1.gate_service_pb2 import EvaluateResponse
from readygate_server.domain.record import DecisionFacts, DecisionFilter, PayloadState, Stamp, StoredDecision
from readygate_server.domain.vocabulary import Verdict
from readygate_server.grpc_api.decision_messages import ruleset_ref
from readygate_server.grpc_api.enum_values import GATES, TIERS, VERDICTS

_MICROSECONDS: Final = 1_000_000
_PAYLOADS: Final[Mapping[PayloadState, record_pb2.PayloadState.ValueType]] = {
    PayloadState.WHOLE: record_pb2.PAYLOAD_STATE_WHOLE,
    PayloadState.NAMES_ERASED: record_pb2.PAYLOAD_STATE_NAMES_ERASED,
    PayloadState.DROPPED: record_pb2.PAYLOAD_STATE_DROPPED,
}
_VERDICTS_BY_NUMBER: Final = {number: verdict for verdict, number in VERDICTS.items()}


def timestamp(microseconds: int) -> Timestamp:
    """Returns a moment that is given in microseconds since 1970."""
    seconds, rest = divmod(microseconds, _MICROSECONDS)
    return Timestamp(seconds=seconds, nanos=rest * 1000)


def microseconds(moment: Timestamp) -> int:
    """Returns microseconds since 1970; what is finer is cut off."""
    return moment.seconds * _MICROSECONDS + moment.nanos // 1000


def record_ref(stamp: Stamp) -> record_pb2.RecordRef:
    """Returns what a caller learns of a record."""
    return record_pb2.RecordRef(decision_id=stamp.id, recorded_at=timestamp(stamp.recorded_at))


def recorded_response(unrecorded: bytes, stamp: Stamp, assets: Sequence[AssetUse] = ()) -> bytes:
    """Returns a serialised EvaluateResponse with its place in the record added, and the assets that went into it.

    Fields of a message may be appended to its bytes, and these have the highest numbers, so that the result is what
    serialising the whole would give.
    """
    return unrecorded + EvaluateResponse(record=record_ref(stamp), assets=assets).SerializeToString()


def decision_entry(stamp: Stamp, facts: DecisionFacts, commitments: record_pb2.DecisionEntry) -> bytes:
    """Returns what the log commits to; `commitments` holds the digests over request, response and caller."""
    entry = record_pb2.LogEntry(id=stamp.id, recorded_at=timestamp(stamp.recorded_at), decision=commitments)
    entry.decision.ruleset_digest = facts.ruleset.digest
    entry.decision.facts_digest = facts.facts_digest
    entry.decision.engine_version = facts.engine_version
    entry.decision.as_of = facts.as_of
    entry.decision.verdict = VERDICTS[facts.verdict]
    return entry.SerializeToString(deterministic=True)


def record_message(
    stored: StoredDecision, *, caller: str, payload: PayloadState | None = None, request: bytes = b""
) -> record_pb2.DecisionRecord:
    """Returns a record; with the bytes of request and response only when its payload was asked for."""
    facts = stored.facts
    message = record_pb2.DecisionRecord(
        ref=record_ref(Stamp(stored.id, stored.recorded_at)),
        caller=caller,
        request_id=stored.request_id,
        proposal_id=facts.proposal_id,
        verdict=VERDICTS[facts.verdict],
        gate=GATES[facts.gate],
        tier=TIERS[facts.tier],
        as_of=facts.as_of,
        ruleset=ruleset_ref(facts.ruleset, facts.rule_count),
        engine_version=facts.engine_version,
        facts_digest=facts.facts_digest,
        request_digest=facts.request_digest,
        request=request,
        response=stored.payload.response if stored.payload else b"",
        payload=_PAYLOADS[payload] if payload else record_pb2.PAYLOAD_STATE_UNSPECIFIED,
        waiver_ids=facts.waiver_ids,
    )
    if stored.leaf_index is not None:
        message.position.leaf_index = stored.leaf_index
        message.position.entry = stored.entry
    return message


def filter_of(message: decision_service_pb2.DecisionFilter, *, caller: str) -> DecisionFilter:
    """Returns a filter that was checked; `caller` is the reference of whom the message names, or narrows it."""
    return DecisionFilter(
        proposal_id=message.proposal_id,
        verdicts=verdicts_of(message.verdicts),
        ruleset=message.ruleset,
        caller=caller,
        recorded_from=microseconds(message.recorded_from) if message.HasField("recorded_from") else None,
        recorded_before=microseconds(message.recorded_before) if message.HasField("recorded_before") else None,
    )


def verdicts_of(numbers: Sequence[decision_pb2.Verdict.ValueType]) -> frozenset[Verdict]:
    """Returns verdicts by their numbers in the contract; KeyError for a number without a verdict."""
    return frozenset(_VERDICTS_BY_NUMBER[number] for number in numbers)
