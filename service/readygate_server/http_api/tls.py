"""TLS of the HTTP port: every new connection gets what the files say now."""

from __future__ import annotations

import ssl
import tempfile

from readygate_server.grpc_api.tls import TlsMaterial, TlsSource


def context_of(source: TlsSource) -> ssl.SSLContext:
    """Returns a context that follows the source; clients are not asked for certificates."""
    told = source.current()
    newest = _context(told)

    def renew(connection: ssl.SSLObject, _name: str | None, _context_before: ssl.SSLContext) -> None:
        nonlocal told, newest
        if (wanted := source.current()) is not told:
            told, newest = wanted, _context(wanted)
        connection.context = newest

    listening = _context(told)
    listening.sni_callback = renew  # called for every connection, whether or not it names a server
    return listening


def _context(material: TlsMaterial) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    # The library reads files only; ours is for us alone, and gone at once.
    with tempfile.NamedTemporaryFile(prefix="readygate-tls-") as file:
        file.write(material.chain + b"\n" + material.key)
        file.flush()
        context.load_cert_chain(file.name)
    return context
