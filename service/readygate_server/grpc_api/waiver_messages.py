"""Waivers as messages of the contract, and what a recorded decision says to whoever asks for one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from readygate.v1 import decision_pb2, waiver_pb2
from readygate.v1 import waiver_service_pb2 as pb
from readygate.v1.gate_service_pb2 import EvaluateResponse
from readygate_server.application.record_ports import Archive
from readygate_server.domain.errors import WaiverRefusedError
from readygate_server.domain.rule import Ruleset
from readygate_server.domain.verdict import Bond
from readygate_server.domain.waivers import Decided, WaiverCase, WaiverState, WaiverStep
from readygate_server.grpc_api.ports import ServedGate
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


class RecordedDecisions:
    """Fills the port Decisions from the record."""

    def __init__(self, archive: Archive) -> None:
        """Takes the record."""
        self._archive = archive

    async def decided(self, decision_id: str) -> Decided | None:
        """Returns what a decision found."""
        stored = await self._archive.get(decision_id, with_payload=True)
        if stored is None:
            return None
        if stored.payload is None:
            raise WaiverRefusedError("what the decision found is no longer kept; evaluate the proposal again")
        decision = EvaluateResponse.FromString(stored.payload.response).decision
        return Decided(
            proposal_id=stored.facts.proposal_id,
            ruleset_name=stored.facts.ruleset.name,
            bond=Bond(stored.facts.facts_digest, stored.facts.ruleset.digest),
            held_up_by=frozenset(
                (finding.rule_id, finding.subject)
                for finding in decision.findings
                if finding.effect >= decision_pb2.EFFECT_CONDITIONS
            ),
        )


class RulesetsByDigest:
    """Fills the port ServedRulesets from the gate."""

    def __init__(self, gate: ServedGate) -> None:
        """Takes the gate."""
        self._gate = gate

    def find(self, digest: str) -> Ruleset | None:
        """Returns the ruleset with a digest."""
        return next((each for each in self._gate.snapshot().rulesets if each.identity.digest == digest), None)
