"""Proposals that name registered assets, with what these said when the decision was made."""

from __future__ import annotations

from collections.abc import Iterable

from readygate.v1.foundation_pb2 import AssetUse
from readygate.v1.foundation_service_pb2 import AssetRevision
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.foundations.joining import Known, joined_with
from readygate_server.adapters.proposals.references import key_of
from readygate_server.domain.errors import GateError
from readygate_server.domain.faults import FaultsError


def with_registered(proposal: Proposal, revisions: Iterable[AssetRevision]) -> Proposal:
    """Returns a proposal with the revisions that went into its decision put in.

    When one is missing, or the two do not go together, the proposal is returned as it is; a report then says that the
    server holds what the assets rest on.
    """
    known = {(each.scope, each.id): each for each in revisions}
    wanted = [known.get((each.scope, each.id)) for each in proposal.assets]
    found = [each for each in wanted if each is not None]
    if not found or len(found) < len(wanted):
        return proposal
    try:
        return joined_with(proposal, [_known(each) for each in found])
    except (GateError, FaultsError):
        return proposal


def _known(revision: AssetRevision) -> Known:
    key = key_of(AssetUse(scope=revision.scope, id=revision.id))
    return Known(key, revision.asset, f"{key}@{revision.revision}")
