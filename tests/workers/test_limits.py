"""Limits of callers hold for a server, not for each of its workers."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import grpc
import grpc.aio
import pytest

from readygate_server.adapters.identity.api_keys import new_key
from readygate_server.adapters.identity.shared_counts import SLOTS, SharedCounts, make_counts
from readygate_server.application.allowance import Allowance, Counts, Meter, OwnCounts
from readygate_server.domain.errors import QuotaExceededError
from tests.workers.serving import Stub, asked, connections, workers

A_DAY = 10
IDENTITY = """\
services:
  - name: ci
bindings:
  - {{principals: [service:ci], roles: [evaluator]}}
api_keys:
  - {{id: ci-1, sha256: {digest}, principal: service:ci, expires_on: 2099-01-01}}
limits:
  - {{principals: [service:ci], decisions_per_day: {a_day}}}
"""
CHARGING = """
import sys
from readygate_server.adapters.identity.shared_counts import SharedCounts
from readygate_server.application.allowance import Allowance
from tests.workers.test_limits import let_through

print(let_through(SharedCounts(int(sys.argv[1])), Allowance(decisions_per_day=1_000), "ci", tries=5_000))
"""


@pytest.fixture
def file() -> Iterator[int]:
    """Makes counts that can be shared."""
    made = make_counts()
    yield made
    os.close(made)


def let_through(counts: Counts, allowance: Allowance, *names: str, tries: int = 50) -> int:
    """Returns how many calls and decisions of callers are let through at one moment of one day."""
    meter, count = Meter(monotonic=lambda: 5.0, clock=lambda: 86_400.0, counts=counts), 0
    for _ in range(tries):
        for name in names:
            try:
                meter.charge_call(name, allowance)
                meter.charge_decisions(name, allowance, 1)
            except QuotaExceededError:
                continue
            count += 1
    return count


@pytest.mark.parametrize("allowance", [Allowance(decisions_per_day=7), Allowance(calls_per_minute=1, burst=7)])
def test_what_one_worker_charged_the_other_knows(file: int, allowance: Allowance) -> None:
    """Two who share counts let through together what each alone would."""
    both = [let_through(counts, allowance, "ci") for counts in (SharedCounts(file), SharedCounts(file))]
    alone = [let_through(counts, allowance, "ci") for counts in (OwnCounts(), OwnCounts())]

    assert both == [7, 0]
    assert alone == [7, 7]


def test_callers_have_counts_of_their_own(file: int) -> None:
    """Many callers in one table do not use up what is each other's."""
    names = [f"caller-{number}" for number in range(2_000)]
    assert let_through(SharedCounts(file), Allowance(decisions_per_day=2), *names, tries=3) == 2 * len(names)


def test_a_table_that_is_full_still_counts(file: int) -> None:
    """Beyond the callers that fit, counting goes on, and who loses a slot starts anew."""
    counts = SharedCounts(file)
    names = [f"caller-{number}" for number in range(2 * SLOTS)]
    let_through(counts, Allowance(decisions_per_day=1), *names, tries=1)
    assert let_through(counts, Allowance(decisions_per_day=3), "another") == 3


def test_no_charge_is_lost_between_processes(file: int) -> None:
    """Two processes that charge one caller at the same time let through the limit, to the last one."""
    command = (sys.executable, "-c", CHARGING, str(file))
    processes = [subprocess.Popen(command, pass_fds=[file], stdout=subprocess.PIPE) for _ in range(2)]
    assert sum(int(process.communicate(timeout=60)[0]) for process in processes) == 1_000


async def test_a_day_of_a_caller_is_one_day_for_all_workers(tmp_path: Path) -> None:
    """On connections to both workers a caller gets the decisions of a day once, whichever worker it asks."""
    key = new_key("ci-1")
    identity = tmp_path / "identity.yaml"
    identity.write_text(IDENTITY.format(a_day=A_DAY, digest=key.digest), encoding="utf-8")
    metadata = [("authorization", f"Bearer {key.text}")]
    codes: Counter[grpc.StatusCode] = Counter()

    async def ask(stub: Stub, name: str) -> None:
        try:
            await stub.Evaluate(asked(name), metadata=metadata)
        except grpc.aio.AioRpcError as error:
            codes[error.code()] += 1
        else:
            codes[grpc.StatusCode.OK] += 1

    async with workers(None, "--identity", str(identity)) as served, connections(await served.ready()) as stubs:
        await asyncio.gather(*(ask(stub, f"{at}-{turn}") for turn in range(3) for at, stub in enumerate(stubs)))
        await served.until(lambda: len(served.of("call")) == 3 * len(stubs), "logged every call")

    assert codes == {grpc.StatusCode.OK: A_DAY, grpc.StatusCode.RESOURCE_EXHAUSTED: 3 * len(stubs) - A_DAY}
    assert {line["worker"] for line in served.of("call")} == {1, 2}
