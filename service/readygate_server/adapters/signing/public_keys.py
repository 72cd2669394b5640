"""Public keys in the three forms that they have: PEM, cryptography's objects, and securesystemslib's.

securesystemslib keeps Ed25519 keys in hexadecimal digits and all others in PEM, and makes ids from a form of its own.
Here every key is PEM, and its id is the SHA-256 over its DER, which openssl can compute as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, SECP384R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from securesystemslib.signer import (
    ECDSA_SHA2_NISTP256,
    ECDSA_SHA2_NISTP384,
    ED25519,
    RSA_PKCS1V15_SHA256,
    RSASSA_PSS_SHA256,
    SSlibKey,
)

from readygate_server.adapters.signing.errors import KeyProblemError
from readygate_server.domain.keys import KeyPurpose, KeyStatus, PublicKey

ED25519_ALGORITHM: Final = "ed25519"
_ALGORITHMS: Final[Mapping[str, str]] = {
    ECDSA_SHA2_NISTP256: "ecdsa-p256-sha256",
    ECDSA_SHA2_NISTP384: "ecdsa-p384-sha384",
    ED25519: ED25519_ALGORITHM,
    RSASSA_PSS_SHA256: "rsa-pss-sha256",
    RSA_PKCS1V15_SHA256: "rsa-pkcs1v15-sha256",
}
_SCHEMES: Final[Mapping[str, str]] = {name: scheme for scheme, name in _ALGORITHMS.items()}
_FITTING: Final[Mapping[str, str]] = {"P-256": "ecdsa-p256", "P-384": "ecdsa-p384", "Ed25519": "ed25519", "RSA": "rsa"}
CryptoKey = EllipticCurvePublicKey | Ed25519PublicKey | RSAPublicKey


def published(key: SSlibKey, purpose: KeyPurpose, *, at: int) -> PublicKey:
    """Returns a key of securesystemslib as it is listed from a moment on; raises KeyProblemError."""
    if key.scheme not in _ALGORITHMS:
        raise KeyProblemError("the key", f"its scheme is {key.scheme}, expected one of {', '.join(_ALGORITHMS)}")
    crypto = _crypto_of(key)
    pem = crypto.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")
    return PublicKey(key_id(crypto), purpose, _ALGORITHMS[key.scheme], pem, KeyStatus.ACTIVE, at)


def key_id(key: CryptoKey) -> str:
    """Returns `sha256:` and 64 hexadecimal digits over the key in DER."""
    return f"sha256:{sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()}"


def crypto_key(key: PublicKey) -> CryptoKey:
    """Returns a listed key as an object that can verify.

    Raises:
      KeyProblemError: when the PEM is no such key, of another algorithm, or not the key that the id names.
    """
    try:
        found = load_pem_public_key(key.pem.encode("ascii"))
    except (ValueError, UnsupportedAlgorithm):
        raise KeyProblemError(key.id, "its PEM is no public key") from None
    kind = _kind(found)
    if kind is None or not key.algorithm.startswith(_FITTING[kind]) or key.algorithm not in _SCHEMES:
        raise KeyProblemError(key.id, f"its algorithm is {key.algorithm}, and its PEM is a key for {kind or 'another'}")
    assert isinstance(found, CryptoKey), "it is of a kind"
    if key_id(found) != key.id:
        raise KeyProblemError(key.id, f"its PEM is the key {key_id(found)}")
    return found


def sslib_key(key: PublicKey) -> SSlibKey:
    """Returns a listed key in the form of securesystemslib; raises KeyProblemError."""
    return SSlibKey.from_crypto(crypto_key(key), keyid=key.id, scheme=_SCHEMES[key.algorithm])


def _crypto_of(key: SSlibKey) -> CryptoKey:
    text = key.keyval["public"]
    if key.scheme == ED25519:
        return Ed25519PublicKey.from_public_bytes(bytes.fromhex(text))
    found = load_pem_public_key(text.encode("ascii"))
    assert isinstance(found, CryptoKey), "as its scheme says"
    return found


def _kind(key: object) -> str | None:
    if isinstance(key, EllipticCurvePublicKey):
        return "P-256" if isinstance(key.curve, SECP256R1) else "P-384" if isinstance(key.curve, SECP384R1) else None
    if isinstance(key, Ed25519PublicKey):
        return "Ed25519"
    return "RSA" if isinstance(key, RSAPublicKey) and key.key_size >= 2048 else None
