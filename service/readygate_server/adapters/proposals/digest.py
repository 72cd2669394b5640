"""Digest over everything that a proposal says, in an order of its own.

Two proposals have the same digest when they say the same, wherever their assets, evidence and names stand. The text
that is digested is JSON with sorted keys and without spaces, so that it can be computed anywhere. Names of people are
not part of it, only that there is one: whoever erases a name changes no digest.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Final

from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.proposals.canonical import canonical_json
from readygate_server.adapters.proposals.entries import Entry, entry_of, statement_of
from readygate_server.adapters.proposals.flatten import facts_of
from readygate_server.adapters.proposals.vocabulary import ASSET_FIELDS
from readygate_server.domain.facts import ProposalFacts

FORMAT: Final = 2


def facts_digest(
    proposal: Proposal, facts: ProposalFacts | None = None, evidence: Sequence[Entry] | None = None
) -> str:
    """Returns `sha256:` and 64 hexadecimal digits over a normalised proposal.

    `facts` are those of `facts_of` and `evidence` those of `entry_of`, when they have been read.
    """
    return f"sha256:{sha256(canonical_text(proposal, facts, evidence)).hexdigest()}"


def canonical_text(
    proposal: Proposal, facts: ProposalFacts | None = None, evidence: Sequence[Entry] | None = None
) -> bytes:
    """Returns the text that is digested, in UTF-8."""
    said = facts or facts_of(proposal)
    document: dict[str, Any] = {"format": FORMAT, "id": proposal.id, "title": proposal.title, "facts": said.deployment}
    for scope, field in ASSET_FIELDS.items():
        titles = {asset.id: asset.title for asset in getattr(proposal, field)[:]}
        document[field] = [
            {"id": subject, "title": titles[subject], "facts": its_facts} for subject, its_facts in said.of(scope)
        ]
    if guardrails := proposal.value.guardrails.members:
        document["guardrails"] = sorted([each.metric, each.limit] for each in guardrails)
    document["evidence"] = sorted(map(entry_of, proposal.evidence[:]) if evidence is None else evidence)
    document["statements"] = sorted(map(statement_of, proposal.statements))
    return canonical_json(document)
