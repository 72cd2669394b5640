"""Streams of a server that keeps a record: nothing is answered that is not in it, however the stream ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import grpc.aio
import pytest

from readygate import AsyncGateClient
from readygate.v1 import decision_service_pb2 as decisions
from readygate.v1 import gate_service_pb2 as pb
from readygate.v1.record_pb2 import DecisionRecord
from readygate_server.bootstrap import Snapshot
from tests.grpc_api.keeping import keeping
from tests.grpc_api.serving import Running, eventually
from tests.grpc_api.test_stream import METHOD, ended, item, sent


@pytest.fixture
async def kept(packaged: Snapshot, tmp_path: Path) -> AsyncIterator[Running]:
    """Runs a server that records in a directory of the test."""
    async with keeping(packaged, tmp_path) as served:
        yield served


def asked(count: int) -> list[pb.EvaluateStreamItem]:
    """Returns items with request ids of their own."""
    return [item(f"p{number}", request_id=f"r{number}") for number in range(count)]


async def recorded(client: AsyncGateClient) -> list[DecisionRecord]:
    """Returns everything that is recorded."""
    wanted = decisions.ListDecisionsRequest(page_size=1_000)
    listed = (await client.list_decisions(wanted)).decisions
    full = decisions.RECORD_VIEW_FULL
    asks = [decisions.GetDecisionRequest(decision_id=each.ref.decision_id, view=full) for each in listed]
    return [(await client.get_decision(each)).decision for each in asks]


def requests_of(records: Iterable[DecisionRecord]) -> dict[str, bytes]:
    """Returns the recorded requests by their ids."""
    return {each.request_id: each.request for each in records}


async def test_each_item_is_a_decision_of_its_own(kept: Running) -> None:
    """Each request is recorded as it was sent, and each answer as it was given, byte by byte."""
    given = asked(20)
    results = await sent(kept.client, given)
    records = await recorded(kept.client)

    assert requests_of(records) == {each.request.request_id: each.request.SerializeToString() for each in given}
    answers = {each.request_id: each.response for each in records}
    assert answers == {each.response.request_id: each.response.SerializeToString() for each in results.values()}
    assert {each.ref.decision_id for each in records} == {each.response.record.decision_id for each in results.values()}


async def test_a_request_that_is_written_in_pieces_is_recorded_as_sent(kept: Running) -> None:
    """A request that is spread over two fields of an item is recorded with the bytes of both."""
    parts = [pb.EvaluateRequest(request_id="r"), asked(1)[0].request]
    parts[1].request_id = ""
    body = b"".join(pb.EvaluateStreamItem(request=part).SerializeToString() for part in parts)
    message = b"\x12" + _varint(len(body)) + body
    assert pb.EvaluateStreamRequest.FromString(message).items[0].request.request_id == "r"
    async with grpc.aio.insecure_channel(kept.target) as channel:
        replies = [each async for each in channel.stream_stream(METHOD, bytes, bytes)(iter([message]), timeout=20)]

    assert len(replies) == 1
    assert requests_of(await recorded(kept.client)) == {"r": b"".join(part.SerializeToString() for part in parts)}


def _varint(number: int) -> bytes:
    return bytes([number]) if number < 0x80 else bytes([number & 0x7F | 0x80]) + _varint(number >> 7)


async def test_what_is_sent_again_is_answered_as_before(kept: Running) -> None:
    """A portfolio that is sent a second time gets its first answers; an id with another request is a conflict."""
    first = await sent(kept.client, asked(5))
    other = item("other", request_id="r0")
    again = await sent(kept.client, [*asked(6), other])

    assert {name: again[name] for name in first} == first
    assert again["other"].error.reason == "REQUEST_ID_REUSED"
    assert len(await recorded(kept.client)) == 6


@pytest.mark.parametrize("read", [0, 7])
async def test_who_goes_away_leaves_only_what_is_recorded(packaged: Snapshot, tmp_path: Path, read: int) -> None:
    """When a caller goes in the middle, every answer that it got is in the record, and no task is left."""
    got: list[pb.EvaluateStreamResult] = []

    async def given() -> AsyncIterator[pb.EvaluateStreamItem]:
        for each in asked(10_000):
            yield each

    async with keeping(packaged, tmp_path) as kept:
        await sent(kept.client, asked(1))  # whatever starts with the first call has started
        before = asyncio.all_tasks()
        results = kept.client.evaluate_stream(given())
        got.extend([await anext(results) for _ in range(read + 1)])
        await results.aclose()  # type: ignore[attr-defined]  # an asynchronous generator

        def left() -> list[str]:
            tasks = map(repr, asyncio.all_tasks() - before)
            return [each for each in tasks if "_request_call" not in each]  # gRPC waits for the next call

        assert await eventually(lambda: not left()), left()
        assert [line["code"] for line in kept.lines()] == ["OK", "CANCELLED"]
    async with keeping(packaged, tmp_path) as again:
        known = {each.ref.decision_id: each.response for each in await recorded(again.client)}

    assert all(known[each.response.record.decision_id] == each.response.SerializeToString() for each in got)
    assert len(known) < 1_000


async def test_a_server_that_stops_loses_nothing_that_it_answered(packaged: Snapshot, tmp_path: Path) -> None:
    """Under load, a stopping server answers what it has read; what it has recorded is what it has answered."""
    answers: dict[str, bytes] = {}

    async def given() -> AsyncIterator[pb.EvaluateStreamItem]:
        for each in asked(100_000):
            yield each

    async with keeping(packaged, tmp_path) as kept:
        results = kept.client.evaluate_stream(given())
        for _ in range(100):
            result = await anext(results)
            answers[result.response.record.decision_id] = result.response.SerializeToString()
        draining = asyncio.ensure_future(kept.server.drain())

        async def rest() -> AsyncIterator[pb.EvaluateStreamResult]:
            async for each in results:
                answers[each.response.record.decision_id] = each.response.SerializeToString()
                yield each

        _, error = await ended(rest())
        await draining
    async with keeping(packaged, tmp_path) as again:
        known = {each.ref.decision_id: each.response for each in await recorded(again.client)}

    assert error.reason == "NOT_READY"
    assert known == answers
