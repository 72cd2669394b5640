"""Digest over everything that a proposal says, in an order of its own.

Two proposals have the same digest when they say the same, wherever their assets, evidence and names stand. The text
that is digested is JSON with sorted keys and without spaces, so that it can be computed anywhere. Names of people are
not part of it, only that there is one: whoever erases a name changes no digest.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any, Final

from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.proposals.canonical import canonical_json
from readygate_server.adapters.proposals.entries import statement_of
from readygate_server.adapters.proposals.readings import Parts, parts_of
from readygate_server.adapters.proposals.vocabulary import ASSET_FIELDS

FORMAT: Final = 3


def facts_digest(proposal: Proposal, parts: Parts | None = None) -> str:
    """Returns `sha256:` and 64 hexadecimal digits over a normalised proposal.

    `parts` are those of `parts_of(proposal)`, when they have been read.
    """
    return f"sha256:{sha256(canonical_text(proposal, parts)).hexdigest()}"


def canonical_text(proposal: Proposal, parts: Parts | None = None) -> bytes:
    """Returns the text that is digested, in UTF-8."""
    said = parts or parts_of(proposal)
    facts = {name: group.facts for name, group in said.groups.items() if group.facts}
    document: dict[str, Any] = {"format": FORMAT, "id": proposal.id, "title": proposal.title, "facts": facts}
    for scope, field in ASSET_FIELDS.items():
        titles = {asset.id: asset.title for asset in getattr(proposal, field)[:]}
        document[field] = [
            {"id": subject, "title": titles[subject], "facts": reading.facts} for subject, reading in said.assets[scope]
        ]
    if guardrails := proposal.value.guardrails.members:
        document["guardrails"] = sorted([each.metric, each.limit] for each in guardrails)
    document["evidence"] = sorted([entry for reading in said.readings() for entry in reading.entries])
    document["statements"] = sorted(map(statement_of, proposal.statements))
    return canonical_json(document)
