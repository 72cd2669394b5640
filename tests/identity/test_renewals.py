"""What gRPC is told of certificates before each connection: told too often, it ends the process."""

from __future__ import annotations

import asyncio
import socket
import time

import pytest

from readygate_server.adapters.identity.tls import TlsMaterial
from readygate_server.grpc_api import tls
from readygate_server.grpc_api.tls import Renewals
from tests.grpc_api.processes import serve
from tests.identity.authority import Authority
from tests.identity.serving import Files

CONNECTIONS = 30_000
"""While gRPC was told anew of the same certificate for each, servers ended within 17 000."""


class Source:
    """Gives what it holds, as often as it is asked."""

    def __init__(self, authority: Authority) -> None:
        """Holds one certificate; `renew` makes another."""
        self._authority = authority
        self.client_ca = authority.certificate
        self.renew()

    def renew(self) -> None:
        """Holds another certificate from now on."""
        self._pair = self._authority.server()

    def current(self) -> TlsMaterial:
        """Returns it anew, as from files that were read again."""
        return TlsMaterial(self._pair.certificate, self._pair.key, self.client_ca)


def _connect(address: tuple[str, int], times: int) -> None:
    for _ in range(times // 16):
        several = [socket.create_connection(address, timeout=10) for _ in range(16)]
        for each in several:  # no goodbye, else this machine runs out of ports
            each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            each.close()


async def test_strangers_who_connect_without_end_do_not_end_the_server(files: Files) -> None:
    """A server outlives thirty thousand connections, two at once, of clients that say nothing, and stops in order."""
    settings = files.settings()
    assert settings.tls is not None
    options = ("--tls-cert", str(settings.tls.certificate), "--tls-key", str(settings.tls.key))
    async with serve("--identity", str(files.identity), *options) as server:
        host, _, port = (await server.ready()).rpartition(":")
        flood = (asyncio.to_thread(_connect, (host, int(port)), CONNECTIONS // 2) for _ in range(2))
        refused = [each for each in await asyncio.gather(*flood, return_exceptions=True) if each is not None]
        assert (server.process.returncode, refused) == (None, [])
        assert await server.stop() == 0


@pytest.fixture
def source(authority: Authority) -> Source:
    """A source of certificates."""
    return Source(authority)


def test_what_has_not_changed_is_not_told_again(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many connect, gRPC is told nothing new until there is something new, and that once."""
    monkeypatch.setattr(tls, "SETTLE_SECONDS", 0.0)
    renewals = Renewals(source, ask_clients=True)
    before = [renewals.fetch() for _ in range(100)]
    source.renew()
    after = [renewals.fetch() for _ in range(100)]

    assert before == [None] * 100
    assert [each is None for each in after] == [False] + [True] * 99


def test_what_is_new_waits_for_who_asked_before(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who was told that nothing has changed has time to take hold of it; without anybody there is no wait."""
    monkeypatch.setattr(tls, "SETTLE_SECONDS", 0.5)
    renewals = Renewals(source, ask_clients=False)
    time.sleep(0.3)
    renewals.fetch()
    asked = time.monotonic()
    source.renew()
    assert renewals.fetch() is not None
    waited = time.monotonic() - asked

    time.sleep(0.5)
    source.renew()
    asked = time.monotonic()
    assert renewals.fetch() is not None

    assert waited >= 0.45
    assert time.monotonic() - asked < 0.25


def test_a_source_that_fails_counts_as_an_answer(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asked in vain goes on with what gRPC has, and is waited for as well."""
    monkeypatch.setattr(tls, "SETTLE_SECONDS", 0.5)
    renewals = Renewals(source, ask_clients=False)
    time.sleep(0.5)
    with monkeypatch.context() as broken:
        broken.setattr(source, "current", lambda: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            renewals.fetch()
    asked = time.monotonic()
    source.renew()
    assert renewals.fetch() is not None

    assert time.monotonic() - asked >= 0.45


def test_a_client_ca_matters_where_clients_are_asked(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another client CA alone is told on the port for certificates, and on the other one it is no change."""
    monkeypatch.setattr(tls, "SETTLE_SECONDS", 0.0)
    asking, other = (Renewals(source, ask_clients=asks) for asks in (True, False))
    source.client_ca = Authority("new CA").certificate

    assert (asking.fetch() is None, other.fetch() is None) == (False, True)
