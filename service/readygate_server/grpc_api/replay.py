"""Judges what was recorded again: the same facts by the same ruleset must give the same bytes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from readygate.v1 import decision_service_pb2 as pb
from readygate.v1.decision_pb2 import Decision
from readygate.v1.foundation_pb2 import AssetUse
from readygate.v1.gate_service_pb2 import EvaluateRequest, EvaluateResponse
from readygate_server import ENGINE_VERSION
from readygate_server.application.active_ruleset import ActiveRuleset
from readygate_server.domain.errors import NotFoundError
from readygate_server.domain.record import Payload, StoredDecision
from readygate_server.domain.verdict import Waiver
from readygate_server.grpc_api.differences import Difference, differences
from readygate_server.grpc_api.foundation_messages import pins_of
from readygate_server.grpc_api.judging import judge, read_request
from readygate_server.grpc_api.ports import AssetResolver, ServedGate
from readygate_server.grpc_api.requests import Faults

RulesetOf = Callable[[str], Awaitable[ActiveRuleset]]
"""Returns the ruleset of a digest, also one that is no longer served; raises RulesetNotFoundError."""

WaiversOf = Callable[[tuple[str, ...]], Awaitable[tuple[Waiver, ...]]]
"""Returns waivers by their ids as they stood when they were in use."""

_ENCODING = Difference("", "other bytes", "the same fields in other bytes")


class Replayer:
    """Judges a recorded request again, on the day and by the ruleset and the waivers of then."""

    def __init__(
        self,
        gate: ServedGate,
        ruleset_of: RulesetOf,
        waivers_of: WaiversOf,
        request_of: Callable[[Payload, dict[str, int]], bytes],
        assets: AssetResolver,
    ) -> None:
        """Takes the gate, where rulesets, waivers and assets of the past are, and what opens the recorded request."""
        self._gate = gate
        self._ruleset_of = ruleset_of
        self._waivers_of = waivers_of
        self._request_of = request_of
        self._assets = assets

    async def replay(self, stored: StoredDecision) -> pb.ReplayDecisionResponse:
        """Returns whether the decision came out byte by byte as recorded, and what differs.

        Raises:
          NotFoundError: when retention has dropped the request.
          RulesetNotFoundError: when the ruleset is neither served nor kept.
        """
        if stored.payload is None:
            raise NotFoundError("payload of the decision", stored.id)
        payload = stored.payload
        recorded = EvaluateResponse.FromString(payload.response)
        replayed = EvaluateResponse()
        replayed.CopyFrom(recorded)
        replayed.decision.CopyFrom(await self._judged(stored, payload, recorded.assets))
        found: Sequence[Difference] = ()
        if replayed.SerializeToString(deterministic=True) != payload.response:
            found = list(differences(recorded.decision, replayed.decision)) or [_ENCODING]
        return pb.ReplayDecisionResponse(
            identical=not found,
            differences=[
                pb.ReplayDecisionResponse.Difference(path=each.path, recorded=each.first, replayed=each.second)
                for each in found
            ],
            engine_version=ENGINE_VERSION,
            recorded_engine_version=stored.facts.engine_version,
        )

    async def _judged(self, stored: StoredDecision, payload: Payload, uses: Sequence[AssetUse]) -> Decision:
        people: dict[str, int] = {}
        request = EvaluateRequest.FromString(self._request_of(payload, people))
        request.as_of = stored.facts.as_of
        if request.proposal.assets:
            proposal, _ = await self._assets.resolved(request.proposal, pins=pins_of(uses), people=people)
            request.proposal.CopyFrom(proposal)
        asked, dossier = read_request(self._gate, request, Faults())
        active = await self._ruleset_of(stored.facts.ruleset.digest)
        waivers = await self._waivers_of(stored.facts.waiver_ids) if stored.facts.waiver_ids else ()
        return judge(self._gate, active, dossier, asked, waivers).message
