"""Nobody who is not known gets anything: every RPC of the contract, taken from its descriptors."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

import grpc
import pytest
from google.protobuf.descriptor import FileDescriptor
from grpc_health.v1 import health_pb2, health_pb2_grpc  # type: ignore[import-untyped]
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc  # type: ignore[import-untyped]

import readygate.v1
from readygate.errors import error_of
from readygate.v1 import gate_service_pb2 as pb
from readygate_server.bootstrap import Snapshot
from tests.grpc_api.serving import AS_OF, refund_agent, running
from tests.identity.provider import Provider
from tests.identity.serving import Guarded, ask, refusal, secure


def files_of_the_contract() -> Iterator[FileDescriptor]:
    """Yields the descriptor of every file of the contract."""
    for module in pkgutil.iter_modules(readygate.v1.__path__):
        if module.name.endswith("_pb2"):
            yield importlib.import_module(f"readygate.v1.{module.name}").DESCRIPTOR


METHODS = sorted(
    (f"/{service.full_name}/{method.name}", bool(method.server_streaming))
    for file in files_of_the_contract()
    for service in file.services_by_name.values()
    for method in service.methods
)
UNKNOWN = [("/readygate.v1.GateService/Nothing", False), ("/made.up.Service/Method", False)]


async def code_of(channel: grpc.aio.Channel, method: str, *, streams: bool, bearer: str = "") -> grpc.StatusCode:
    """Returns how a call with an empty request ends."""
    metadata = [("authorization", f"Bearer {bearer}")] if bearer else []
    try:
        if streams:
            async for _ in channel.unary_stream(method, bytes, bytes)(b"", metadata=metadata, timeout=2):
                break
        else:
            await channel.unary_unary(method, bytes, bytes)(b"", metadata=metadata, timeout=10)
    except grpc.aio.AioRpcError as failure:
        return failure.code()
    return grpc.StatusCode.OK


def test_all_services_are_covered() -> None:
    """The list from the descriptors holds the services of today and will hold those of tomorrow."""
    services = {method.split("/")[1].removeprefix("readygate.v1.") for method, _ in METHODS}

    assert {"GateService", "RulesetService", "DecisionService", "LogService", "WaiverService"} <= services
    assert len(METHODS) >= 20


@pytest.mark.parametrize(("method", "streams"), [*METHODS, *UNKNOWN], ids=lambda value: str(value).split(".")[-1])
async def test_without_a_credential_nothing_is_answered(
    gate: Guarded, idp: Provider, method: str, *, streams: bool
) -> None:
    """Every RPC ends with UNAUTHENTICATED without a credential, and otherwise with one: the guard is what refuses."""
    async with gate.channel() as channel:
        without = await code_of(channel, method, streams=streams)
        with_one = await code_of(channel, method, streams=streams, bearer=idp.token())

    assert without is grpc.StatusCode.UNAUTHENTICATED
    assert with_one is not grpc.StatusCode.UNAUTHENTICATED


async def test_health_is_open(gate: Guarded) -> None:
    """Whoever watches over the server needs no credential for it."""
    async with gate.channel() as channel:
        reply = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())

    assert reply.status == health_pb2.HealthCheckResponse.SERVING


async def listed(channel: grpc.aio.Channel, bearer: str = "") -> int:
    """Returns how many services reflection shows."""
    metadata = [("authorization", f"Bearer {bearer}")] if bearer else []
    stub = reflection_pb2_grpc.ServerReflectionStub(channel)
    asked = reflection_pb2.ServerReflectionRequest(list_services="")
    try:
        replies = [reply async for reply in stub.ServerReflectionInfo(iter([asked]), metadata=metadata)]
    except grpc.aio.AioRpcError as failure:
        raise error_of(failure) from None
    return len(replies[0].list_services_response.service)


async def test_reflection_is_for_known_callers(gate: Guarded) -> None:
    """What the server offers is shown to those who may call it."""
    async with gate.channel() as channel:
        error = await refusal(listed(channel))
        count = await listed(channel, gate.files.key.text)

    assert error.code is grpc.StatusCode.UNAUTHENTICATED
    assert count >= 4


async def test_nothing_of_a_request_is_read_before_the_caller_is_known(gate: Guarded) -> None:
    """Bytes that are no request are bad input from a known caller, and nothing at all from an unknown one."""
    method = "/readygate.v1.GateService/Evaluate"
    codes = []
    async with secure(gate.bearer_port, gate.files.authority) as channel:
        for bearer in ("", gate.files.key.text):
            metadata = [("authorization", f"Bearer {bearer}")] if bearer else []
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await channel.unary_unary(method, bytes, bytes)(b"\xff\xff", metadata=metadata, timeout=10)
            codes.append(caught.value.code())

    assert codes == [grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.INVALID_ARGUMENT]


async def test_without_an_identity_file_this_machine_may_call(packaged: Snapshot) -> None:
    """A server on loopback without identities answers everybody who reaches it, and reflection shows itself."""
    async with running(packaged) as served:
        reply = await served.client.evaluate(pb.EvaluateRequest(proposal=refund_agent(), as_of=AS_OF))
        async with grpc.aio.insecure_channel(served.target) as channel:
            assert await ask(channel)
            assert await listed(channel) >= 4

    assert reply.decision.verdict
