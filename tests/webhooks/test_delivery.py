"""What is recorded is told to receivers: at least once, in order, signed, and whatever a receiver does."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path

from tests.webhooks.receiver import OTHER_SECRET, SECRET, Got, Receiver, Reply, receiving
from tests.webhooks.serving import Site, asked, record


async def until(receiver: Receiver, *ids: str, seconds: float = 20) -> None:
    """Waits until a receiver has got some events."""
    await asyncio.to_thread(receiver.until, lambda: set(ids) <= set(receiver.ids()), seconds)


async def test_a_recorded_decision_is_told_as_a_signed_cloud_event(any_site: Site, receiver: Receiver) -> None:
    """A decision comes once, as a CloudEvent of structured mode with a valid signature, without facts and names."""
    any_site.tell_all(receiver)
    async with any_site.server() as (served, client):
        decision = await record(client, "refund-agent")
        await until(receiver, decision)
        await served.stop()
    (got,) = receiver.of("decision.recorded")
    event = got.event

    assert got.headers["content-type"].startswith("application/cloudevents+json")
    assert got.is_signed_with(SECRET)
    assert not got.is_signed_with(OTHER_SECRET)
    assert abs(int(got.headers["webhook-timestamp"]) - time.time()) < 60
    assert event["specversion"] == "1.0"
    assert event["id"] == got.headers["webhook-id"] == decision
    assert event["source"].startswith("readygate.local/")
    assert event["subject"] == event["data"]["proposal_id"] == "refund-agent"
    assert event["datacontenttype"] == "application/json"
    assert event["data"].keys() == {
        "decision_id", "proposal_id", "verdict", "gate", "tier", "as_of", "ruleset_digest", "blockers",
    }  # fmt: skip
    assert len(got.body) < 1024


async def test_a_server_that_is_killed_has_lost_nothing(any_site: Site) -> None:
    """Decisions that were acknowledged before kill -9 are told by the next server, whatever was told before."""
    taken: set[str] = set()

    def take_time(got: Got) -> Reply:
        time.sleep(0.1)
        if len(receiver.got) % 4 == 0 and receiver.ids().count(got.headers["webhook-id"]) == 1:
            return 500, {}, b""
        taken.add(got.headers["webhook-id"])
        return 200, {}, b""

    with receiving() as receiver:
        receiver.answer = take_time
        any_site.tell_all(receiver)
        recorded: list[str] = []
        for life in range(2):
            async with any_site.server() as (served, client):
                recorded += [await record(client, f"p-{life}-{number}") for number in range(12)]
                await asyncio.sleep(0.7 * life)
                served.process.send_signal(signal.SIGKILL)
                await served.process.wait()
        async with any_site.server() as (served, _client):
            await asyncio.to_thread(receiver.until, lambda: taken >= set(recorded))
            await served.stop()
        bodies = {each.headers["webhook-id"]: set[bytes]() for each in receiver.got}
        for each in receiver.got:
            bodies[each.headers["webhook-id"]].add(each.body)

    assert set(recorded) == set(bodies)
    assert [id_ for id_, found in bodies.items() if len(found) > 1] == []


async def test_what_fails_is_tried_again_with_the_same_id_and_body(site: Site, receiver: Receiver) -> None:
    """Whoever answers 500 twice gets the same event a third time, each time with a signature of its own time."""
    receiver.answer = lambda _got: (500, {}, b"no") if len(receiver.got) < 3 else (200, {}, b"")
    site.tell_all(receiver)
    async with site.server() as (served, client):
        decision = await record(client, "refund-agent")
        await asyncio.to_thread(receiver.until, lambda: len(receiver.got) == 3)
        await served.until(lambda: bool(served.of("webhook_delivered")), "delivered")
        failed = served.of("webhook_failed")
        await served.stop()

    assert receiver.ids() == [decision] * 3
    assert len({each.body for each in receiver.got}) == 1
    assert all(each.is_signed_with(SECRET) for each in receiver.got)
    assert [line["detail"] for line in failed] == ["status 500"] * 2


async def test_whatever_a_receiver_answers_is_a_failure_to_be_tried_again(site: Site, receiver: Receiver) -> None:
    """A redirect is not followed, garbage is borne, nothing of an answer is logged, and the event comes again."""
    answers: Mapping[str, tuple[Reply | bytes, str]] = {
        "redirect": ((302, {"location": "/elsewhere"}, b""), "status 302"),
        "refusal": ((404, {}, b"secret-of-the-receiver"), "status 404"),
        "garbage": (b"\x00\xffgarbage\r\n\r\n", "not reached: RemoteProtocolError"),
        "nothing": (b"", "not reached: RemoteProtocolError"),
    }
    paths: list[str] = []

    def refuse_once(got: Got) -> Reply | bytes:
        paths.append(got.path)
        return answers[got.path[1:]][0] if paths.count(got.path) < 2 else (200, {}, b"")

    receiver.answer = refuse_once
    site.tell(*(receiver.file(name) for name in answers))
    async with site.server() as (served, client):
        decision = await record(client, "refund-agent")
        await served.until(lambda: len(served.of("webhook_delivered")) == len(answers), "delivered")
        lines, failed = str(served.lines), served.of("webhook_failed")
        await served.stop()

    assert sorted(paths) == sorted(2 * [f"/{name}" for name in answers])
    assert set(receiver.ids()) == {decision}
    assert {line["endpoint"]: line["detail"] for line in failed} == {name: said for name, (_, said) in answers.items()}
    assert "secret-of-the-receiver" not in lines
    assert SECRET not in lines


async def test_one_endpoint_that_hangs_keeps_no_other_waiting(site: Site, receiver: Receiver) -> None:
    """While one receiver answers nothing for seconds, another one gets its events at once."""
    with receiving() as slow:

        def hang(_got: Got) -> Reply:
            time.sleep(3)
            return 200, {}, b""

        slow.answer = hang
        site.tell(slow.file("slow", ["    timeout_seconds: 1"]), receiver.file())
        async with site.server() as (served, client):
            ids = [await record(client, f"p-{number}") for number in range(5)]
            began = time.monotonic()
            await until(receiver, *ids)
            took = time.monotonic() - began
            await served.until(lambda: bool(served.of("webhook_failed")), "failed")
            detail = served.of("webhook_failed")[0]["detail"]
            served.process.kill()

    assert took < 3
    assert detail == "no answer within 1 s"


async def test_a_drop_at_a_time_is_an_answer_that_never_comes(site: Site, receiver: Receiver) -> None:
    """The time of a delivery is for the whole of it, however often a receiver sends a byte."""

    def drip(_got: Got) -> bytes:
        time.sleep(1.2)
        return b"HTTP/1.1 200 OK\r\n"

    receiver.answer = drip
    site.tell(receiver.file(more=["    timeout_seconds: 1"]))
    async with site.server() as (served, client):
        await record(client, "refund-agent")
        await served.until(lambda: bool(served.of("webhook_failed")), "failed")
        detail = served.of("webhook_failed")[0]["detail"]
        served.process.kill()

    assert detail == "no answer within 1 s"


async def test_an_endless_answer_is_cut_off(site: Site, receiver: Receiver) -> None:
    """Of an answer little is read, however much there is; its status counts."""
    receiver.answer = lambda _got: (200, {}, b"x" * 50_000_000)
    site.tell_all(receiver)
    async with site.server() as (served, client):
        await record(client, "refund-agent")
        await served.until(lambda: bool(served.of("webhook_delivered")), "delivered")
        peak = _peak_kilobytes(served.process.pid)
        await served.stop()

    assert len(receiver.got) == 1
    assert peak < 400_000


def _peak_kilobytes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])


async def test_whoever_is_gone_is_told_nothing_more(site: Site, receiver: Receiver) -> None:
    """After 410 an endpoint gets nothing until its address changes, and then what it missed."""
    receiver.answer = lambda _got: (410, {}, b"")
    site.tell_all(receiver)
    async with site.server() as (served, client):
        first = await record(client, "one")
        await served.until(lambda: bool(served.of("webhook_disabled")), "disabled")
        second = await record(client, "two")
        await asyncio.sleep(1)
        got_meanwhile = receiver.ids()
        receiver.answer = lambda _got: (200, {}, b"")
        site.tell(receiver.file().replace("/procurement", "/moved"))
        await until(receiver, second)
        await asyncio.to_thread(receiver.until, lambda: receiver.ids().count(first) == 2)
        await served.stop()

    assert got_meanwhile == [first]


async def test_a_receiver_that_asks_for_time_gets_it(site: Site, receiver: Receiver) -> None:
    """After 429 with Retry-After nothing comes before that time is over, of other subjects either."""
    times: list[float] = []

    def busy(_got: Got) -> Reply:
        times.append(time.monotonic())
        headers: Mapping[str, str] = {"retry-after": "2"}
        return (429, headers, b"") if len(times) == 1 else (200, {}, b"")

    receiver.answer = busy
    site.tell_all(receiver)
    async with site.server() as (served, client):
        first = await record(client, "one")
        await asyncio.to_thread(receiver.until, lambda: len(times) == 1)
        second = await record(client, "two")
        await until(receiver, first, second)
        await asyncio.to_thread(receiver.until, lambda: len(times) == 3)
        await served.stop()

    assert times[1] - times[0] >= 1.9


async def test_events_of_a_proposal_come_in_order(site: Site, receiver: Receiver) -> None:
    """What fails holds back what comes behind it of the same proposal, and nothing of others."""

    def refuse_a_at_first(got: Got) -> Reply:
        return (503 if got.event["subject"] == "a" and len(receiver.got) < 4 else 204), {}, b""

    receiver.answer = refuse_a_at_first
    site.tell_all(receiver)
    async with site.server() as (served, client):
        a = [(await client.evaluate(asked("a", number))).record.decision_id for number in range(3)]
        b = [(await client.evaluate(asked("b", number))).record.decision_id for number in range(3)]
        await until(receiver, *a, *b)
        await served.stop()
    taken = list(dict.fromkeys(reversed(receiver.ids())))[::-1]

    assert [each for each in taken if each in a] == a
    assert [each for each in taken if each in b] == b


async def test_both_secrets_sign_while_one_takes_over(site: Site, receiver: Receiver) -> None:
    """With two secrets in the file each event has both signatures; a changed file counts within seconds."""
    site.tell_all(receiver)
    async with site.server() as (served, client):
        first = await record(client, "one")
        await until(receiver, first)
        (site.directory / "secret").write_text(f"{OTHER_SECRET}\n{SECRET}\n")
        await asyncio.sleep(1.5)
        second = await record(client, "two")
        await until(receiver, second)
        await served.stop()
    before, after = receiver.got

    assert [before.is_signed_with(each) for each in (SECRET, OTHER_SECRET)] == [True, False]
    assert [after.is_signed_with(each) for each in (SECRET, OTHER_SECRET)] == [True, True]


async def test_a_filter_leaves_out_what_is_not_wanted(site: Site, receiver: Receiver) -> None:
    """An endpoint gets only what its types, proposals and verdicts cover."""
    more = ["    events:", "      proposals: ['refund-*']", "      verdicts: [UNDETERMINED, NO_GO]"]
    site.tell(receiver.file(more=more))
    async with site.server() as (served, client):
        await record(client, "claims")
        wanted = await record(client, "refund-1")
        await until(receiver, wanted)
        await asyncio.sleep(0.5)
        await served.stop()

    assert receiver.ids() == [wanted]


async def test_one_of_several_workers_tells(site: Site, receiver: Receiver) -> None:
    """When the worker that tells is killed another one goes on; no event is left out."""
    site.tell_all(receiver)
    async with site.server("--workers", "2") as (served, client):
        first = await record(client, "one")
        await until(receiver, first)
        await served.until(lambda: bool(served.of("webhook_delivered")), "delivered")
        teller = served.of("webhook_delivered")[0]["worker"]
        pid = next(line["pid"] for line in served.of("worker_serving") if line["worker"] == teller)
        os.kill(pid, signal.SIGKILL)
        await asyncio.sleep(1.5)
        second = await record(client, "two")
        await until(receiver, second)
        await asyncio.sleep(0.5)
        await served.stop()

    assert list(dict.fromkeys(receiver.ids())) == [first, second]
