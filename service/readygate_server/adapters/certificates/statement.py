"""The statement that is signed: an in-toto Statement v1 with a predicate of our own, written as JSON by ourselves.

No values of facts and no names of persons are in it: a certificate goes to people who need the answer, not the
weaknesses that it rests on.
"""

from __future__ import annotations

from typing import Any, Final

from readygate_server.adapters.signing.canonical import canonical_text, fine_moment_text, moment_text
from readygate_server.domain.certificate import Certificate, Condition, WaiverTerm

STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE: Final = "https://readygate.dev/decision/v1"
PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
BYTES_DIGEST: Final = "sha256"
"""Name of the digest over the bytes of the proposal as they were submitted."""
FACTS_DIGEST: Final = "readygateFactsV1"
"""Name of the digest over everything that the proposal says, wherever it stands."""
_SHA256: Final = "sha256:"


def statement_bytes(certificate: Certificate) -> bytes:
    """Returns the bytes that are signed."""
    decision = certificate.decision
    statement = {
        "_type": STATEMENT_TYPE,
        "subject": [
            {
                "name": decision.proposal_id,
                "digest": {BYTES_DIGEST: _hex(decision.proposal_digest), FACTS_DIGEST: _hex(decision.facts_digest)},
            }
        ],
        "predicateType": PREDICATE_TYPE,
        "predicate": _predicate(certificate),
    }
    return canonical_text(statement).encode("utf-8")


def _predicate(certificate: Certificate) -> dict[str, Any]:
    decision = certificate.decision
    return {
        "decisionId": decision.id,
        "recordedAt": fine_moment_text(decision.recorded_at),
        "proposalId": decision.proposal_id,
        "verdict": decision.verdict.value,
        "gate": decision.gate.name.lower(),
        "tier": decision.tier.name,
        "asOf": decision.as_of,
        "conditions": [_condition(each) for each in decision.conditions],
        "waivers": [_waiver(each) for each in certificate.waivers],
        "ruleset": {
            "name": decision.ruleset.name,
            "version": decision.ruleset.version,
            "digest": decision.ruleset.digest,
        },
        "engineVersion": decision.engine_version,
        "audience": certificate.audience,
        "issuedAt": moment_text(certificate.issued_at),
        "notBefore": moment_text(certificate.not_before),
        "notAfter": moment_text(certificate.not_after),
        "log": {
            "origin": certificate.log.origin,
            "leafIndex": certificate.log.leaf_index,
            "entryDigest": certificate.log.entry_digest,
        },
    }


def _condition(condition: Condition) -> dict[str, str]:
    data = {
        "rule": condition.rule_id,
        "subject": condition.subject,
        "title": condition.title,
        "due": condition.due.name.lower(),
    }
    return data if condition.blocks_from is None else {**data, "blocksFrom": condition.blocks_from.name.lower()}


def _waiver(waiver: WaiverTerm) -> dict[str, str]:
    return {"id": waiver.id, "rule": waiver.rule_id, "subject": waiver.subject, "endsOn": waiver.ends_on}


def _hex(digest: str) -> str:
    return digest.removeprefix(_SHA256)
