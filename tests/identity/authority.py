"""A certificate authority that makes what a test needs, expired or for other names as well."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, in PEM."""

    certificate: bytes
    key: bytes

    def write(self, directory: Path, name: str) -> tuple[Path, Path]:
        """Writes both, each in one step; returns their paths."""
        return put(directory / f"{name}.pem", self.certificate), put(directory / f"{name}.key", self.key)


def put(path: Path, content: bytes | str) -> Path:
    """Writes a file in one step, so that nobody sees half of it."""
    aside = path.with_name(f".{path.name}.new")
    aside.write_bytes(content if isinstance(content, bytes) else content.encode())
    aside.replace(path)
    return path


def uri(name: str) -> x509.GeneralName:
    """Returns a URI as it stands in a certificate."""
    return x509.UniformResourceIdentifier(name)


def dns(name: str) -> x509.GeneralName:
    """Returns a DNS name as it stands in a certificate."""
    return x509.DNSName(name)


@dataclass
class Authority:
    """Signs certificates."""

    name: str = "test CA"
    _key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def __post_init__(self) -> None:
        """Signs its own certificate."""
        self._subject = _name(self.name)
        self.certificate = self._signed(self._subject, self._key.public_key(), (), ends=timedelta(days=2), is_ca=True)

    def server(self, common_name: str = "server") -> Pair:
        """Returns a certificate for this machine."""
        loopback = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        return self.client(loopback, dns("localhost"), common_name=common_name)

    def client(
        self, *names: x509.GeneralName, common_name: str = "client", ends: timedelta = timedelta(days=1)
    ) -> Pair:
        """Returns a certificate with alternative names; `ends` in the past makes one that is expired."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._signed(_name(common_name), key.public_key(), names, ends=ends)
        return Pair(certificate, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

    def _signed(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePublicKey,
        names: Sequence[x509.GeneralName],
        *,
        ends: timedelta,
        is_ca: bool = False,
    ) -> bytes:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._subject)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=3))
            .not_valid_after(now + ends)
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
            # What Python 3.13 asks of certificates, which takes RFC 5280 at its word.
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .add_extension(_usage(is_ca=is_ca), critical=True)
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM)


def _usage(*, is_ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_ca,
        crl_sign=is_ca,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
