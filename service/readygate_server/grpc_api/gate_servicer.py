"""GateService: converts, calls the use case, converts."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Sequence
from typing import Any, TypeAlias, TypeVar

import grpc.aio

from readygate.v1 import gate_service_pb2 as pb
from readygate.v1 import gate_service_pb2_grpc
from readygate.v1.foundation_pb2 import AssetUse
from readygate_server import ENGINE_VERSION
from readygate_server.application.active_ruleset import ActiveRuleset
from readygate_server.application.requirements import list_requirements
from readygate_server.domain.errors import NotReadyError
from readygate_server.domain.identity import Role
from readygate_server.domain.vocabulary import Gate
from readygate_server.grpc_api.answering import Answering, check_deadline, require_evaluator
from readygate_server.grpc_api.authorisation import permit, permit_any
from readygate_server.grpc_api.batch import answer_batch
from readygate_server.grpc_api.decision_messages import ruleset_ref
from readygate_server.grpc_api.item_stream import ItemStream
from readygate_server.grpc_api.judging import judge, read_request
from readygate_server.grpc_api.ports import AssetResolver, ServedGate
from readygate_server.grpc_api.recording import Asking, Recording, WaiversInForce
from readygate_server.grpc_api.requests import Faults, check_count, read_day, read_gate, read_selection, read_waivers
from readygate_server.grpc_api.requirement_messages import requirements_message
from readygate_server.observability import Metrics, current_call
from readygate_server.settings import Limits

_Asking = TypeVar("_Asking", pb.SimulateRequest, pb.ListRequirementsRequest)
_Context = grpc.aio.ServicerContext[Any, Any]
_Answer: TypeAlias = Any
"""The bytes of a reply; the generated base class knows only messages."""


class GateServicer(gate_service_pb2_grpc.GateServiceServicer):
    """Answers GateService. Judging is synchronous: it takes less time than handing it to a thread."""

    def __init__(
        self,
        gate: ServedGate,
        limits: Limits,
        metrics: Metrics,
        recording: Recording | None = None,
        waivers: WaiversInForce | None = None,
        assets: AssetResolver | None = None,
    ) -> None:
        """Takes the gate, what requests may hold, where verdicts are counted, and what is kept, if anything."""
        self._gate = gate
        self._limits = limits
        self._answering = Answering(gate, metrics, recording, waivers, assets)

    async def Evaluate(  # noqa: N802 -- the name in the contract
        self, request: pb.EvaluateRequest, context: _Context
    ) -> _Answer:
        """Judges one proposal, and records what it concludes."""
        permit(Role.EVALUATOR)
        snapshot = self._gate.snapshot()
        faults = Faults()
        selection = read_selection("ruleset", request.ruleset, faults)

        def ruleset_on(day: str) -> ActiveRuleset:
            active = snapshot.select(selection, as_of=day)
            check_deadline(context)
            permit(Role.EVALUATOR, decisions=1)
            return active

        call = current_call()
        asking = Asking(call.principal, call.received, request.request_id, answered_as=call.request_id)
        return await self._answering.answer(asking, request, faults, ruleset_on)

    async def BatchEvaluate(  # noqa: N802 -- the name in the contract
        self, request: pb.BatchEvaluateRequest, context: _Context
    ) -> _Answer:
        """Judges up to 100 proposals by one ruleset, each for itself, and records each."""
        permit(Role.EVALUATOR)
        return await answer_batch(self._answering, self._gate, request, context, most=self._limits.batch_items)

    async def EvaluateStream(  # noqa: N802 -- the name in the contract
        self, requests: Any, context: _Context
    ) -> AsyncGenerator[Any, None]:
        """Judges proposals as they come, each for itself, and records each; `requests` is an Incoming."""
        permit(Role.EVALUATOR)
        stream = ItemStream(self._answering, self._gate.snapshot(), self._limits, requests, context)
        async with contextlib.aclosing(stream.replies()) as replies:
            async for reply in replies:
                yield reply

    async def Simulate(  # noqa: N802 -- the name in the contract
        self, request: pb.SimulateRequest, context: _Context
    ) -> pb.SimulateResponse:
        """Judges a proposal with changed facts and assumed waivers. Nothing is recorded."""
        permit(Role.EVALUATOR)
        snapshot = self._gate.snapshot()
        check_count("overrides", request.overrides, self._limits.overrides)
        check_count("waivers", request.waivers, self._limits.waivers)
        faults = Faults()
        selection = read_selection("ruleset", request.ruleset, faults)
        waivers = read_waivers(request.waivers, self._limits.text_characters, faults)
        request, uses = await self._with_assets(request)
        changes = faults.gather(lambda: self._gate.changes_of(request.proposal, request.overrides))
        asked, dossier = read_request(self._gate, request, faults)
        active = snapshot.select(selection, as_of=asked.as_of)
        require_evaluator(active, request.proposal.id)
        check_deadline(context)
        judged = judge(self._gate, active, dossier.with_facts(changes) if changes else dossier, asked, waivers)
        self._answering.count(judged)
        return pb.SimulateResponse(request_id=current_call().request_id, decision=judged.message, assets=uses)

    async def ListRequirements(  # noqa: N802 -- the name in the contract
        self, request: pb.ListRequirementsRequest, context: _Context
    ) -> pb.ListRequirementsResponse:
        """Lists what this kind of deployment has to state at a gate."""
        permit_any()
        snapshot = self._gate.snapshot()
        faults = Faults()
        has_gate = request.HasField("gate")
        gate = read_gate(request.gate, has_gate=has_gate, faults=faults)
        as_of = read_day("as_of", request.as_of, self._gate.today(), faults)
        selection = read_selection("ruleset", request.ruleset, faults)
        dossier = None
        if request.HasField("proposal"):
            request, _ = await self._with_assets(request)
            dossier = faults.gather(lambda: self._gate.dossier_of(request.proposal))
        faults.report()
        active = snapshot.select(selection, as_of=as_of)
        check_deadline(context)
        wanted = gate or (dossier and dossier.target_gate) or max(Gate)
        listed = list_requirements(active, dossier, gate=wanted, as_of=as_of)
        current_call().ruleset = active.ruleset.identity.digest
        return requirements_message(listed, active, self._gate.guide)

    async def _with_assets(self, request: _Asking) -> tuple[_Asking, Sequence[AssetUse]]:
        """Returns a request whose proposal says itself what is known of the assets that it references."""
        if not request.proposal.assets:
            return request, ()
        proposal, uses = await self._answering.resolved(request.proposal)
        whole = type(request)()
        whole.CopyFrom(request)
        whole.proposal.CopyFrom(proposal)
        return whole, uses

    async def GetServerInfo(  # noqa: N802 -- the name in the contract
        self, _request: pb.GetServerInfoRequest, _context: _Context
    ) -> pb.GetServerInfoResponse:
        """Describes the server, also while it has no rulesets yet."""
        try:
            rulesets = self._gate.snapshot().rulesets
        except NotReadyError:
            rulesets = ()
        limits = self._limits
        return pb.GetServerInfoResponse(
            engine_version=ENGINE_VERSION,
            limits=pb.Limits(
                max_request_bytes=limits.request_bytes,
                max_batch_items=limits.batch_items,
                max_assets=limits.assets,
                max_evidence=limits.evidence,
                max_statements=limits.statements,
                max_overrides=limits.overrides,
                max_text_characters=limits.text_characters,
                max_stream_unanswered=limits.stream_unanswered,
                max_stream_seconds=limits.stream_seconds,
            ),
            rulesets=[ruleset_ref(each.identity, len(each.rules)) for each in rulesets],
            default_ruleset=self._gate.default_ruleset,
        )
