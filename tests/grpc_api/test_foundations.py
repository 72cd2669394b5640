"""FoundationService: assets live once, go into the proposals that name them, and say what they change."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from readygate import AsyncGateClient
from readygate.v1 import decision_pb2, foundation_pb2
from readygate.v1 import decision_service_pb2 as decisions
from readygate.v1 import foundation_service_pb2 as pb
from readygate.v1 import gate_service_pb2 as gate
from readygate.v1.foundation_pb2 import Asset
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.foundations.forms import assets_in
from readygate_server.bootstrap import Snapshot
from tests.grpc_api.keeping import keeping
from tests.grpc_api.serving import AS_OF, Running, refund_agent

SOURCE = foundation_pb2.ASSET_SCOPE_SOURCE
SCOPES = {
    "source": foundation_pb2.ASSET_SCOPE_SOURCE,
    "api": foundation_pb2.ASSET_SCOPE_API,
    "workflow": foundation_pb2.ASSET_SCOPE_WORKFLOW,
}


@pytest.fixture
async def kept(packaged: Snapshot, tmp_path: Path) -> AsyncIterator[Running]:
    """Runs a server that records in a directory of the test."""
    async with keeping(packaged, tmp_path) as served:
        yield served


def own(asset: Asset) -> str:
    """Returns the id of an asset."""
    name: str = getattr(asset, asset.WhichOneof("kind") or "").id
    return name


def referencing(proposal: Proposal, *ids: str) -> Proposal:
    """Returns a proposal that references assets instead of saying what is known of them; all when none is named."""
    short = Proposal()
    short.CopyFrom(proposal)
    for asset in assets_in(proposal):
        name = own(asset)
        if ids and name not in ids:
            continue
        short.assets.add(scope=SCOPES[asset.WhichOneof("kind") or ""], id=name)
        for field in (short.data_sources, short.apis, short.workflows):
            for index in [place for place, each in enumerate(field) if each.id == name]:
                del field[index]
        for entries in (short.evidence, short.statements):
            for index in reversed([place for place, each in enumerate(entries) if each.subject == name]):
                del entries[index]
    return short


async def register(client: AsyncGateClient, asset: Asset, **more: object) -> pb.RegisterAssetResponse:
    """Registers an asset."""
    return await client.register_asset(pb.RegisterAssetRequest(asset=asset, **more))  # type: ignore[arg-type]


async def register_all(client: AsyncGateClient, proposal: Proposal) -> None:
    """Registers all assets of a proposal."""
    for asset in assets_in(proposal):
        await register(client, asset)


def exactly(decision: decision_pb2.Decision) -> bytes:
    """Returns the bytes of a decision."""
    return decision.SerializeToString(deterministic=True)


async def asked(client: AsyncGateClient, proposal: Proposal, **more: object) -> gate.EvaluateResponse:
    """Returns the answer to a proposal."""
    return await client.evaluate(gate.EvaluateRequest(proposal=proposal, as_of=AS_OF, **more))  # type: ignore[arg-type]


async def test_a_proposal_that_references_is_answered_as_one_that_says_all(kept: Running, served: Running) -> None:
    """Bit for bit, the decision is that of the same proposal with everything inline; the revisions are told beside."""
    inline = await asked(served.client, refund_agent())
    await register_all(kept.client, refund_agent())
    short = referencing(refund_agent())

    answer = await asked(kept.client, short)

    assert not any((short.data_sources, short.apis, short.workflows))
    assert exactly(answer.decision) == exactly(inline.decision)
    assert [(each.id, each.revision) for each in answer.assets] == [(each.id, 1) for each in short.assets]
    assert all(each.digest.startswith("sha256:") for each in answer.assets)


async def test_such_a_decision_is_recorded_as_asked_and_made_again(kept: Running) -> None:
    """The record holds the request as sent and the answer with its revisions; a replay takes these, not the newest."""
    await register_all(kept.client, refund_agent())
    request = gate.EvaluateRequest(request_id="r-1", proposal=referencing(refund_agent()), as_of=AS_OF)
    answer = await kept.client.evaluate(request)
    crm = next(each for each in assets_in(refund_agent()) if own(each) == "crm")
    crm.source.completeness = 0.1
    changed = await register(kept.client, crm)
    wanted = decisions.GetDecisionRequest(decision_id=answer.record.decision_id, view=decisions.RECORD_VIEW_FULL)
    record = (await kept.client.get_decision(wanted)).decision

    replayed = await kept.client.replay_decision(decisions.ReplayDecisionRequest(decision_id=answer.record.decision_id))

    assert (changed.is_new, changed.revision.revision) == (True, 2)
    assert record.request == request.SerializeToString()
    assert record.response == answer.SerializeToString()
    assert replayed.identical, replayed
