"""Calls that last longer than the right to them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest

from readygate import AsyncGateClient, GateClient, GateError
from readygate.v1.decision_service_pb2 import WatchDecisionsRequest, WatchDecisionsResponse
from readygate_server.adapters.identity import watched
from readygate_server.adapters.identity.authenticator import FileAuthenticator
from readygate_server.grpc_api.authentication import Doorkeeper
from readygate_server.grpc_api.reception import Reception
from readygate_server.observability import Metrics
from tests.identity.authority import put
from tests.identity.provider import Provider
from tests.identity.serving import Files

SERVICE = "readygate.v1.DecisionService"
METHOD = "/readygate.v1.DecisionService/WatchDecisions"


async def ticking(request: WatchDecisionsRequest, _context: object) -> AsyncIterator[WatchDecisionsResponse]:
    """Sends a message every few milliseconds, for ever; each says how many came before it, over all calls."""
    count = int(request.resume_token or 0)
    while True:
        count += 1
        yield WatchDecisionsResponse(resume_token=str(count))
        await asyncio.sleep(0.01)


@pytest.fixture
async def target(files: Files, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """Runs a server with one stream behind the door that all calls go through."""
    monkeypatch.setattr(watched, "LOOK_SECONDS", 0.05)
    calls = Reception(Metrics(), limit=10, door=Doorkeeper(FileAuthenticator(files.identity)))
    server = grpc.aio.server()
    behaviour: Any = ticking
    handler: Any = grpc.unary_stream_rpc_method_handler(behaviour, WatchDecisionsRequest.FromString)
    calls.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, {"WatchDecisions": handler}),))
    server.add_generic_rpc_handlers((calls,))
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


def revoke(files: Files) -> None:
    """Ends the key, as if it were long expired."""
    put(files.identity, files.identity.read_text(encoding="utf-8").replace("2099-01-01", "2020-01-01"))


async def test_a_watcher_with_a_newer_token_goes_on(files: Files, idp: Provider, target: str) -> None:
    """When its token ends, a client that can give a newer one goes on where it was, and misses nothing."""
    left = [files.key.text, idp.token()]
    seen = []
    async with AsyncGateClient(target, token=lambda: left.pop(0)) as client:
        async for reply in client.watch_decisions(WatchDecisionsRequest()):
            seen.append(int(reply.resume_token))
            if len(seen) == 5:
                revoke(files)
            if not left:
                break

    assert seen == list(range(1, len(seen) + 1))


async def test_a_watcher_with_one_token_ends_with_it(files: Files, target: str) -> None:
    """A client whose only token ends is told so."""
    seen = 0

    def watch() -> None:
        nonlocal seen
        with GateClient(target, token=files.key.text) as client:
            for _ in client.watch_decisions(WatchDecisionsRequest()):
                seen += 1
                if seen == 5:
                    revoke(files)

    with pytest.raises(GateError) as caught:
        await asyncio.to_thread(watch)

    assert caught.value.reason == "UNAUTHENTICATED"
    assert seen >= 5
