"""A server that keeps no record says so."""

from __future__ import annotations

import grpc
import pytest

from readygate import GateError
from readygate.v1 import certificate_service_pb2, decision_service_pb2, log_service_pb2, waiver_service_pb2
from readygate.v1 import gate_service_pb2 as pb
from tests.grpc_api.serving import AS_OF, Running, refund_agent


async def test_services_of_the_record_say_what_is_missing(served: Running) -> None:
    """Each of them answers that there is no record, and with which option there would be one."""
    client = served.client
    calls = (
        client.list_decisions(decision_service_pb2.ListDecisionsRequest()),
        client.get_checkpoint(log_service_pb2.GetCheckpointRequest()),
        client.issue_certificate(certificate_service_pb2.IssueCertificateRequest()),
        client.list_waivers(waiver_service_pb2.ListWaiversRequest()),
    )
    for call in calls:
        with pytest.raises(GateError) as caught:
            await call
        assert (caught.value.code, caught.value.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "NOT_CONFIGURED")
        assert "--data-dir" in str(caught.value)


async def test_watching_says_so_too(served: Running) -> None:
    """The stream ends with the same answer, and the client does not wait for what will not come."""
    with pytest.raises(GateError) as caught:
        async for _ in served.client.watch_decisions(decision_service_pb2.WatchDecisionsRequest()):
            pass
    assert caught.value.reason == "NOT_CONFIGURED"


async def test_a_decision_that_is_not_recorded_names_no_record(served: Running) -> None:
    """The gate judges without a record, and the reply does not pretend that there is one."""
    reply = await served.client.evaluate(pb.EvaluateRequest(proposal=refund_agent(), as_of=AS_OF))
    assert not reply.HasField("record")
