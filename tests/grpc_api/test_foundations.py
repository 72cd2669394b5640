"""FoundationService: assets live once, and go into the proposals that name them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path

import grpc
import pytest

from readygate import GateError
from readygate.v1 import decision_service_pb2 as decisions
from readygate.v1 import evidence_pb2, foundation_service_pb2
from readygate.v1 import foundation_service_pb2 as pb
from readygate.v1 import gate_service_pb2 as gate
from readygate.v1.api_pb2 import Api
from readygate.v1.data_source_pb2 import DataSource
from readygate.v1.decision_pb2 import VERDICT_GO, VERDICT_NO_GO, Decision
from readygate.v1.foundation_pb2 import Asset
from readygate.v1.owner_pb2 import Owner
from readygate.v1.proposal_pb2 import Proposal
from readygate.v1.ruleset_pb2 import RulesetSelector
from readygate_server.adapters.backups import back_up, restore
from readygate_server.adapters.foundations.forms import assets_in
from readygate_server.bootstrap import Snapshot, load_snapshot
from tests.grpc_api import rules_on_disk
from tests.grpc_api.assets import API, SOURCE, crm, own_id, referencing, register, register_all, standing_on_crm
from tests.grpc_api.keeping import keeping
from tests.grpc_api.serving import AS_OF, Running, refund_agent


@pytest.fixture
async def kept(packaged: Snapshot, tmp_path: Path) -> AsyncIterator[Running]:
    """Runs a server that records in a directory of the test."""
    async with keeping(packaged, tmp_path) as served:
        yield served


@pytest.fixture
async def small(tmp_path: Path) -> AsyncIterator[Running]:
    """Runs a server with a record and two rules, of which one asks whether the CRM is complete."""
    (tmp_path / "rules").mkdir()
    rules_on_disk.write(tmp_path / "rules", version="2026.1.0")
    async with keeping(load_snapshot(tmp_path / "rules").compile_all(), tmp_path / "data") as served:
        yield served


def exactly(decision: Decision) -> bytes:
    """Returns the bytes of a decision."""
    return decision.SerializeToString(deterministic=True)


def asking(proposal: Proposal, request_id: str = "r-1", ruleset: str = "") -> gate.EvaluateRequest:
    """Returns a request about a proposal."""
    return gate.EvaluateRequest(
        request_id=request_id, proposal=proposal, as_of=AS_OF, ruleset=RulesetSelector(name=ruleset)
    )


async def faults_of(asked: Awaitable[object]) -> list[tuple[str, str]]:
    """Returns path and message of each fault that an answer ends with."""
    with pytest.raises(GateError) as caught:
        await asked
    return [(each.path, each.message) for each in caught.value.faults]


async def test_a_proposal_that_references_is_answered_as_one_that_says_all(kept: Running, served: Running) -> None:
    """Bit for bit, the decision is that of the same proposal with everything inline; the revisions are told beside."""
    inline = await served.client.evaluate(asking(refund_agent()))
    await register_all(kept.client, refund_agent())
    short = referencing(refund_agent())

    answer = await kept.client.evaluate(asking(short))

    assert not any((short.data_sources, short.apis, short.workflows))
    assert exactly(answer.decision) == exactly(inline.decision)
    assert [(each.id, each.revision) for each in answer.assets] == [(each.id, 1) for each in short.assets]
    assert all(each.digest.startswith("sha256:") for each in answer.assets)
    assert not inline.assets


async def test_every_way_to_ask_knows_the_assets(kept: Running, served: Running) -> None:
    """Simulations, requirements, batches and streams answer to references as to what they stand for."""
    await register_all(kept.client, refund_agent())
    whole, short = refund_agent(), referencing(refund_agent())
    override = gate.FactOverride(fact="source.completeness", subject="crm", value=evidence_pb2.FactValue(number=1.0))

    async def answers(client: Running, proposal: Proposal) -> list[bytes]:
        ask = client.client
        simulation = gate.SimulateRequest(proposal=proposal, as_of=AS_OF, overrides=[override])
        simulated = await ask.simulate(simulation)
        listed = await ask.list_requirements(gate.ListRequirementsRequest(proposal=proposal, as_of=AS_OF))
        batch = await ask.batch_evaluate(gate.BatchEvaluateRequest(items=[asking(proposal, "")]))
        items = [gate.EvaluateStreamItem(item_id="i", request=asking(proposal, ""))]
        streamed = [each async for each in ask.evaluate_stream(items)]
        decided = (simulated.decision, batch.results[0].response.decision, streamed[0].response.decision)
        return [*map(exactly, decided), listed.SerializeToString(deterministic=True)]

    assert await answers(kept, short) == await answers(served, whole)
    simulated = await kept.client.simulate(gate.SimulateRequest(proposal=short, as_of=AS_OF))
    assert [each.revision for each in simulated.assets] == [1] * len(short.assets)


async def test_such_a_decision_is_recorded_as_asked_and_made_again(kept: Running) -> None:
    """The record holds the request as sent and the answer with its revisions; a replay takes these, not the newest."""
    await register_all(kept.client, refund_agent())
    request = asking(referencing(refund_agent()))
    answer = await kept.client.evaluate(request)
    changed = next(each for each in assets_in(refund_agent()) if own_id(each) == "crm")
    changed.source.completeness = 0.1
    second = await register(kept.client, changed)
    wanted = decisions.GetDecisionRequest(decision_id=answer.record.decision_id, view=decisions.RECORD_VIEW_FULL)
    record = (await kept.client.get_decision(wanted)).decision

    replayed = await kept.client.replay_decision(decisions.ReplayDecisionRequest(decision_id=answer.record.decision_id))

    assert (second.is_new, second.revision.revision) == (True, 2)
    assert record.request == request.SerializeToString()
    assert record.response == answer.SerializeToString()
    assert replayed.identical


async def test_a_repeated_request_has_its_answer_whatever_came_since(small: Running) -> None:
    """One request is one decision: the revision that came in between is for the next request."""
    await register(small.client, crm(0.95))
    first = await small.client.evaluate(asking(standing_on_crm(), "same", "small"))
    await register(small.client, crm(0.5))
    again = await small.client.evaluate(asking(standing_on_crm(), "same", "small"))
    later = await small.client.evaluate(asking(standing_on_crm(), "other", "small"))

    assert again == first
    assert (first.decision.verdict, later.decision.verdict) == (VERDICT_GO, VERDICT_NO_GO)
    assert [each.assets[0].revision for each in (first, later)] == [1, 2]


async def test_a_reference_can_name_its_revision(small: Running) -> None:
    """Whoever names a revision gets that one, whatever came later."""
    await register(small.client, crm(0.95))
    await register(small.client, crm(0.5))

    answer = await small.client.evaluate(asking(standing_on_crm(revision=1), "", "small"))

    assert (answer.decision.verdict, answer.assets[0].revision) == (VERDICT_GO, 1)


async def test_two_values_are_a_conflict(small: Running) -> None:
    """What the proposal says and what is registered are shown side by side; evidence decides which is in use."""
    await register(small.client, crm(0.5))
    proposal = standing_on_crm()
    proposal.data_sources.add(id="crm").completeness = 0.99

    answer = await small.client.evaluate(asking(proposal, "", "small"))
    proposal.data_sources[0].completeness = 0.5
    agreed = await small.client.evaluate(asking(proposal, "", "small"))

    (conflict,) = answer.decision.conflicts
    assert (conflict.fact, conflict.subject, conflict.unresolved) == ("source.completeness", "crm", False)
    assert [each.value.number for each in conflict.values] == [0.5, 0.99]
    assert answer.decision.verdict == VERDICT_NO_GO
    assert not agreed.decision.conflicts


async def test_what_a_proposal_adds_stands_beside(small: Running) -> None:
    """A fact that only the proposal states joins those that are registered, and no evidence covers what it did not."""
    await register(small.client, crm(0.95))
    proposal = standing_on_crm()
    proposal.data_sources.add(id="crm").uniqueness = 0.1
    proposal.evidence.add(
        facts=["source.*"], subject="crm", grade=evidence_pb2.EVIDENCE_GRADE_E0_CLAIMED, source_uri="mail"
    )

    answer = await small.client.evaluate(asking(proposal, "", "small"))

    assert answer.decision.verdict == VERDICT_GO
    assert not answer.decision.conflicts


async def test_references_are_to_something(small: Running) -> None:
    """Every reference that leads nowhere, and every malformed one, is told with its place."""
    await register(small.client, crm())
    nowhere = Proposal(id="p")
    nowhere.assets.add(scope=SOURCE, id="erp")
    nowhere.assets.add(scope=SOURCE, id="crm", revision=9)
    malformed = Proposal(id="p")
    malformed.assets.add(id="crm")
    malformed.assets.add(scope=API, id="crm", revision=-1)

    assert [path for path, _ in await faults_of(small.client.evaluate(asking(nowhere)))] == [
        "assets[crm]",
        "assets[erp]",
    ]
    assert [path for path, _ in await faults_of(small.client.evaluate(asking(malformed)))] == [
        "assets[0].id",
        "assets[0].scope",
        "assets[1].id",
        "assets[1].revision",
    ]


async def test_one_id_is_one_asset(small: Running) -> None:
    """A proposal that has an API under the id of the data source that it references is refused."""
    await register(small.client, crm())
    proposal = standing_on_crm()
    proposal.apis.add(id="crm")

    faults = await faults_of(small.client.evaluate(asking(proposal)))

    assert {message for _, message in faults} == {"another data source, API or workflow has the same id"}


async def test_the_same_is_the_same_revision(small: Running) -> None:
    """In whatever order it is said; anything else, the letters of a name included, is the next revision."""
    named = crm(owner=Owner(person="Jane Doe", role="Owner"))
    named.evidence.add(facts=["source.authority"], subject="crm", collector="mesh")
    turned = Asset(source=named.source, evidence=list(reversed(named.evidence)))
    other = Asset.FromString(named.SerializeToString())
    other.source.owner.person = "John Doe"

    answers = [await register(small.client, each) for each in (named, turned, other, named)]

    assert [(each.revision.revision, each.is_new) for each in answers] == [(1, True), (1, False), (2, True), (3, True)]
    digests = [each.revision.digest for each in answers]
    assert digests == digests[:1] * 4, "names are no part of a digest"
    assert answers[2].revision.asset.source.owner.person == "John Doe"


async def test_repeating_a_request_is_safe(small: Running) -> None:
    """A request id stands for its asset: repeated later it has its revision, and with another asset it is refused."""
    first = await register(small.client, crm(0.95), request_id="r-1")
    await register(small.client, crm(0.5), request_id="r-2")
    again = await register(small.client, crm(0.95), request_id="r-1")
    with pytest.raises(GateError) as caught:
        await register(small.client, crm(0.7), request_id="r-2")
    crowd = await asyncio.gather(*(register(small.client, crm(0.8), request_id="r-3") for _ in range(8)))

    assert (again.revision, again.is_new) == (first.revision, True)
    assert (caught.value.code, caught.value.reason) == (grpc.StatusCode.ALREADY_EXISTS, "REQUEST_ID_REUSED")
    assert {each.revision.revision for each in crowd} == {3}


async def test_nobody_overwrites_what_they_have_not_seen(small: Running) -> None:
    """Who says which revision is the newest is refused when another has come, and nothing is registered."""
    await register(small.client, crm(0.95), newest_revision=0)
    for seen in (0, 2):
        with pytest.raises(GateError) as caught:
            await register(small.client, crm(0.5), newest_revision=seen)
        assert (caught.value.code, caught.value.reason) == (grpc.StatusCode.ABORTED, "ETAG_MISMATCH")
    second = await register(small.client, crm(0.5), newest_revision=1)

    assert second.revision.revision == 2


async def test_assets_are_listed_page_by_page(small: Running) -> None:
    """By scope and id, each as it is now and without what it says; revisions the newest first."""
    for name in ("b", "a", "c"):
        await register(small.client, Asset(source=DataSource(id=name, title=f"Title of {name}")))
    await register(small.client, Asset(api=Api(id="z")))
    await register(small.client, Asset(source=DataSource(id="a", title="Changed")))
    request, seen = pb.ListAssetsRequest(page_size=2), []
    while True:
        page = await small.client.list_assets(request)
        seen += [(each.id, each.revision, each.title) for each in page.assets]
        assert not any(each.HasField("asset") for each in page.assets)
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    sources = await small.client.list_assets(pb.ListAssetsRequest(scope=SOURCE))
    asked = pb.ListAssetRevisionsRequest(scope=SOURCE, id="a", page_size=1)
    newest = await small.client.list_asset_revisions(asked)
    asked.page_token = newest.next_page_token
    first = await small.client.list_asset_revisions(asked)

    assert seen == [("z", 1, ""), ("a", 2, "Changed"), ("b", 1, "Title of b"), ("c", 1, "Title of c")]
    assert [each.id for each in sources.assets] == ["a", "b", "c"]
    assert [each.revision for page in (newest, first) for each in page.revisions] == [2, 1]
    assert not first.next_page_token
    with pytest.raises(GateError, match="not of this query"):
        await small.client.list_assets(pb.ListAssetsRequest(scope=API, page_token=request.page_token))


async def test_a_revision_stays_as_it_was(small: Running) -> None:
    """Each revision can be had for good, and says when and by whom it was registered."""
    registered = [(await register(small.client, crm(value))).revision for value in (0.5, 0.95)]
    got = [
        (await small.client.get_asset(pb.GetAssetRequest(scope=SOURCE, id="crm", revision=number))).revision
        for number in (1, 2, 0)
    ]

    assert got == [*registered, registered[1]]
    assert got[0].asset.source.completeness == 0.5
    assert got[0].registered_by == "service:local"
    assert got[0].recorded_at.ToMicroseconds() < got[1].recorded_at.ToMicroseconds()
    with pytest.raises(GateError) as caught:
        await small.client.get_asset(pb.GetAssetRequest(scope=SOURCE, id="crm", revision=3))
    assert (caught.value.code, caught.value.reason) == (grpc.StatusCode.NOT_FOUND, "NOT_FOUND")


async def test_a_registration_names_every_fault(small: Running) -> None:
    """What is wrong with the asset is told all at once, by the fields of the asset."""
    wrong = Asset(source=DataSource(id="CRM", completeness=1.5))
    wrong.evidence.add(facts=["deployment.audience"])
    wrong.statements.add(fact="source.accuracy", subject="erp", reason="Nobody looked.")

    faults = await faults_of(register(small.client, wrong, request_id="two words"))
    nothing = await faults_of(register(small.client, Asset()))

    assert {path for path, _ in faults} >= {
        "asset.evidence[0].subject",
        "asset.source.completeness",
        "asset.source.id",
        "asset.statements[0].kind",
        "asset.statements[0].subject",
        "request_id",
    }
    assert nothing == [("asset.kind", "the field is required")]


async def test_without_a_record_there_are_no_assets(served: Running) -> None:
    """The service and every reference end with the option that would give a record, and nothing is judged without."""
    calls = (
        served.client.list_assets(foundation_service_pb2.ListAssetsRequest()),
        register(served.client, crm()),
        served.client.evaluate(asking(standing_on_crm())),
        served.client.simulate(gate.SimulateRequest(proposal=standing_on_crm())),
        served.client.list_requirements(gate.ListRequirementsRequest(proposal=standing_on_crm())),
    )
    for call in calls:
        with pytest.raises(GateError) as caught:
            await call
        assert (caught.value.code, caught.value.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "NOT_CONFIGURED")
        assert "--data-dir" in str(caught.value)
    assert served.judged() == 0


def named(person: str = "jane.doe@bank.example") -> Asset:
    """Returns an asset that a person owns, measured and vouches for."""
    asset = crm(0.95, owner=Owner(person=person, role="Head of data"))
    asset.evidence[0].collector = person
    asset.evidence[0].attested_by = person
    asset.statements.add(fact="source.accuracy", subject="crm", kind=2, reason="Nobody looked.", stated_by=person)
    asset.evidence.add(facts=["source.owner.person"], subject="crm", value=evidence_pb2.FactValue(text=person))
    return asset


async def test_an_erased_name_is_in_no_asset(small: Running, tmp_path: Path) -> None:
    """Erasure takes a name out of every revision, here and in the file; digests, verdicts and replays stay."""
    registered = await register(small.client, named())
    answer = await small.client.evaluate(asking(standing_on_crm(), "", "small"))
    before = await small.client.evaluate(asking(standing_on_crm(), "", "small"))
    erased = await small.client.erase_person(
        decisions.ErasePersonRequest(person="jane.doe@bank.example", reason="ticket 4711")
    )
    shown = (await small.client.get_asset(pb.GetAssetRequest(scope=SOURCE, id="crm"))).revision
    after = await small.client.evaluate(asking(standing_on_crm(), "", "small"))
    replayed = await small.client.replay_decision(
        decisions.ReplayDecisionRequest(decision_id=answer.record.decision_id)
    )
    files = b"".join(path.read_bytes() for path in (tmp_path / "data").glob("record.db*"))

    assert erased.entry_id
    assert registered.revision.asset.source.owner.person == "jane.doe@bank.example"
    assert b"jane" not in shown.SerializeToString()
    assert (shown.names_erased, shown.digest) == (True, registered.revision.digest)
    assert shown.asset.source.owner.role == "Head of data"
    assert exactly(after.decision) == exactly(before.decision)
    assert replayed.identical
    assert b"jane.doe" not in files


async def test_who_registered_can_be_erased(small: Running) -> None:
    """The caller of a registration is one of the names: erased, the revision stays and says nobody."""
    await register(small.client, crm())
    await small.client.erase_person(decisions.ErasePersonRequest(person="service:local", reason="ticket 4712"))
    shown = (await small.client.get_asset(pb.GetAssetRequest(scope=SOURCE, id="crm"))).revision

    assert (shown.registered_by, shown.revision, shown.names_erased) == ("", 1, False)


@pytest.mark.parametrize(("inline", "conflicts"), [("Jane Doe", 0), ("person:jane doe", 0), ("John Doe", 1)])
async def test_a_conflict_about_a_name_outlives_the_name(small: Running, inline: str, conflicts: int) -> None:
    """Whether proposal and registered asset name the same person is told after an erasure as before."""
    await register(small.client, crm(0.95, owner=Owner(person="Jane Doe")))
    proposal = standing_on_crm()
    proposal.data_sources.add(id="crm").owner.person = inline
    answers = [await small.client.evaluate(asking(proposal, "", "small"))]
    for person in ("Jane Doe", "John Doe"):
        await small.client.erase_person(decisions.ErasePersonRequest(person=person, reason="ticket 4713"))
        wanted = decisions.ReplayDecisionRequest(decision_id=answers[0].record.decision_id)
        replayed = await small.client.replay_decision(wanted)
        assert replayed.identical, replayed

    assert len(answers[0].decision.conflicts) == conflicts
    assert b"Doe" not in answers[0].decision.SerializeToString()


async def test_assets_are_the_same_in_a_postgres(postgres_database: str, tmp_path: Path) -> None:
    """Two servers on one database: what one registers goes into what the other answers, and is judged again there."""
    (tmp_path / "rules").mkdir()
    rules_on_disk.write(tmp_path / "rules", version="2026.1.0")
    snapshot = load_snapshot(tmp_path / "rules").compile_all()
    async with (
        keeping(snapshot, tmp_path / "data", database_url=postgres_database) as one,
        keeping(snapshot, tmp_path / "data", database_url=postgres_database) as other,
    ):
        await register(one.client, crm(0.5))
        first = await other.client.evaluate(asking(standing_on_crm(), "", "small"))
        found = (await register(one.client, crm(0.95))).reevaluation
        second = await other.client.evaluate(asking(standing_on_crm(), "", "small"))
        replayed = await one.client.replay_decision(
            decisions.ReplayDecisionRequest(decision_id=first.record.decision_id)
        )

    assert [each.decision.verdict for each in (first, second)] == [VERDICT_NO_GO, VERDICT_GO]
    assert [(each.decision_id, each.is_changed) for each in found.proposals] == [(first.record.decision_id, True)]
    assert replayed.identical


async def test_a_backup_has_the_assets(tmp_path: Path) -> None:
    """Restored elsewhere, every revision is there with its names, and a proposal is answered from it."""
    (tmp_path / "rules").mkdir()
    rules_on_disk.write(tmp_path / "rules", version="2026.1.0")
    snapshot = load_snapshot(tmp_path / "rules").compile_all()
    async with keeping(snapshot, tmp_path / "data") as served:
        await register(served.client, named())
        shown = [await served.client.get_asset(pb.GetAssetRequest(scope=SOURCE, id="crm"))]
        answer = await served.client.evaluate(asking(standing_on_crm(), "r-1", "small"))
        await asyncio.to_thread(back_up, tmp_path / "data", tmp_path / "backup")
    for path in (tmp_path / "data").glob("record.db*"):
        path.unlink()
    restore(tmp_path / "backup", tmp_path / "data")
    async with keeping(snapshot, tmp_path / "data") as served:
        shown.append(await served.client.get_asset(pb.GetAssetRequest(scope=SOURCE, id="crm")))
        again = await served.client.evaluate(asking(standing_on_crm(), "r-2", "small"))
        users = await served.client.reevaluate_proposals(pb.ReevaluateProposalsRequest(scope=SOURCE, id="crm"))

    assert shown[0] == shown[1]
    assert exactly(again.decision) == exactly(answer.decision)
    assert [each.proposal_id for each in users.reevaluation.proposals] == ["p"]
