"""Calls from within the process go the way of all calls."""

from __future__ import annotations

import asyncio

import grpc
import pytest

from readygate.v1 import gate_service_pb2 as pb
from readygate.v1.gate_service_pb2_grpc import GateServiceStub
from readygate_server.bootstrap import Snapshot
from readygate_server.bootstrap.served_rules import ServedRules
from readygate_server.http_api.caller import Caller, CallFailed
from tests.grpc_api.serving import AS_OF, running, tiny

EVALUATE = "/readygate.v1.GateService/Evaluate"


async def test_a_call_is_answered_and_logged_as_over_the_wire(packaged: Snapshot) -> None:
    """A call from within gives the bytes that the wire gives, and leaves the same line."""
    request = pb.EvaluateRequest(request_id="same", proposal=tiny(), as_of=AS_OF)
    async with running(packaged) as served:
        caller = Caller(served.server.calls)
        inside = await caller.call(EVALUATE, request.SerializeToString())
        typed = await caller.ask(request, pb.EvaluateResponse)
        async with grpc.aio.insecure_channel(served.target) as channel:
            outside = await GateServiceStub(channel).Evaluate(request)
        lines = served.lines()

    assert typed == pb.EvaluateResponse.FromString(inside) == outside
    assert [(line["method"], line["code"], line["request_id"]) for line in lines] == [
        ("GateService/Evaluate", "OK", "same")
    ] * 3


async def test_a_call_that_fails_says_how(packaged: Snapshot) -> None:
    """What is wrong with a request comes back with its code, reason and faults."""
    async with running(packaged) as served:
        with pytest.raises(CallFailed) as failed:
            await Caller(served.server.calls).call(EVALUATE, pb.EvaluateRequest(as_of="never").SerializeToString())
        with pytest.raises(CallFailed) as unread:
            await Caller(served.server.calls).call(EVALUATE, b"\xff")

    assert (failed.value.answer.code.name, failed.value.answer.reason) == ("INVALID_ARGUMENT", "INVALID_REQUEST")
    assert any(fault.path == "as_of" for fault in failed.value.answer.faults)
    assert unread.value.answer.reason == "INVALID_REQUEST"


async def test_calls_at_once_are_limited(packaged: Snapshot) -> None:
    """One call more than may be there is turned away, and the others are answered."""
    request = pb.EvaluateRequest(proposal=tiny(), as_of=AS_OF).SerializeToString()
    async with running(packaged) as served:
        caller = Caller(served.server.calls, at_once=3)
        ended = await asyncio.gather(*(caller.call(EVALUATE, request) for _ in range(4)), return_exceptions=True)
        lines = served.lines()

    failed = [each for each in ended if isinstance(each, CallFailed)]
    assert [each.answer.reason for each in failed] == ["OVERLOADED"]
    assert sorted(line["code"] for line in lines) == ["OK", "OK", "OK", "RESOURCE_EXHAUSTED"]


async def test_callers_beside_each_other_have_room_of_their_own(packaged: Snapshot) -> None:
    """Where one caller is full another one is answered, up to its own limit."""
    request = pb.EvaluateRequest(proposal=tiny(), as_of=AS_OF).SerializeToString()
    async with running(packaged) as served:
        full = Caller(served.server.calls, at_once=2)
        other = Caller(served.server.calls, at_once=1, beside=full)
        calls = [full.call(EVALUATE, request) for _ in range(3)] + [other.call(EVALUATE, request) for _ in range(2)]
        ended = await asyncio.gather(*calls, return_exceptions=True)

    assert [isinstance(each, CallFailed) for each in ended] == [False, False, True, False, True]


async def test_a_call_ends_at_its_deadline() -> None:
    """A call whose time is up fails, and its line says so."""
    async with running(None, gate=ServedRules()) as served:
        with pytest.raises(CallFailed) as failed:
            await Caller(served.server.calls).call(EVALUATE, b"", seconds=0)
        lines = served.lines()

    assert [line["code"] for line in lines] == ["DEADLINE_EXCEEDED"]
    assert failed.value.answer.reason == "DEADLINE_EXCEEDED"


async def test_calls_are_turned_away_while_the_server_stops(packaged: Snapshot) -> None:
    """A call during the drain fails like one over the wire."""
    async with running(packaged) as served:
        caller = Caller(served.server.calls)
        draining = asyncio.create_task(served.server.drain())
        await asyncio.sleep(0.05)
        with pytest.raises(CallFailed) as failed:
            await caller.call(EVALUATE, b"")
        await draining

    assert failed.value.answer.reason == "NOT_READY"
