"""Puts what is known of assets into a proposal that references them; one way for all places where it is kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from readygate.v1.foundation_pb2 import Asset
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.evidence_files.merge import with_evidence
from readygate_server.adapters.evidence_files.reader import EvidenceFile
from readygate_server.adapters.foundations.forms import part_of, subject_of
from readygate_server.adapters.proposals.faults import error_of
from readygate_server.adapters.proposals.references import with_places
from readygate_server.adapters.proposals.validation import validate_proposal
from readygate_server.adapters.proposals.vocabulary import ASSET_FIELDS
from readygate_server.adapters.yaml_text import Document
from readygate_server.domain.foundations import AssetKey


class Known(NamedTuple):
    """An asset that is known, and how sources of conflicts name where from."""

    key: AssetKey
    asset: Asset
    name: str


def joined_with(proposal: Proposal, known: Sequence[Known]) -> Proposal:
    """Returns a proposal with what is known put in; of assets that it speaks of itself, joined with what it says.

    Raises:
      InvalidInputError: when the proposal does not hold with what is known in it.
      FaultsError: when the two do not go together; its faults name what is known as files.
    """
    spoken = _spoken_of(proposal)
    placed = with_places(proposal)
    for each in known:
        if each.key.id not in spoken:
            _place(placed, each).CopyFrom(subject_of(each.asset))
            placed.evidence.extend(each.asset.evidence)
            placed.statements.extend(each.asset.statements)
    doubly = [each for each in known if each.key.id in spoken]
    if not doubly:
        return placed
    for each in doubly:
        own = _place(placed, each)
        own.title = own.title or subject_of(each.asset).title
    if faults := validate_proposal(placed):
        raise error_of(faults)
    return with_evidence(placed, [EvidenceFile(part_of(each.asset), Document(each.name)) for each in doubly])


def _spoken_of(proposal: Proposal) -> frozenset[str]:
    """Returns the ids of assets that a proposal says something of besides referencing them."""
    own = {asset.id for field in ASSET_FIELDS.values() for asset in getattr(proposal, field)}
    about = {each.subject for each in proposal.evidence} | {each.subject for each in proposal.statements}
    return frozenset(own | about)


def _place(placed: Proposal, known: Known) -> Any:
    return next(each for each in getattr(placed, ASSET_FIELDS[known.key.scope]) if each.id == known.key.id)
