"""A flood of JSON does not keep callers of gRPC waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from readygate.v1 import gate_service_pb2 as pb
from readygate_server.bootstrap import Snapshot
from readygate_server.http_api.caller import Caller
from readygate_server.http_api.turns import GIVES_WAY_SECONDS, Turnstile
from tests.grpc_api.serving import AS_OF, refund_agent, running

EVALUATE = "/readygate.v1.GateService/Evaluate"


async def test_calls_over_grpc_go_before_a_flood_of_json(packaged: Snapshot) -> None:
    """While 64 calls from within wait for their turn, one that comes later over gRPC is answered among the first."""
    request = pb.EvaluateRequest(proposal=refund_agent(), as_of=AS_OF)
    ended: list[str] = []

    async def noted(name: str, call: Callable[[], Awaitable[object]]) -> None:
        await call()
        ended.append(name)

    async with running(packaged) as served:
        await served.client.evaluate(request)
        caller, raw = Caller(served.server.calls), request.SerializeToString()
        flood = [asyncio.create_task(noted("http", lambda: caller.call(EVALUATE, raw))) for _ in range(64)]
        await asyncio.sleep(0)
        for _ in range(3):
            await noted("grpc", lambda: served.client.evaluate(request))
        await asyncio.gather(*flood)

    assert ended.count("http") == 64
    assert max(place for place, name in enumerate(ended) if name == "grpc") < 48


async def test_others_can_not_keep_a_turn_from_coming() -> None:
    """Who waits for a quiet moment that does not come gets its turn nevertheless."""
    started = asyncio.get_running_loop().time()
    await Turnstile(lambda: True).wait()

    assert GIVES_WAY_SECONDS <= asyncio.get_running_loop().time() - started < 20 * GIVES_WAY_SECONDS


async def test_a_quiet_moment_is_used_at_once() -> None:
    """Nobody waits when nobody else does."""
    started = asyncio.get_running_loop().time()
    for _ in range(20):
        await Turnstile(lambda: False).wait()

    assert asyncio.get_running_loop().time() - started < 20 * GIVES_WAY_SECONDS
