"""Registered assets that a proposal names, put where the facts of its own assets stand: to be shown, not judged."""

from __future__ import annotations

from typing import Any

from readygate.v1.foundation_pb2 import AssetReference
from readygate.v1.foundation_service_pb2 import GetAssetRequest, GetAssetResponse
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.web.app.asking import CallFailed
from readygate_server.web.app.visit import Visit

_FIELDS = {"source": "data_sources", "api": "apis", "workflow": "workflows"}


async def with_registered(visit: Visit, proposal: Proposal) -> Proposal:
    """Returns the proposal with what is known of the assets that it names; what it says itself stands above that."""
    if not proposal.assets:
        return proposal
    shown = Proposal()
    shown.CopyFrom(proposal)
    for reference in proposal.assets:
        await _add(visit, shown, reference)
    return shown


async def _add(visit: Visit, shown: Proposal, reference: AssetReference) -> None:
    request = GetAssetRequest(scope=reference.scope, id=reference.id, revision=reference.revision)
    try:
        asset = (await visit.ask(request, GetAssetResponse)).revision.asset
    except CallFailed:
        return  # judging says what is wrong with the reference
    kind = asset.WhichOneof("kind")
    if kind is None:
        return
    assets: Any = getattr(shown, _FIELDS[kind])
    known: Any = getattr(asset, kind)
    own = next((each for each in assets if each.id == reference.id), None)
    if own is None:
        assets.add().CopyFrom(known)
        return
    said = type(own)()
    said.CopyFrom(own)
    own.CopyFrom(known)
    own.MergeFrom(said)
