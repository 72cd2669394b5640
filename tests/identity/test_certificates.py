"""Client certificates on the port that asks for them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

import grpc
import pytest
from cryptography.x509 import GeneralName

from readygate_server.adapters.identity.authenticator import FileAuthenticator
from readygate_server.application.authentication import Shown
from readygate_server.domain.errors import UnauthenticatedError
from tests.identity.authority import Authority, Pair, dns, uri
from tests.identity.serving import CI_DNS, CI_URI, JANE, JANE_URI, Files, Guarded, ask, refusal, secure

Make = Callable[[Authority], Pair]


@pytest.mark.parametrize("name", [uri(CI_URI), dns(CI_DNS), uri(JANE_URI)], ids=["uri", "dns", "person"])
async def test_a_known_name_is_let_in(gate: Guarded, authority: Authority, name: GeneralName) -> None:
    """A certificate of the client CA with a name of the identity file is a credential."""
    assert await gate.call(pair=authority.client(name))


@pytest.mark.parametrize(
    "pair",
    [
        lambda authority: authority.client(uri(CI_URI), ends=timedelta(minutes=-1)),
        lambda _: Authority("foreign CA").client(uri(CI_URI)),
        lambda authority: Authority(authority.name).client(uri(CI_URI)),
    ],
    ids=["expired", "foreign", "foreign of the same name"],
)
async def test_a_certificate_that_does_not_hold_makes_no_connection(
    gate: Guarded, authority: Authority, pair: Make
) -> None:
    """An expired or foreign certificate ends in the handshake; the same name in a sound one is let in."""
    error = await refusal(gate.call(pair=pair(authority)))

    assert error.code is grpc.StatusCode.UNAVAILABLE
    assert await gate.call(pair=authority.client(uri(CI_URI)))


async def test_without_a_certificate_there_is_no_connection(gate: Guarded, authority: Authority) -> None:
    """The port for certificates answers nobody without one, whatever else they show."""
    async with secure(gate.mtls_port, authority) as channel:
        error = await refusal(ask(channel, bearer=gate.files.key.text))

    assert error.code is grpc.StatusCode.UNAVAILABLE
    assert await gate.call(gate.files.key.text)


@pytest.mark.parametrize(
    "pair",
    [
        lambda authority: authority.client(uri("spiffe://bank.example/ci/other")),
        lambda authority: authority.client(uri("SPIFFE://bank.example/ci")),
        lambda authority: authority.client(uri("spiffe://bank.example/c*")),
        lambda authority: authority.client(dns("x.ci.bank.example")),
        lambda authority: authority.client(dns(CI_URI.removeprefix("spiffe://"))),
        lambda authority: authority.client(uri(f"https://{CI_DNS}")),
        lambda authority: authority.client(common_name=CI_DNS),
        lambda authority: authority.client(common_name=CI_URI),
        lambda authority: authority.client(common_name=JANE),
    ],
    ids=["longer", "case", "pattern", "subdomain", "uri as dns", "dns as uri", "CN", "CN as uri", "CN of a person"],
)
async def test_an_unknown_name_is_refused(gate: Guarded, authority: Authority, pair: Make) -> None:
    """Names are compared to the letter and by their kind, and the common name counts for nothing."""
    error = await refusal(gate.call(pair=pair(authority)))

    assert error.metadata["why"] == "nobody known has this certificate"


async def test_names_of_two_callers_in_one_certificate_are_refused(gate: Guarded, authority: Authority) -> None:
    """Which of two callers is meant is not guessed."""
    error = await refusal(gate.call(pair=authority.client(uri(CI_URI), uri(JANE_URI))))

    assert error.metadata["why"] == "the certificate is that of several callers"


async def test_a_certificate_does_not_outlive_itself_on_an_open_connection(gate: Guarded, authority: Authority) -> None:
    """A connection that was made in time is of no use after the certificate's end."""
    pair = authority.client(uri(CI_URI), ends=timedelta(seconds=3))
    async with gate.channel(pair) as channel:
        assert await ask(channel)
        await asyncio.sleep(3.2)
        error = await refusal(ask(channel))

    assert error.metadata["why"] == "the client certificate is expired"


async def test_on_the_other_port_certificates_count_for_nothing(gate: Guarded, authority: Authority) -> None:
    """The port for tokens asks for no certificate, so that one which a client holds is no credential there."""
    async with secure(gate.bearer_port, authority, authority.client(uri(CI_URI))) as channel:
        error = await refusal(ask(channel))

    assert error.metadata["why"] == "the call shows no credential"


async def test_neither_port_speaks_in_clear(gate: Guarded) -> None:
    """Without TLS there is no answer, so that no token travels in clear."""
    for target in (gate.bearer_port, gate.mtls_port):
        async with grpc.aio.insecure_channel(target) as channel:
            error = await refusal(ask(channel, bearer=gate.files.key.text))
        assert error.code is grpc.StatusCode.UNAVAILABLE


async def test_bytes_that_are_no_certificate_lead_to_nobody(files: Files) -> None:
    """What can not be read is refused, even with a known name beside it."""
    callers = FileAuthenticator(files.identity)

    with pytest.raises(UnauthenticatedError, match="can not be read"):
        await callers.principal_of(Shown("", "no certificate", (CI_URI,)))
