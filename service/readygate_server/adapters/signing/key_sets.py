"""The published key set: as JSON, and as an envelope that the key before signed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from readygate_server.adapters.signing.canonical import (
    canonical_text,
    member,
    moment_of,
    moment_text,
    read_object,
    text_of,
)
from readygate_server.adapters.signing.envelope import Envelope, read_envelope
from readygate_server.adapters.signing.errors import MalformedError
from readygate_server.adapters.signing.public_keys import ED25519_ALGORITHM, crypto_key
from readygate_server.domain.keys import KeyPurpose, KeySet, KeyStatus, PublicKey

MEDIA_TYPE: Final = "application/vnd.readygate.key-set.v1+json"
_WHAT: Final = "key set"


def key_set_text(key_set: KeySet) -> str:
    """Returns a set as it is published and signed."""
    document = {
        "mediaType": MEDIA_TYPE,
        "number": key_set.number,
        "issuedAt": moment_text(key_set.issued_at),
        "keys": [_key_data(key) for key in key_set.keys],
    }
    return canonical_text(document)


def read_key_set(text: str) -> KeySet:
    """Reads a published set, plain or in its envelope.

    An envelope has to be signed by a certificate key that it lists itself; that shows that it is whole, not that it is
    to be trusted. Trust comes from where the file was got, or from `follow`.

    Raises:
      MalformedError: when it is neither.
      KeyProblemError: when a key in it is not what it is said to be.
    """
    data = read_object(text, _WHAT)
    return _read_set(data) if "payload" not in data else open_key_set(read_envelope(data))


def open_key_set(envelope: Envelope) -> KeySet:
    """Returns the set in an envelope; raises MalformedError or KeyProblemError as `read_key_set` does."""
    if envelope.payload_type != MEDIA_TYPE:
        raise MalformedError(_WHAT, f"its payload type is {envelope.payload_type!r}, expected {MEDIA_TYPE}")
    key_set = _read_set(read_object(text_of(envelope.payload, _WHAT), _WHAT))
    if envelope.signer_among(key_set.trusted(KeyPurpose.CERTIFICATE)) is None:
        raise MalformedError(_WHAT, "no certificate key that it lists has signed it")
    return key_set


def follow(trusted: KeySet, envelope: Envelope) -> KeySet:
    """Returns a newer set when a certificate key that is trusted has signed it.

    Raises:
      MalformedError: when none has, or the newer set forgets something.
      KeyProblemError: when a key in it is not what it is said to be.
    """
    newer = open_key_set(envelope)
    active = trusted.active(KeyPurpose.CERTIFICATE)
    if active is None or envelope.signer_among([active]) is None:
        raise MalformedError(_WHAT, f"set {newer.number} is not signed by the certificate key of set {trusted.number}")
    if lost := newer.lost_since(trusted):
        raise MalformedError(_WHAT, f"set {newer.number} does not follow set {trusted.number}: {lost}")
    return newer


def _read_set(data: Mapping[str, Any]) -> KeySet:
    if data.get("mediaType") != MEDIA_TYPE:
        raise MalformedError(_WHAT, f"its mediaType is {data.get('mediaType')!r}, expected {MEDIA_TYPE!r}")
    keys = tuple(_read_key(each) for each in member(data, "keys", list, _WHAT))
    if len({key.id for key in keys}) < len(keys):
        raise MalformedError(_WHAT, "a key is listed twice")
    for purpose in KeyPurpose:
        if sum(key.purpose is purpose and key.status is KeyStatus.ACTIVE for key in keys) > 1:
            raise MalformedError(_WHAT, f"more than one key is active for the purpose {purpose}")
    return KeySet(member(data, "number", int, _WHAT), moment_of(data.get("issuedAt"), _WHAT), keys)


def _read_key(data: object) -> PublicKey:
    if not isinstance(data, dict):
        raise MalformedError(_WHAT, f"a key is {type(data).__name__}, expected an object")
    try:
        purpose, status = KeyPurpose(str(data.get("purpose"))), KeyStatus(str(data.get("status")))
    except ValueError as error:
        raise MalformedError(_WHAT, str(error)) from None
    ends = data.get("notAfter")
    if (ends is None) is not (status is KeyStatus.ACTIVE):
        raise MalformedError(_WHAT, f"a key is {status} and has {'no' if ends is None else 'a'} notAfter")
    key = PublicKey(
        member(data, "keyId", str, _WHAT),
        purpose,
        member(data, "algorithm", str, _WHAT),
        member(data, "pem", str, _WHAT),
        status,
        moment_of(data.get("notBefore"), _WHAT),
        None if ends is None else moment_of(ends, _WHAT),
    )
    crypto_key(key)
    if purpose is KeyPurpose.CHECKPOINT and key.algorithm != ED25519_ALGORITHM:
        raise MalformedError(_WHAT, f"a checkpoint key is for {key.algorithm}, expected {ED25519_ALGORITHM}")
    return key


def _key_data(key: PublicKey) -> dict[str, str]:
    data = {
        "keyId": key.id,
        "purpose": key.purpose.value,
        "algorithm": key.algorithm,
        "pem": key.pem,
        "status": key.status.value,
        "notBefore": moment_text(key.not_before),
    }
    return data if key.not_after is None else {**data, "notAfter": moment_text(key.not_after)}
