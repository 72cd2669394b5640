"""Credentials of the server's ports. Every new connection gets what the files say now."""

from __future__ import annotations

import time
from typing import Final, Protocol

import grpc

SETTLE_SECONDS: Final = 1.0
"""How long new connections to a port have had for what they took before renewed material takes its place."""


class TlsMaterial(Protocol):
    """What a handshake needs, in PEM."""

    @property
    def chain(self) -> bytes:
        """Certificate of the server, and those between it and its CA."""
        ...

    @property
    def key(self) -> bytes:
        """Private key of the certificate."""
        ...

    @property
    def client_ca(self) -> bytes | None:
        """Certificates that those of clients must lead to."""
        ...


class TlsSource(Protocol):
    """Gives the newest material."""

    def current(self) -> TlsMaterial:
        """Returns what holds now; called for every connection, by threads of gRPC."""
        ...


class Renewals:
    """What gRPC is told of one port's material, before each connection: nothing, unless it has changed.

    gRPC asks one connection at a time. Once told, it frees the material before, also while a connection that has
    asked earlier is about to take hold of that one; the process dies of it (grpc/grpc#36693). To tell it the same
    again for every connection lets anybody end the server who connects often enough. So a change alone is told, and
    not before those who asked last have had time: nobody else can ask in the meantime.
    """

    def __init__(self, source: TlsSource, *, ask_clients: bool) -> None:
        """Takes what the source gives as told."""
        self._source = source
        self._ask_clients = ask_clients
        self._told = self._wanted()
        self._asked_at = time.monotonic()

    def told(self) -> grpc.ServerCertificateConfiguration:
        """Returns what was told last."""
        chain, key, authorities = self._told
        return grpc.ssl_server_certificate_configuration([(key, chain)], authorities)

    def fetch(self) -> grpc.ServerCertificateConfiguration | None:
        """Returns what is new, or None; called for every connection, by threads of gRPC."""
        try:
            if (wanted := self._wanted()) == self._told:
                return None
            time.sleep(max(0.0, self._asked_at + SETTLE_SECONDS - time.monotonic()))
            self._told = wanted
            return self.told()
        finally:
            self._asked_at = time.monotonic()

    def _wanted(self) -> tuple[bytes, bytes, bytes | None]:
        material = self._source.current()
        # Without a demand the CA is left out: gRPC would not ask for a certificate then anyway.
        return material.chain, material.key, material.client_ca if self._ask_clients else None


def server_credentials(source: TlsSource, *, ask_clients: bool) -> grpc.ServerCredentials:
    """Returns credentials of one port that follow the source, with or without a demand for client certificates."""
    renewals = Renewals(source, ask_clients=ask_clients)
    return grpc.dynamic_ssl_server_credentials(
        renewals.told(),
        renewals.fetch,  # type: ignore[arg-type] # the stubs do not know None, which is "no change"
        require_client_authentication=ask_clients,
    )
