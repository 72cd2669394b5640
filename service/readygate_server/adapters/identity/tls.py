"""Certificate, key and client CA of the server, read again when they are renewed."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from readygate_server.adapters.identity.watched import Watched


@dataclass(frozen=True, slots=True)
class TlsMaterial:
    """What a handshake needs, in PEM."""

    chain: bytes
    key: bytes = field(repr=False)
    client_ca: bytes | None = None


class TlsFiles:
    """The three files. A certificate that does not fit its key, as half-way through a renewal, is not taken."""

    def __init__(self, certificate: Path, key: Path, client_ca: Path | None = None) -> None:
        """Reads the files; raises OSError or ValueError when they can not be used."""
        paths = [certificate, key] + ([client_ca] if client_ca else [])
        self._watched = Watched(paths, lambda: _read(certificate, key, client_ca), what="certificates")

    def current(self) -> TlsMaterial:
        """Returns what is in the files now; the last that could be used when what is there now can not."""
        return self._watched.current()


def _read(certificate: Path, key: Path, client_ca: Path | None) -> TlsMaterial:
    material = TlsMaterial(certificate.read_bytes(), key.read_bytes(), client_ca.read_bytes() if client_ca else None)
    own = _certificates(material.chain, certificate)[0]
    try:
        fits = load_pem_private_key(material.key, None).public_key() == own.public_key()
    except (TypeError, ValueError, UnsupportedAlgorithm):
        raise ValueError(f"{key}: this is no private key in PEM without a passphrase") from None
    if not fits:
        raise ValueError(f"{key}: the key is not that of {certificate}")
    if material.client_ca is not None and client_ca is not None:
        _certificates(material.client_ca, client_ca)
    return material


def _certificates(pem: bytes, path: Path) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError:
        raise ValueError(f"{path}: this holds no certificate in PEM") from None
