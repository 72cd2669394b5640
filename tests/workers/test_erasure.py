"""What one worker erased is erased for all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import grpc.aio

from readygate.v1 import decision_service_pb2 as decisions
from readygate.v1.decision_service_pb2_grpc import DecisionServiceStub
from readygate.v1.gate_service_pb2_grpc import GateServiceStub
from readygate.v1.record_pb2 import PAYLOAD_STATE_NAMES_ERASED
from tests.grpc_api.processes import Served
from tests.workers.serving import asked, channels, verified, workers

JANE = "jane.doe@bank.example"


async def test_a_name_that_one_worker_erased_no_other_one_shows(tmp_path: Path) -> None:
    """A worker shows a name that is in a record of another one, until that one erases it; the replay stays the same."""
    data = tmp_path / "data"
    async with workers(data) as served, channels(await served.ready()) as opened:
        one, other = await _of_each_worker(served, opened)
        request = asked("named")
        request.proposal.statements.add(fact="ops.site_readiness", kind=1, reason="no sites", stated_by=JANE)
        response = await GateServiceStub(one).Evaluate(request)
        decision_id = response.record.decision_id
        full = decisions.GetDecisionRequest(decision_id=decision_id, view=decisions.RECORD_VIEW_FULL)

        erasure = decisions.ErasePersonRequest(person=JANE, reason="ticket 4711")
        assert (await DecisionServiceStub(one).ErasePerson(erasure)).entry_id
        after = (await DecisionServiceStub(other).GetDecision(full)).decision
        replay = decisions.ReplayDecisionRequest(decision_id=decision_id)
        replayed = await DecisionServiceStub(other).ReplayDecision(replay)
        assert not (await DecisionServiceStub(other).ErasePerson(erasure)).entry_id
        await served.stop()

    assert after.payload == PAYLOAD_STATE_NAMES_ERASED
    assert JANE.encode() not in after.request
    assert replayed.identical
    assert (await verified(data))[0] == 0


async def test_a_name_that_nobody_erased_the_other_worker_shows(tmp_path: Path) -> None:
    """Names are sealed under keys that all workers have: without an erasure the other one does show them."""
    async with workers(tmp_path / "data") as served, channels(await served.ready()) as opened:
        one, other = await _of_each_worker(served, opened)
        request = asked("named")
        request.proposal.statements.add(fact="ops.site_readiness", kind=1, reason="no sites", stated_by=JANE)
        response = await GateServiceStub(one).Evaluate(request)
        full = decisions.GetDecisionRequest(decision_id=response.record.decision_id, view=decisions.RECORD_VIEW_FULL)
        assert JANE.encode() in (await DecisionServiceStub(other).GetDecision(full)).decision.request
        await served.stop()


async def _of_each_worker(
    served: Served, opened: Sequence[grpc.aio.Channel]
) -> tuple[grpc.aio.Channel, grpc.aio.Channel]:
    """Returns a connection to the first worker and one to the second, as their logs say."""
    for number, channel in enumerate(opened):
        await GateServiceStub(channel).Evaluate(asked(f"whose-{number}"))
    await served.until(lambda: len(served.of("call")) == len(opened), "logged every call")
    worker = {line["request_id"]: line["worker"] for line in served.of("call")}
    found = {worker[f"whose-{number}"]: channel for number, channel in enumerate(opened)}
    return found[1], found[2]
