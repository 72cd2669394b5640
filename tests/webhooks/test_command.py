"""`readygate webhooks`: dead letters are seen and tried again, and endpoints are tested."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from contextlib import closing

from tests.cli.command import readygate
from tests.webhooks.receiver import SECRET, Receiver, free_port, receiving
from tests.webhooks.serving import Site, record


async def test_a_dead_letter_is_seen_and_tried_again(site: Site) -> None:
    """What was given up after days is listed with its reason, and comes when somebody asks for it."""
    port = free_port()
    with receiving(port) as receiver:
        site.tell_all(receiver)
    async with site.server() as (served, client):
        decision = await record(client, "refund-agent")
        await served.until(lambda: bool(served.of("webhook_failed")), "failed")
        await served.stop()
    _age(site)
    async with site.server("--metrics", "127.0.0.1:0") as (served, _client):
        await served.until(lambda: bool(served.of("webhook_dead")), "given up")
        where = ("--data-dir", str(site.data))
        dead = await asyncio.to_thread(readygate, "webhooks", "dead", *where, "--format", "json")
        listed = await asyncio.to_thread(readygate, "webhooks", "list", *where)
        with receiving(port) as receiver:
            again = await asyncio.to_thread(readygate, "webhooks", "retry", "procurement", decision, *where)
            await asyncio.to_thread(receiver.until, lambda: receiver.ids() == [decision])
            await served.until(lambda: bool(served.of("webhook_delivered")), "delivered")
            metrics = await served.metrics()
            await served.stop()
    (letter,) = json.loads(dead.out)

    assert (letter["endpoint"], letter["event_id"], letter["subject"]) == ("procurement", decision, "refund-agent")
    assert letter["detail"] == "not reached: ConnectError"
    assert listed.out.splitlines()[1].split() == ["procurement", "0", "1", "0", "no"]
    assert again.code == 0
    assert 'readygate_webhook_deliveries_total{endpoint="procurement",outcome="dead"} 1.0' in metrics
    assert 'readygate_webhook_deliveries_total{endpoint="procurement",outcome="delivered"} 1.0' in metrics


def _age(site: Site) -> None:
    """Makes what was tried a while ago have been tried for a week, which no test can wait for."""
    week_ago = (int(time.time()) - 7 * 86_400) * 1_000_000
    with closing(sqlite3.connect(site.data / "record.db")) as connection:
        connection.execute("UPDATE notice_delivery SET first_at = ?, next_at = 0", (week_ago,))
        connection.commit()


def test_an_endpoint_is_tested_without_a_server(site: Site, receiver: Receiver) -> None:
    """A test event is signed as any other, and the command says what came of it."""
    site.tell(receiver.file())
    good = readygate("webhooks", "test", "--webhooks", site.file)
    receiver.answer = lambda _got: (500, {}, b"")
    bad = readygate("webhooks", "test", "procurement", "--webhooks", site.file)
    unknown = readygate("webhooks", "test", "nobody", "--webhooks", site.file)

    assert (good.code, good.out) == (0, "procurement: delivered, status 204\n")
    assert (bad.code, bad.out) == (4, "procurement: failed, status 500\n")
    assert unknown.code == 3
    assert receiver.got[0].is_signed_with(SECRET)
    assert receiver.got[0].event["type"] == "dev.readygate.webhook.test.v1"
    assert len(receiver.got) == 2


def test_a_server_does_not_start_with_a_faulty_file(site: Site) -> None:
    """Faults of the file end the command with all of them, before anything is recorded."""
    site.tell("  - {name: one, url: 'http://hooks.example/', secret_file: secret}\n")
    ran = readygate("serve", "--data-dir", site.data, "--webhooks", site.file, "--listen", "127.0.0.1:0")
    none = readygate("serve", "--no-record", "--webhooks", site.file)

    assert ran.code == none.code == 3
    assert "https" in ran.err
