"""Credentials of the server's ports. Every new connection gets what the files say now."""

from __future__ import annotations

from typing import Protocol

import grpc


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


def server_credentials(source: TlsSource, *, ask_clients: bool) -> grpc.ServerCredentials:
    """Returns credentials that follow the source, with or without a demand for client certificates."""

    def fetch() -> grpc.ServerCertificateConfiguration:
        material = source.current()
        # Without a demand the CA is left out: gRPC would not ask for a certificate then anyway.
        authorities = material.client_ca if ask_clients else None
        return grpc.ssl_server_certificate_configuration([(material.key, material.chain)], authorities)

    return grpc.dynamic_ssl_server_credentials(fetch(), fetch, require_client_authentication=ask_clients)
