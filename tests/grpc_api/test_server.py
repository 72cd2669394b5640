"""The server itself: health, reflection, ids and log lines, deadlines, addresses."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2  # type: ignore[import-untyped]
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc  # type: ignore[import-untyped]

from readygate import AsyncGateClient, GateError
from readygate.v1 import gate_service_pb2 as pb
from readygate.v1.proposal_pb2 import Proposal
from readygate.v1.ruleset_pb2 import RulesetSelector
from readygate_server.adapters.proposals.dossier import ProposalDossier
from readygate_server.bootstrap import Snapshot
from readygate_server.bootstrap.served_rules import ServedRules
from readygate_server.grpc_api.server import GateServer
from readygate_server.observability import Metrics
from readygate_server.settings import Address, ListenError, ServerSettings, SettingsError
from tests.grpc_api.serving import AS_OF, Running, eventually, health_of, refund_agent, running, tiny

SERVICES = ("readygate.v1.GateService", "readygate.v1.RulesetService")
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


@pytest.mark.parametrize("service", ["", *SERVICES])
async def test_health_follows_the_rules(packaged: Snapshot, service: str) -> None:
    """A server is not healthy before it has rules, healthy with them, and not any more while it stops."""
    async with running(None) as served:
        before = await health_of(served.target, service)
        await served.server.show_serving()
        after = await health_of(served.target, service)
    async with running(packaged) as served:
        with_rules = await health_of(served.target, service)

    assert (before, after, with_rules) == (NOT_SERVING, SERVING, SERVING)


async def test_reflection_lists_the_services(served: Running) -> None:
    """Tools that know nothing of the contract can find it on the server."""
    async with grpc.aio.insecure_channel(served.target) as channel:
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        asked = reflection_pb2.ServerReflectionRequest(list_services="")
        replies = [reply async for reply in stub.ServerReflectionInfo(iter([asked]))]

    names = {service.name for service in replies[0].list_services_response.service}
    assert {*SERVICES, "grpc.health.v1.Health"} <= names


async def test_every_call_is_one_line_without_facts(served: Running) -> None:
    """A call is logged with id, method, code, time, verdict and ruleset; nothing of the proposal is."""
    request = pb.EvaluateRequest(request_id="r-42", proposal=refund_agent(), as_of=AS_OF)
    reply = await served.client.evaluate(request)

    (line,) = served.lines()
    assert (line["request_id"], line["method"], line["code"]) == ("r-42", "GateService/Evaluate", "OK")
    assert (line["verdict"], line["ruleset"]) == ("NO_GO", reply.decision.ruleset.digest)
    assert 0 < line["milliseconds"] < 60_000
    assert set(line) == {
        "request_id", "method", "code", "verdict", "ruleset", "milliseconds", "event", "level", "timestamp",
    }  # fmt: skip
    assert "crm" not in served.log.getvalue()


async def test_errors_are_logged_with_their_reason_and_without_what_was_sent(served: Running) -> None:
    """An error is one line as well, and repeats nothing that a caller wrote."""
    request = pb.EvaluateRequest(request_id="bad\nid", proposal=Proposal(id="Secret Name"), as_of=AS_OF)

    with pytest.raises(GateError):
        await served.client.evaluate(request)

    (line,) = served.lines()
    assert (line["code"], line["reason"]) == ("INVALID_ARGUMENT", "INVALID_REQUEST")
    assert line["request_id"] != "bad\nid"
    assert "Secret" not in served.log.getvalue()


async def test_an_id_is_made_when_none_is_sent(served: Running) -> None:
    """A caller without an id gets one, the same that is logged; items of a batch get theirs."""
    async with grpc.aio.insecure_channel(served.target) as channel:
        send = channel.unary_unary(
            f"/{SERVICES[0]}/Evaluate", pb.EvaluateRequest.SerializeToString, pb.EvaluateResponse.FromString
        )
        reply = await send(pb.EvaluateRequest(proposal=refund_agent(), as_of=AS_OF))
        send_batch = channel.unary_unary(
            f"/{SERVICES[0]}/BatchEvaluate",
            pb.BatchEvaluateRequest.SerializeToString,
            pb.BatchEvaluateResponse.FromString,
        )
        item = pb.EvaluateRequest(proposal=refund_agent(), as_of=AS_OF)
        batch = await send_batch(pb.BatchEvaluateRequest(items=[item, item]))

    alone, together = served.lines()
    assert reply.request_id
    assert alone["request_id"] == reply.request_id
    assert [each.response.request_id for each in batch.results] == [
        f"{together['request_id']}.0",
        f"{together['request_id']}.1",
    ]


async def test_calls_are_counted(served: Running) -> None:
    """Calls are counted by method and code, verdicts by name, and none is left in flight."""
    await served.client.evaluate(pb.EvaluateRequest(proposal=refund_agent(), as_of=AS_OF))
    with pytest.raises(GateError):
        await served.client.evaluate(pb.EvaluateRequest())

    value = served.metrics.value
    assert value("readygate_calls_total", method="GateService/Evaluate", code="OK") == 1
    assert value("readygate_calls_total", method="GateService/Evaluate", code="INVALID_ARGUMENT") == 1
    assert value("readygate_call_seconds_count", method="GateService/Evaluate") == 2
    assert value("readygate_decisions_total", verdict="NO_GO") == 1
    assert await eventually(lambda: value("readygate_calls_in_flight") == 0)


class Late(ServedRules):
    """Reads each proposal so slowly that a short deadline passes, as a busy process would."""

    def dossier_of(self, proposal: Proposal) -> ProposalDossier:
        """Blocks the process."""
        time.sleep(0.25)
        return super().dossier_of(proposal)


async def test_nothing_is_judged_after_the_deadline(packaged: Snapshot) -> None:
    """When the deadline has passed before judging begins, nobody waits for a verdict, and none is made."""
    async with running(packaged, gate=Late()) as served:
        with pytest.raises(GateError) as caught:
            await served.client.evaluate(pb.EvaluateRequest(proposal=refund_agent(), as_of=AS_OF), timeout=0.1)
        assert await eventually(lambda: bool(served.lines()))
        judged = served.judged()
        (line,) = served.lines()

    assert caught.value.code is grpc.StatusCode.DEADLINE_EXCEEDED
    assert judged == 0
    assert (line["code"], line["reason"]) == ("DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED")


async def test_a_batch_stops_at_the_deadline(packaged: Snapshot) -> None:
    """Of a batch whose deadline passes only the items before it are read."""
    items = [pb.EvaluateRequest(proposal=refund_agent(), as_of=AS_OF, view=pb.VIEW_SUMMARY) for _ in range(20)]
    async with running(packaged, gate=Late()) as served:
        with pytest.raises(GateError) as caught:
            await served.client.batch_evaluate(pb.BatchEvaluateRequest(items=items), timeout=0.6)
        assert await eventually(lambda: bool(served.lines()))
        judged = served.judged()

    assert caught.value.code is grpc.StatusCode.DEADLINE_EXCEEDED
    assert 0 < judged < 5


async def test_a_batch_lets_others_through(packaged: Snapshot) -> None:
    """A small question is answered while a large batch is being judged."""
    items = [pb.EvaluateRequest(proposal=refund_agent(), as_of=AS_OF) for _ in range(100)]
    for number, item in enumerate(items):  # no two alike, so that none is answered from memory
        item.proposal.deployment.interactions_per_month = number + 1
        for source in item.proposal.data_sources:
            source.title = f"{source.title} {number}"
    async with running(packaged) as served:
        request = pb.BatchEvaluateRequest(items=items, ruleset=RulesetSelector(name="operational-readiness-full"))
        batch = asyncio.create_task(served.client.batch_evaluate(request, timeout=60))
        await asyncio.sleep(0.05)
        await served.client.evaluate(pb.EvaluateRequest(proposal=tiny(), as_of=AS_OF))
        was_done = batch.done()
        reply = await batch

    assert not was_done
    assert reply.ByteSize() > 4 << 20, "larger than a client reads that allows no more than gRPC does by itself"


async def test_a_second_server_on_the_same_address_is_refused(served: Running) -> None:
    """Two servers never share a port in silence."""
    port = served.server.address.port
    second = GateServer(ServedRules(), ServerSettings(listen=Address("127.0.0.1", port)), Metrics())

    with pytest.raises(ListenError, match=f"can not listen on 127.0.0.1:{port}"):
        await second.start()


async def test_a_port_for_metrics_that_is_taken_is_reported(served: Running) -> None:
    """A metrics address that something else uses stops the server before it serves."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        settings = ServerSettings(listen=Address("127.0.0.1", 0), metrics=Address("127.0.0.1", port))
        with pytest.raises(ListenError, match="can not offer metrics"):
            await GateServer(ServedRules(), settings, Metrics()).start()
    assert served.target


async def test_a_socket_in_the_file_system_is_for_its_owner_only(packaged: Snapshot, tmp_path: Path) -> None:
    """`unix:PATH` is served, nobody else may connect to it, and it is gone afterwards."""
    path = tmp_path / "gate.sock"
    async with running(packaged, listen=f"unix:{path}"):
        mode = path.stat().st_mode & 0o777
        async with AsyncGateClient(f"unix:{path}") as client:
            reply = await client.evaluate(pb.EvaluateRequest(proposal=refund_agent(), as_of=AS_OF))

    assert reply.decision.verdict
    assert mode == 0o600
    assert not path.exists()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("127.0.0.1:50051", "127.0.0.1:50051"),
        ("127.8.9.10:1", "127.8.9.10:1"),
        ("localhost:0", "127.0.0.1:0"),
        ("[::1]:50051", "[::1]:50051"),
        ("unix:/run/gate.sock", "unix:/run/gate.sock"),
    ],
)
def test_addresses_of_this_machine_are_taken(text: str, shown: str) -> None:
    """Loopback and sockets in the file system can be listened on."""
    assert str(Address.parse(text)) == shown


@pytest.mark.parametrize(
    "text",
    ["0.0.0.0:50051", "[::]:50051", "192.168.1.5:50051", "[::ffff:10.0.0.1]:1", "10.0.0.1:1"],
)
def test_addresses_that_others_can_reach_are_refused(text: str) -> None:
    """Without TLS and authentication a server stays on its machine, says why, and what to do."""
    with pytest.raises(SettingsError, match=r"without TLS and authentication; add --tls-cert .* or listen on 127"):
        ServerSettings(listen=Address.parse(text))


@pytest.mark.parametrize(
    "text", ["", "50051", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", ":1", "unix:", "example.org:1"]
)
def test_addresses_that_are_none_are_refused(text: str) -> None:
    """What is no address is told so, with what one looks like."""
    with pytest.raises(SettingsError, match=r"127\.0\.0\.1|unix:PATH"):
        Address.parse(text)


def test_a_log_line_is_one_json_object(capsys: pytest.CaptureFixture[str]) -> None:
    """A line break in what is logged does not make a second line."""
    import structlog

    from readygate_server.observability import configure_logging, logger

    configure_logging()
    try:
        logger().info("event", text="a\nb")
    finally:
        structlog.reset_defaults()
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["text"] == "a\nb"
