"""The clients and the command, as callers that are asked who they are."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from readygate import AsyncGateClient, GateClient, GateError, tls
from readygate.v1 import gate_service_pb2 as pb
from readygate_server.cli.connection import connect
from readygate_server.cli.exits import CommandError
from tests.identity.authority import put, uri
from tests.identity.serving import CI_URI, Guarded

REQUEST = pb.GetServerInfoRequest()


async def test_both_clients_show_a_token(gate: Guarded) -> None:
    """A token or key goes with every call of either client; without one they are told that it is missing."""
    ca = tls(ca=gate.files.directory / "ca.pem")
    key = gate.files.key.text

    def blocking(token: str | None) -> pb.GetServerInfoResponse:
        with GateClient(gate.bearer_port, credentials=ca, token=token) as client:
            return client.server_info(REQUEST)

    replies = [await asyncio.to_thread(blocking, key)]
    async with AsyncGateClient(gate.bearer_port, credentials=ca, token=key) as client:
        replies.append(await client.server_info(REQUEST))
    with pytest.raises(GateError) as caught:
        await asyncio.to_thread(blocking, None)

    assert all(reply.engine_version for reply in replies)
    assert caught.value.reason == "UNAUTHENTICATED"


async def test_a_token_may_be_renewed_between_calls(gate: Guarded) -> None:
    """What gives the token is asked before every call."""
    tokens = iter([gate.files.key.text, "rg_ci-1_wrong", gate.files.key.text])
    ca = tls(ca=gate.files.directory / "ca.pem")
    async with AsyncGateClient(gate.bearer_port, credentials=ca, token=lambda: next(tokens)) as client:
        await client.server_info(REQUEST)
        with pytest.raises(GateError):
            await client.server_info(REQUEST)
        await client.server_info(REQUEST)


async def test_a_client_shows_a_certificate(gate: Guarded) -> None:
    """With a certificate a client is let in on the port that asks for one."""
    certificate, key = gate.files.authority.client(uri(CI_URI)).write(gate.files.directory, "client")
    credentials = tls(ca=gate.files.directory / "ca.pem", certificate=certificate, key=key)
    async with AsyncGateClient(gate.mtls_port, credentials=credentials) as client:
        assert (await client.server_info(REQUEST)).engine_version


@pytest.mark.parametrize("client", [GateClient, AsyncGateClient])
@pytest.mark.parametrize("target", ["gate.bank.example:443", "192.0.2.1:443", "[2001:db8::1]:443", "dns:///gate:443"])
def test_no_token_travels_in_clear(client: type[GateClient] | type[AsyncGateClient], target: str) -> None:
    """A token for another machine needs an encrypted connection; without a token nothing is demanded."""
    with pytest.raises(ValueError, match="in clear"):
        client(target, token="t")  # noqa: S106 -- no secret
    GateClient(target, credentials=tls(), token="t").close()  # noqa: S106 -- no secret
    GateClient(target).close()


@pytest.mark.parametrize("target", ["127.0.0.1:7443", "[::1]:7443", "localhost:7443", "unix:/run/gate.sock"])
def test_on_this_machine_a_token_may_travel_in_clear(target: str) -> None:
    """A token for this machine needs no encryption."""
    GateClient(target, token="t").close()  # noqa: S106 -- no secret


async def test_the_command_takes_who_it_is_from_the_environment(gate: Guarded) -> None:
    """The authority, and a token, a file with one or a certificate are what the variables say."""
    directory, files = gate.files.directory, gate.files
    certificate, key = files.authority.client(uri(CI_URI)).write(directory, "client")
    ca = {"READYGATE_CA": str(directory / "ca.pem")}
    token = put(directory / "token", files.key.text + "\n")
    given = [
        (gate.bearer_port, {"READYGATE_TOKEN": files.key.text}),
        (gate.bearer_port, {"READYGATE_TOKEN_FILE": str(token)}),
        (gate.mtls_port, {"READYGATE_CLIENT_CERT": str(certificate), "READYGATE_CLIENT_KEY": str(key)}),
    ]

    def ask(target: str, variables: dict[str, str]) -> str:
        with connect(target, environment=ca | variables) as client:
            return client.server_info(REQUEST).engine_version

    for target, variables in given:
        assert await asyncio.to_thread(ask, target, variables)
    with pytest.raises(GateError):
        await asyncio.to_thread(ask, gate.bearer_port, {})


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("READYGATE_CA", "No such file"),
        ("READYGATE_TOKEN_FILE", "No such file"),
        ("READYGATE_CLIENT_CERT", "belong together"),
    ],
)
def test_variables_that_can_not_be_used_are_told(tmp_path: Path, name: str, message: str) -> None:
    """A file that is missing, or half a pair, ends the command with what is wrong."""
    with pytest.raises(CommandError, match=message):
        connect("gate.bank.example:443", environment={name: str(tmp_path / "nope")})
