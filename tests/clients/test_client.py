"""The clients: what they offer, what they retry, and what they make of errors. Each promise is kept by both."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import grpc
import pytest

import readygate
from readygate import AsyncGateClient, GateClient, GateError
from readygate.client import MAX_ATTEMPTS
from readygate.v1 import (
    certificate_service_pb2,
    decision_service_pb2,
    foundation_service_pb2,
    log_service_pb2,
    waiver_service_pb2,
)
from readygate.v1 import gate_service_pb2 as pb
from readygate.v1 import ruleset_service_pb2 as rulesets
from tests.clients.scripted import details, reason, scripted

SERVICES = (
    pb,
    rulesets,
    certificate_service_pb2,
    decision_service_pb2,
    foundation_service_pb2,
    log_service_pb2,
    waiver_service_pb2,
)
Evaluate = Callable[[str, pb.EvaluateRequest, float | None], pb.EvaluateResponse]


def blocking(target: str, request: pb.EvaluateRequest, timeout: float | None = None) -> pb.EvaluateResponse:
    """Asks with the blocking client."""
    with GateClient(target) as client:
        return client.evaluate(request, timeout=timeout)


def asynchronous(target: str, request: pb.EvaluateRequest, timeout: float | None = None) -> pb.EvaluateResponse:
    """Asks with the asynchronous client."""

    async def ask() -> pb.EvaluateResponse:
        async with AsyncGateClient(target) as client:
            return await client.evaluate(request, timeout=timeout)

    return asyncio.run(ask())


both = pytest.mark.parametrize("evaluate", [blocking, asynchronous])


def test_every_rpc_of_the_contract_is_offered_by_both() -> None:
    """No RPC is forgotten, and each operation sends and reads the messages of its RPC."""
    wanted = {
        f"/{service.full_name}/{method.name}": (method.input_type.full_name, method.output_type.full_name)
        for descriptor in SERVICES
        for service in descriptor.DESCRIPTOR.services_by_name.values()
        for method in service.methods
    }

    for client in (GateClient, AsyncGateClient):
        offered = [
            value
            for name in dir(client)
            if hasattr(value := getattr(client, name), "path") and not name.startswith("_")
        ]
        assert {rpc.path: rpc.reply.DESCRIPTOR.full_name for rpc in offered} == {
            path: output for path, (_, output) in wanted.items()
        }
        assert all(rpc.__doc__ for rpc in offered)


@both
def test_what_can_not_be_reached_is_tried_again(evaluate: Evaluate) -> None:
    """UNAVAILABLE is tried again, with the same id each time."""
    with scripted([grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.UNAVAILABLE]) as gate:
        reply = evaluate(gate.target, pb.EvaluateRequest(), None)

    assert len(gate.ids) == 3
    assert set(gate.ids) == {reply.request_id}
    assert reply.request_id


@both
def test_trying_again_has_an_end(evaluate: Evaluate) -> None:
    """A gate that stays away is an error after a few attempts."""
    with scripted([grpc.StatusCode.UNAVAILABLE] * 20) as gate, pytest.raises(GateError) as caught:
        evaluate(gate.target, pb.EvaluateRequest(), None)

    assert caught.value.code is grpc.StatusCode.UNAVAILABLE
    assert len(gate.ids) == MAX_ATTEMPTS


@both
@pytest.mark.parametrize(
    "code",
    [code for code in grpc.StatusCode if code not in (grpc.StatusCode.OK, grpc.StatusCode.UNAVAILABLE)],
    ids=lambda code: code.name,
)
def test_nothing_else_is_tried_again(evaluate: Evaluate, code: grpc.StatusCode) -> None:
    """Any other failure is told at once."""
    with scripted([code]) as gate, pytest.raises(GateError) as caught:
        evaluate(gate.target, pb.EvaluateRequest(), None)

    assert caught.value.code is code
    assert len(gate.ids) == 1


@both
def test_a_deadline_bounds_all_attempts(evaluate: Evaluate) -> None:
    """With a gate that stays away, a call ends by its own time."""
    started = time.monotonic()
    with pytest.raises(GateError) as caught:
        evaluate("127.0.0.1:1", pb.EvaluateRequest(), 0.05)

    assert time.monotonic() - started < 2
    assert caught.value.code in (grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.UNAVAILABLE)


@both
def test_every_call_has_a_deadline(evaluate: Evaluate) -> None:
    """Without a timeout of its own a call gets the client's, and the gate knows of it."""
    with scripted([]) as gate:
        evaluate(gate.target, pb.EvaluateRequest(), None)
        evaluate(gate.target, pb.EvaluateRequest(), 3.0)

    rounding = 0.1  # gRPC sends timeouts with few digits
    assert 3 + rounding < gate.remaining[0] <= 10 + rounding
    assert 0 < gate.remaining[1] <= 3 + rounding


@both
def test_the_callers_message_stays_as_it_is(evaluate: Evaluate) -> None:
    """An id that the client makes is not written into the caller's request; one that is there is kept."""
    bare, named = pb.EvaluateRequest(), pb.EvaluateRequest(request_id="mine")
    with scripted([]) as gate:
        evaluate(gate.target, bare, None)
        evaluate(gate.target, named, None)

    assert bare == pb.EvaluateRequest()
    assert gate.ids[0]
    assert gate.ids[1] == "mine"


def test_items_of_a_batch_get_ids_as_well() -> None:
    """Each item without an id gets one of its own."""
    batch = pb.BatchEvaluateRequest(items=[pb.EvaluateRequest(), pb.EvaluateRequest(request_id="mine")])
    with scripted([]) as gate, GateClient(gate.target) as client:
        client.batch_evaluate(batch)

    assert gate.ids[0]
    assert gate.ids[1] == "mine"
    assert not batch.items[0].request_id


@both
def test_an_error_carries_reason_metadata_and_faults(evaluate: Evaluate) -> None:
    """What the gate says is wrong arrives as values and reads as sentences."""
    fault = pb.InputFault(path="id", message="not well formed", got="'X'", expected="lower case")
    sent = details(3, reason("INVALID_PROPOSAL"), pb.InputFaults(faults=[fault]))
    with scripted([sent]) as gate, pytest.raises(GateError) as caught:
        evaluate(gate.target, pb.EvaluateRequest(), None)

    error = caught.value
    assert (error.code, error.reason, dict(error.metadata)) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "INVALID_PROPOSAL",
        {"faults": "1"},
    )
    assert error.faults == (fault,)
    assert error.is_callers_fault
    assert str(error) == "INVALID_PROPOSAL: told so\n  id: not well formed, got 'X', expected lower case"


@both
@pytest.mark.parametrize(
    "sent", [b"\xff\xff\xff", details(3), details(3, reason("MADE_UP", "else.where")), b""], ids=range(4)
)
def test_details_that_are_not_ours_make_no_reason(evaluate: Evaluate, sent: bytes) -> None:
    """What something on the way answered is an error with its code, and without a reason of the gate."""
    with scripted([sent]) as gate, pytest.raises(GateError) as caught:
        evaluate(gate.target, pb.EvaluateRequest(), None)

    assert (caught.value.code, caught.value.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "")
    assert str(caught.value) == "INVALID_ARGUMENT: told so"


async def test_a_cancelled_call_is_cancelled() -> None:
    """Giving up on a call is no error of the gate."""
    async with AsyncGateClient("127.0.0.1:1", timeout=30) as client:
        asking = asyncio.create_task(client.evaluate(pb.EvaluateRequest()))
        await asyncio.sleep(0)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking


def example() -> str:
    """Returns the example of the package's docstring."""
    lines = (readygate.__doc__ or "").splitlines()
    return "\n".join(line.removeprefix("    ") for line in lines if line.startswith("    ") or not line.strip())


def test_the_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """The example of the package does what it says, but for its address."""
    with scripted([]) as gate:
        exec(example().replace("127.0.0.1:50051", gate.target), {})  # noqa: S102 -- our own docstring

    assert capsys.readouterr().out == "VERDICT_UNSPECIFIED\n"
