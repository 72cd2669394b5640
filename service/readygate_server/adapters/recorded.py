"""Recorded decisions and waivers, as far as others than their readers need them."""

from __future__ import annotations

from collections.abc import Sequence

from readygate.v1 import decision_pb2 as pb
from readygate.v1.gate_service_pb2 import EvaluateResponse
from readygate_server.application.record_ports import Archive
from readygate_server.application.waivers import Waivers
from readygate_server.domain.certificate import WaiverTerm
from readygate_server.domain.errors import WaiverRefusedError
from readygate_server.domain.verdict import Bond
from readygate_server.domain.waivers import Decided


class RecordedDecisions:
    """Decisions as waivers need them; fills the port Decisions."""

    def __init__(self, archive: Archive) -> None:
        """Takes the record."""
        self._archive = archive

    async def decided(self, decision_id: str) -> Decided | None:
        """Returns what a decision found, None when there is no such decision; WaiverRefusedError without findings."""
        stored = await self._archive.get(decision_id, with_payload=True)
        if stored is None:
            return None
        if stored.payload is None:
            raise WaiverRefusedError("the findings of the decision were dropped by retention; ask for a new decision")
        decision = EvaluateResponse.FromString(stored.payload.response).decision
        holding_up = (pb.EFFECT_BLOCKS, pb.EFFECT_CONDITIONS)
        return Decided(
            stored.facts.proposal_id,
            stored.facts.ruleset.name,
            Bond(stored.facts.facts_digest, stored.facts.ruleset.digest),
            frozenset((each.rule_id, each.subject) for each in decision.findings if each.effect in holding_up),
        )


class RecordedWaivers:
    """Waivers as certificates need them; fills the port WaiverBook of certificates."""

    def __init__(self, waivers: Waivers) -> None:
        """Takes the waivers."""
        self._waivers = waivers

    async def terms(self, waiver_ids: Sequence[str]) -> Sequence[WaiverTerm]:
        """Returns waivers as they are now, those revoked or ended included."""
        granted = await self._waivers.named(waiver_ids)
        bonds = {waiver.bond for waiver in granted if waiver.bond is not None}
        in_force = {waiver.id for bond in bonds for waiver in await self._waivers.in_force(*bond)}
        return [
            WaiverTerm(each.id, each.rule_id, each.subject, each.ends_on, is_revoked=each.id not in in_force)
            for each in granted
        ]
