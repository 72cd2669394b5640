"""DSSE envelopes: the exact bytes of a payload, its type, and signatures over both.

What is signed is bytes, so that nothing has to be brought into a canonical form before it can be checked; and only
bytes whose signature was verified are ever parsed. securesystemslib signs; its own check of envelopes is not used,
because it demands an id on every signature, and reading an envelope with it changes the data that it reads from.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from securesystemslib.dsse import Envelope as Encoding
from securesystemslib.exceptions import UnverifiedSignatureError
from securesystemslib.signer import Signature, Signer

from readygate_server.adapters.signing.canonical import member
from readygate_server.adapters.signing.errors import KeyProblemError, MalformedError
from readygate_server.adapters.signing.public_keys import sslib_key
from readygate_server.domain.keys import PublicKey

_WHAT: Final = "envelope"
_MAX_SIGNATURES: Final = 16


@dataclass(frozen=True, slots=True)
class Envelope:
    """A payload with its type and its signatures; each names the key that is said to have made it, or does not."""

    payload: bytes
    payload_type: str
    signatures: tuple[tuple[str, bytes], ...]

    @property
    def signed_bytes(self) -> bytes:
        """What is signed: type and payload, each with its length."""
        return Encoding(self.payload, self.payload_type, {}).pae()

    def as_data(self) -> dict[str, Any]:
        """Returns the envelope as it stands in JSON."""
        return {
            "payload": _encoded(self.payload),
            "payloadType": self.payload_type,
            "signatures": [{"keyid": key_id, "sig": _encoded(sig)} for key_id, sig in self.signatures],
        }

    def signer_among(self, keys: Iterable[PublicKey]) -> PublicKey | None:
        """Returns the first key that made one of the signatures.

        The id on a signature is a hint and itself not signed; one without an id is tried with every key.
        """
        signed = self.signed_bytes
        for key in keys:
            if any(hint in ("", key.id) and verifies(key, sig, signed) for hint, sig in self.signatures):
                return key
        return None


@dataclass(frozen=True, slots=True)
class EnvelopeSigner:
    """Signs envelopes with one key."""

    key: PublicKey
    signer: Signer

    def sign(self, payload: bytes, payload_type: str) -> Envelope:
        """Returns an envelope with one signature.

        The signature is checked before anybody gets it: a key of a key service can have been replaced behind its name.

        Raises:
          KeyProblemError: when the key can not be used, or is not the one that is published.
        """
        return self.add_to(Envelope(payload, payload_type, ()))

    def add_to(self, envelope: Envelope) -> Envelope:
        """Returns the envelope with one more signature; raises KeyProblemError."""
        signed = envelope.signed_bytes
        try:
            signature = bytes.fromhex(self.signer.sign(signed).signature)
        except KeyProblemError:
            raise
        except Exception as error:  # each key service raises errors of its own library
            raise KeyProblemError(self.key.id, f"it could not sign ({type(error).__name__}: {error})") from error
        if not verifies(self.key, signature, signed):
            raise KeyProblemError(self.key.id, "what signs is another key than the one that is published; rotate it")
        return Envelope(envelope.payload, envelope.payload_type, (*envelope.signatures, (self.key.id, signature)))


def read_envelope(data: Mapping[str, Any]) -> Envelope:
    """Reads an envelope from plain data, which stay as they are; raises MalformedError."""
    signatures = member(data, "signatures", list, _WHAT)
    if not 1 <= len(signatures) <= _MAX_SIGNATURES:
        raise MalformedError(_WHAT, f"it has {len(signatures)} signatures, expected 1 to {_MAX_SIGNATURES}")
    return Envelope(
        decoded(member(data, "payload", str, _WHAT), _WHAT),
        member(data, "payloadType", str, _WHAT),
        tuple(_signature(each) for each in signatures),
    )


def verifies(key: PublicKey, signature: bytes, signed: bytes) -> bool:
    """True when a key made a signature over some bytes; raises KeyProblemError when the key is no key."""
    try:
        sslib_key(key).verify_signature(Signature(key.id, signature.hex()), signed)
    except UnverifiedSignatureError:  # a failure to verify is one, too
        return False
    return True


def decoded(text: str, what: str) -> bytes:
    """Returns the bytes of base64, in the common alphabet or that for URLs; raises MalformedError."""
    try:
        return base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        raise MalformedError(what, f"got {text[:20]!r}, expected base64") from None


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _signature(data: object) -> tuple[str, bytes]:
    if not isinstance(data, dict):
        raise MalformedError(_WHAT, f"a signature is {type(data).__name__}, expected an object")
    hint = data.get("keyid") or ""
    if not isinstance(hint, str):
        raise MalformedError(_WHAT, f"the keyid of a signature is {type(hint).__name__}, expected text")
    return hint, decoded(member(data, "sig", str, _WHAT), _WHAT)
