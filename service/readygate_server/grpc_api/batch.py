"""Batches: many proposals in one request, by one ruleset, in one answer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

import grpc.aio

from readygate.v1 import gate_service_pb2 as pb
from readygate_server.application.active_ruleset import ActiveRuleset
from readygate_server.application.selection import Selection
from readygate_server.domain.errors import RulesetNotFoundError
from readygate_server.domain.identity import Role
from readygate_server.grpc_api.answering import Answering, ItemAnswer, Turns, check_deadline
from readygate_server.grpc_api.authorisation import permit
from readygate_server.grpc_api.decision_messages import ruleset_ref
from readygate_server.grpc_api.errors import InvalidRequestError
from readygate_server.grpc_api.ports import RulesetSnapshot, ServedGate
from readygate_server.grpc_api.recording import Asking
from readygate_server.grpc_api.requests import Faults, check_count, read_day, read_selection, usable_request_id
from readygate_server.grpc_api.wire import fields_of, head_of, number_of
from readygate_server.observability import current_call

_Context = grpc.aio.ServicerContext[Any, Any]
_Rulesets = Mapping[str, ActiveRuleset | RulesetNotFoundError]

_ITEMS: Final = number_of(pb.BatchEvaluateRequest, "items")
_RESULTS: Final = number_of(pb.BatchEvaluateResponse, "results")
_RESPONSE: Final = number_of(pb.BatchItemResult, "response")
_ERROR: Final = number_of(pb.BatchItemResult, "error")


async def answer_batch(
    answering: Answering, gate: ServedGate, request: pb.BatchEvaluateRequest, context: _Context, *, most: int
) -> bytes:
    """Returns a serialised BatchEvaluateResponse, with the results in the order of the items."""
    snapshot = gate.snapshot()
    faults = Faults()
    check_count("items", request.items, most)
    if not request.items:
        faults.add("items", "there is nothing to judge", got="0 items", expected="1 to 100 items")
    selection = read_selection("ruleset", request.ruleset, faults)
    faults.report()
    rulesets = _rulesets_by_day(snapshot, selection, request, gate.today())
    call = current_call()
    call.items = len(request.items)
    permit(Role.EVALUATOR, decisions=call.items)
    answers = await _answers(answering, request, context, rulesets)
    judging = next(active for active in rulesets.values() if isinstance(active, ActiveRuleset))
    call.verdict, call.ruleset = "", judging.ruleset.identity.digest
    return _response(answers, judging)


async def _answers(
    answering: Answering, request: pb.BatchEvaluateRequest, context: _Context, rulesets: _Rulesets
) -> Sequence[ItemAnswer]:
    def ruleset_on(day: str) -> ActiveRuleset:
        found = rulesets[day]
        if isinstance(found, RulesetNotFoundError):
            raise found
        return found

    call, turns = current_call(), Turns()
    is_durable = answering.is_durable
    waiting: list[asyncio.Future[ItemAnswer]] = []
    answers: list[ItemAnswer] = []
    raws = fields_of(call.received, _ITEMS) if is_durable else [b""] * len(request.items)
    try:
        for index, (item, raw) in enumerate(zip(request.items, raws, strict=True)):
            check_deadline(context)
            item_id = usable_request_id(item.request_id) if item.request_id else f"{call.request_id}.{index}"
            answer = answering.answer_item(Asking(call.principal, raw, item.request_id, item_id), item, ruleset_on)
            if is_durable:  # one is judged while another is recorded; what is recorded together is durable together
                waiting.append(asyncio.ensure_future(answer))
                await asyncio.sleep(0)
            else:
                answers.append(await answer)
                await turns.take()
        return await asyncio.gather(*waiting) if is_durable else answers
    finally:
        for each in waiting:
            each.cancel()  # whoever goes away leaves nothing behind


def _response(answers: Sequence[ItemAnswer], judging: ActiveRuleset) -> bytes:
    pieces: list[bytes] = []
    for content, is_response in answers:
        head = head_of(_RESPONSE if is_response else _ERROR, len(content))
        pieces += (head_of(_RESULTS, len(head) + len(content)), head, content)
    ref = ruleset_ref(judging.ruleset.identity, len(judging.ruleset.rules))
    return b"".join((*pieces, pb.BatchEvaluateResponse(ruleset=ref).SerializeToString()))


def _rulesets_by_day(
    snapshot: RulesetSnapshot, selection: Selection, request: pb.BatchEvaluateRequest, today: str
) -> _Rulesets:
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
