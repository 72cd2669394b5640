"""Calls that last longer than the right to them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest

from readygate.v1 import gate_service_pb2 as pb
from readygate_server.adapters.identity import watched
from readygate_server.adapters.identity.authenticator import FileAuthenticator
from readygate_server.grpc_api.authentication import Doorkeeper
from readygate_server.grpc_api.interceptor import CallInterceptor
from readygate_server.observability import Metrics
from tests.identity.authority import put
from tests.identity.provider import Provider
from tests.identity.serving import Files

METHOD = "/readygate.v1.Test/Watch"


async def ticking(_request: object, _context: object) -> AsyncIterator[Any]:
    """Sends a message every few milliseconds, for ever."""
    while True:
        yield pb.GetServerInfoResponse()
        await asyncio.sleep(0.01)


@pytest.fixture
async def target(files: Files, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """Runs a server with one stream behind the door that all calls go through."""
    monkeypatch.setattr(watched, "LOOK_SECONDS", 0.05)
    calls = CallInterceptor(Metrics(), limit=10, door=Doorkeeper(FileAuthenticator(files.identity)))
    server = grpc.aio.server(interceptors=[calls])
    behaviour: Any = ticking
    handler: Any = grpc.unary_stream_rpc_method_handler(behaviour, pb.GetServerInfoRequest.FromString)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("readygate.v1.Test", {"Watch": handler}),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield f"127.0.0.1:{port}"
    await calls.drain(2)
    await server.stop(None)


@pytest.mark.parametrize("change", ["expires_on: 2020-01-01", "roles"])
async def test_a_stream_ends_when_the_right_to_it_does(files: Files, target: str, change: str) -> None:
    """A stream goes on while the credential holds and the roles are the same, and ends when either changes."""
    metadata = [("authorization", f"Bearer {files.key.text}")]
    async with grpc.aio.insecure_channel(target) as channel:
        stream = channel.unary_stream(METHOD, bytes, bytes)(b"", metadata=metadata, timeout=20)
        messages = aiter(stream)
        for _ in range(20):
            await anext(messages)
        text = files.identity.read_text(encoding="utf-8")
        changed = (
            text.replace("roles: [evaluator]", "roles: [auditor]")
            if change == "roles"
            else text.replace("expires_on: 2099-01-01", change)
        )
        assert changed != text
        put(files.identity, changed)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            async for _ in messages:
                pass

    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_a_stream_needs_a_credential(target: str, idp: Provider) -> None:
    """Without one not a single message comes; with one they do."""
    async with grpc.aio.insecure_channel(target) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await channel.unary_stream(METHOD, bytes, bytes)(b"", timeout=20).read()
        metadata = [("authorization", f"Bearer {idp.token()}")]
        assert await channel.unary_stream(METHOD, bytes, bytes)(b"", metadata=metadata, timeout=20).read() is not None

    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
