"""`serve --workers 2`: two processes behind one port answer as one server."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import grpc
import grpc.aio

from readygate_server.bootstrap.workers import STARTS
from tests.cli.command import readygate
from tests.grpc_api.processes import Served, started
from tests.grpc_api.serving import eventually, health_of
from tests.workers.serving import (
    CONNECTIONS,
    WORKERS,
    Stub,
    asked,
    connections,
    environment_of,
    is_running,
    is_there,
    pids,
    recorded,
    verified,
    workers,
)

TWINS = 32
DYING = """
import os, sys
from readygate_server.bootstrap import server
from readygate_server.bootstrap.seat import OPENED, Link
from readygate_server.cli.main import main

async def serve(_settings, seat):
    Link(seat).tell(OPENED)
    os._exit(9)

server.serve = serve
sys.exit(main())
"""
"""A server whose workers die before they serve."""
IMPATIENT = """
import sys
from readygate_server.bootstrap import workers
from readygate_server.cli.main import main

workers.LATENESS_SECONDS = 1
sys.exit(main())
"""
"""A server that waits less than others for its workers to end."""
RESTLESS = """
import sys
from readygate_server.cli.main import main
from readygate_server.grpc_api import server

server.CONNECTION_SECONDS = 1
sys.exit(main())
"""
"""A server whose connections last a second."""


async def test_workers_answer_on_one_port_and_stop_together(tmp_path: Path) -> None:
    """One line says that all serve, connections are spread, figures are summed, and a signal ends all with 0."""
    data = tmp_path / "data"
    async with workers(data, "--metrics", "127.0.0.1:0") as served:
        address = await served.ready()
        assert await health_of(address) == 1
        async with connections(address) as stubs:
            for number, stub in enumerate(stubs):
                await stub.Evaluate(asked(f"r-{number}"))
            await served.until(lambda: len(served.of("call")) == CONNECTIONS, "logged every call")
        metrics = await served.metrics()
        code = await served.stop()

    assert code == 0
    assert [line["workers"] for line in served.of("serving")] == [WORKERS]
    assert {line["worker"] for line in served.of("call")} == {1, 2}
    assert f'readygate_calls_total{{code="OK",method="GateService/Evaluate"}} {CONNECTIONS}.0' in metrics
    assert "readygate_workers_serving 2.0" in metrics
    assert metrics.count("readygate_ruleset_info{") == 3
    assert len(served.of("stopped")) == WORKERS
    assert served.other == []
    assert (await verified(data))[0] == 0


async def test_twins_are_one_decision_whichever_worker_gets_them(tmp_path: Path) -> None:
    """Requests with one id that come to both workers at the same time get one decision, to the byte."""
    async with workers(tmp_path / "data") as served:
        address = await served.ready()
        async with connections(address) as stubs:
            for round_ in range(5):
                twins = [stubs[each % CONNECTIONS].Evaluate(asked(f"twin-{round_}")) for each in range(TWINS)]
                assert len({reply.SerializeToString() for reply in await asyncio.gather(*twins)}) == 1
        found = await recorded(address)
        await served.stop()

    assert sorted(found) == [f"twin-{round_}" for round_ in range(5)]
    assert {line["worker"] for line in served.of("call") if line["method"] == "GateService/Evaluate"} == {1, 2}
    assert (await verified(tmp_path / "data"))[0] == 0


async def test_a_worker_that_is_killed_loses_nothing_and_comes_back(tmp_path: Path) -> None:
    """After kill -9 of a worker under load the other goes on, a new one serves, and every answer is recorded once."""
    data = tmp_path / "data"
    async with workers(data) as served:
        address = await served.ready()
        async with connections(address) as stubs:
            load = _Load(stubs)
            for worker in (1, 2):
                await load.some_are_answered()
                await _kill(served, pids(served)[worker])
            await load.some_are_answered()
            await load.end()
        found = Counter(await recorded(address))
        code = await served.stop()

    assert load.failed <= {grpc.StatusCode.UNAVAILABLE}
    assert [line["code"] for line in served.of("worker_ended")] == [-signal.SIGKILL] * 2
    assert load.answered == set(found)  # also what was asked again, because nobody had answered
    assert set(found.values()) == {1}
    assert code == 0
    assert (await verified(data))[0] == 0


async def test_a_drain_loses_no_call(tmp_path: Path) -> None:
    """Told to stop under load, workers answer what they took, so that what is recorded is what was answered."""
    data = tmp_path / "data"
    async with workers(data) as served:
        address = await served.ready()
        async with connections(address) as stubs:
            load = _Load(stubs, retries=False)
            await load.some_are_answered()
            assert await served.stop() == 0
            await load.end()
    assert load.failed == {grpc.StatusCode.UNAVAILABLE}

    async with workers(data) as served:
        assert set(await recorded(await served.ready())) == load.answered
        await served.stop()
    assert (await verified(data))[0] == 0


async def test_a_connection_ends_in_time_without_a_call_lost() -> None:
    """One caller with one connection meets both workers in time, because connections end, and no call fails by that."""
    arguments = ("serve", "--no-record", "--listen", "127.0.0.1:0", "--workers", "2")
    async with started("-c", RESTLESS, *arguments) as served, connections(await served.ready(), 1) as stubs:
        load = _Load(stubs, retries=False)
        await served.until(lambda: len({line["worker"] for line in served.of("call")}) == WORKERS, "met both", 60)
        await load.end()
    assert load.failed == set()


async def test_workers_end_when_their_server_is_killed(tmp_path: Path) -> None:
    """After kill -9 of the server no worker is left, and what it held, port and directory, is free."""
    data = tmp_path / "data"
    async with workers(data, "--metrics", "127.0.0.1:0") as served:
        address = await served.ready()
        left = pids(served).values()
        counts = environment_of(pids(served)[1])["PROMETHEUS_MULTIPROC_DIR"]
        assert is_there(counts)
        served.process.kill()
        await served.process.wait()
        assert await eventually(lambda: not any(map(is_running, left)), 15)
        assert not is_there(counts)

    async with workers(data, listen=address) as served:
        assert await served.ready() == address
        await served.stop()
    assert (await verified(data))[0] == 0


async def test_a_second_server_is_kept_out(tmp_path: Path) -> None:
    """Workers share their port with each other and with nobody else, and neither do they share their directory."""
    data = tmp_path / "data"
    async with workers(data) as served:
        address = await served.ready()
        one, several = ("serve", "--no-record", "--listen", address), ("--workers", "2")
        same_data = ("serve", "--listen", "127.0.0.1:0", "--data-dir", data)
        runs = [
            asyncio.to_thread(readygate, *arguments)
            for arguments in (one, (*one, *several), same_data, (*same_data, *several))
        ]
        ran = await asyncio.gather(*runs)
        holder = served.process.pid
        await served.stop()

    assert [each.code for each in ran] == [4, 4, 3, 3]
    assert all(f"can not listen on {address}" in each.err for each in ran[:2])
    assert all(f"is in use by the process {holder}" in each.err for each in ran[2:])


async def test_a_worker_that_does_not_end_is_killed() -> None:
    """A worker that hangs does not keep the others from draining nor the server from ending, which then is with 4."""
    arguments = ("serve", "--no-record", "--listen", "127.0.0.1:0", "--workers", "2", "--grace", "1")
    async with started("-c", IMPATIENT, *arguments) as served:
        await served.ready()
        os.kill(pids(served)[1], signal.SIGSTOP)
        code = await served.stop()

    assert code == 4
    assert [line["worker"] for line in served.of("stopped")] == [2]
    assert [line["pid"] for line in served.of("worker_killed")] == [pids(served)[1]]


async def test_what_can_not_be_used_ends_the_server_with_one_message(tmp_path: Path) -> None:
    """A fault that a worker finds ends the server with its exit code, and is told once."""
    identity = tmp_path / "identity.yaml"
    identity.write_text("people: nobody\n", encoding="utf-8")
    async with workers(None, "--identity", str(identity)) as served:
        code = await asyncio.wait_for(served.process.wait(), 60)

    assert code == 3
    assert "".join(served.other).count("people") == 1


async def test_workers_that_never_serve_are_given_up() -> None:
    """A server whose workers end again and again before they serve gives up with 4, and says how they ended."""
    arguments = ("serve", "--no-record", "--listen", "127.0.0.1:0", "--workers", "2")
    async with started("-c", DYING, *arguments) as served:
        code = await asyncio.wait_for(served.process.wait(), 120)

    assert code == 4
    assert {line["code"] for line in served.of("worker_ended")} == {9}
    assert len(served.of("worker_ended")) >= STARTS


async def _kill(served: Served, victim: int) -> None:
    """Kills a worker and waits until another one serves in its place."""
    os.kill(victim, signal.SIGKILL)
    await served.until(lambda: any(line["pid"] == victim for line in served.of("worker_ended")), "told its end")
    await served.until(lambda: victim not in pids(served).values(), "serving again")


class _Load:
    """Callers on all connections, each with one request after the other."""

    def __init__(self, stubs: Sequence[Stub], *, retries: bool = True) -> None:
        self.answered: set[str] = set()
        self.failed: set[grpc.StatusCode] = set()
        self._retries = retries
        self._is_over = False
        self._calls = [asyncio.create_task(self._call(stub, f"c{number}")) for number, stub in enumerate(stubs)]

    async def some_are_answered(self) -> None:
        """Waits until some more calls were answered."""
        enough = len(self.answered) + 100
        assert await eventually(lambda: len(self.answered) >= enough, 60)

    async def end(self) -> None:
        """Waits until nobody asks any more."""
        self._is_over = True
        await asyncio.gather(*self._calls)

    async def _call(self, stub: Stub, name: str) -> None:
        number = 0
        while not self._is_over:
            request = asked(f"{name}-{number}")
            while True:
                try:
                    await stub.Evaluate(request, timeout=20)
                except grpc.aio.AioRpcError as error:
                    self.failed.add(error.code())
                    if not self._retries:
                        return
                    await asyncio.sleep(0.05)
                    continue
                break
            self.answered.add(request.request_id)
            number += 1
