"""Certificates, keys and identities that change while the server runs."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509

from readygate_server.adapters.identity import key_sets, watched
from readygate_server.adapters.identity.key_sets import RemoteKeys
from readygate_server.adapters.identity.tls import TlsFiles
from readygate_server.bootstrap import Snapshot
from readygate_server.domain.errors import UnauthenticatedError
from readygate_server.settings import Address
from tests.identity.authority import Authority, put, uri
from tests.identity.provider import Provider
from tests.identity.serving import CI_URI, Files, Guarded, ask, guarded, refusal, secure

SEEN = 0.15
"""Seconds after which a change has been seen, with files looked at ten times a second."""


@pytest.fixture(autouse=True)
def looking_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the server look at its files more often than once a second, so that the tests need not wait."""
    monkeypatch.setattr(watched, "LOOK_SECONDS", 0.1)


def name_shown(address: Address, authority: Authority) -> str:
    """Returns the common name in the certificate that a new connection is shown."""
    context = ssl.create_default_context(cadata=authority.certificate.decode())
    context.set_alpn_protocols(["h2"])
    with (
        socket.create_connection((address.host, address.port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        raw = connection.getpeercert(binary_form=True)
    assert raw is not None
    names = x509.load_der_x509_certificate(raw).subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(names[0].value)


async def test_new_connections_get_the_new_certificate(gate: Guarded, authority: Authority) -> None:
    """A renewed certificate is shown without a restart, on the port for tokens; open connections go on."""
    async with gate.channel() as channel:
        await ask(channel, bearer=gate.files.key.text)
        before = await asyncio.to_thread(name_shown, gate.server.address, authority)
        authority.server("renewed").write(gate.files.directory, "server")
        await asyncio.sleep(SEEN)
        after = await asyncio.to_thread(name_shown, gate.server.address, authority)
        await ask(channel, bearer=gate.files.key.text)

    assert (before, after) == ("server", "renewed")


async def test_half_a_renewal_is_not_taken(gate: Guarded, authority: Authority) -> None:
    """A new certificate beside the old key is told and not used; it is once the key has come."""
    pair = authority.server("renewed")
    put(gate.files.directory / "server.pem", pair.certificate)
    await asyncio.sleep(SEEN)
    half = await asyncio.to_thread(name_shown, gate.server.address, authority)
    refused = gate.lines("not_reloaded")
    put(gate.files.directory / "server.key", pair.key)
    await asyncio.sleep(SEEN)
    whole = await asyncio.to_thread(name_shown, gate.server.address, authority)

    assert (half, whole) == ("server", "renewed")
    assert ["the key is not that of" in line["fault"] for line in refused] == [True]


async def test_a_new_client_ca_is_trusted_and_an_old_one_no_longer(gate: Guarded, authority: Authority) -> None:
    """New connections are checked against the client CA that the file holds then."""
    newer = Authority("new CA")
    old, new = authority.client(uri(CI_URI)), newer.client(uri(CI_URI))
    assert await gate.call(pair=old)
    await refusal(gate.call(pair=new))

    put(gate.files.directory / "ca.pem", newer.certificate)
    await asyncio.sleep(SEEN)

    # The server's own certificate is still that of the old authority.
    assert await gate.call(pair=new)
    await refusal(gate.call(pair=old))


async def test_a_key_that_is_taken_out_is_refused_without_a_restart(gate: Guarded) -> None:
    """A revoked key is of no use a second later, on an open connection as well."""
    async with gate.channel() as channel:
        await ask(channel, bearer=gate.files.key.text)
        text = gate.files.identity.read_text(encoding="utf-8")
        put(gate.files.identity, "\n".join(line for line in text.splitlines() if "id: ci-1" not in line) + "\n")
        text = gate.files.identity.read_text(encoding="utf-8")
        put(gate.files.identity, text.replace("api_keys:\n", ""))
        await asyncio.sleep(SEEN)
        error = await refusal(ask(channel, bearer=gate.files.key.text))

    assert error.metadata["why"] == "the API key is unknown, wrong or expired"
    assert [line["what"] for line in gate.lines("reloaded")] == ["identities"]


@pytest.mark.parametrize(
    "break_it",
    [
        lambda text: text.replace("roles: [evaluator]", "roles: [king]"),
        lambda text: text + "\x00",
        lambda _: None,
    ],
    ids=["fault", "no text", "gone"],
)
async def test_a_faulty_file_leaves_the_last_good_one(gate: Guarded, break_it: Callable[[str], str | None]) -> None:
    """A file with a fault is told in the log, once, and nobody is locked out or let in by it."""
    broken = break_it(gate.files.identity.read_text(encoding="utf-8"))
    put(gate.files.identity, broken) if broken is not None else gate.files.identity.unlink()
    await asyncio.sleep(SEEN)
    assert await gate.call(gate.files.key.text)
    await asyncio.sleep(SEEN)
    assert await gate.call(gate.files.key.text)

    assert {line["what"] for line in gate.lines("not_reloaded")} == {"identities"}
    assert len(gate.lines("not_reloaded")) == len({line["fault"] for line in gate.lines("not_reloaded")})


async def test_a_new_key_in_the_file_is_taken(gate: Guarded, idp: Provider) -> None:
    """A key set in a file is read again when it changes: new keys are taken and old ones are not."""
    old = idp.token()
    idp.signs_with, idp.shown = "k2", ["k2"]
    error = await refusal(gate.call(idp.token()))
    put(gate.files.directory / "keys.json", json.dumps(idp.key_set()))
    await asyncio.sleep(SEEN)

    assert error.metadata["why"] == "the token is signed with an unknown key"
    assert await gate.call(idp.token())
    assert (await refusal(gate.call(old))).metadata["why"] == error.metadata["why"]


async def test_a_new_key_of_a_provider_is_fetched(
    packaged: Snapshot, files: Files, idp: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token with a key that is not known yet makes the server fetch the keys anew, without a restart."""
    monkeypatch.setattr(key_sets, "COOLDOWN_SECONDS", 0.3)
    files.keys = f"jwks_uri: {idp.uri!r}"
    files.write()
    async with guarded(packaged, files) as gate:
        await gate.call(idp.token())
        idp.signs_with, idp.shown = "k2", ["k1", "k2"]
        await asyncio.sleep(0.4)
        assert await gate.call(idp.token())

    assert idp.fetches == 2


async def test_unknown_keys_make_no_flood(idp: Provider) -> None:
    """However many key ids are made up, the provider is asked once until the cooldown is over."""
    keys = RemoteKeys(idp.uri, "staff")
    await keys.key("k1")

    asked = await asyncio.gather(*(keys.key(f"made-up-{n}") for n in range(50)), return_exceptions=True)

    assert all(isinstance(each, UnauthenticatedError) for each in asked)
    assert idp.fetches == 1


async def test_many_calls_share_one_fetch(idp: Provider) -> None:
    """Calls that come before the first keys wait for the same fetch."""
    keys = RemoteKeys(idp.uri, "staff")

    found = await asyncio.gather(*(keys.key("k1") for _ in range(20)))

    assert {key.key_id for key in found} == {"k1"}
    assert idp.fetches == 1


async def test_a_provider_that_is_away_is_borne_for_an_hour(idp: Provider) -> None:
    """Known keys are used while a provider is away; when they are too old, nothing is taken until it is back."""
    moment = 1_000.0
    keys = RemoteKeys(idp.uri, "staff", monotonic=lambda: moment)
    await keys.key("k1")
    idp.is_away = True

    moment += key_sets.STALE_SECONDS - 1
    await keys.key("k1")
    await asyncio.sleep(0.2)  # the renewal in the background fails
    moment += key_sets.RETRY_SECONDS + 1
    with pytest.raises(UnauthenticatedError, match="can not be had just now"):
        await keys.key("k1")
    idp.is_away = False
    moment += key_sets.RETRY_SECONDS + 1
    assert (await keys.key("k1")).key_id == "k1"


def test_files_that_fit_are_needed_at_the_start(tmp_path: Path, authority: Authority) -> None:
    """A server does not start with certificates that it could not use."""
    certificate, key = authority.server().write(tmp_path, "a")
    _, other = authority.server().write(tmp_path, "b")

    assert TlsFiles(certificate, key).current().client_ca is None
    for files, message in [
        ((certificate, other), "the key is not that of"),
        ((key, key), "holds no certificate"),
        ((certificate, certificate), "no private key"),
        ((certificate, key, key), "holds no certificate"),
    ]:
        with pytest.raises(ValueError, match=message):
            TlsFiles(*files)


async def test_a_server_certificate_of_another_authority_is_not_trusted(gate: Guarded) -> None:
    """The tests above show the server's certificate to hold: a client that trusts others does not connect."""
    async with secure(gate.bearer_port, Authority("foreign CA")) as channel:
        error = await refusal(ask(channel, bearer=gate.files.key.text))

    assert error.code.name == "UNAVAILABLE"
