"""Waivers as messages of the contract."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from readygate.v1 import waiver_pb2
from readygate.v1 import waiver_service_pb2 as pb
from readygate_server.domain.waivers import WaiverCase, WaiverState, WaiverStep
from readygate_server.grpc_api.record_messages import timestamp

STATES: Final[Mapping[WaiverState, pb.WaiverState.ValueType]] = {
    each: pb.WaiverState.Value(f"WAIVER_STATE_{each.name}") for each in WaiverState
}


def waiver_record(case: WaiverCase) -> pb.WaiverRecord:
    """Returns a waiver with its history."""
    terms = case.terms
    return pb.WaiverRecord(
        waiver=waiver_pb2.Waiver(
            id=case.id,
            rule_id=terms.rule_id,
            subject=terms.subject,
            reason=case.steps[0].reason,
            compensating_control=terms.compensating_control,
            requested_by=case.requested_by.name or "",
            approved_by=(case.approvers[-1].name or "") if case.is_granted else "",
            starts_on=terms.starts_on,
            ends_on=terms.ends_on,
        ),
        facts_digest=terms.bond.facts_digest,
        ruleset_digest=terms.bond.ruleset_digest,
        state=STATES[case.state],
        quorum=terms.quorum,
        steps=map(_step, case.steps),
        etag=case.etag,
        decision_id=terms.decision_id,
        proposal_id=terms.proposal_id,
        ruleset_name=terms.ruleset_name,
    )


def _step(step: WaiverStep) -> pb.WaiverStep:
    return pb.WaiverStep(
        action=step.action.value,
        actor=step.actor.name or "",
        reason=step.reason,
        recorded_at=timestamp(step.recorded_at),
        entry_id=step.entry_id,
        body=step.body,
        actor_salt=step.actor_salt,
    )
