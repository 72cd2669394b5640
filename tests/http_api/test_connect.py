"""Calls over HTTP: the same answers and errors as over gRPC, and what else a request may get wrong."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import json_format
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc import status_pb2  # type: ignore[import-untyped]

from readygate.v1 import gate_service_pb2 as pb
from readygate.v1 import ruleset_pb2
from readygate_server.bootstrap import Snapshot
from readygate_server.grpc_api.errors import DETAILS_KEY
from readygate_server.http_api.methods import METHODS, STREAMS
from readygate_server.http_api.refusals import STATUS
from readygate_server.settings import Limits
from tests.grpc_api.keeping import keeping
from tests.grpc_api.serving import AS_OF, Running, refund_agent, running, tiny
from tests.http_api.serving import Site, site

EVALUATE = "GateService/Evaluate"


@pytest.fixture
async def kept(packaged: Snapshot, tmp_path: Path) -> AsyncIterator[tuple[Running, Site]]:
    """A server with a record, over both."""
    async with keeping(packaged, tmp_path) as served, site(served) as http:
        yield served, http


def as_json(message: Message) -> Any:
    """Returns a message as callers write it."""
    return json_format.MessageToDict(message)


async def over_grpc(served: Running, path: str, request: Message) -> tuple[int, bytes | status_pb2.Status]:
    """Returns what a call ends with over gRPC: its code, and its reply or the status that says why."""
    async with grpc.aio.insecure_channel(served.target) as channel:
        call: Any = channel.unary_unary(path)
        try:
            return 0, await call(request.SerializeToString())
        except grpc.aio.AioRpcError as error:
            found = dict(error.trailing_metadata() or ())
            return error.code().value[0], status_pb2.Status.FromString(found[DETAILS_KEY])


ONE = pb.EvaluateRequest(proposal=refund_agent(), as_of=AS_OF, request_id="one")
ASKED: list[tuple[str, Message]] = [
    ("GateService/Evaluate", pb.EvaluateRequest(as_of="never", request_id="bad id")),
    ("GateService/Evaluate", pb.EvaluateRequest(proposal=tiny("Not An Id"), as_of=AS_OF)),
    ("GateService/Evaluate", pb.EvaluateRequest(proposal=tiny(), ruleset=ruleset_pb2.RulesetSelector(name="nobody-s"))),
    ("GateService/BatchEvaluate", pb.BatchEvaluateRequest(items=[pb.EvaluateRequest()] * 101)),
]


@pytest.mark.parametrize("path", sorted(METHODS))
async def test_every_call_without_a_request_ends_alike(kept: tuple[Running, Site], path: str) -> None:
    """An empty request gets the same reply, or the same code, message and details, over HTTP and over gRPC."""
    served, http = kept
    code, said = await over_grpc(served, path, GetMessageClass(METHODS[path].input_type)())
    answered = await http.call(path.removeprefix("/readygate.v1."), {})

    await _assert_alike(answered, code, said, METHODS[path].output_type.full_name)


@pytest.mark.parametrize(("method", "request_"), ASKED)
async def test_errors_are_the_same_over_both(kept: tuple[Running, Site], method: str, request_: Message) -> None:
    """What is wrong with a call is told alike, with every fault."""
    served, http = kept
    code, said = await over_grpc(served, f"/readygate.v1.{method}", request_)
    answered = await http.call(method, as_json(request_))
    binary = await http.call(method, request_.SerializeToString(), content_type="application/proto")

    assert code
    await _assert_alike(answered, code, said)
    await _assert_alike(binary, code, said)


async def _assert_alike(answered: Any, code: int, said: Any, kind: str = "") -> None:
    if not code:
        assert answered.status == 200
        stable = [name for name in answered.json if name not in ("requestId", "checkpoint", "signedCheckpoint")]
        made = json_format.ParseDict(answered.json, _made(kind))
        assert {field.name for field, _ in made.ListFields()} == {
            field.name for field, _ in type(made).FromString(said).ListFields()
        }, stable
        return
    expected = next(each for each in STATUS if each.value[0] == code)
    assert answered.status == STATUS[expected]
    assert (answered.json["code"], answered.json["message"]) == (expected.name.lower(), said.message)
    for shown, packed in zip(answered.json["details"], said.details, strict=True):
        assert shown["type"] == packed.type_url.removeprefix("type.googleapis.com/")
        value = base64.b64decode(shown["value"] + "=" * (-len(shown["value"]) % 4))
        if "request_id" not in str(shown["debug"]):
            assert value == packed.value


def _made(kind: str) -> Message:
    method = next(each for each in METHODS.values() if each.output_type.full_name == kind)
    return GetMessageClass(method.output_type)()


async def test_a_request_is_replayed_whatever_it_came_by(kept: tuple[Running, Site]) -> None:
    """One request id is one decision: asked in JSON, in binary and over gRPC, it is answered with the same bytes."""
    served, http = kept
    first = await http.call(EVALUATE, as_json(ONE))
    code, reply = await over_grpc(served, f"/readygate.v1.{EVALUATE}", ONE)
    binary = await http.call(EVALUATE, ONE.SerializeToString(), content_type="application/proto")
    other = await http.call(EVALUATE, {**as_json(ONE), "asOf": "2026-11-02"})

    assert (code, first.status, binary.status) == (0, 200, 200)
    assert binary.body == reply
    assert first.json == as_json(pb.EvaluateResponse.FromString(reply))
    assert (other.status, other.reason) == (409, "REQUEST_ID_REUSED")


async def test_a_decision_that_was_asked_for_in_json_is_made_again_byte_for_byte(kept: tuple[Running, Site]) -> None:
    """What is recorded of a call in JSON is the request in protobuf, and it replays."""
    _, http = kept
    answered = await http.call(EVALUATE, as_json(ONE))
    decision = answered.json["record"]["decisionId"]
    replayed = await http.call("DecisionService/ReplayDecision", {"decisionId": decision})

    assert replayed.status == 200, replayed.body
    assert replayed.json["identical"] is True


async def test_a_call_leaves_the_line_that_it_leaves_over_grpc(kept: tuple[Running, Site]) -> None:
    """Method, code, verdict and request id are logged, and the id is told in the head of the answer."""
    served, http = kept
    answered = await http.call(EVALUATE, as_json(ONE))
    failed = await http.call(EVALUATE, {"x": 1})
    lines = served.lines()

    assert [(line["method"], line["code"]) for line in lines] == [(EVALUATE, "OK"), (EVALUATE, "INVALID_ARGUMENT")]
    assert [answered.headers["x-request-id"], failed.headers["x-request-id"]] == [line["request_id"] for line in lines]
    assert answered.headers["x-request-id"] == "one"
    assert served.metrics.value("readygate_calls_total", method=EVALUATE, code="OK") == 1


@pytest.mark.parametrize(
    ("verb", "path", "headers", "status", "code"),
    [
        ("GET", EVALUATE, {}, 405, "unimplemented"),
        ("OPTIONS", EVALUATE, {}, 405, "unimplemented"),
        ("POST", "GateService/Nothing", {}, 404, "unimplemented"),
        ("POST", "Nothing/Evaluate", {}, 404, "unimplemented"),
        ("POST", "GateService/EvaluateStream", {}, 501, "unimplemented"),
        ("POST", EVALUATE, {"content_type": "text/plain"}, 415, "unimplemented"),
        ("POST", EVALUATE, {"content_type": ""}, 415, "unimplemented"),
        ("POST", EVALUATE, {"content_type": "application/json; charset=utf-16"}, 415, "unimplemented"),
        ("POST", EVALUATE, {"content_type": "application/connect+json"}, 415, "unimplemented"),
        ("POST", EVALUATE, {"content_encoding": "br"}, 415, "unimplemented"),
        ("POST", EVALUATE, {"content_encoding": "gzip"}, 400, "invalid_argument"),
        ("POST", EVALUATE, {"connect_protocol_version": "2"}, 400, "invalid_argument"),
        ("POST", EVALUATE, {"connect_timeout_ms": "soon"}, 400, "invalid_argument"),
        ("POST", EVALUATE, {"connect_timeout_ms": "12345678901"}, 400, "invalid_argument"),
        ("POST", EVALUATE, {"connect_timeout_ms": "0"}, 504, "deadline_exceeded"),
        ("POST", EVALUATE, {"host": "gate.example"}, 421, "permission_denied"),
    ],
)
async def test_what_is_no_call_is_refused_with_its_status(
    packaged: Snapshot, verb: str, path: str, headers: dict[str, str], status: int, code: str
) -> None:
    """Each way to get a request wrong has its status, and a body that says what was expected."""
    async with running(packaged) as served, site(served) as http:
        answered = await http.send(
            verb, f"/readygate.v1.{path}", b"{}", **({"content_type": "application/json"} | headers)
        )

    assert (answered.status, answered.json["code"]) == (status, code)
    assert answered.json["message"]
    assert answered.headers["content-type"] == "application/json"


@pytest.mark.parametrize("name", ["localhost:80", "127.0.0.1", "[::1]:80", "127.8.9.1:1"])
async def test_local_names_are_let_in(packaged: Snapshot, name: str) -> None:
    """A server without identities is called by the names of its machine."""
    async with running(packaged) as served, site(served) as http:
        assert (await http.call("GateService/GetServerInfo", {}, host=name)).status == 200


def test_the_streams_are_those_of_the_contract() -> None:
    """All methods are offered but those that stream."""
    assert sorted(STREAMS) == [
        "/readygate.v1.DecisionService/WatchDecisions",
        "/readygate.v1.GateService/EvaluateStream",
    ]
    assert len(METHODS) > 20


async def test_long_requests_are_not_read_to_their_end(packaged: Snapshot) -> None:
    """A request above the limit is refused by what it says of itself, by what comes, and by what it unpacks to."""
    limits = Limits(request_bytes=1000)
    long = json.dumps({"requestId": "x" * 1000}).encode()

    def chunks() -> Any:
        yield long[:500]
        yield long[500:]

    async with running(packaged, limits=limits) as served, site(served, limits=limits) as http:
        path = f"/readygate.v1.{EVALUATE}"
        told = await http.call(EVALUATE, long)
        unpacked = await http.call(EVALUATE, gzip.compress(long), content_encoding="gzip")
        streamed = await http.send("POST", path, chunks(), content_type="application/json")
        fits = await http.call("GateService/GetServerInfo", gzip.compress(b"{}"), content_encoding="gzip")

    assert [each.status for each in (told, unpacked, streamed, fits)] == [413, 413, 413, 200]
    assert told.headers["connection"] == "close"
    assert told.json["message"] == "the request is longer than 1000 bytes"


async def test_compression_is_named_in_any_case_and_nothing_follows_it(packaged: Snapshot) -> None:
    """A coding is one in capitals too, and a body with more behind its compressed part is refused, not cut off."""
    one = gzip.compress(b"{}")
    async with running(packaged) as served, site(served) as http:
        answered = [
            await http.call("GateService/GetServerInfo", body, content_encoding=coding)
            for body, coding in ((one, "GZIP"), (b"{}", "Identity"), (one + one, "gzip"), (one + b"x", "gzip"))
        ]

    assert [each.status for each in answered] == [200, 200, 400, 400]
    assert answered[2].json["message"] == "the body is not what gzip makes of one file"


async def test_overload_and_drain_say_when_to_come_back(packaged: Snapshot) -> None:
    """Who is turned away gets 429 or 503 with Retry-After, and probes tell a load balancer."""
    async with running(packaged) as served, site(served, at_once=1) as http:
        requests = [http.call(EVALUATE, as_json(ONE)) for _ in range(12)]
        answered = await asyncio.gather(*requests)
        ready = await http.send("GET", "/readyz")
        draining = asyncio.create_task(served.server.drain())
        await asyncio.sleep(0.05)
        late = await http.call(EVALUATE, {})
        unready = await http.send("GET", "/readyz")
        live = await http.send("GET", "/healthz")
        await draining

    turned_away = [each for each in answered if each.status == 429]
    assert {each.status for each in answered} == {200, 429}
    assert all((each.reason, each.headers["retry-after"]) == ("OVERLOADED", "1") for each in turned_away)
    assert (late.status, late.reason, late.headers["retry-after"]) == (503, "NOT_READY", "1")
    assert [ready.status, unready.status, live.status] == [200, 503, 200]


async def test_answers_tell_nothing_about_the_software(packaged: Snapshot) -> None:
    """No header names the server or its version, and nobody keeps or guesses at what was answered."""
    async with running(packaged) as served, site(served) as http:
        answered = [
            await http.call("GateService/GetServerInfo", {}),
            await http.send("GET", "/healthz"),
            await http.send("GET", "/nothing"),
        ]

    assert all("server" not in each.headers for each in answered)
    assert answered[0].headers["cache-control"] == "no-store"
    assert answered[0].headers["x-content-type-options"] == "nosniff"
    assert (answered[2].status, answered[2].json["code"]) == (404, "unimplemented")
