"""Receivers with certificates of their own authority, and servers that share a database and not a machine."""

from __future__ import annotations

import asyncio
import shutil
import signal
from pathlib import Path

from tests.identity.authority import Authority, put
from tests.webhooks.receiver import Receiver, receiving
from tests.webhooks.serving import Site, record


async def test_a_receiver_is_trusted_by_the_authority_that_its_entry_names(site: Site, tmp_path: Path) -> None:
    """Over TLS an event comes where `ca_file` has signed the certificate, and nowhere else."""
    authority = Authority()
    put(tmp_path / "ca.pem", authority.certificate)
    put(tmp_path / "other.pem", Authority("another CA").certificate)
    with receiving(certificate=authority.server().write(tmp_path, "receiver")) as receiver:
        trusted = {"known": ["    ca_file: ca.pem"], "other": ["    ca_file: other.pem"], "none": []}
        site.tell(*(receiver.file(name, more) for name, more in trusted.items()))
        async with site.server() as (served, client):
            decision = await record(client, "refund-agent")
            await served.until(lambda: len({line["endpoint"] for line in served.of("webhook_failed")}) > 1, "failed")
            await served.until(lambda: bool(served.of("webhook_delivered")), "delivered")
            failed = {line["endpoint"]: line["detail"] for line in served.of("webhook_failed")}
            await served.stop()

    assert [(got.path, got.headers["webhook-id"]) for got in receiver.got] == [("/known", decision)]
    assert failed.keys() == {"other", "none"}
    assert all("not reached: its certificate is signed by nobody" in said for said in failed.values())


async def test_another_server_on_the_same_database_goes_on(
    tmp_path: Path, postgres_database: str, receiver: Receiver
) -> None:
    """Of two servers one tells; when it is killed the other one does, and nothing is left out."""
    sites = [Site(tmp_path / name, postgres_database) for name in ("a", "b")]
    for each in sites:
        each.directory.mkdir()
        each.tell_all(receiver)
    async with sites[0].server() as (served, _):
        await served.stop()
    shutil.copytree(sites[0].data / "keys", sites[1].data / "keys")
    async with sites[0].server() as one, sites[1].server() as other:
        decisions = [await record(one[1], "first")]
        await asyncio.to_thread(receiver.until, lambda: receiver.ids() == decisions)
        await one[0].until(lambda: any(each.of("webhook_delivered") for each, _ in (one, other)), "delivered")
        (teller, _), (stays, client) = (one, other) if one[0].of("webhook_delivered") else (other, one)
        teller.process.send_signal(signal.SIGKILL)
        await teller.process.wait()
        decisions += [await record(client, f"later-{number}") for number in range(3)]
        await asyncio.to_thread(receiver.until, lambda: set(decisions) <= set(receiver.ids()))
        await stays.until(lambda: len(stays.of("webhook_delivered")) >= 3, "delivered by the one that stays")
        await stays.stop()

    assert set(receiver.ids()) == set(decisions)
