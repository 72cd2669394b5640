"""A server with identities: one port for bearer tokens and keys over TLS, one for client certificates."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import structlog
from google.protobuf.message import Message

from readygate.errors import GateError, error_of
from readygate.v1 import gate_service_pb2 as pb
from readygate_server.adapters.identity.api_keys import NewKey, new_key
from readygate_server.bootstrap import Snapshot
from readygate_server.bootstrap.served_rules import ServedRules
from readygate_server.bootstrap.server import callers_of, tls_of
from readygate_server.grpc_api.server import GateServer
from readygate_server.observability import Metrics, configure_logging
from readygate_server.settings import Address, ServerSettings, Tls
from tests.identity.authority import Authority, Pair, put
from tests.identity.provider import AUDIENCE, ISSUER

JANE = "jane.doe@bank.example"
JANE_URI = "spiffe://bank.example/people/jane"
CI_URI = "spiffe://bank.example/ci"
CI_DNS = "ci.bank.example"
INFO = "/readygate.v1.GateService/GetServerInfo"

IDENTITY = """\
issuers:
  - {{id: staff, issuer: {issuer}, audience: {audience}, {keys}, signs_in_people: true}}
people:
  - name: {jane}
    oidc: [{{issuer: staff, subject: jane}}]
    mtls: [{{uri: {jane_uri}}}]
services:
  - name: ci
    mtls: [{{uri: {ci_uri}}}, {{dns: {ci_dns}}}]
    oidc: [{{issuer: staff, claims: {{repository_id: 42}}}}]
  - name: idle
api_keys:
  - {{id: ci-1, sha256: {digest}, principal: service:ci, expires_on: {expires_on}}}
bindings:
  - {{principals: [{jane}], roles: [evaluator, requester, approver, auditor, rule_admin]}}
  - {{principals: [service:ci], roles: [evaluator], rulesets: [operational-readiness], proposals: [refund-*, p]}}
{more}
"""


@dataclass
class Files:
    """What a server with identities reads, in a directory."""

    directory: Path
    authority: Authority
    key: NewKey = field(default_factory=lambda: new_key("ci-1"))
    keys: str = "jwks_file: keys.json"
    more: str = ""
    expires_on: str = "2099-01-01"

    @property
    def identity(self) -> Path:
        """The identity file."""
        return self.directory / "identity.yaml"

    def write(self) -> None:
        """Writes the identity file as it is described."""
        put(
            self.identity,
            IDENTITY.format(
                issuer=ISSUER, audience=AUDIENCE, keys=self.keys, jane=JANE, jane_uri=JANE_URI, ci_uri=CI_URI,
                ci_dns=CI_DNS, digest=self.key.digest, expires_on=self.expires_on, more=self.more,
            ),
        )  # fmt: skip

    def settings(self) -> ServerSettings:
        """Writes the certificates of the server and returns its settings."""
        certificate, key = self.authority.server().write(self.directory, "server")
        ca = put(self.directory / "ca.pem", self.authority.certificate)
        anywhere = Address("127.0.0.1")
        return ServerSettings(
            listen=anywhere, listen_mtls=anywhere, identity=self.identity, tls=Tls(certificate, key, ca),
            drain_seconds=2,
        )  # fmt: skip


@dataclass
class Guarded:
    """A server that asks who calls, and what it has logged."""

    server: GateServer
    files: Files
    metrics: Metrics
    log: io.StringIO

    @property
    def bearer_port(self) -> str:
        """Where tokens and keys are taken."""
        return str(self.server.address)

    @property
    def mtls_port(self) -> str:
        """Where client certificates are taken."""
        return str(self.server.mtls_address)

    async def call(
        self,
        bearer: str = "",
        *,
        pair: Pair | None = None,
        method: str = INFO,
        request: Message | None = None,
        headers: Sequence[tuple[str, str]] = (),
    ) -> bytes:
        """Calls with a token, or on the other port with a certificate; raises GateError."""
        async with self.channel(pair) as channel:
            return await ask(channel, method, bearer=bearer, request=request, headers=headers)

    def channel(self, pair: Pair | None = None) -> grpc.aio.Channel:
        """Connects, with a certificate to the port for certificates."""
        return secure(self.mtls_port if pair else self.bearer_port, self.files.authority, pair)

    def lines(self, event: str = "call") -> list[dict[str, Any]]:
        """Returns the log lines of one kind."""
        lines = [json.loads(line) for line in self.log.getvalue().splitlines()]
        return [line for line in lines if line["event"] == event]


def secure(target: str, authority: Authority, pair: Pair | None = None) -> grpc.aio.Channel:
    """Connects to a server whose certificate is of this authority. No connection is shared with another channel."""
    credentials = (
        grpc.ssl_channel_credentials(authority.certificate, pair.key, pair.certificate)
        if pair
        else grpc.ssl_channel_credentials(authority.certificate)
    )
    return grpc.aio.secure_channel(target, credentials, [("grpc.use_local_subchannel_pool", 1)])


async def ask(
    channel: grpc.aio.Channel,
    method: str = INFO,
    *,
    bearer: str = "",
    request: Message | None = None,
    headers: Sequence[tuple[str, str]] = (),
) -> bytes:
    """Sends a request as bytes; raises GateError."""
    metadata = [*headers, *([("authorization", f"Bearer {bearer}")] if bearer else [])]
    try:
        send = channel.unary_unary(method, _serialised, bytes)
        reply: bytes = await send(request or pb.GetServerInfoRequest(), metadata=metadata, timeout=10)
    except grpc.aio.AioRpcError as failure:
        raise error_of(failure) from None
    return reply


def _serialised(message: Message) -> bytes:
    return message.SerializeToString()


async def refusal(asking: Any) -> GateError:
    """Returns the error that a call ends with; a call that succeeds is a failure of the test."""
    try:
        await asking
    except GateError as error:
        return error
    raise AssertionError("the call was answered")


@asynccontextmanager
async def guarded(snapshot: Snapshot, files: Files) -> AsyncIterator[Guarded]:
    """Runs a server with identities as `serve` would."""
    log = io.StringIO()
    configure_logging(log)
    metrics, gate = Metrics(), ServedRules()
    gate.swap(snapshot)
    settings = files.settings()
    server = GateServer(gate, settings, metrics, callers=callers_of(settings), tls=tls_of(settings))
    await server.start()
    await server.show_serving()
    try:
        yield Guarded(server, files, metrics, log)
    finally:
        await server.drain()
        structlog.reset_defaults()
        structlog.contextvars.clear_contextvars()
