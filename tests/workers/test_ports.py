"""The ports of workers: with TLS, with client certificates, and which settings do not fit."""

from __future__ import annotations

from pathlib import Path

import pytest

from readygate import AsyncGateClient, tls
from readygate.v1 import gate_service_pb2 as pb
from readygate_server.adapters.identity.api_keys import new_key
from readygate_server.settings import Address, ServerSettings, SettingsError
from tests.cli.command import readygate
from tests.grpc_api.processes import Served
from tests.identity.authority import Authority, put, uri
from tests.workers.serving import workers

SPIFFE = "spiffe://bank.example/ci"
IDENTITY = """\
services:
  - {{name: ci, mtls: [{{uri: {uri}}}]}}
bindings:
  - {{principals: [service:ci], roles: [evaluator]}}
api_keys:
  - {{id: ci-1, sha256: {digest}, principal: service:ci, expires_on: 2099-01-01}}
"""


async def test_both_ports_are_shared_by_all_workers(tmp_path: Path) -> None:
    """On all addresses, over TLS, by key on one port and by certificate on the other, both workers answer."""
    authority, shown = Authority(), new_key("ci-1")
    certificate, private = authority.server().write(tmp_path, "server")
    client_certificate, client_key = authority.client(uri(SPIFFE)).write(tmp_path, "client")
    identity = put(tmp_path / "identity.yaml", IDENTITY.format(uri=SPIFFE, digest=shown.digest))
    ca = put(tmp_path / "ca.pem", authority.certificate)
    arguments = ("--identity", identity, "--tls-cert", certificate, "--tls-key", private, "--client-ca", ca)
    mtls = ("--listen-mtls", "0.0.0.0:0")
    async with workers(None, *map(str, arguments), *mtls, listen="0.0.0.0:0") as served:
        by_key = port_of(await served.ready())
        by_certificate = port_of(
            next(line["address"] for line in served.of("listening") if line.get("client_certificates"))
        )
        callers: dict[str, dict[str, object]] = {
            by_key: {"credentials": tls(ca=ca), "token": shown.text},
            by_certificate: {"credentials": tls(ca=ca, certificate=client_certificate, key=client_key)},
        }
        for target, shows in callers.items():
            assert await answering(served, target, shows) == {1, 2}
        assert len({line["address"] for line in served.of("listening")}) == 2
        assert await served.stop() == 0


async def answering(served: Served, target: str, shows: dict[str, object]) -> set[int]:
    """Returns which workers answer, when asked on one connection after the other."""
    before = len(served.of("call"))
    for _ in range(12):
        async with AsyncGateClient(target, **shows) as client:  # type: ignore[arg-type]
            await client.server_info(pb.GetServerInfoRequest())
    await served.until(lambda: len(served.of("call")) == before + 12, "logged every call")
    return {line["worker"] for line in served.of("call")[before:]}


def port_of(address: str) -> str:
    """Returns an address of a server on all addresses, as this machine reaches it."""
    return "127.0.0.1:" + address.rpartition(":")[2]


@pytest.mark.parametrize(
    ("listen", "count", "why"),
    [
        ("unix:/run/gate.sock", 2, "belongs to one process"),
        ("127.0.0.1:0", 0, "expected 1 to 64"),
        ("127.0.0.1:0", 65, "expected 1 to 64"),
    ],
)
def test_workers_that_can_not_be_are_refused(listen: str, count: int, why: str) -> None:
    """A socket in the file system can not be shared, and a number has to make sense."""
    with pytest.raises(SettingsError, match=rf"--workers {count}: .*{why}"):
        ServerSettings(listen=Address.parse(listen), workers=count)


def test_nobody_is_a_worker_by_mistake() -> None:
    """A process that finds the seat of a worker in its environment, and not what belongs to it, is refused."""
    for seat in ("1", '{"number": 1}', '{"number":1,"link":98,"lock":99,"counts":null,"listen":"127.0.0.1:1"}'):
        ran = readygate("serve", "--no-record", "--workers", "2", env={"READYGATE_WORKER": seat})
        assert (ran.code, "READYGATE_WORKER is for workers that a server starts itself" in ran.err) == (3, True)
