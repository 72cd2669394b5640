"""Envelopes: what is signed, who signed it, and the traps of the library below."""

from __future__ import annotations

import base64
import copy
import json
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from securesystemslib.dsse import Envelope as LibraryEnvelope
from securesystemslib.signer import CryptoSigner

from readygate_server.adapters.signing.canonical import read_object
from readygate_server.adapters.signing.envelope import Envelope, EnvelopeSigner, read_envelope
from readygate_server.adapters.signing.errors import KeyProblemError, MalformedError
from readygate_server.adapters.signing.public_keys import published
from readygate_server.domain.keys import KeyPurpose, PublicKey


def signer(made: CryptoSigner | None = None) -> EnvelopeSigner:
    """Returns what signs with a fresh key."""
    made = made or CryptoSigner.generate_ecdsa()
    return EnvelopeSigner(published(made.public_key, KeyPurpose.CERTIFICATE, at=0), made)


OURS = signer()
SIGNED = OURS.sign(b'{"a": 1}', "application/json")


def signer_of(data: Any, *keys: PublicKey) -> PublicKey | None:
    """Returns who signed an envelope as it stands in JSON."""
    return read_envelope(data).signer_among(keys or [OURS.key])


@pytest.mark.parametrize("made", [CryptoSigner.generate_ecdsa(), CryptoSigner.generate_ed25519()])
def test_what_was_signed_is_found_to_be_signed(made: CryptoSigner) -> None:
    """An envelope that is written and read again is signed by its key and by no other, whatever the algorithm."""
    ours = signer(made)
    data = json.loads(json.dumps(ours.sign(b"payload", "text/plain").as_data()))

    assert signer_of(data, OURS.key, ours.key) == ours.key
    assert signer_of(data, OURS.key) is None


def test_the_specification_example_is_encoded_as_it_should_be() -> None:
    """The bytes that are signed are those of the example in the DSSE specification."""
    example = Envelope(b"hello world", "http://example.com/HelloWorld", ())

    assert example.signed_bytes == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"


@pytest.mark.parametrize(
    "change",
    [
        {"payload": "eyJhIjogMn0="},
        {"payloadType": "application/jsoN"},
        {"signatures": [{"keyid": OURS.key.id, "sig": "MEUCIQ=="}]},
        {"signatures": [{"keyid": signer().key.id, "sig": SIGNED.as_data()["signatures"][0]["sig"]}]},
    ],
    ids=["payload", "type", "signature", "keyid"],
)
def test_a_changed_envelope_is_signed_by_nobody(change: dict[str, Any]) -> None:
    """Another payload, type, signature or id: no key has signed it. Without the change ours has."""
    assert signer_of(SIGNED.as_data()) == OURS.key
    assert signer_of({**SIGNED.as_data(), **change}) is None


def test_a_signature_without_an_id_is_tried_with_every_key() -> None:
    """The id is a hint that DSSE lets writers leave out; the library below fails on that, with a KeyError."""
    data = SIGNED.as_data()
    del data["signatures"][0]["keyid"]

    assert signer_of(data, signer().key, OURS.key) == OURS.key
    with pytest.raises(KeyError):
        LibraryEnvelope.from_dict(copy.deepcopy(data))


def test_reading_leaves_the_data_as_they_are() -> None:
    """What is read can be read again; the library below turns the signatures of its argument into hexadecimals."""
    data = SIGNED.as_data()
    before = copy.deepcopy(data)

    read_envelope(data)
    assert data == before
    LibraryEnvelope.from_dict(data)
    assert data != before


def test_two_signatures_are_both_found() -> None:
    """An envelope can be signed by several keys, and whoever knows one of them can check it."""
    second = signer()
    both = second.add_to(SIGNED)

    assert both.signer_among([second.key]) == second.key
    assert both.signer_among([OURS.key]) == OURS.key


def test_a_key_that_was_exchanged_behind_its_name_signs_nothing() -> None:
    """A signature that the published key does not fit is never handed out."""
    other = CryptoSigner(generate_private_key(SECP256R1()))

    with pytest.raises(KeyProblemError, match="another key than the one that is published"):
        EnvelopeSigner(OURS.key, other).sign(b"payload", "text/plain")


def test_a_key_service_that_fails_is_told() -> None:
    """An error of a key service names the key and the error."""

    class Down(CryptoSigner):
        def sign(self, payload: bytes) -> Any:
            raise ConnectionError(f"no route for {len(payload)} bytes")

    down = Down(generate_private_key(SECP256R1()))
    with pytest.raises(KeyProblemError, match=r"could not sign .*no route for"):
        signer(down).sign(b"payload", "text/plain")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"payload": "e$"}, "expected base64"),
        ({"payload": 1}, "payload is int, expected str"),
        ({"payloadType": None}, "payloadType is nothing"),
        ({"signatures": []}, "it has 0 signatures"),
        ({"signatures": [{"sig": "AAAA"}] * 17}, "it has 17 signatures"),
        ({"signatures": ["AAAA"]}, "a signature is str"),
        ({"signatures": [{"sig": "AAAA", "keyid": 7}]}, "the keyid of a signature is int"),
    ],
)
def test_what_is_no_envelope_is_refused(change: dict[str, Any], why: str) -> None:
    """Each part that is missing or of another type is named."""
    with pytest.raises(MalformedError, match=why):
        read_envelope({**SIGNED.as_data(), **change})


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"a": 1, "a": 2}', "'a' stands twice"),
        ('{"a": NaN}', "NaN is no number"),
        ("[1]", "got list, expected an object"),
        ("{", "it is not JSON"),
        ("[" * 100_000, "it is not JSON"),
        (" " * (4 << 20) + "{}", "the limit is"),
    ],
)
def test_json_is_read_without_leniency(text: str, why: str) -> None:
    """A name that stands twice, what is no number, and what is too long or too deep are refused."""
    with pytest.raises(MalformedError, match=why):
        read_object(text, "document")


def test_an_id_is_that_of_the_key_in_der() -> None:
    """An id is the SHA-256 over the key in DER, which openssl computes as well."""
    pem = OURS.key.pem
    der = base64.b64decode("".join(pem.splitlines()[1:-1]))

    assert OURS.key.id == f"sha256:{sha256(der).hexdigest()}"
