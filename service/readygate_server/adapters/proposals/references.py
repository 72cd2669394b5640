"""References of a proposal to registered assets: their form, and a proposal in which what they name has a place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final

from readygate.v1.foundation_pb2 import AssetReference, AssetScope, AssetUse
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.proposals.faults import ProposalFault, fault_at
from readygate_server.adapters.proposals.text_checks import id_problem
from readygate_server.adapters.proposals.values import Problem, show
from readygate_server.adapters.proposals.vocabulary import ASSET_FIELDS, ID, short_names
from readygate_server.domain.errors import InvalidInputError
from readygate_server.domain.foundations import AssetKey
from readygate_server.domain.vocabulary import Scope

_REVISION: Final = "a number of a revision, or nothing for the newest"


@cache
def scopes() -> Mapping[int, Scope]:
    """Returns the scopes by their numbers in the contract."""
    return {number: Scope(name) for name, number in short_names(AssetScope.DESCRIPTOR).items()}


def key_of(reference: AssetReference | AssetUse) -> AssetKey:
    """Returns which asset a sound reference, or the use of one, names."""
    return AssetKey(scopes()[reference.scope], reference.id)


def reference_faults(proposal: Proposal) -> Iterator[ProposalFault]:
    """Yields every fault of the references themselves; whether there are such assets is known where they are kept."""
    counts = Counter([each.id for each in proposal.assets])
    for index, each in enumerate(proposal.assets):
        place = ("assets", index)
        if each.scope not in scopes():
            got = str(each.scope) if each.scope else ""
            choices = f"one of {', '.join(short_names(AssetScope.DESCRIPTOR))}"
            yield fault_at(proposal, (*place, "scope"), Problem("a reference says what it is to", got, choices))
        if ID.fullmatch(each.id) is None:
            yield fault_at(proposal, (*place, "id"), id_problem(each.id))
        elif counts[each.id] > 1:
            problem = Problem("another reference has the same id", show(each.id), "each asset once")
            yield fault_at(proposal, (*place, "id"), problem)
        if each.revision < 0:
            problem = Problem("no revision has this number", str(each.revision), _REVISION)
            yield fault_at(proposal, (*place, "revision"), problem)


def with_places(proposal: Proposal) -> Proposal:
    """Returns a proposal in which each asset that it references stands, if only by its id, and no reference.

    What was there keeps its place.
    """
    placed = Proposal()
    placed.CopyFrom(proposal)
    del placed.assets[:]
    for each in proposal.assets:
        held = getattr(placed, ASSET_FIELDS[scopes()[each.scope]])
        if all(asset.id != each.id for asset in held):
            held.add(id=each.id)
    return placed


def require_resolved(proposal: Proposal) -> None:
    """Raises InvalidInputError for a proposal with references: without what they name it would be judged wrongly."""
    if proposal.assets:
        message = "registered assets are known only to the server that keeps them"
        got = ", ".join(each.id for each in proposal.assets[:3])
        expected = "check with --server HOST:PORT, or say here what is known of the assets"
        raise InvalidInputError("proposal", (("assets", message, got, expected),))
