"""Who calls over HTTP is known as over gRPC, and the port follows renewed certificates."""

from __future__ import annotations

import asyncio
import http.client as http_client
import json
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from readygate_server.adapters.identity.tls import TlsFiles
from readygate_server.bootstrap import Snapshot
from readygate_server.http_api.app import http_app
from readygate_server.http_api.caller import Caller
from readygate_server.http_api.server import HttpServer
from readygate_server.settings import Address, Limits
from tests.http_api.serving import Site
from tests.identity.authority import Authority, put
from tests.identity.provider import Provider, provider
from tests.identity.serving import Files, Guarded, guarded

INFO = "GateService/GetServerInfo"


@pytest.fixture(scope="module")
def authority() -> Authority:
    """The authority that the server's certificate is of."""
    return Authority()


@pytest.fixture
def idp() -> Iterator[Provider]:
    """An identity provider."""
    with provider() as state:
        yield state


@pytest.fixture
def files(tmp_path: Path, authority: Authority, idp: Provider) -> Files:
    """What the server reads."""
    put(tmp_path / "keys.json", json.dumps(idp.key_set()))
    described = Files(tmp_path, authority)
    described.write()
    return described


def trusting(authority: Authority) -> ssl.SSLContext:
    """Returns what a caller checks the server by."""
    return ssl.create_default_context(cadata=authority.certificate.decode())


@asynccontextmanager
async def both(snapshot: Snapshot, files: Files) -> AsyncIterator[tuple[Guarded, Site]]:
    """Runs a server with identities, over gRPC and over HTTP."""
    async with guarded(snapshot, files) as gate:
        app = http_app(Caller(gate.server.calls), ready=lambda: True, limits=Limits())
        tls = TlsFiles(files.directory / "server.pem", files.directory / "server.key")
        server = HttpServer(app, Address.parse("127.0.0.1:0"), tls=tls, shares_port=False, drain_seconds=2)
        await server.start()
        try:
            yield gate, Site(server, trusting(files.authority))
        finally:
            await server.drain()


async def test_callers_show_tokens_and_keys_as_over_grpc(packaged: Snapshot, files: Files, idp: Provider) -> None:
    """A token and an API key are taken; nothing, nonsense, and two of them are refused, and the line says which."""
    async with both(packaged, files) as (gate, http):
        token = await http.call(INFO, {}, authorization=f"Bearer {idp.token(sub='jane')}")
        key = await http.call(INFO, {}, authorization=f"bearer {files.key.text}")
        refused = [
            await http.call(INFO, {}),
            await http.call(INFO, {}, authorization="Bearer nonsense"),
            await http.call(INFO, {}, authorization="Basic amFuZTpqYW5l"),
        ]
        lines = gate.lines()

    assert [token.status, key.status] == [200, 200]
    assert [line["credential"] for line in lines[:2]] == ["oidc", "api_key"]
    assert all((each.status, each.reason) == (401, "UNAUTHENTICATED") for each in refused)
    assert all(each.headers["www-authenticate"] == "Bearer" for each in refused)


async def test_nothing_is_read_of_a_request_before_its_caller_is_known(packaged: Snapshot, files: Files) -> None:
    """What is wrong with a request is told to callers only."""
    async with both(packaged, files) as (_, http):
        refused = await http.call("GateService/Evaluate", b'{"x": ')
        allowed = await http.call("GateService/Evaluate", b'{"x": ', authorization=f"Bearer {files.key.text}")

    assert (refused.status, allowed.status) == (401, 400)


async def test_roles_count_over_http(packaged: Snapshot, files: Files) -> None:
    """Who may not do something over gRPC may not do it over HTTP."""
    async with both(packaged, files) as (_, http):
        answered = await http.call("RulesetService/ValidateRuleset", {}, authorization=f"Bearer {files.key.text}")

    assert (answered.status, answered.reason) == (403, "PERMISSION_DENIED")


async def test_a_quota_says_when_to_come_back(packaged: Snapshot, files: Files) -> None:
    """A caller who has used up its quota gets 429 with Retry-After and RetryInfo, whatever transport it used before."""
    files.more = "limits:\n  - {principals: ['service:ci'], calls_per_minute: 1, burst: 1}\n"
    files.write()
    async with both(packaged, files) as (gate, http):
        await gate.call(files.key.text)
        answered = await http.call(INFO, {}, authorization=f"Bearer {files.key.text}")

    assert (answered.status, answered.reason) == (429, "QUOTA_EXCEEDED")
    assert int(answered.headers["retry-after"]) > 1
    assert "google.rpc.RetryInfo" in [each["type"] for each in answered.json["details"]]


async def test_a_renewed_certificate_is_shown_to_new_connections(packaged: Snapshot, files: Files) -> None:
    """The port follows the files of the certificate without a restart."""
    async with both(packaged, files) as (_, http):
        before = await asyncio.to_thread(certificate_of, http)
        files.authority.server().write(files.directory, "server")
        await asyncio.sleep(1.1)
        after = await asyncio.to_thread(certificate_of, http)
        again = await http.call(INFO, {}, authorization=f"Bearer {files.key.text}")

    assert before != after
    assert again.status == 200


async def test_old_versions_of_tls_are_refused(packaged: Snapshot, files: Files) -> None:
    """TLS before 1.2, and no TLS at all, come to nothing."""
    async with both(packaged, files) as (_, http):
        plain = Site(http.server)
        with pytest.raises((ConnectionError, http_client.HTTPException)):
            await plain.call(INFO, {})
        assert http.tls is not None
        assert (await http.send("GET", "/healthz", host="gate.example")).status == 200


def certificate_of(http: Site) -> bytes:
    """Returns the certificate that a server shows."""
    address = http.server.address
    return ssl.get_server_certificate((address.host, address.port)).encode()
