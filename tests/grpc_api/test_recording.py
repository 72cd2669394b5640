"""Decisions are kept: durable before they are answered, one per request, readable, and made again bit for bit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest

from readygate import AsyncGateClient, GateError
from readygate.v1 import decision_service_pb2 as decisions
from readygate.v1 import gate_service_pb2 as pb
from readygate.v1.decision_pb2 import VERDICT_GO, VERDICT_NO_GO
from readygate.v1.proposal_pb2 import Proposal
from readygate.v1.record_pb2 import PAYLOAD_STATE_NAMES_ERASED, PAYLOAD_STATE_WHOLE, DecisionRecord
from readygate_server.bootstrap import Snapshot, load_snapshot
from tests.grpc_api import rules_on_disk
from tests.grpc_api.keeping import keeping
from tests.grpc_api.serving import AS_OF, Running, refund_agent, tiny


@pytest.fixture
async def kept(packaged: Snapshot, tmp_path: Path) -> AsyncIterator[Running]:
    """Runs a server that records in a directory of the test."""
    async with keeping(packaged, tmp_path) as served:
        yield served


def asked(request_id: str = "", proposal: Proposal | None = None, **changes: object) -> pb.EvaluateRequest:
    """Returns a sound request."""
    request = pb.EvaluateRequest(request_id=request_id, proposal=proposal or refund_agent(), as_of=AS_OF)
    request.MergeFrom(pb.EvaluateRequest(**changes))  # type: ignore[arg-type]
    return request


async def record_of(client: AsyncGateClient, response: pb.EvaluateResponse) -> DecisionRecord:
    """Returns everything that is recorded about an answer."""
    wanted = decisions.GetDecisionRequest(decision_id=response.record.decision_id, view=decisions.RECORD_VIEW_FULL)
    return (await client.get_decision(wanted)).decision


async def test_what_is_answered_is_recorded(kept: Running) -> None:
    """The record holds the request as it was sent and the answer as it was given, byte by byte."""
    request = asked("r1")
    response = await kept.client.evaluate(request)
    record = await record_of(kept.client, response)
    assert record.request == request.SerializeToString()
    assert record.response == response.SerializeToString()
    assert (record.payload, record.request_id, record.proposal_id) == (PAYLOAD_STATE_WHOLE, "r1", "refund-agent")
    assert (record.verdict, record.facts_digest) == (VERDICT_NO_GO, response.decision.facts_digest)
    assert record.ref == response.record
    assert record.position.leaf_index == 0


async def test_a_recorded_decision_is_the_one_of_a_server_without_record(kept: Running, served: Running) -> None:
    """Recording adds where it is recorded, and changes nothing of the decision."""
    assert (await kept.client.evaluate(asked())).decision == (await served.client.evaluate(asked())).decision


async def test_one_request_is_one_decision(kept: Running) -> None:
    """Of 32 twins at once one is recorded, and all get its answer; so does one that comes later."""
    answers = await asyncio.gather(*(kept.client.evaluate(asked("twin")) for _ in range(32)))
    later = await kept.client.evaluate(asked("twin"))
    assert len({answer.SerializeToString() for answer in (*answers, later)}) == 1
    listed = await kept.client.list_decisions(decisions.ListDecisionsRequest())
    assert len(listed.decisions) == 1


async def test_an_id_with_another_request_is_a_conflict(kept: Running) -> None:
    """The same id with one other fact is refused, and nothing more is recorded."""
    await kept.client.evaluate(asked("same"))
    with pytest.raises(GateError) as caught:
        await kept.client.evaluate(asked("same", as_of="2026-11-02"))
    assert (caught.value.code, caught.value.reason) == (grpc.StatusCode.ALREADY_EXISTS, "REQUEST_ID_REUSED")
    assert len((await kept.client.list_decisions(decisions.ListDecisionsRequest())).decisions) == 1


async def test_an_answer_outlives_its_ruleset(tmp_path: Path) -> None:
    """A repeated request gets the answer that it got, also when its ruleset is no longer served; a new one does not."""
    (tmp_path / "rules").mkdir()
    rules_on_disk.write(tmp_path / "rules", version="2026.1.0")
    request = asked("r1", ruleset={"name": "small", "version": "2026.1.0"})
    async with keeping(load_snapshot(tmp_path / "rules").compile_all(), tmp_path / "data") as first:
        answer = await first.client.evaluate(request)
    async with keeping(load_snapshot().compile_all(), tmp_path / "data") as second:
        assert await second.client.evaluate(request) == answer
        request.request_id = "r2"
        with pytest.raises(GateError, match="no ruleset matches"):
            await second.client.evaluate(request)
        replayed = await second.client.replay_decision(
            decisions.ReplayDecisionRequest(decision_id=answer.record.decision_id)
        )
    assert replayed.identical


async def test_simulations_and_errors_are_not_recorded(kept: Running) -> None:
    """Only what Evaluate concluded is kept."""
    await kept.client.simulate(pb.SimulateRequest(proposal=refund_agent(), as_of=AS_OF))
    with pytest.raises(GateError):
        await kept.client.evaluate(asked(as_of="tomorrow"))
    assert not (await kept.client.list_decisions(decisions.ListDecisionsRequest())).decisions


async def test_each_item_of_a_batch_is_a_decision_of_its_own(kept: Running) -> None:
    """Items are recorded as they were sent; one with the id of an earlier request gets its answer; faults are alone."""
    first = await kept.client.evaluate(asked("known"))
    items = [asked("known"), asked("new"), asked("bad", as_of="tomorrow"), asked(proposal=tiny("other"))]
    batch = await kept.client.batch_evaluate(pb.BatchEvaluateRequest(items=items))
    known, new, bad, unnamed = batch.results
    assert known.response == first
    assert bad.error.reason == "INVALID_REQUEST"
    assert (await record_of(kept.client, new.response)).request == items[1].SerializeToString()
    assert (await record_of(kept.client, unnamed.response)).response == unnamed.response.SerializeToString()
    listed = await kept.client.list_decisions(decisions.ListDecisionsRequest())
    assert [each.request_id for each in listed.decisions if each.request_id].count("known") == 1
    assert len(listed.decisions) == 3


async def test_a_replay_comes_out_the_same(kept: Running) -> None:
    """The recorded request, judged again by its ruleset on its day, gives the recorded bytes, in each view."""
    for view in (pb.VIEW_FULL, pb.VIEW_SUMMARY):
        response = await kept.client.evaluate(asked(view=view))
        replay = decisions.ReplayDecisionRequest(decision_id=response.record.decision_id)
        replayed = await kept.client.replay_decision(replay)
        assert (replayed.identical, list(replayed.differences)) == (True, [])


async def test_decisions_are_listed_page_by_page(kept: Running) -> None:
    """Newest first, each once, with tokens that work for the same filter only."""
    for number in range(5):
        await kept.client.evaluate(asked(proposal=tiny(f"p{number}"), view=pb.VIEW_SUMMARY))
    seen: list[str] = []
    request = decisions.ListDecisionsRequest(page_size=2)
    while True:
        page = await kept.client.list_decisions(request)
        seen += [each.proposal_id for each in page.decisions]
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    assert len(seen) == 5
    assert seen == sorted(seen, reverse=True)
    request.filter.proposal_id = "p1"
    with pytest.raises(GateError) as caught:
        await kept.client.list_decisions(request)
    assert caught.value.reason == "INVALID_TOKEN"


async def test_decisions_are_found_by_what_is_known_of_them(kept: Running) -> None:
    """Filters on proposal, verdict, ruleset, caller and time each keep what fits and drop what does not."""
    response = await kept.client.evaluate(asked())
    at = response.record.recorded_at
    filters = [
        (decisions.DecisionFilter(proposal_id="refund-agent"), decisions.DecisionFilter(proposal_id="other")),
        (decisions.DecisionFilter(verdicts=[VERDICT_NO_GO]), decisions.DecisionFilter(verdicts=[VERDICT_GO])),
        (
            decisions.DecisionFilter(ruleset=response.decision.ruleset.digest),
            decisions.DecisionFilter(ruleset="operational-readiness-full"),
        ),
        (decisions.DecisionFilter(caller="service:local"), decisions.DecisionFilter(caller="person:nobody")),
        (decisions.DecisionFilter(recorded_from=at), decisions.DecisionFilter(recorded_before=at)),
    ]
    for keeps, drops in filters:
        for wanted, count in ((keeps, 1), (drops, 0)):
            listed = await kept.client.list_decisions(decisions.ListDecisionsRequest(filter=wanted))
            assert len(listed.decisions) == count, wanted


async def test_watching_goes_on_after_a_break(packaged: Snapshot, tmp_path: Path) -> None:
    """A watcher sees every decision once, in order, across a restart of the server."""
    async with keeping(packaged, tmp_path) as first:
        for number in range(3):
            await first.client.evaluate(asked(proposal=tiny(f"p{number}")))
        seen, token = [], ""
        async for reply in first.client.watch_decisions(decisions.WatchDecisionsRequest()):
            seen.append(reply.decision.proposal_id)
            token = reply.resume_token
            if len(seen) == 2:
                break
    async with keeping(packaged, tmp_path) as second:
        watching = second.client.watch_decisions(decisions.WatchDecisionsRequest(resume_token=token))
        seen.append((await anext(watching)).decision.proposal_id)
        await second.client.evaluate(asked(proposal=tiny("p3")))
        seen.append((await anext(watching)).decision.proposal_id)
        await watching.aclose()  # type: ignore[attr-defined]  # an asynchronous generator
    assert seen == ["p0", "p1", "p2", "p3"]


async def test_watching_from_now_shows_only_what_comes(kept: Running) -> None:
    """With `from_now` nothing of the past is sent."""
    await kept.client.evaluate(asked(proposal=tiny("before")))
    watching = kept.client.watch_decisions(decisions.WatchDecisionsRequest(from_now=True))
    following = asyncio.ensure_future(anext(watching))
    await asyncio.sleep(0.3)
    await kept.client.evaluate(asked(proposal=tiny("after")))
    assert (await following).decision.proposal_id == "after"
    await watching.aclose()  # type: ignore[attr-defined]  # an asynchronous generator


async def test_an_erased_name_is_gone_and_everything_else_holds(kept: Running) -> None:
    """After erasure the name reads as `*`, the replay still gives the same bytes, and the digests stay."""
    request = asked("r1")
    request.proposal.statements.add(
        fact="ops.site_readiness",
        kind=1,
        reason="no sites",
        stated_by="jane.doe@bank.example",
    )
    response = await kept.client.evaluate(request)
    erased = await kept.client.erase_person(
        decisions.ErasePersonRequest(person="jane.doe@bank.example", reason="ticket 4711")
    )
    record = await record_of(kept.client, response)
    assert erased.entry_id
    assert record.payload == PAYLOAD_STATE_NAMES_ERASED
    assert b"jane.doe" not in record.request
    assert len(record.request) == len(request.SerializeToString())
    replayed = await kept.client.replay_decision(decisions.ReplayDecisionRequest(decision_id=record.ref.decision_id))
    assert replayed.identical
    again = await kept.client.erase_person(
        decisions.ErasePersonRequest(person="jane.doe@bank.example", reason="ticket 4711")
    )
    assert not again.entry_id


async def test_an_id_that_nobody_has_is_not_found(kept: Running) -> None:
    """An unknown id, and none, are errors of their own."""
    with pytest.raises(GateError) as unknown:
        await kept.client.get_decision(decisions.GetDecisionRequest(decision_id="0" * 32))
    with pytest.raises(GateError) as none:
        await kept.client.get_decision(decisions.GetDecisionRequest())
    assert (unknown.value.reason, none.value.reason) == ("NOT_FOUND", "INVALID_REQUEST")
