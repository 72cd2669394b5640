"""Registered assets, and what they change, as messages of the contract."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from readygate.v1 import foundation_service_pb2 as pb
from readygate.v1.foundation_pb2 import Asset, AssetScope, AssetUse
from readygate_server.application.foundations import AssetView
from readygate_server.domain.foundations import AssetKey, ChangedOutcome
from readygate_server.domain.vocabulary import Scope
from readygate_server.grpc_api.enum_values import OUTCOMES
from readygate_server.grpc_api.record_messages import timestamp

SCOPES: Final[Mapping[Scope, AssetScope.ValueType]] = {
    each: AssetScope.Value(f"ASSET_SCOPE_{each.name}") for each in Scope if each is not Scope.DEPLOYMENT
}
SCOPES_BY_NUMBER: Final = {number: scope for scope, number in SCOPES.items()}


def revision_message(view: AssetView, *, with_asset: bool) -> pb.AssetRevision:
    """Returns a revision, with or without what it says."""
    revision, stamp = view.filed.revision, view.filed.stamp
    asset = Asset.FromString(view.content)
    message = pb.AssetRevision(
        scope=SCOPES[view.key.scope],
        id=view.key.id,
        revision=view.number,
        digest=revision.digest,
        recorded_at=timestamp(stamp.recorded_at),
        registered_by=view.registered_by,
        entry_id=stamp.id,
        names_erased=not view.is_whole,
        title=getattr(asset, asset.WhichOneof("kind") or "").title,
    )
    if with_asset:
        message.asset.CopyFrom(asset)
    return message


def pins_of(uses: Iterable[AssetUse]) -> Mapping[AssetKey, int]:
    """Returns the revisions that went into a decision."""
    return {AssetKey(SCOPES_BY_NUMBER[each.scope], each.id): each.revision for each in uses}


def changed_finding(changed: ChangedOutcome) -> pb.ReevaluatedProposal.ChangedFinding:
    """Returns a finding that comes out otherwise."""
    message = pb.ReevaluatedProposal.ChangedFinding(rule_id=changed.rule_id, subject=changed.subject)
    if changed.before is not None:
        message.before = OUTCOMES[changed.before]
    if changed.now is not None:
        message.now = OUTCOMES[changed.now]
    return message
