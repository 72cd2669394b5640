"""GateService: converts, calls the use case, converts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

import grpc.aio

from readygate.v1 import gate_service_pb2 as pb
from readygate.v1 import gate_service_pb2_grpc
from readygate_server import ENGINE_VERSION
from readygate_server.application.active_ruleset import ActiveRuleset
from readygate_server.application.ports import Dossier
from readygate_server.application.requirements import list_requirements
from readygate_server.application.selection import Selection
from readygate_server.domain.errors import GateError, NotReadyError, PermissionDeniedError, RulesetNotFoundError
from readygate_server.domain.identity import Role
from readygate_server.domain.verdict import Waiver
from readygate_server.domain.vocabulary import Gate
from readygate_server.grpc_api.authorisation import permit, permit_any
from readygate_server.grpc_api.batch_items import item_bytes
from readygate_server.grpc_api.decision_messages import ruleset_ref
from readygate_server.grpc_api.errors import DeadlineExceededError, InvalidRequestError, answer_of, foreseen
from readygate_server.grpc_api.judging import Judged, judge, read_request
from readygate_server.grpc_api.ports import RulesetSnapshot, ServedGate
from readygate_server.grpc_api.recording import Asking, Recording, WaiversInForce
from readygate_server.grpc_api.requests import (
    Asked,
    Faults,
    check_count,
    read_day,
    read_gate,
    read_selection,
    read_waivers,
    usable_request_id,
)
from readygate_server.grpc_api.requirement_messages import requirements_message
from readygate_server.observability import Metrics, current_call
from readygate_server.settings import Limits

_Context = grpc.aio.ServicerContext[Any, Any]
_Answer: TypeAlias = Any
"""An EvaluateResponse, or the bytes of one as they were recorded; the generated base class knows only the former."""


class GateServicer(gate_service_pb2_grpc.GateServiceServicer):
    """Answers GateService. Judging is synchronous: it takes less time than handing it to a thread."""

    def __init__(
        self,
        gate: ServedGate,
        limits: Limits,
        metrics: Metrics,
        recording: Recording | None = None,
        waivers: WaiversInForce | None = None,
    ) -> None:
        """Takes the gate, what requests may hold, where verdicts are counted, and where they are kept, if at all."""
        self._gate = gate
        self._limits = limits
        self._metrics = metrics
        self._recording = recording
        self._waivers = waivers

    async def Evaluate(  # noqa: N802 -- the name in the contract
        self, request: pb.EvaluateRequest, context: _Context
    ) -> _Answer:
        """Judges one proposal, and records what it concludes."""
        permit(Role.EVALUATOR)
        snapshot = self._gate.snapshot()

        async def conclude() -> Judged:
            faults = Faults()
            selection = read_selection("ruleset", request.ruleset, faults)
            asked, dossier = read_request(self._gate, request, faults)
            active = snapshot.select(selection, as_of=asked.as_of)
            _check_deadline(context)
            permit(Role.EVALUATOR, decisions=1)
            return await self._judge(active, dossier, asked, request.proposal.id)

        call = current_call()
        asking = Asking(call.principal, call.received, request.request_id, answered_as=call.request_id)
        return await self._answer(asking, conclude)

    async def BatchEvaluate(  # noqa: N802 -- the name in the contract
        self, request: pb.BatchEvaluateRequest, context: _Context
    ) -> pb.BatchEvaluateResponse:
        """Judges up to 100 proposals by one ruleset, each for itself, and records each."""
        permit(Role.EVALUATOR)
        snapshot = self._gate.snapshot()
        faults = Faults()
        check_count("items", request.items, self._limits.batch_items)
        if not request.items:
            faults.add("items", "there is nothing to judge", got="0 items", expected="1 to 100 items")
        selection = read_selection("ruleset", request.ruleset, faults)
        faults.report()
        rulesets = _rulesets_by_day(snapshot, selection, request, self._gate.today())
        call = current_call()
        call.items = len(request.items)
        permit(Role.EVALUATOR, decisions=call.items)
        answers = []
        for index, (item, raw) in enumerate(zip(request.items, item_bytes(call.received), strict=True)):
            _check_deadline(context)
            item_id = usable_request_id(item.request_id) if item.request_id else f"{call.request_id}.{index}"
            answers.append(asyncio.ensure_future(self._answer_item(item, raw, item_id, rulesets)))
            await asyncio.sleep(0)  # others get their turn, and a caller who went away is noticed
        # Judging one item and recording another go on at the same time; what is recorded together is durable together.
        results = await asyncio.gather(*answers)
        judging = next(active for active in rulesets.values() if isinstance(active, ActiveRuleset))
        call.verdict, call.ruleset = "", judging.ruleset.identity.digest
        return pb.BatchEvaluateResponse(results=results, ruleset=_ref(judging))

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
        changes = faults.gather(lambda: self._gate.changes_of(request.proposal, request.overrides))
        asked, dossier = read_request(self._gate, request, faults)
        active = snapshot.select(selection, as_of=asked.as_of)
        self._require_evaluator(active, request.proposal.id)
        _check_deadline(context)
        judged = judge(self._gate, active, dossier.with_facts(changes) if changes else dossier, asked, waivers)
        self._count(judged)
        return pb.SimulateResponse(request_id=current_call().request_id, decision=judged.message)

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
            dossier = faults.gather(lambda: self._gate.dossier_of(request.proposal))
        faults.report()
        active = snapshot.select(selection, as_of=as_of)
        _check_deadline(context)
        wanted = gate or (dossier and dossier.target_gate) or max(Gate)
        listed = list_requirements(active, dossier, gate=wanted, as_of=as_of)
        current_call().ruleset = active.ruleset.identity.digest
        return requirements_message(listed, active, self._gate.guide)

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
            ),
            rulesets=[ruleset_ref(each.identity, len(each.rules)) for each in rulesets],
            default_ruleset=self._gate.default_ruleset,
        )

    async def _answer(self, asking: Asking, conclude: Callable[[], Awaitable[Judged]]) -> pb.EvaluateResponse | bytes:
        """Answers a request, durably where there is a record; a repeated one as it was answered first."""
        try:
            judged = await conclude()
        except PermissionDeniedError:
            raise
        except GateError:
            # What was answered once stays the answer, also when its ruleset is gone since.
            earlier = await self._recording.earlier(asking) if self._recording else None
            if earlier is None:
                raise
            return earlier
        response = pb.EvaluateResponse(request_id=asking.answered_as, decision=judged.message)
        if self._recording is None:
            return response
        return await self._recording.record(asking, judged.decision, response, proposal_id=judged.proposal_id)

    async def _judge(self, active: ActiveRuleset, dossier: Dossier, asked: Asked, proposal_id: str) -> Judged:
        self._require_evaluator(active, proposal_id)
        waivers: tuple[Waiver, ...] = ()
        if self._waivers is not None:
            waivers = await self._waivers.in_force(dossier.digest, active.ruleset.identity.digest)
        judged = judge(self._gate, active, dossier, asked, waivers)
        self._count(judged)
        return judged._replace(proposal_id=proposal_id)

    def _require_evaluator(self, active: ActiveRuleset, proposal_id: str) -> None:
        permit(Role.EVALUATOR, ruleset=active.ruleset.identity.name, proposal=proposal_id)

    def _count(self, judged: Judged) -> None:
        call = current_call()
        call.verdict = judged.decision.verdict.value
        call.ruleset = judged.decision.ruleset.digest
        self._metrics.decisions.labels(judged.decision.verdict.value).inc()

    async def _answer_item(
        self,
        item: pb.EvaluateRequest,
        raw: bytes,
        item_id: str,
        rulesets: Mapping[str, ActiveRuleset | RulesetNotFoundError],
    ) -> pb.BatchItemResult:
        async def conclude() -> Judged:
            faults = Faults()
            if item.HasField("ruleset"):
                faults.add("ruleset", "a batch has one ruleset for all items", expected="nothing")
            asked, dossier = read_request(self._gate, item, faults)
            active = rulesets[asked.as_of]
            if isinstance(active, RulesetNotFoundError):
                raise active
            return await self._judge(active, dossier, asked, item.proposal.id)

        try:
            asking = Asking(current_call().principal, raw, item.request_id, answered_as=item_id)
            answer = await self._answer(asking, conclude)
        except Exception as error:  # noqa: BLE001 -- one item that fails must not fail the others
            return pb.BatchItemResult(error=answer_of(foreseen(error, item_id)).item())
        response = pb.EvaluateResponse.FromString(answer) if isinstance(answer, bytes) else answer
        return pb.BatchItemResult(response=response)


def _rulesets_by_day(
    snapshot: RulesetSnapshot, selection: Selection, request: pb.BatchEvaluateRequest, today: str
) -> Mapping[str, ActiveRuleset | RulesetNotFoundError]:
    """Returns the ruleset that is meant on the day of each item; one and the same wherever there is one.

    A batch is judged by one ruleset, and each item as if it came alone. Where a channel means different versions on
    the days of the items, both can not be had, and the caller has to say more.
    """
    ignored = Faults()
    days = {read_day("as_of", item.as_of, today, ignored) for item in request.items}
    found = {day: _selected(snapshot, selection, day) for day in sorted(days)}
    actives = {active.ruleset.identity.digest: active for active in found.values() if isinstance(active, ActiveRuleset)}
    if not actives:
        raise next(each for each in found.values() if isinstance(each, RulesetNotFoundError))
    if len(actives) > 1:
        versions = ", ".join(sorted(active.ruleset.identity.version for active in actives.values()))
        message = "the days of the items mean different versions"
        raise InvalidRequestError("request", (("ruleset", message, versions, "a version, or a batch for each"),))
    return found


def _selected(snapshot: RulesetSnapshot, selection: Selection, day: str) -> ActiveRuleset | RulesetNotFoundError:
    try:
        return snapshot.select(selection, as_of=day)
    except RulesetNotFoundError as error:
        return error


def _ref(active: ActiveRuleset) -> Any:
    return ruleset_ref(active.ruleset.identity, len(active.ruleset.rules))


def _check_deadline(context: _Context) -> None:
    """Raises when nobody waits for the answer any more."""
    remaining: float | None = context.time_remaining()
    if remaining is not None and remaining <= 0:
        raise DeadlineExceededError
