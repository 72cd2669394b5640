"""`readygate waivers`: from the request to the revocation, over a server that asks who calls."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from readygate.v1 import decision_pb2 as decisions
from tests.cli.command import Ran, readygate
from tests.cli.serving import served
from tests.identity.authority import put
from tests.identity.conftest import authority, files, idp
from tests.identity.provider import Provider
from tests.identity.serving import Files
from tests.identity.test_waivers import Bank, day, opened, proposal

__all__ = ["authority", "files", "idp"]
CONTROL = ("--control", "Staff check each answer.")


@pytest.fixture
async def bank(tmp_path: Path, files: Files, idp: Provider) -> AsyncIterator[Bank]:
    """A server with a record whose rule asks for two approvals."""
    async with opened(tmp_path, files, idp, "waiver_quorum: 2\n") as running:
        put(tmp_path / "authority.pem", running.files.authority.certificate)
        yield running


async def run(bank: Bank, who: str, *arguments: str, **claims: object) -> Ran:
    """Runs a command of waivers as somebody."""
    ca = bank.files.directory / "authority.pem"
    env = {"READYGATE_TOKEN": bank.token(who, **claims), "READYGATE_CA": str(ca)}
    return await asyncio.to_thread(lambda: readygate("waivers", *arguments, "--server", bank.target, env=env))


async def requested(bank: Bank) -> str:
    """Asks for a waiver as Ada; returns its id."""
    decision = (await bank.evaluate(proposal())).record.decision_id
    about = ("acm-01", "--subject", "crm", "--reason", "The CRM is replaced.", *CONTROL, "--until", day(10))
    ran = await run(bank, "ada", "request", decision, *about)
    assert (ran.code, ran.err) == (0, "")
    return ran.out.split(maxsplit=1)[0]


async def test_from_request_to_revocation(bank: Bank) -> None:
    """Each command does its step and shows what came of it; the verdict follows."""
    waiver = await requested(bank)
    first = await run(bank, "grace", "approve", waiver, "--reason", "Seen.")
    second = await run(bank, "alan", "approve", waiver)
    verdict = (await bank.evaluate(proposal())).decision.verdict
    revoked = await run(bank, "ada", "revoke", waiver, "--reason", "It is mended.")
    shown = await run(bank, "grace", "show", waiver)

    assert [ran.code for ran in (first, second, revoked, shown)] == [0] * 4
    assert "requested (1 of 2 approvals)  ACM-01 for crm in p" in first.out
    assert "approved  ACM-01 for crm in p" in second.out
    assert verdict == decisions.VERDICT_GO_WITH_CONDITIONS
    assert "revoked  ACM-01 for crm in p" in revoked.out
    assert shown.out == revoked.out
    for said in ("requested ", "by ada", "by grace: Seen.", "by ada: It is mended.", "Staff check each answer."):
        assert said in shown.out


async def test_what_is_refused_ends_with_1(bank: Bank) -> None:
    """The reason goes to standard error: who asked, an old sign-in, an old etag, a waiver that is not there."""
    waiver = await requested(bank)
    etag = json.loads((await run(bank, "ada", "show", waiver, "--format", "json")).out)[0]["etag"]
    await run(bank, "grace", "approve", waiver)
    refused = {
        "who asked for it": await run(bank, "ada", "approve", waiver),
        "sign in again": await run(bank, "alan", "approve", waiver, auth_time=1),
        "has changed meanwhile": await run(bank, "alan", "approve", waiver, "--etag", etag),
        "no waiver has the id": await run(bank, "alan", "show", "f" * 32),
    }

    for why, ran in refused.items():
        assert (ran.code, ran.out) == (1, "")
        assert why in ran.err
    malformed = await run(bank, "alan", "show", "w-1")
    assert malformed.code == 3


async def test_lists(bank: Bank) -> None:
    """One line a waiver, newest first, filtered and limited; JSON has all of each."""
    first = await requested(bank)
    second = await requested(bank)
    await run(bank, "ada", "revoke", first, "--reason", "A mistake.")

    everything = await run(bank, "ada", "list")
    limited = await run(bank, "ada", "list", "--limit", "1")
    open_ones = await run(bank, "ada", "list", "--state", "requested", "--format", "json")
    none = await run(bank, "ada", "list", "--facts", "sha256:nobody")

    assert [line.split()[:2] for line in everything.out.splitlines()] == [[second, "requested"], [first, "revoked"]]
    assert len(limited.out.splitlines()) == 1
    assert [each["waiver"]["id"] for each in json.loads(open_ones.out)] == [second]
    assert (none.code, none.out) == (0, "no waivers\n")


def test_a_server_that_knows_nobody_refuses(tmp_path: Path) -> None:
    """Without identities there are no people, so nothing is waived; the command says so."""
    with served(tmp_path) as (_, address):
        ran = readygate(
            *("waivers", "request", "f" * 32, "DAT-03", "--reason", "An example.", *CONTROL),
            *("--until", day(1), "--server", address),
        )
        listed = readygate("waivers", "list", "--server", address)

    assert (ran.code, "no decision has the id" in ran.err) == (1, True)
    assert (listed.code, listed.out) == (0, "no waivers\n")
