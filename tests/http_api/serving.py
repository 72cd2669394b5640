"""HTTP beside gRPC in this process, and a plain client of it."""

from __future__ import annotations

import asyncio
import http.client
import json
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from readygate_server.grpc_api.tls import TlsSource
from readygate_server.http_api.app import http_app
from readygate_server.http_api.caller import CALLS_AT_ONCE, Caller
from readygate_server.http_api.server import HttpServer
from readygate_server.settings import Address, Limits
from tests.grpc_api.serving import Running

JSON = {"content-type": "application/json"}


@dataclass(frozen=True)
class Answered:
    """An answer over HTTP."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)

    @property
    def reason(self) -> str:
        """Reason of an error, as gRPC callers get it."""
        reason: str = self.json["details"][0]["debug"]["reason"]
        return reason

    @property
    def faults(self) -> list[dict[str, str]]:
        """Faults of an error."""
        found = [each["debug"]["faults"] for each in self.json["details"] if each["type"].endswith("InputFaults")]
        return found[0] if found else []


@dataclass(frozen=True)
class Site:
    """A server over HTTP."""

    server: HttpServer
    tls: ssl.SSLContext | None = None

    def _send(self, verb: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answered:
        address = self.server.address
        if self.tls is None:
            connection = http.client.HTTPConnection(address.host, address.port, timeout=20)
        else:
            connection = http.client.HTTPSConnection(address.host, address.port, timeout=20, context=self.tls)
        try:
            connection.request(verb, path, body, dict(headers))
            reply = connection.getresponse()
            return Answered(reply.status, {name.lower(): value for name, value in reply.getheaders()}, reply.read())
        finally:
            connection.close()

    async def send(self, verb: str, path: str, body: bytes | None = None, **headers: str) -> Answered:
        """Sends a request on a connection of its own."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await asyncio.to_thread(self._send, verb, path, body, named)

    async def call(self, method: str, request: Any, **headers: str) -> Answered:
        """Calls a method such as GateService/Evaluate; bytes are sent as they are, all else as JSON."""
        body = request if isinstance(request, bytes) else json.dumps(request).encode()
        return await self.send(
            "POST", f"/readygate.v1.{method}", body, **({"content_type": JSON["content-type"]} | headers)
        )


@asynccontextmanager
async def site(
    served: Running,
    *,
    at_once: int = CALLS_AT_ONCE,
    limits: Limits | None = None,
    tls: TlsSource | None = None,
    trusted: ssl.SSLContext | None = None,
    local_only: bool = True,
) -> AsyncIterator[Site]:
    """Answers over HTTP what a server answers over gRPC."""
    caller = Caller(served.server.calls, at_once=at_once)
    app = http_app(
        caller,
        ready=lambda: not served.server.calls.is_stopping,
        limits=limits or Limits(),
        local_only=local_only,
    )
    server = HttpServer(app, Address.parse("127.0.0.1:0"), tls=tls, shares_port=False, drain_seconds=5)
    await server.start()
    try:
        yield Site(server, trusted)
    finally:
        await server.drain()
