"""Answers to evaluations: alone, in a batch or in a stream, they are judged, recorded and written in one way."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import grpc.aio

from readygate.v1 import gate_service_pb2 as pb
from readygate.v1.foundation_pb2 import AssetUse
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.application.active_ruleset import ActiveRuleset
from readygate_server.application.ports import Dossier
from readygate_server.domain.errors import A_RECORD, GateError, NotConfiguredError, PermissionDeniedError
from readygate_server.domain.identity import Role
from readygate_server.domain.record import WaiversFoundError
from readygate_server.domain.verdict import Waiver
from readygate_server.grpc_api.authorisation import permit
from readygate_server.grpc_api.errors import DeadlineExceededError, answer_of, foreseen
from readygate_server.grpc_api.judging import Judged, judge, read_request
from readygate_server.grpc_api.ports import AssetResolver, ServedGate
from readygate_server.grpc_api.recording import Asking, Recording, WaiversInForce
from readygate_server.grpc_api.requests import Asked, Faults
from readygate_server.grpc_api.wire import head_of, number_of
from readygate_server.observability import Metrics, current_call

RulesetOn = Callable[[str], ActiveRuleset]
"""Returns the ruleset that is meant on a day; raises a GateError when that can not be had."""

_REQUEST_ID: Final = number_of(pb.EvaluateResponse, "request_id")
_DECISION: Final = number_of(pb.EvaluateResponse, "decision")
_TURN_SECONDS: Final = 0.001


class ItemAnswer(NamedTuple):
    """What became of one of many: a serialised EvaluateResponse or ItemError."""

    content: bytes
    is_response: bool


class Answering:
    """Answers evaluations, durably where there is a record."""

    def __init__(
        self,
        gate: ServedGate,
        metrics: Metrics,
        recording: Recording | None = None,
        waivers: WaiversInForce | None = None,
        assets: AssetResolver | None = None,
    ) -> None:
        """Takes the gate, where verdicts are counted, and where they and assets are kept, if at all."""
        self._gate = gate
        self._metrics = metrics
        self._recording = recording
        self._waivers = waivers
        self._assets = assets

    @property
    def is_durable(self) -> bool:
        """True when an answer waits for a disk, so that others can be judged meanwhile."""
        return self._recording is not None

    async def answer(self, asking: Asking, request: pb.EvaluateRequest, faults: Faults, ruleset_on: RulesetOn) -> bytes:
        """Returns a serialised EvaluateResponse; of a repeated request, the one that it was answered with first.

        Raises:
          GateError: when no verdict was reached, with the faults that were found before.
        """
        uses: Sequence[AssetUse] = ()
        try:
            if request.proposal.assets:
                request, uses = await self._with_assets(request)
            asked, dossier = read_request(self._gate, request, faults)
            active = ruleset_on(asked.as_of)
            require_evaluator(active, request.proposal.id)
            supposes_none = self._waivers is not None and self._waivers.may_be_supposed_absent(dossier.digest)
            judged = await self._judged(active, dossier, asked, supposes_no_waivers=supposes_none)
        except PermissionDeniedError:
            raise
        except GateError:
            # What was answered once stays the answer, also when its ruleset is gone since.
            earlier = await self._recording.earlier(asking) if self._recording else None
            if earlier is None:
                raise
            return earlier
        response = _response(asking.answered_as, judged)
        if self._recording is None:
            return response
        if uses and self._assets is not None:
            # Kept first, so that no recorded decision is missed when an asset changes.
            await self._assets.note_use(request.proposal.id, uses)
        recorded = self._recording.record(
            asking,
            judged.decision,
            response,
            proposal_id=request.proposal.id,
            supposes_no_waivers=supposes_none,
            assets=uses,
        )
        facts_digest = dossier.digest
        del judged, dossier  # while they wait for the disk, the garbage collector would walk through them
        try:
            return await recorded
        except WaiversFoundError:
            assert self._waivers is not None, "who knows of no waivers supposes nothing"
            self._waivers.found(facts_digest)
        asked, dossier = read_request(self._gate, request, Faults())
        judged = await self._judged(active, dossier, asked)
        response = _response(asking.answered_as, judged)
        return await self._recording.record(
            asking, judged.decision, response, proposal_id=request.proposal.id, assets=uses
        )

    async def answer_item(self, asking: Asking, item: pb.EvaluateRequest, ruleset_on: RulesetOn) -> ItemAnswer:
        """Returns the answer to one of many; whatever is wrong with it is an answer too, and so fails no other."""
        faults = Faults()
        if item.HasField("ruleset"):
            faults.add("ruleset", "there is one ruleset for all items", expected="nothing")
        try:
            response = await self.answer(asking, item, faults, ruleset_on)
        except Exception as error:  # noqa: BLE001 -- one item that fails must not fail the others
            refused = answer_of(foreseen(error, asking.answered_as)).item()
            current_call().failed += 1
            self._metrics.items.labels("failed").inc()
            return ItemAnswer(refused.SerializeToString(), is_response=False)
        self._metrics.items.labels("answered").inc()
        return ItemAnswer(response, is_response=True)

    async def resolved(self, proposal: Proposal) -> tuple[Proposal, Sequence[AssetUse]]:
        """Returns a proposal with the registered assets that it references, and their revisions.

        Raises:
          NotConfiguredError: when no assets are kept here.
          InvalidInputError: when a reference is to nothing, or does not go together with the proposal.
        """
        if not proposal.assets:
            return proposal, ()
        if self._assets is None:
            raise NotConfiguredError(*A_RECORD)
        return await self._assets.resolved(proposal)

    async def _with_assets(self, request: pb.EvaluateRequest) -> tuple[pb.EvaluateRequest, Sequence[AssetUse]]:
        """Returns a request whose proposal says itself what is known of the assets that it references."""
        proposal, uses = await self.resolved(request.proposal)
        whole = pb.EvaluateRequest()
        whole.CopyFrom(request)
        whole.proposal.CopyFrom(proposal)
        return whole, uses

    def count(self, judged: Judged) -> None:
        """Counts a verdict, and notes it for the log line of the call."""
        call = current_call()
        call.verdict = judged.decision.verdict.value
        call.ruleset = judged.decision.ruleset.digest
        self._metrics.decisions.labels(judged.decision.verdict.value).inc()

    async def _judged(
        self, active: ActiveRuleset, dossier: Dossier, asked: Asked, *, supposes_no_waivers: bool = False
    ) -> Judged:
        waivers: tuple[Waiver, ...] = ()
        if self._waivers is not None and not supposes_no_waivers:
            waivers = await self._waivers.in_force(dossier.digest, active.ruleset.identity.digest)
        judged = judge(self._gate, active, dossier, asked, waivers)
        self.count(judged)
        return judged


class Turns:
    """Lets others have their turn while much is to be done that waits for nothing."""

    def __init__(self) -> None:
        """Starts the first turn."""
        self._since = time.monotonic()

    async def take(self) -> None:
        """Goes on at once, or after the others once this has gone on for a while."""
        if time.monotonic() - self._since >= _TURN_SECONDS:
            await asyncio.sleep(0)
            self._since = time.monotonic()


def require_evaluator(active: ActiveRuleset, proposal_id: str) -> None:
    """Raises PermissionDeniedError unless the caller may judge this proposal by this ruleset."""
    permit(Role.EVALUATOR, ruleset=active.ruleset.identity.name, proposal=proposal_id)


def check_deadline(context: grpc.aio.ServicerContext[Any, Any]) -> None:
    """Raises when nobody waits for the answer any more."""
    remaining: float | None = context.time_remaining()
    if remaining is not None and remaining <= 0:
        raise DeadlineExceededError


def _response(request_id: str, judged: Judged) -> bytes:
    """Returns an EvaluateResponse as serialising it would: the decision is too long to be copied into one first."""
    named, decision = request_id.encode(), judged.body
    return b"".join((head_of(_REQUEST_ID, len(named)), named, head_of(_DECISION, len(decision)), decision))
