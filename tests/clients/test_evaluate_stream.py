"""Streams as the clients offer them: how items are sent, and what becomes of errors on either side."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from concurrent import futures
from contextlib import contextmanager
from dataclasses import dataclass, field

import grpc
import pytest

from readygate import AsyncGateClient, GateClient, GateError
from readygate.v1 import gate_service_pb2 as pb
from readygate.v1.proposal_pb2 import Proposal
from readygate.v1.ruleset_pb2 import RulesetSelector

Items = Iterable[pb.EvaluateStreamItem]
Stream = Callable[[str, Items, list[str]], None]
RULES = RulesetSelector(name="rules")


@dataclass
class Gate:
    """A gate that notes what comes, and how each call ended."""

    target: str = ""
    messages: list[pb.EvaluateStreamRequest] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)


@contextmanager
def gate(fails_after: int = 1_000_000) -> Iterator[Gate]:
    """Runs a gate that answers each item, until it fails after a number of messages."""
    seen = Gate()

    def answer(
        requests: Iterator[pb.EvaluateStreamRequest], context: grpc.ServicerContext
    ) -> Iterator[pb.EvaluateStreamResponse]:
        context.add_callback(seen.ended.set)
        for request in requests:
            seen.messages.append(request)
            if len(seen.messages) > fails_after:
                context.abort(grpc.StatusCode.UNAVAILABLE, "told so")
            results = [pb.EvaluateStreamResult(item_id=each.item_id) for each in request.items]
            yield pb.EvaluateStreamResponse(results=results)

    handler = grpc.stream_stream_rpc_method_handler(
        answer, pb.EvaluateStreamRequest.FromString, pb.EvaluateStreamResponse.SerializeToString
    )
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=2))
    methods = {"EvaluateStream": handler}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("readygate.v1.GateService", methods),))
    seen.target = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        yield seen
    finally:
        server.stop(None).wait()


def blocking(target: str, items: Items, answered: list[str]) -> None:
    """Streams with the blocking client."""
    with GateClient(target) as client:
        answered.extend(each.item_id for each in client.evaluate_stream(items, ruleset=RULES, timeout=20))


def asynchronous(target: str, items: Items, answered: list[str]) -> None:
    """Streams with the asynchronous client."""

    async def stream() -> None:
        async with AsyncGateClient(target) as client:
            async for each in client.evaluate_stream(items, ruleset=RULES, timeout=20):
                answered.append(each.item_id)  # noqa: PERF401 -- what came before an error counts

    asyncio.run(stream())


def asynchronous_items(target: str, items: Items, answered: list[str]) -> None:
    """Streams asynchronous items with the asynchronous client."""

    async def given() -> AsyncIterator[pb.EvaluateStreamItem]:
        for each in items:
            yield each

    async def stream() -> None:
        async with AsyncGateClient(target) as client:
            async for each in client.evaluate_stream(given(), ruleset=RULES, timeout=20):
                answered.append(each.item_id)  # noqa: PERF401 -- what came before an error counts

    asyncio.run(stream())


every = pytest.mark.parametrize("stream", [blocking, asynchronous, asynchronous_items])


def items_of(count: int, *, characters: int = 0) -> list[pb.EvaluateStreamItem]:
    """Returns items of about a size."""
    request = pb.EvaluateRequest(proposal=Proposal(id="p", title="x" * characters))
    return [pb.EvaluateStreamItem(item_id=str(number), request=request) for number in range(count)]


@every
def test_items_are_sent_as_they_come(stream: Stream) -> None:
    """Items that are made one by one are sent one by one, the ruleset with the first, each with an id of its own."""
    items, answered = items_of(5), list[str]()
    with gate() as seen:
        stream(seen.target, iter(items), answered)

    sent = [each for message in seen.messages for each in message.items]
    assert sorted(answered) == [each.item_id for each in items]
    assert [message.HasField("ruleset") for message in seen.messages] == [True, *[False] * 4]
    assert len({each.request.request_id for each in sent} - {""}) == 5
    assert [each.request.proposal for each in sent] == [each.request.proposal for each in items]
    assert not items[0].request.request_id


@pytest.mark.parametrize("stream", [blocking, asynchronous])
@pytest.mark.parametrize(
    ("characters", "expected"), [(10, [10, 10, 5]), (100_000, [2] * 12 + [1]), (300_000, [1] * 25)]
)
def test_items_of_a_list_share_messages(stream: Stream, characters: int, expected: list[int]) -> None:
    """Items that are all there already are sent ten to a message, or as many as fit well below what a gate takes."""
    answered = list[str]()
    with gate() as seen:
        stream(seen.target, items_of(25, characters=characters), answered)

    assert [len(message.items) for message in seen.messages] == expected
    assert sorted(answered, key=int) == [str(number) for number in range(25)]


@every
def test_an_error_of_the_gate_follows_what_was_answered(stream: Stream) -> None:
    """When the gate ends a stream, results that came before are given, and then the error.

    On a busy machine grpc.aio may lose both, which the client says: https://github.com/grpc/grpc/issues/36066.
    """
    answered = list[str]()
    with gate(fails_after=3) as seen, pytest.raises(GateError, match=r"told so|was lost") as caught:
        stream(seen.target, iter(items_of(50)), answered)

    assert caught.value.code is grpc.StatusCode.UNAVAILABLE
    assert answered == ["0", "1", "2"][: len(answered)]
    assert len(answered) == 3 or "was lost" in str(caught.value)


@every
def test_an_error_of_the_caller_is_raised_where_the_caller_waits(stream: Stream) -> None:
    """When items can not be made, those before are answered, and the caller gets its own error."""

    def given() -> Iterator[pb.EvaluateStreamItem]:
        yield from items_of(3)
        raise KeyError("mine")

    answered = list[str]()
    with gate() as seen, pytest.raises(KeyError, match="mine"):
        stream(seen.target, given(), answered)

    assert answered == ["0", "1", "2"]


def test_who_looks_at_no_more_results_ends_the_call() -> None:
    """Leaving the results of the blocking client ends the call at the gate."""

    def given() -> Iterator[pb.EvaluateStreamItem]:
        while True:
            yield from items_of(1)

    with gate() as seen, GateClient(seen.target) as client:
        results = client.evaluate_stream(given())
        next(results)
        results.close()  # type: ignore[attr-defined]  # a generator
        assert seen.ended.wait(10)
