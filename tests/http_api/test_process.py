"""`readygate serve --http` as a process of its own."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from readygate_server.settings import Address, ServerSettings, SettingsError
from tests.grpc_api.processes import Served, serve


def http_of(served: Served) -> str:
    """Returns where a server answers over HTTP."""
    address: str = next(line["address"] for line in served.of("listening") if line.get("protocol") == "http")
    return f"http://{address}"


async def fetch(url: str, body: bytes | None = None) -> Any:
    """Returns the JSON behind a URL."""

    def read() -> Any:
        request = urllib.request.Request(url, body, {"content-type": "application/json"})  # noqa: S310
        with urllib.request.urlopen(request, timeout=10) as reply:  # noqa: S310 -- what the server just printed
            return json.loads(reply.read())

    return await asyncio.to_thread(read)


async def test_calls_over_http_come_from_the_process_that_answers_grpc() -> None:
    """A server with --http answers calls and probes there, and ends with one signal."""
    async with serve("--http", "127.0.0.1:0") as served:
        await served.ready()
        url = http_of(served)
        info = await fetch(f"{url}/readygate.v1.GateService/GetServerInfo", b"{}")
        probes = [await fetch(f"{url}/{probe}") for probe in ("healthz", "readyz")]
        code = await served.stop()

    assert info["defaultRuleset"] == "operational-readiness"
    assert probes == [{"status": "live"}, {"status": "ready"}]
    assert (code, served.other) == (0, [])


async def test_workers_share_the_http_port() -> None:
    """Every worker answers on the one port of HTTP, and none of another server can take it."""
    async with serve("--http", "127.0.0.1:0", "--workers", "2") as served:
        await served.ready()
        url = http_of(served)
        for _ in range(40):
            await fetch(f"{url}/readygate.v1.GateService/GetServerInfo", b"{}")
        workers = {line["worker"] for line in served.of("call")}
        async with serve("--http", url.removeprefix("http://")) as second:
            second_code = await asyncio.wait_for(second.process.wait(), 20)
        code = await served.stop()

    assert workers == {1, 2}
    assert (code, second_code) == (0, 4)


@pytest.mark.parametrize(
    ("http", "why"),
    [
        ("0.0.0.0:0", "--http 0.0.0.0:0: other machines could reach it without TLS and authentication"),
        ("unix:/run/gate.sock", "--http unix:/run/gate.sock: expected HOST:PORT"),
    ],
)
def test_http_is_refused_where_grpc_would_be(http: str, why: str) -> None:
    """Others reach HTTP with TLS and identities only, and it needs a port."""
    with pytest.raises(SettingsError, match=why):
        ServerSettings(Address.parse("127.0.0.1:0"), http=Address.parse(http, what="--http"))
    assert not Path("/run/gate.sock").exists()
