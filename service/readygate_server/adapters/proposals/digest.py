"""Digest over everything that a proposal says, in an order of its own.

Two proposals have the same digest when they say the same, wherever their assets, evidence and names stand. The text
that is digested is JSON with sorted keys and without spaces, so that it can be computed anywhere.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any, Final

from google.protobuf.timestamp_pb2 import Timestamp

from readygate.v1.evidence_pb2 import Evidence, FactStatement, FactValue
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.proposals.flatten import facts_of
from readygate_server.adapters.proposals.values import from_wire
from readygate_server.adapters.proposals.vocabulary import ASSET_FIELDS
from readygate_server.domain.facts import ProposalFacts

FORMAT: Final = 1
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))


def facts_digest(proposal: Proposal, facts: ProposalFacts | None = None) -> str:
    """Returns `sha256:` and 64 hexadecimal digits over a normalised proposal; `facts` are those of `facts_of`."""
    return f"sha256:{sha256(canonical_text(proposal, facts).encode('utf-8')).hexdigest()}"


def canonical_text(proposal: Proposal, facts: ProposalFacts | None = None) -> str:
    """Returns the text that is digested."""
    said = facts or facts_of(proposal)
    document: dict[str, Any] = {"format": FORMAT, "id": proposal.id, "title": proposal.title, "facts": said.deployment}
    for scope, field in ASSET_FIELDS.items():
        titles = {asset.id: asset.title for asset in getattr(proposal, field)}
        document[field] = [
            {"id": subject, "title": titles[subject], "facts": its_facts} for subject, its_facts in said.of(scope)
        ]
    if guardrails := proposal.value.guardrails.members:
        document["guardrails"] = sorted([each.metric, each.limit] for each in guardrails)
    document["evidence"] = sorted(map(_evidence, proposal.evidence))
    document["statements"] = sorted(map(_statement, proposal.statements))
    return _ENCODER.encode(document)


def _evidence(entry: Evidence) -> list[Any]:
    """Returns an entry as a list whose items have the same types in every entry, so that entries can be sorted."""
    facts = list(entry.facts)
    return [
        sorted(facts) if len(facts) > 1 else facts,
        entry.subject,
        entry.grade,
        entry.source_uri,
        entry.source_digest,
        entry.collector,
        entry.collector_version,
        _moment(entry.collected_at) if entry.HasField("collected_at") else [],
        _moment(entry.as_of) if entry.HasField("as_of") else [],
        _moment(entry.expires_at) if entry.HasField("expires_at") else [],
        entry.attested_by,
        _value(entry.value) if entry.HasField("value") else "",
    ]


def _value(value: FactValue) -> str:
    plain = from_wire(value)
    return _ENCODER.encode(sorted(plain) if isinstance(plain, tuple) else plain)


def _statement(statement: FactStatement) -> list[Any]:
    return [statement.fact, statement.subject, statement.kind, statement.reason, statement.stated_by]


def _moment(moment: Timestamp) -> list[int]:
    return [moment.seconds, moment.nanos]
