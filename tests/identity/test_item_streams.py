"""Streams of proposals: who may send them, for how long, and how many are judged."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable

import pytest

from readygate import AsyncGateClient, GateError
from readygate.credentials import tls
from readygate.v1 import gate_service_pb2 as pb
from readygate_server.adapters.identity import watched
from readygate_server.bootstrap import Snapshot
from readygate_server.grpc_api import calls
from tests.grpc_api.serving import AS_OF, tiny
from tests.identity.authority import put
from tests.identity.serving import Files, Guarded, guarded


def client_of(gate: Guarded) -> AsyncGateClient:
    """Returns a client that shows the key of a service, which may judge `p` and `refund-…`."""
    ca = put(gate.files.directory / "client-ca.pem", gate.files.authority.certificate)
    return AsyncGateClient(gate.bearer_port, credentials=tls(ca=ca), token=gate.files.key.text)


def item(number: int, *, name: str = "p") -> pb.EvaluateStreamItem:
    """Returns an item that is judged, for who may."""
    request = pb.EvaluateRequest(proposal=tiny(name), as_of=AS_OF, view=pb.VIEW_SUMMARY)
    return pb.EvaluateStreamItem(item_id=str(number), request=request)


async def outcome(
    gate: Guarded, items: Iterable[pb.EvaluateStreamItem] | AsyncIterator[pb.EvaluateStreamItem]
) -> tuple[dict[str, str], GateError | None]:
    """Returns the reason of each item's error, empty for those that were judged, and what ended the stream."""
    reasons: dict[str, str] = {}
    async with client_of(gate) as client:
        try:
            async for each in client.evaluate_stream(items, timeout=30):
                reasons[each.item_id] = each.error.reason
        except GateError as error:
            return reasons, error
    return reasons, None


async def test_an_item_beyond_the_scope_is_refused_alone(gate: Guarded) -> None:
    """Of a stream only the items within the scope are judged."""
    reasons, error = await outcome(gate, [item(0), item(1, name="loans"), item(2)])

    assert (reasons, error) == ({"0": "", "1": "PERMISSION_DENIED", "2": ""}, None)


async def test_who_has_no_role_may_open_no_stream(packaged: Snapshot, files: Files) -> None:
    """Without a role the stream itself is refused."""
    text = files.identity.read_text(encoding="utf-8")
    put(files.identity, text.replace("principal: service:ci", "principal: service:idle"))
    async with guarded(packaged, files) as gate:
        reasons, error = await outcome(gate, [item(0)])

    assert not reasons
    assert error is not None
    assert error.reason == "PERMISSION_DENIED"


async def test_decisions_of_a_stream_are_counted_by_the_day(packaged: Snapshot, files: Files) -> None:
    """A stream is answered up to what is left of the day, and then ends with the time to wait."""
    files.more = "limits:\n  - {principals: [service:ci], decisions_per_day: 7}"
    files.write()
    async with guarded(packaged, files) as gate:
        reasons, error = await outcome(gate, [item(number) for number in range(20)])
        judged = gate.metrics.value("readygate_items_total", result="answered")

    assert reasons == {str(number): "" for number in range(7)}
    assert judged == 7
    assert error is not None
    assert error.reason == "QUOTA_EXCEEDED"
    assert 0 < float(error.metadata["retry_after_seconds"]) <= 86_400


@pytest.mark.parametrize("change", [("2099-01-01", "2020-01-01"), ("roles: [evaluator]", "roles: [auditor]")])
async def test_a_stream_lasts_no_longer_than_the_right_to_it(
    packaged: Snapshot, files: Files, monkeypatch: pytest.MonkeyPatch, change: tuple[str, str]
) -> None:
    """A stream goes on while the credential holds and the roles are the same, and ends soon after either changes."""
    monkeypatch.setattr(watched, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(calls, "ASK_AGAIN_SECONDS", 0.05)

    async def items() -> AsyncIterator[pb.EvaluateStreamItem]:
        for number in range(1_000):
            if number == 30:
                before = files.identity.read_text(encoding="utf-8")
                assert before.count(change[0]) == 1
                put(files.identity, before.replace(*change))
            yield item(number)
            await asyncio.sleep(0.01)

    async with guarded(packaged, files) as gate:
        reasons, error = await outcome(gate, items())

    assert error is not None
    assert error.reason == "UNAUTHENTICATED"
    assert 29 <= len(reasons) < 900
