"""What a caller may use, and what it is told when that is used up."""

from __future__ import annotations

import asyncio

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2  # type: ignore[import-untyped]

from readygate_server.application.allowance import Allowance, Meter
from readygate_server.bootstrap import Snapshot
from readygate_server.domain.errors import QuotaExceededError
from tests.identity.authority import put
from tests.identity.provider import Provider
from tests.identity.serving import INFO, Files, guarded, refusal


class Time:
    """A clock that stands still until it is told otherwise."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        """Returns the moment."""
        return self.now


@pytest.fixture
def time() -> Time:
    """Makes a clock."""
    return Time()


def refused_after(meter: Meter, allowance: Allowance) -> tuple[int, float]:
    """Returns how many calls are let through at once, and the seconds that the next is told to wait."""
    for count in range(10_000):
        try:
            meter.charge_call("a", allowance)
        except QuotaExceededError as error:
            return count, error.retry_after_seconds
    raise AssertionError("nothing was refused")


def test_a_burst_is_let_through_and_then_the_rate(time: Time) -> None:
    """After a burst a call is let through as often as the rate says, and not before the moment that was told."""
    meter, allowance = Meter(monotonic=time, clock=time), Allowance(calls_per_minute=60, burst=5)
    count, wait = refused_after(meter, allowance)

    time.now += wait - 0.001
    with pytest.raises(QuotaExceededError):
        meter.charge_call("a", allowance)
    time.now += 0.002
    meter.charge_call("a", allowance)

    assert (count, wait) == (5, 1.0)


def test_what_is_not_used_does_not_add_up_beyond_the_burst(time: Time) -> None:
    """A quiet hour gives no more than one burst."""
    meter, allowance = Meter(monotonic=time, clock=time), Allowance(calls_per_minute=60, burst=5)
    refused_after(meter, allowance)
    time.now += 3_600

    assert refused_after(meter, allowance)[0] == 5


def test_callers_do_not_use_up_what_is_others(time: Time) -> None:
    """Each caller has its own count, and one without limits none."""
    meter, allowance = Meter(monotonic=time, clock=time), Allowance(calls_per_minute=60, burst=2, decisions_per_day=2)
    refused_after(meter, allowance)
    meter.charge_decisions("a", allowance, 2)

    meter.charge_call("b", allowance)
    meter.charge_decisions("b", allowance, 2)
    for _ in range(1_000):
        meter.charge_call("c", Allowance())
        meter.charge_decisions("c", Allowance(), 100)


def test_decisions_are_charged_whole_or_not_at_all(time: Time) -> None:
    """A batch that is too large takes nothing, so that a smaller one still fits; the next day gives all again."""
    meter, allowance = Meter(monotonic=time, clock=time), Allowance(decisions_per_day=10)
    meter.charge_decisions("a", allowance, 6)
    with pytest.raises(QuotaExceededError) as caught:
        meter.charge_decisions("a", allowance, 5)
    meter.charge_decisions("a", allowance, 4)
    with pytest.raises(QuotaExceededError):
        meter.charge_decisions("a", allowance, 1)

    time.now += caught.value.retry_after_seconds
    meter.charge_decisions("a", allowance, 10)

    assert caught.value.retry_after_seconds == 86_400 - 1_000_000 % 86_400


def test_a_clock_that_steps_back_gives_nothing_back(time: Time) -> None:
    """Yesterday comes with no new decisions."""
    meter, allowance = Meter(monotonic=time, clock=time), Allowance(decisions_per_day=1)
    meter.charge_decisions("a", allowance, 1)
    time.now -= 86_400

    with pytest.raises(QuotaExceededError):
        meter.charge_decisions("a", allowance, 1)


async def test_too_many_calls_are_refused_with_the_time_to_wait(
    packaged: Snapshot, files: Files, idp: Provider
) -> None:
    """A caller beyond its rate gets RESOURCE_EXHAUSTED with a RetryInfo; not after that time, and others never."""
    files.more = "limits:\n  - {principals: [service:ci], calls_per_minute: 60, burst: 3}"
    files.write()
    async with guarded(packaged, files) as gate, gate.channel() as channel:
        for _ in range(3):
            await gate.call(files.key.text)
        metadata = [("authorization", f"Bearer {files.key.text}")]
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await channel.unary_unary(INFO, bytes, bytes)(b"", metadata=metadata, timeout=10)
        await gate.call(idp.token())
        details = details_of(caught.value)
        await asyncio.sleep(details[1])
        await gate.call(files.key.text)
        reasons = [line.get("reason") for line in gate.lines()]

    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert details[0].reason == "QUOTA_EXCEEDED"
    assert details[0].metadata["limit"] == "60 calls a minute"
    assert 0 < details[1] <= 1
    assert reasons == [None, None, None, "QUOTA_EXCEEDED", None, None]


def details_of(failure: grpc.aio.AioRpcError) -> tuple[error_details_pb2.ErrorInfo, float]:
    """Returns the reason of a failure, and the seconds to wait."""
    status = status_pb2.Status()
    for key, value in failure.trailing_metadata() or ():
        if key == "grpc-status-details-bin" and isinstance(value, bytes):
            status.MergeFromString(value)
    info, retry = error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo()
    assert status.details[0].Unpack(info)
    assert status.details[1].Unpack(retry)
    return info, retry.retry_delay.ToNanoseconds() / 1e9


async def test_who_is_not_known_uses_up_nothing_of_who_is(packaged: Snapshot, files: Files) -> None:
    """Bad keys with the id of a caller do not use up its calls."""
    files.more = "limits:\n  - {calls_per_minute: 60, burst: 1}"
    files.write()
    async with guarded(packaged, files) as gate:
        for _ in range(5):
            error = await refusal(gate.call(files.key.text[:-4] + "AAAA"))
            assert error.reason == "UNAUTHENTICATED"
        assert await gate.call(files.key.text)
        assert (await refusal(gate.call(files.key.text))).reason == "QUOTA_EXCEEDED"


async def test_limits_follow_the_file(packaged: Snapshot, files: Files) -> None:
    """A limit that is lifted in the file is lifted without a restart."""
    files.more = "limits:\n  - {calls_per_minute: 1, burst: 1}"
    files.write()
    async with guarded(packaged, files) as gate:
        await gate.call(files.key.text)
        assert (await refusal(gate.call(files.key.text))).reason == "QUOTA_EXCEEDED"
        put(files.identity, files.identity.read_text(encoding="utf-8").replace("per_minute: 1,", "per_minute: 60000,"))
        await asyncio.sleep(1.1)
        assert await gate.call(files.key.text)
