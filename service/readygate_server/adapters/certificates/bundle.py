"""The bundle: a certificate with the proof that its decision is in the log, in one JSON file."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Final

from readygate_server.adapters.signing.canonical import canonical_text, member, read_object
from readygate_server.adapters.signing.envelope import Envelope, decoded, read_envelope
from readygate_server.adapters.signing.errors import MalformedError
from readygate_server.application.certify import LogProof

MEDIA_TYPE: Final = "application/vnd.readygate.certificate.v1+json"
_WHAT: Final = "bundle"
_MAX_HASHES: Final = 64


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle that was read. Nothing about it is trusted yet."""

    envelope: Envelope
    checkpoint: str
    leaf_index: int
    tree_size: int
    inclusion_proof: tuple[bytes, ...]
    entry: bytes


def bundle_text(envelope: Envelope, proof: LogProof) -> str:
    """Returns a bundle as it is handed out."""
    document = {
        "mediaType": MEDIA_TYPE,
        "envelope": envelope.as_data(),
        "checkpoint": proof.note,
        "leafIndex": proof.leaf_index,
        "treeSize": proof.tree_size,
        "inclusionProof": [_encoded(each) for each in proof.hashes],
        "entry": _encoded(proof.entry),
    }
    return f"{canonical_text(document)}\n"


def read_bundle(text: str) -> Bundle:
    """Reads a bundle; raises MalformedError when it is none."""
    data = read_object(text, _WHAT)
    if data.get("mediaType") != MEDIA_TYPE:
        raise MalformedError(_WHAT, f"its mediaType is {data.get('mediaType')!r}, expected {MEDIA_TYPE!r}")
    hashes = member(data, "inclusionProof", list, _WHAT)
    if len(hashes) > _MAX_HASHES or not all(isinstance(each, str) for each in hashes):
        raise MalformedError(_WHAT, f"the inclusion proof is not a list of at most {_MAX_HASHES} texts")
    return Bundle(
        read_envelope(member(data, "envelope", dict, _WHAT)),
        member(data, "checkpoint", str, _WHAT),
        member(data, "leafIndex", int, _WHAT),
        member(data, "treeSize", int, _WHAT),
        tuple(decoded(each, _WHAT) for each in hashes),
        decoded(member(data, "entry", str, _WHAT), _WHAT),
    )


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
