"""Recorded decisions as certificates need them: read from the bytes of request and response, which stay as they are."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Final, Protocol

from google.protobuf.message import DecodeError

from readygate.v1 import decision_pb2 as pb
from readygate.v1.gate_service_pb2 import EvaluateRequest, EvaluateResponse
from readygate.v1.record_pb2 import LogEntry
from readygate_server.domain.certificate import CertifiedDecision, Condition
from readygate_server.domain.errors import CertificateRefusedError
from readygate_server.domain.record import Payload, StoredDecision
from readygate_server.domain.vocabulary import Gate

_PROPOSAL: Final = EvaluateRequest.DESCRIPTOR.fields_by_name["proposal"].number
_OPEN: Final = (pb.OUTCOME_VIOLATED, pb.OUTCOME_UNKNOWN, pb.OUTCOME_STALE)
"""Outcomes that block at the next gate; what has to be confirmed does not."""
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_AGAIN: Final = "ask for a new verdict, and for its certificate"


class PayloadOpener(Protocol):
    """Puts names back where they stood."""

    def open(self, payload: Payload) -> tuple[bytes, bool]:
        """Returns the request as received, and True; with `*` for names that were erased, and False."""
        ...


class StoredDecisionReader:
    """Fills the port DecisionReader."""

    def __init__(self, opener: PayloadOpener) -> None:
        """Takes what puts the sealed names back into a request."""
        self._opener = opener

    def read(self, stored: StoredDecision) -> CertifiedDecision:
        """Returns the part of a decision that is certified; raises CertificateRefusedError."""
        if stored.payload is None:
            raise CertificateRefusedError(f"the decision's bytes were dropped after their retention; {_AGAIN}")
        _check_commitments(stored, stored.payload)
        request, is_whole = self._opener.open(stored.payload)
        if not is_whole:
            raise CertificateRefusedError(f"names in the request were erased, so that its digest is gone; {_AGAIN}")
        decision = EvaluateResponse.FromString(stored.payload.response).decision
        facts = stored.facts
        waived = [each for each in decision.findings if each.outcome == pb.OUTCOME_WAIVED]
        if {each.waiver_id for each in waived} != set(facts.waiver_ids):
            raise CertificateRefusedError("the waivers of the record are not those of its answer")
        return CertifiedDecision(
            id=stored.id,
            recorded_at=stored.recorded_at,
            verdict=facts.verdict,
            gate=facts.gate,
            tier=facts.tier,
            as_of=facts.as_of,
            valid_until=decision.valid_until,
            conditions=tuple(_conditions(decision)),
            waived=tuple((each.waiver_id, each.rule_id, each.subject) for each in waived),
            proposal_id=facts.proposal_id,
            proposal_digest=f"sha256:{sha256(proposal_bytes(request)).hexdigest()}",
            facts_digest=facts.facts_digest,
            ruleset=facts.ruleset,
            engine_version=facts.engine_version,
        )


def _check_commitments(stored: StoredDecision, payload: Payload) -> None:
    """Raises when the bytes of the record are not those that the log commits to: somebody changed one of them."""
    committed = LogEntry.FromString(stored.entry).decision
    for what, data, digest in (
        ("request", payload.request, committed.redacted_request_digest),
        ("answer", payload.response, committed.response_digest),
    ):
        if sha256(data).digest() != digest:
            raise CertificateRefusedError(f"the {what} in the record is not the one that the log commits to")


def proposal_bytes(request: bytes) -> bytes:
    """Returns the bytes of the proposal within those of a request, exactly as they stand there.

    Raises:
      CertificateRefusedError: when they do not stand there once and in one piece.
    """
    found = [value for number, value in _fields(request) if number == _PROPOSAL]
    if len(found) != 1:
        raise CertificateRefusedError(f"the request holds its proposal in {len(found)} pieces, expected 1")
    return found[0]


def _conditions(decision: pb.Decision) -> Iterator[Condition]:
    for finding in decision.findings:
        if finding.effect == pb.EFFECT_CONDITIONS and finding.outcome != pb.OUTCOME_WAIVED:
            later = decision.gate + 1
            blocks = finding.outcome in _OPEN and later <= max(Gate)
            yield Condition(
                finding.rule_id, finding.subject, finding.title, Gate(finding.due), Gate(later) if blocks else None
            )


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Yields the fields of a serialised message by number; the value is that of fields that hold bytes, else empty."""
    position = 0
    while position < len(message):
        tag, position = _varint(message, position)
        number, kind = tag >> 3, tag & 7
        length = 0
        if kind == _VARINT:
            _, position = _varint(message, position)
        elif kind == _BYTES:
            length, position = _varint(message, position)
        elif kind in (_FIXED64, _FIXED32):
            position += 8 if kind == _FIXED64 else 4
        else:
            raise DecodeError(f"a field of wire type {kind} is no field of proto3")
        if position + length > len(message):
            raise DecodeError("the message ends within a field")
        yield number, message[position : position + length]
        position += length


def _varint(message: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if position >= len(message):
            raise DecodeError("the message ends within a number")
        byte = message[position]
        value |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if not byte & 0x80:
            return value, position
