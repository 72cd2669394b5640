"""Streams of proposals over a socket: what is answered, by what, how much at once, and how they end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import grpc
import grpc.aio
import pytest

from readygate import AsyncGateClient, GateError
from readygate.errors import error_of
from readygate.v1 import gate_service_pb2 as pb
from readygate.v1.ruleset_pb2 import RulesetSelector
from readygate_server.bootstrap import Snapshot, load_snapshot
from readygate_server.bootstrap.served_rules import ServedRules
from readygate_server.settings import Limits
from tests.grpc_api import rules_on_disk
from tests.grpc_api.serving import AS_OF, Running, eventually, refund_agent, running, tiny

METHOD = "/readygate.v1.GateService/EvaluateStream"
SMALL = RulesetSelector(name="small")
EARLIER = "effective_from: 2025-01-01"


def item(name: str, **changes: object) -> pb.EvaluateStreamItem:
    """Returns an item that is judged, unless changed."""
    wanted: dict[str, object] = {"proposal": tiny(name), "as_of": AS_OF, "view": pb.VIEW_SUMMARY}
    request = pb.EvaluateRequest(**(wanted | changes))  # type: ignore[arg-type]  # fields of all types
    return pb.EvaluateStreamItem(item_id=name, request=request)


def items(count: int) -> list[pb.EvaluateStreamItem]:
    """Returns items that are judged."""
    return [item(f"p{number}") for number in range(count)]


async def sent(
    client: AsyncGateClient, given: Iterable[pb.EvaluateStreamItem], ruleset: RulesetSelector | None = None
) -> dict[str, pb.EvaluateStreamResult]:
    """Returns the results of a stream by the ids of their items."""
    results = [each async for each in client.evaluate_stream(given, ruleset=ruleset, timeout=60)]
    assert len({each.item_id for each in results}) == len(results)
    return {each.item_id: each for each in results}


async def ended(results: AsyncIterator[pb.EvaluateStreamResult]) -> tuple[list[str], GateError]:
    """Returns the ids that were answered before a stream ended with an error, and the error."""
    answered = []
    try:
        async for each in results:
            answered.append(each.item_id)  # noqa: PERF401 -- what came before the error counts
    except GateError as error:
        return answered, error
    raise AssertionError("the stream ended well")


async def test_each_item_is_answered_as_if_it_came_alone(served: Running) -> None:
    """An item gets the answer that its request gets alone, bit for bit, one to a message or many."""
    asked = [item(f"p{number}", request_id=f"r{number}", view=number % 3) for number in range(25)]
    alone = {each.item_id: await served.client.evaluate(each.request) for each in asked}

    for given in (asked, iter(asked)):
        results = await sent(served.client, given)
        answers = {name: result.response for name, result in results.items()}
        assert answers == alone
        for name, answer in answers.items():
            assert answer.SerializeToString(deterministic=True) == alone[name].SerializeToString(deterministic=True)


async def test_an_item_that_fails_fails_alone(served: Running) -> None:
    """Each fault of an item is its own answer, with the path of the fault; the others are judged."""
    broken = tiny("broken")
    broken.data_sources[0].completeness = float("nan")
    given = [
        item("first"),
        item("broken", proposal=broken),
        item("nothing", proposal=None),
        item("day", as_of="2026-02-30"),
        item("ruleset", ruleset=RulesetSelector(name="operational-readiness")),
        pb.EvaluateStreamItem(item_id="empty"),
        item("last"),
    ]

    results = await sent(served.client, given)

    failed = {name: result.error for name, result in results.items() if result.HasField("error")}
    assert {name: (error.reason, error.faults[0].path) for name, error in failed.items()} == {
        "broken": ("INVALID_PROPOSAL", "data_sources[crm].completeness"),
        "nothing": ("INVALID_REQUEST", "proposal"),
        "day": ("INVALID_REQUEST", "as_of"),
        "ruleset": ("INVALID_REQUEST", "ruleset"),
        "empty": ("INVALID_REQUEST", "proposal"),
    }
    assert {error.code for error in failed.values()} == {3}
    assert results["first"].response.decision.verdict == results["last"].response.decision.verdict != 0
    assert served.judged() == 2


async def test_a_stream_is_one_line_and_its_items_are_counted(served: Running) -> None:
    """The log has one line with the numbers of items and of those that failed; metrics have both as well."""
    await sent(served.client, [*items(4), item("bad", as_of="never")])

    assert await eventually(lambda: bool(served.lines()))
    [line] = served.lines()
    assert (line["method"], line["code"], line["items"], line["failed"]) == ("GateService/EvaluateStream", "OK", 5, 1)
    assert "verdict" not in line
    counts = [served.metrics.value("readygate_items_total", result=each) for each in ("answered", "failed")]
    assert counts == [4, 1]
    assert served.metrics.value("readygate_calls_total", method="GateService/EvaluateStream", code="OK") == 1


async def test_a_stream_without_items_ends_well(served: Running) -> None:
    """Nothing asked is nothing answered."""
    assert await sent(served.client, []) == {}


async def test_a_ruleset_that_there_is_not_is_an_answer_to_each_item(served: Running) -> None:
    """Items that no ruleset can judge are answered with that."""
    results = await sent(served.client, items(2), RulesetSelector(name="nobodys"))

    assert [each.error.reason for each in results.values()] == ["RULESET_NOT_FOUND"] * 2


def results_in(reply: object) -> int:
    """Returns how many results are in a message."""
    assert isinstance(reply, bytes)
    return len(pb.EvaluateStreamResponse.FromString(reply).results)


def raw(*messages: pb.EvaluateStreamRequest | bytes) -> list[bytes]:
    """Returns messages in the form of the wire."""
    return [each if isinstance(each, bytes) else each.SerializeToString() for each in messages]


ENDS = {
    "bytes that are no message": (raw(b"\xff\xff"), "INVALID_REQUEST"),
    "a second ruleset": (raw(pb.EvaluateStreamRequest(ruleset=SMALL)), "INVALID_REQUEST"),
    "more items than a message may hold": (
        raw(pb.EvaluateStreamRequest(items=[pb.EvaluateStreamItem()] * 101)),
        "LIMIT_EXCEEDED",
    ),
}


@pytest.mark.parametrize("name", ENDS)
async def test_a_message_that_breaks_the_contract_ends_the_stream(served: Running, name: str) -> None:
    """What came before such a message is answered first."""
    more, reason = ENDS[name]
    messages = [*raw(pb.EvaluateStreamRequest(items=items(3))), *more]
    answered = 0
    async with grpc.aio.insecure_channel(served.target) as channel:
        stream = channel.stream_stream(METHOD, bytes, bytes)(iter(messages), timeout=20)
        while answered < 3:
            answered += results_in(await stream.read())
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stream.read()

    assert answered == 3
    assert error_of(caught.value).reason == reason


async def test_who_reads_no_answers_is_read_no_further(served: Running) -> None:
    """The server judges little more than it may leave unanswered, and goes on when its answers are read."""
    message, count = pb.EvaluateStreamRequest(items=[item("p", proposal=refund_agent())]), 500
    got = 0
    options = [("grpc.http2.bdp_probe", 0)]  # else the buffers of the connection hold thousands of answers
    async with grpc.aio.insecure_channel(served.target, options) as channel:
        messages = iter([message.SerializeToString()] * count)
        stream = channel.stream_stream(METHOD, bytes, bytes)(messages, timeout=120)
        assert await eventually(lambda: served.judged() >= 64, 30)
        await asyncio.sleep(1)
        held = served.judged()
        async for reply in stream:
            got += results_in(reply)

    # Beside those that may be unanswered there are those on their way: in the buffers of both ends.
    assert 64 <= held < 100
    assert got == count


def versions(directory: Path) -> tuple[Snapshot, Snapshot]:
    """Returns a ruleset of two versions, of which only the second is new."""
    rules_on_disk.write(directory, version="2026.1.0")
    before = load_snapshot(directory).compile_all()
    rules_on_disk.write(directory, version="2026.2.0", limit=0.99)
    return before, load_snapshot(directory).compile_all()


async def test_a_reload_does_not_reach_a_stream_that_is_open(tmp_path: Path) -> None:
    """One stream is judged by one ruleset from its first item to its last; the next stream by the new one."""
    before, after = versions(tmp_path)
    rules = ServedRules()

    async def given() -> AsyncIterator[pb.EvaluateStreamItem]:
        for number in range(20):
            if number == 10:
                rules.swap(after)
            yield item(f"p{number}")
            await asyncio.sleep(0.01)

    async with running(before, gate=rules) as served:
        results = [each async for each in served.client.evaluate_stream(given(), ruleset=SMALL)]
        later = await sent(served.client, [item("later")], SMALL)

    seen = {each.response.decision.ruleset.digest for each in results}
    assert (len(results), len(seen)) == (20, 1)
    assert later["later"].response.decision.ruleset.digest not in seen


async def test_an_item_of_a_day_with_another_version_is_refused_alone(tmp_path: Path) -> None:
    """One stream is judged by one version: an item whose day means another is told so, and the others are judged."""
    file = rules_on_disk.write(tmp_path, version="2026.1.0")
    text = file.read_text(encoding="utf-8").replace("effective_from: 2026-01-01", EARLIER)
    rules_on_disk.put(tmp_path / "small-2026.1.0.yaml", text)
    rules_on_disk.write(tmp_path, version="2026.2.0")
    given = [item("new"), item("old", as_of="2025-06-01"), item("newer"), item("none", as_of="2020-01-01")]
    async with running(load_snapshot(tmp_path).compile_all()) as served:
        results = await sent(served.client, given, SMALL)

    versions = {name: results[name].response.decision.ruleset.version for name in ("new", "newer")}
    assert versions == {"new": "2026.2.0", "newer": "2026.2.0"}
    assert [fault.path for fault in results["old"].error.faults] == ["as_of"]
    assert results["none"].error.reason == "RULESET_NOT_FOUND"


async def test_a_stopping_server_answers_what_it_read_and_says_how_to_go_on(packaged: Snapshot) -> None:
    """At the end of the server, a caller has the answers to what it sent, and an error that says where to go."""
    asked = asyncio.Event()

    async def given() -> AsyncIterator[pb.EvaluateStreamItem]:
        for each in items(30):
            yield each
        asked.set()
        await asyncio.sleep(60)

    async with running(packaged) as served:
        results = served.client.evaluate_stream(given())
        first = await anext(results)
        await asked.wait()
        assert await eventually(lambda: served.judged() == 30)
        draining = asyncio.ensure_future(served.server.drain())
        answered, error = await ended(results)
        await draining
        [line] = served.lines()

    assert len({first.item_id, *answered}) == 30
    assert (error.code, error.reason) == (grpc.StatusCode.UNAVAILABLE, "NOT_READY")
    assert "send the rest on another" in str(error)
    assert (line["code"], line["reason"], line["items"]) == ("UNAVAILABLE", "NOT_READY", 30)


async def test_a_stream_ends_when_its_time_is_up(packaged: Snapshot) -> None:
    """After its seconds a stream ends like one of a server that stops, with everything answered."""

    async def given() -> AsyncIterator[pb.EvaluateStreamItem]:
        for number in range(1_000):
            yield item(f"p{number}")
            await asyncio.sleep(0.1)

    async with running(packaged, limits=Limits(stream_seconds=1)) as served:
        answered, error = await ended(served.client.evaluate_stream(given()))
        judged = served.judged()
        later = await sent(served.client, items(1))

    assert 1 <= len(answered) == judged < 30
    assert (error.reason, "as long as a stream may" in str(error)) == ("NOT_READY", True)
    assert later["p0"].response.decision.verdict


async def test_a_caller_who_goes_away_leaves_nothing(served: Running) -> None:
    """When a caller goes, what was started for it ends, and the log says that it went."""
    before = asyncio.all_tasks()

    async def given() -> AsyncIterator[pb.EvaluateStreamItem]:
        for number in range(10_000):
            yield item(f"p{number}")

    results = served.client.evaluate_stream(given())
    for _ in range(5):
        await anext(results)
    await results.aclose()  # type: ignore[attr-defined]  # an asynchronous generator

    def left() -> list[str]:
        tasks = map(repr, asyncio.all_tasks() - before)
        return [each for each in tasks if "_request_call" not in each]  # gRPC waits for the next call

    assert await eventually(lambda: not left()), left()
    assert served.metrics.value("readygate_calls_in_flight") == 0
    judged = served.judged()
    await asyncio.sleep(0.1)
    assert served.judged() == judged
    assert [line["code"] for line in served.lines()] == ["CANCELLED"]


async def test_nothing_is_judged_after_the_deadline_of_a_stream(served: Running) -> None:
    """A stream that has a deadline ends with it."""

    async def given() -> AsyncIterator[pb.EvaluateStreamItem]:
        yield item("p")
        await asyncio.sleep(60)

    answered, error = await ended(served.client.evaluate_stream(given(), timeout=0.5))

    assert answered == ["p"]
    assert error.code is grpc.StatusCode.DEADLINE_EXCEEDED
    assert await eventually(lambda: bool(served.lines()))
    # Both ends count the seconds; whose are over first is as it happens.
    assert served.lines()[0]["code"] in {"DEADLINE_EXCEEDED", "CANCELLED"}


async def test_others_are_let_through(served: Running) -> None:
    """A small question is answered while a stream is being judged."""
    asked = [item(f"p{number}", proposal=refund_agent(), view=pb.VIEW_FULL) for number in range(200)]
    streaming = asyncio.create_task(sent(served.client, asked))
    await asyncio.sleep(0.05)
    await served.client.server_info(pb.GetServerInfoRequest())
    was_done = streaming.done()

    assert (was_done, len(await streaming)) == (False, 200)


async def test_the_limits_of_streams_are_told(served: Running) -> None:
    """Callers can ask how much may be unanswered and how long a stream lasts."""
    limits = (await served.client.server_info(pb.GetServerInfoRequest())).limits

    assert (limits.max_stream_unanswered, limits.max_stream_seconds) == (64, 900)
