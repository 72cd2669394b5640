"""`readygate serve` as a process: its ready line, its end, and its rules while they change."""

from __future__ import annotations

import asyncio
import re
import signal
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import count
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2  # type: ignore[import-untyped]

from readygate import AsyncGateClient, GateError
from readygate.v1 import gate_service_pb2 as pb
from readygate.v1 import ruleset_service_pb2 as rulesets
from readygate.v1.ruleset_pb2 import RulesetSelector
from tests.grpc_api import rules_on_disk
from tests.grpc_api.processes import Served, serve
from tests.grpc_api.serving import AS_OF, health_of, refund_agent, tiny

SMALL = RulesetSelector(name="small")
RELOADS = 8
CALLERS = 3


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_server_that_is_told_to_stop_ends_cleanly(number: int) -> None:
    """One line says where the server is, and a signal ends it with 0."""
    async with serve("--metrics", "127.0.0.1:0") as served:
        address = await served.ready()
        async with AsyncGateClient(address) as client:
            await client.evaluate(pb.EvaluateRequest(proposal=refund_agent(), as_of=AS_OF))
        metrics = await served.metrics()
        code = await served.stop(number)

    assert code == 0
    assert 'readygate_decisions_total{verdict="NO_GO"} 1.0' in metrics
    assert 'readygate_ruleset_loads_total{result="loaded"} 1.0' in metrics
    assert len(served.of("serving")) == 1
    assert served.of("stopped")
    assert served.other == []


@pytest.mark.parametrize("arguments", [["--listen", "0.0.0.0:0"], ["--metrics", "0.0.0.0:0"], ["--rules", "/nowhere"]])
async def test_settings_that_can_not_be_used_end_the_command(arguments: list[str]) -> None:
    """A bad address or directory is bad usage: a sentence, and exit code 3."""
    async with serve(*arguments) as served:
        code = await asyncio.wait_for(served.process.wait(), 30)

    assert code == 3
    assert not served.lines
    assert arguments[-1].partition(":")[0] in "".join(served.other)


async def test_calls_in_flight_are_answered_before_the_end() -> None:
    """Under load, a call is answered or was never taken: the server has no answer that its caller did not get."""
    answered, refused = Counter[str](), []

    async def call_on(address: str, method: str, ask: Ask) -> None:
        async with AsyncGateClient(address, timeout=30) as client:
            while True:
                try:
                    await ask(client)
                    answered[method] += 1
                except GateError as error:
                    refused.append(error)
                    return

    async with serve() as served:
        address = await served.ready()
        callers = [asyncio.create_task(call_on(address, "GateService/Evaluate", _evaluate)) for _ in range(12)]
        callers.append(asyncio.create_task(call_on(address, "RulesetService/ValidateRuleset", _check_rules)))
        while answered["GateService/Evaluate"] <= len(callers):  # noqa: ASYNC110 -- a count has no event
            await asyncio.sleep(0.1)
        code = await served.stop()
        await asyncio.gather(*callers)

    told = Counter(line["method"] for line in served.of("call") if line["code"] == "OK")
    assert code == 0
    assert answered["GateService/Evaluate"] > len(callers)
    assert {error.code for error in refused} == {grpc.StatusCode.UNAVAILABLE}
    assert {line["code"] for line in served.of("call")} <= {"OK", "UNAVAILABLE"}
    assert told == answered


async def test_streams_are_answered_before_the_end() -> None:
    """Under load, streams end with what the server has read of them answered, and its log counts the same items."""
    answered: list[str] = []
    ends: list[GateError] = []

    async def given() -> AsyncIterator[pb.EvaluateStreamItem]:
        request = pb.EvaluateRequest(proposal=refund_agent(), as_of=AS_OF, view=pb.VIEW_SUMMARY)
        for number in count():
            yield pb.EvaluateStreamItem(item_id=str(number), request=request)

    async def stream_on(address: str) -> None:
        async with AsyncGateClient(address) as client:
            try:
                async for result in client.evaluate_stream(given()):
                    answered.append(result.item_id)  # noqa: PERF401 -- what came before the error counts
            except GateError as error:
                ends.append(error)

    async with serve() as served:
        address = await served.ready()
        callers = [asyncio.create_task(stream_on(address)) for _ in range(4)]
        await asyncio.sleep(1)
        code = await served.stop()
        await asyncio.gather(*callers)

    lines = served.of("call")
    assert code == 0
    assert [error.code for error in ends] == [grpc.StatusCode.UNAVAILABLE] * 4
    assert {error.reason for error in ends} <= {"NOT_READY", ""}, "gRPC may lose what was said of an end, never that"
    assert [line["reason"] for line in lines] == ["NOT_READY"] * 4
    assert sum(line["items"] for line in lines) >= len(answered) > 100
    assert sum(line["items"] for line in lines) == len(answered) or "" in {error.reason for error in ends}


Ask = Callable[[AsyncGateClient], Awaitable[object]]


async def _evaluate(client: AsyncGateClient) -> object:
    return await client.evaluate(pb.EvaluateRequest(proposal=refund_agent(), as_of=AS_OF))


async def _check_rules(client: AsyncGateClient) -> object:
    """Asks for the slowest thing there is."""
    directory = Path(__file__).parents[2] / "rules"
    files = [
        rulesets.RulesetFile(path=path.relative_to(directory).as_posix(), content=path.read_text(encoding="utf-8"))
        for path in directory.rglob("*.yaml")
        if path.name != "facts.yaml"
    ]
    return await client.validate_ruleset(rulesets.ValidateRulesetRequest(files=files))


async def test_rules_that_are_bad_from_the_start_serve_nothing_until_they_are_mended(tmp_path: Path) -> None:
    """With faulty rules a server listens, is not healthy, names every fault, and serves as soon as they are sound."""
    file = rules_on_disk.write(tmp_path, version="2026.1.0")
    rules_on_disk.put(file, file.read_text(encoding="utf-8").replace("ACM-02]", "ACM-03]") + "colour: red\n")
    async with serve(rules=tmp_path) as served:
        await served.until(lambda: len(served.of("rules_refused")) >= 2, "refused")
        address = served.of("listening")[0]["address"]
        before = await health_of(address)
        rules_on_disk.write(tmp_path, version="2026.1.0")
        await served.ready()
        async with AsyncGateClient(address) as client:
            reply = await client.evaluate(pb.EvaluateRequest(proposal=tiny(), ruleset=SMALL, as_of=AS_OF))

    faults = [line["fault"] for line in served.of("rules_refused")]
    assert before == health_pb2.HealthCheckResponse.NOT_SERVING
    assert any("ACM-03" in fault for fault in faults)
    assert any("colour" in fault for fault in faults)
    assert reply.decision.ruleset.version == "2026.1.0"


async def test_a_published_version_that_was_edited_is_refused(tmp_path: Path) -> None:
    """The same version with another content does not take the place of the one that was served."""
    rules_on_disk.write(tmp_path, version="2026.1.0")
    async with serve(rules=tmp_path) as served, AsyncGateClient(await served.ready()) as client:
        before = await client.evaluate(pb.EvaluateRequest(proposal=tiny(), ruleset=SMALL, as_of=AS_OF))
        rules_on_disk.write(tmp_path, version="2026.1.0", limit=0.99)
        await served.until(lambda: bool(served.of("rules_refused")), "refused")
        after = await client.evaluate(pb.EvaluateRequest(proposal=tiny(), ruleset=SMALL, as_of=AS_OF))

    assert "published version edited" in served.of("rules_refused")[0]["fault"]
    assert after.decision == before.decision


async def test_rules_change_under_load_and_no_call_notices(tmp_path: Path) -> None:
    """While rules change again and again, once badly, every batch is answered by exactly one of them."""
    rules_on_disk.write(tmp_path, version="2026.1.0")
    items = [pb.EvaluateRequest(proposal=tiny(f"p{index}"), as_of=AS_OF, view=pb.VIEW_SUMMARY) for index in range(30)]
    request = pb.BatchEvaluateRequest(items=items, ruleset=SMALL)
    replies: list[pb.BatchEvaluateResponse] = []
    done = asyncio.Event()

    async def call_on(address: str) -> None:
        async with AsyncGateClient(address, timeout=60) as client:
            while not done.is_set():
                replies.append(await client.batch_evaluate(request))

    async with serve(rules=tmp_path) as served:
        address = await served.ready()
        callers = [asyncio.create_task(call_on(address)) for _ in range(CALLERS)]
        try:
            await _change_rules(served, tmp_path)
        finally:
            done.set()
            await asyncio.gather(*callers)
        code = await served.stop()

    assert code == 0
    for reply in replies:
        digests = {each.response.decision.ruleset.digest for each in reply.results}
        assert digests == {reply.ruleset.digest}
        assert not any(each.HasField("error") for each in reply.results)
    versions = {reply.ruleset.version for reply in replies}
    assert len(versions) > RELOADS / 2, f"too few of the versions were ever asked: {versions}"
    assert "2026.5.0" not in versions
    assert {line["code"] for line in served.of("call")} == {"OK"}
    assert any(re.search(r"ACM-01\.yaml:\d+:\d+", line["fault"]) for line in served.of("rules_refused"))


async def _change_rules(served: Served, directory: Path) -> None:
    """Writes one version after the other, each as soon as the server has seen the one before; one has a fault."""
    rule = directory / "ACM-01.yaml"
    for number in range(2, RELOADS + 2):
        version = f"2026.{number}.0"
        if number == 5:
            rules_on_disk.put(
                rule, rule.read_text(encoding="utf-8").replace("source.completeness", "source.completnes")
            )
            rules_on_disk.put(
                directory / "small.yaml",
                (directory / "small.yaml").read_text(encoding="utf-8").replace("2026.4.0", version),
            )
            await served.until(lambda: bool(served.of("rules_refused")), "refused")
            await asyncio.sleep(0.3)
            continue
        rules_on_disk.write(directory, version=version, limit=0.5 + number / 1000)
        await served.until(lambda wanted=version: _has_loaded(served, wanted), f"loaded {version}")  # type: ignore[misc]
        await asyncio.sleep(0.2)


def _has_loaded(served: Served, version: str) -> bool:
    return any((line["name"], line["version"]) == ("small", version) for line in served.of("ruleset"))
