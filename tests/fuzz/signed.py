"""Signed things to damage: key sets, certificates, checkpoints, proofs and tokens, the same in every process.

All keys are made from their names, and Ed25519 signs the same bytes in the same way, so that an input stays what it is.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from functools import cache
from hashlib import sha256
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import ECAlgorithm, OKPAlgorithm
from securesystemslib.signer import CryptoSigner

from readygate.v1.decision_pb2 import Verdict as VerdictNumber
from readygate.v1.record_pb2 import LogEntry
from readygate_server.adapters.certificates.bundle import bundle_text
from readygate_server.adapters.certificates.statement import PAYLOAD_TYPE, statement_bytes
from readygate_server.adapters.identity.api_keys import digest_of
from readygate_server.adapters.log.checkpoint import Checkpoint
from readygate_server.adapters.log.note import NoteKey, sign_note
from readygate_server.adapters.log.proof_file import ProofFile
from readygate_server.adapters.signing.envelope import EnvelopeSigner
from readygate_server.adapters.signing.key_sets import MEDIA_TYPE, key_set_text
from readygate_server.adapters.signing.public_keys import published
from readygate_server.application.certify import LogProof
from readygate_server.domain.certificate import Certificate, CertifiedDecision, Condition, LogPlace, WaiverTerm
from readygate_server.domain.keys import KeyPurpose, KeySet, KeyStatus
from readygate_server.domain.merkle import extend, inclusion_proof, leaf_hash, root_of
from readygate_server.domain.rule import RulesetIdentity
from readygate_server.domain.vocabulary import Gate, Tier, Verdict

ORIGIN: Final = "gate.example.org/records"
AUDIENCE: Final = "procurement.bank.example"
NOON: Final = 1_793_534_400
"""2026-11-01T12:00:00Z, in seconds since 1970."""
DAY: Final = 86_400
ISSUER: Final = "https://id.example"
SERVER: Final = "readygate"
_HIDDEN: Final = "c2VjcmV0LW9mLXRlc3RzLXRoYXQtbm9ib2R5LWVsc2UtaGFz"
API_KEY: Final = f"rg_ci-1_{_HIDDEN}"
_FOREVER: Final = 4_102_444_800
_LEAVES: Final = 5
_INDEX: Final = 2
IDENTITY: Final = f"""\
issuers:
  - {{id: staff, issuer: {ISSUER}, audience: {SERVER}, jwks_file: keys.json, algorithms: [EdDSA, ES256],
     signs_in_people: true, claims: {{tenant: [bank, 42]}}}}
people:
  - name: jane
    oidc: [{{issuer: staff, subject: jane}}]
    mtls: [{{uri: spiffe://bank.example/people/jane}}]
  - {{name: joe, oidc: [{{issuer: staff, subject: joe}}]}}
services:
  - name: ci
    mtls: [{{uri: spiffe://bank.example/ci}}, {{dns: ci.bank.example}}]
    oidc:
      - issuer: staff
        claims: {{repository_id: 42}}
api_keys:
  - id: ci-1
    sha256: {digest_of(_HIDDEN)}
    principal: service:ci
    expires_on: 2199-01-01
bindings:
  - {{principals: [jane, joe], roles: [evaluator, requester, approver, steward, auditor]}}
  - {{principals: [service:ci], roles: [evaluator], rulesets: [operational-readiness], proposals: [refund-*, p]}}
  - token: {{issuer: staff, claims: {{ref: main}}}}
    roles: [auditor]
limits:
  - {{principals: [service:ci], calls_per_minute: 100000000, burst: 100000000}}
"""


@cache
def private_key(name: str) -> Ed25519PrivateKey:
    """Returns the key of a name."""
    return Ed25519PrivateKey.from_private_bytes(sha256(name.encode()).digest())


@cache
def certificate_signer() -> EnvelopeSigner:
    """Returns what signs certificates."""
    signer = CryptoSigner(private_key("certificates"))
    return EnvelopeSigner(published(signer.public_key, KeyPurpose.CERTIFICATE, at=NOON - DAY), signer)


@cache
def key_set() -> KeySet:
    """Returns keys that sign, one that was retired and one that was revoked."""
    curve = CryptoSigner(ec.derive_private_key(4_242, ec.SECP256R1())).public_key
    others = [
        published(CryptoSigner(private_key("log")).public_key, KeyPurpose.CHECKPOINT, at=NOON - DAY),
        published(curve, KeyPurpose.CERTIFICATE, at=NOON - 9 * DAY).ended(KeyStatus.RETIRED, at=NOON - DAY),
        published(CryptoSigner(private_key("lost")).public_key, KeyPurpose.CHECKPOINT, at=NOON - 9 * DAY).ended(
            KeyStatus.REVOKED, at=NOON - 2 * DAY
        ),
    ]
    return KeySet(4, NOON - DAY, (certificate_signer().key, *others))


def plain_key_set() -> str:
    """Returns the keys as they are published."""
    return key_set_text(key_set())


def signed_key_set(text: str) -> str:
    """Returns a text in an envelope, as a key set is signed."""
    return json.dumps(certificate_signer().sign(text.encode("utf-8", "surrogatepass"), MEDIA_TYPE).as_data())


@cache
def statement(*, is_go: bool) -> bytes:
    """Returns the statement about a decision that is a go, or about one that is none, as a careless issuer might."""
    verdict = Verdict.GO_WITH_CONDITIONS if is_go else Verdict.NO_GO
    decision = CertifiedDecision(
        id="019a" * 8,
        recorded_at=(NOON - 60) * 1_000_000,
        verdict=verdict,
        gate=Gate.PRODUCTION,
        tier=Tier.T3,
        as_of="2026-11-01",
        valid_until="2026-12-01",
        conditions=(Condition("DAT-03", "crm", "Accuracy", Gate.PILOT, Gate.PRODUCTION),),
        waived=(("w-1", "DAT-05", "crm"),),
        proposal_id="refund-agent",
        proposal_digest=f"sha256:{'a1' * 32}",
        facts_digest=f"sha256:{'b2' * 32}",
        ruleset=RulesetIdentity(
            "operational-readiness", "1.0.0", f"sha256:{'c3' * 32}", "stable", "2026-01-01", "", "Rules."
        ),
        engine_version="1.0.0",
    )
    place = LogPlace(ORIGIN, _INDEX, digest(entry(is_go=is_go)))
    terms = (WaiverTerm("w-1", "DAT-05", "crm", "2026-12-01"),)
    return statement_bytes(Certificate(decision, terms, AUDIENCE, NOON, NOON, NOON + 20 * DAY, place))


def entry_message(*, is_go: bool) -> LogEntry:
    """Returns what the log says of the decision."""
    found = LogEntry(id="019a" * 8)
    found.recorded_at.seconds = NOON - 60
    found.decision.verdict = VerdictNumber.VERDICT_GO_WITH_CONDITIONS if is_go else VerdictNumber.VERDICT_NO_GO
    found.decision.as_of, found.decision.engine_version = "2026-11-01", "1.0.0"
    found.decision.facts_digest, found.decision.ruleset_digest = f"sha256:{'b2' * 32}", f"sha256:{'c3' * 32}"
    return found


def digest(data: bytes) -> str:
    """Returns a digest as statements write it."""
    return f"sha256:{sha256(data).hexdigest()}"


def entry(*, is_go: bool) -> bytes:
    """Returns the same as bytes."""
    return entry_message(is_go=is_go).SerializeToString(deterministic=True)


def proof_of(body: bytes) -> LogProof:
    """Returns the proof that an entry is in a log with four others."""
    entries = [body if index == _INDEX else f"entry {index}".encode() for index in range(_LEAVES)]
    nodes = extend(0, list(map(leaf_hash, entries)), {})
    note = note_of(Checkpoint(ORIGIN, _LEAVES, root_of(_LEAVES, nodes)).text)
    return LogProof(ORIGIN, note, _INDEX, _LEAVES, inclusion_proof(_INDEX, _LEAVES, nodes), body)


def note_of(text: str) -> str:
    """Returns a text that the log and a witness have signed."""
    return sign_note(text, [(ORIGIN, private_key("log")), ("witness.example", private_key("witness"))])


def verifier() -> str:
    """Returns the key of the log on one line."""
    return str(NoteKey.of(ORIGIN, private_key("log").public_key()))


def bundle_of(said: bytes, body: bytes) -> str:
    """Returns a statement with its signature, and an entry with its proof, in a bundle."""
    return bundle_text(certificate_signer().sign(said, PAYLOAD_TYPE), proof_of(body))


@cache
def bundle(*, is_go: bool) -> str:
    """Returns the bundle of a decision."""
    return bundle_of(statement(is_go=is_go), entry(is_go=is_go))


@cache
def proof_file() -> ProofFile:
    """Returns the proof that the decision is in the log, as auditors keep it."""
    proof = proof_of(entry(is_go=True))
    return ProofFile(proof.entry, proof.leaf_index, proof.hashes, proof.note)


def claims(subject: str = "jane", **others: object) -> dict[str, Any]:
    """Returns what a token says."""
    known = {"iss": ISSUER, "aud": SERVER, "sub": subject, "iat": NOON, "exp": _FOREVER, "tenant": "bank"}
    return {**known, "auth_time": NOON, **others}


def token_of(header: Mapping[str, object] | str, said: Mapping[str, object] | str) -> str:
    """Returns a token that its issuer has signed, whatever header and claims hold."""
    parts = [part if isinstance(part, str) else json.dumps(part) for part in (header, said)]
    signed = ".".join(_url(part.encode("utf-8", "surrogatepass")) for part in parts)
    return f"{signed}.{_url(private_key('issuer').sign(signed.encode()))}"


def token(subject: str = "jane") -> str:
    """Returns a sound token."""
    return token_of(HEADER, claims(subject))


def parts_of(text: str) -> Sequence[bytes] | None:
    """Returns the bytes that a token stands for; None when it is none."""
    try:
        return [base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in text.split(".")]
    except ValueError:
        return None


@cache
def issuer_keys() -> str:
    """Returns the public keys of the issuer."""
    first: dict[str, Any] = OKPAlgorithm.to_jwk(private_key("issuer").public_key(), as_dict=True)
    second: dict[str, Any] = ECAlgorithm.to_jwk(ec.derive_private_key(4_243, ec.SECP256R1()).public_key(), as_dict=True)
    return json.dumps({"keys": [{**first, "kid": "k1", "use": "sig"}, {**second, "kid": "k2", "alg": "ES256"}]})


HEADER: Final[Mapping[str, object]] = {"alg": "EdDSA", "typ": "JWT", "kid": "k1"}


def is_sound(text: str) -> bool:
    """True for a token that is the sound one, however it is written, blanks around it included."""
    return parts_of(text.strip()) == parts_of(token())


def _url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
