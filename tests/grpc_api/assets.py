"""Proposals that reference assets, and assets to register, for the tests of what lives once."""

from __future__ import annotations

from typing import Any

from readygate import AsyncGateClient
from readygate.v1 import foundation_pb2
from readygate.v1 import foundation_service_pb2 as pb
from readygate.v1.data_source_pb2 import DataSource
from readygate.v1.deployment_pb2 import ACTION_EFFECT_DRAFT
from readygate.v1.evidence_pb2 import EVIDENCE_GRADE_E2_MEASURED
from readygate.v1.foundation_pb2 import Asset
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.foundations.forms import assets_in

SOURCE = foundation_pb2.ASSET_SCOPE_SOURCE
API = foundation_pb2.ASSET_SCOPE_API
SCOPES = {"source": SOURCE, "api": API, "workflow": foundation_pb2.ASSET_SCOPE_WORKFLOW}


def own_id(asset: Asset) -> str:
    """Returns the id of an asset."""
    name: str = getattr(asset, asset.WhichOneof("kind") or "").id
    return name


def crm(completeness: float | None = 0.95, **more: Any) -> Asset:
    """Returns the CRM with its completeness, which a tool has measured."""
    asset = Asset(source=DataSource(id="crm", **more))
    if completeness is not None:
        asset.source.completeness = completeness
        asset.evidence.add(
            facts=["source.completeness"], subject="crm", grade=EVIDENCE_GRADE_E2_MEASURED, source_uri="file:crm.csv"
        )
    return asset


def standing_on_crm(name: str = "p", revision: int = 0) -> Proposal:
    """Returns a proposal that references the CRM and says little else."""
    proposal = Proposal(id=name)
    proposal.deployment.interactions_per_month = 100
    proposal.deployment.action_effect = ACTION_EFFECT_DRAFT
    proposal.assets.add(scope=SOURCE, id="crm", revision=revision)
    return proposal


def referencing(proposal: Proposal) -> Proposal:
    """Returns a proposal that references all its assets instead of saying what is known of them."""
    short = Proposal()
    short.CopyFrom(proposal)
    ids = set()
    for asset in assets_in(proposal):
        ids.add(own_id(asset))
        short.assets.add(scope=SCOPES[asset.WhichOneof("kind") or ""], id=own_id(asset))
    del short.data_sources[:], short.apis[:], short.workflows[:]
    evidence = [each for each in short.evidence if each.subject not in ids]
    statements = [each for each in short.statements if each.subject not in ids]
    del short.evidence[:], short.statements[:]
    short.evidence.extend(evidence)
    short.statements.extend(statements)
    return short


async def register(client: AsyncGateClient, asset: Asset, **more: Any) -> pb.RegisterAssetResponse:
    """Registers an asset."""
    return await client.register_asset(pb.RegisterAssetRequest(asset=asset, **more))


async def register_all(client: AsyncGateClient, proposal: Proposal) -> None:
    """Registers all assets of a proposal."""
    for asset in assets_in(proposal):
        await register(client, asset)


def changes(found: pb.Reevaluation) -> list[tuple[str, int, int, bool]]:
    """Returns what became of each proposal: its id, both verdicts of today, and whether they differ."""
    return [(each.proposal_id, each.before, each.now, each.is_changed) for each in found.proposals]
