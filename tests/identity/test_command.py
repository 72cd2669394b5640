"""`readygate api-keys new`, and `serve` with identities, as processes of their own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from readygate import AsyncGateClient, tls
from readygate.v1 import gate_service_pb2 as pb
from readygate_server.adapters.identity.api_keys import digest_of, split
from readygate_server.adapters.identity.reader import read_identity
from tests.cli.command import readygate, together
from tests.grpc_api.processes import serve
from tests.identity.authority import Authority, put, uri
from tests.identity.serving import refusal

REQUEST = pb.GetServerInfoRequest()
SPIFFE = "spiffe://bank.example/ci"
IDENTITY = """\
services:
  - {{name: ci, mtls: [{{uri: {uri}}}]}}
bindings:
  - {{principals: [service:ci], roles: [evaluator]}}
api_keys:
{entry}
"""


def new_key() -> tuple[str, str]:
    """Returns a key and its entry, as the command shows them."""
    ran = readygate("api-keys", "new", "--id", "ci-1", "--service", "ci", "--days", "30")
    assert (ran.code, ran.err) == (0, "")
    _, key, _, entry = ran.out.splitlines()
    return key, entry


def test_a_new_key_fits_its_entry() -> None:
    """The key is shown once, beside an entry that holds its SHA-256, its service and its end, and can be pasted."""
    key, entry = new_key()

    directory = read_identity(IDENTITY.format(uri=SPIFFE, entry=entry), file="identity.yaml")
    (shown,) = yaml.safe_load(entry)
    assert shown["sha256"] == digest_of(split(key)[1])
    assert split(key)[1] not in entry
    assert shown["expires_on"] == datetime.now(UTC).date() + timedelta(days=30)
    assert directory.of_key(key, now=datetime.now(UTC).timestamp()).name == "service:ci"


def test_a_key_that_can_not_be_made_is_told() -> None:
    """An id that is none, or too long a life, ends with 3."""
    wrong = (("--id", "CI_1"), ("--id", "x"), ("--id", "ci", "--days", "400"), ("--id", "ci", "--service", "a b"), ())
    for ran in together(*(("api-keys", "new", *arguments) for arguments in wrong)):
        assert (ran.code, ran.out) == (3, "")
        assert "rg_" not in ran.err


@pytest.fixture
def options(tmp_path: Path, authority: Authority) -> tuple[list[str | Path], str, Path]:
    """Writes what a server beyond loopback needs; gives its options, a key, and the CA."""
    key, entry = new_key()
    identity = put(tmp_path / "identity.yaml", IDENTITY.format(uri=SPIFFE, entry=entry))
    certificate, private = authority.server().write(tmp_path, "server")
    ca = put(tmp_path / "ca.pem", authority.certificate)
    return ["--identity", identity, "--tls-cert", certificate, "--tls-key", private], key, ca


def port_of(address: str) -> str:
    """Returns an address of a server on all addresses, as this machine reaches it."""
    return "127.0.0.1:" + address.rpartition(":")[2]


async def test_a_server_on_all_addresses_answers_known_callers(options: tuple[list[str | Path], str, Path]) -> None:
    """With TLS and identities `serve` listens on 0.0.0.0, answers over TLS who is known, and nobody else."""
    arguments, key, ca = options
    async with serve(*map(str, arguments), "--listen", "0.0.0.0:0") as server:
        address = await server.ready()
        target = port_of(address)
        async with AsyncGateClient(target, credentials=tls(ca=ca), token=key) as client:
            assert (await client.server_info(REQUEST)).rulesets
        async with AsyncGateClient(target, credentials=tls(ca=ca)) as client:
            unknown = await refusal(client.server_info(REQUEST))
        async with AsyncGateClient(target) as client:
            in_clear = await refusal(client.server_info(REQUEST))
        assert await server.stop() == 0
        log = f"{server.lines}{server.other}"

    assert address.startswith("0.0.0.0:")
    assert (unknown.reason, in_clear.code.name) == ("UNAUTHENTICATED", "UNAVAILABLE")
    assert split(key)[1] not in log


async def test_both_ports_are_told_and_serve(
    tmp_path: Path, authority: Authority, options: tuple[list[str | Path], str, Path]
) -> None:
    """`--listen-mtls` opens a second port, which the log names, for callers with a certificate."""
    arguments, _, ca = options
    certificate, key = authority.client(uri(SPIFFE)).write(tmp_path, "client")
    mtls = ("--listen-mtls", "127.0.0.1:0", "--client-ca", str(ca))
    async with serve(*map(str, arguments), *mtls) as server:
        await server.ready()
        (target,) = [line["address"] for line in server.of("listening") if line.get("client_certificates")]
        async with AsyncGateClient(target, credentials=tls(ca=ca, certificate=certificate, key=key)) as client:
            assert (await client.server_info(REQUEST)).rulesets


def test_half_of_it_is_refused_at_the_start(
    tmp_path: Path, authority: Authority, options: tuple[list[str | Path], str, Path]
) -> None:
    """Beyond loopback neither TLS nor identities can be left out, and what is given must be sound; all end with 3."""
    arguments, _, ca = options
    identity, tls_options = arguments[:2], arguments[2:]
    anywhere = ("serve", "--no-record", "--listen", "0.0.0.0:0")
    _, other_key = authority.server().write(tmp_path, "other")
    faulty = put(tmp_path / "faulty.yaml", "people:\n  - {name: Jane}\nbinding: []\n")
    calls = {
        "add --tls-cert and --tls-key, or": (*anywhere, *identity),
        "add --identity, or": (*anywhere, *tls_options),
        "--tls-cert and --tls-key belong together": (*anywhere, *identity, *tls_options[:2]),
        "needs --tls-cert, --tls-key, --client-ca and --identity": (
            "serve",
            "--no-record",
            *arguments,
            "--listen-mtls",
            "0.0.0.0:0",
        ),
        "--client-ca is of use with --listen-mtls only": ("serve", "--no-record", *arguments, "--client-ca", ca),
        "the key is not that of": (*anywhere, *arguments[:5], other_key),
        "'binding' is not a known key": (*anywhere, "--identity", faulty, *tls_options),
        "'name' is malformed: got 'Jane', expected a name such as": (*anywhere, "--identity", faulty, *tls_options),
        "nope.yaml: the file can not be read": (*anywhere, "--identity", tmp_path / "nope.yaml", *tls_options),
        "metrics have neither TLS nor authentication": (*anywhere, *arguments, "--metrics", "0.0.0.0:0"),
    }
    for (message, _), ran in zip(calls.items(), together(*calls.values()), strict=True):
        assert (ran.code, ran.out) == (3, ""), message
        assert message in ran.err, ran.err
