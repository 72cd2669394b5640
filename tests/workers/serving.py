"""Runs `readygate serve --workers 2`, and talks to it over several connections."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import grpc
import grpc.aio

from readygate import AsyncGateClient
from readygate.v1 import decision_service_pb2 as decisions
from readygate.v1 import gate_service_pb2 as pb
from readygate.v1.gate_service_pb2_grpc import GateServiceStub
from tests.grpc_api.processes import Served, started
from tests.grpc_api.serving import AS_OF, tiny

if TYPE_CHECKING:
    from readygate.v1.gate_service_pb2_grpc import GateServiceAsyncStub

Stub: TypeAlias = "GateServiceAsyncStub"
WORKERS = 2
CONNECTIONS = 12
"""So many that they meet both workers, but for one run in two thousand."""


@asynccontextmanager
async def workers(data: Path | None, *arguments: str, listen: str = "127.0.0.1:0") -> AsyncIterator[Served]:
    """Runs a server of two processes."""
    kept = ["--data-dir", str(data)] if data else ["--no-record"]
    where = ("--listen", listen, "--workers", str(WORKERS), *kept)
    async with started("-m", "readygate_server", "serve", *where, *arguments) as served:
        yield served


@asynccontextmanager
async def channels(address: str, count: int = CONNECTIONS) -> AsyncIterator[Sequence[grpc.aio.Channel]]:
    """Opens connections that are not shared, as those of several callers are not."""
    own = [("grpc.use_local_subchannel_pool", 1)]
    opened = [grpc.aio.insecure_channel(address, options=own) for _ in range(count)]
    try:
        for channel in opened:
            await asyncio.wait_for(channel.channel_ready(), 10)
        yield opened
    finally:
        for channel in opened:
            await channel.close()


@asynccontextmanager
async def connections(address: str, count: int = CONNECTIONS) -> AsyncIterator[Sequence[Stub]]:
    """Opens connections to the service that judges."""
    async with channels(address, count) as opened:
        yield [GateServiceStub(channel) for channel in opened]


def asked(request_id: str) -> pb.EvaluateRequest:
    """Returns the request of an id."""
    return pb.EvaluateRequest(request_id=request_id, proposal=tiny(request_id), as_of=AS_OF, view=pb.VIEW_SUMMARY)


async def recorded(address: str) -> list[str]:
    """Returns the ids of the requests of all recorded decisions."""
    found: list[str] = []
    request = decisions.ListDecisionsRequest(page_size=1000)
    async with AsyncGateClient(address) as client:
        while True:
            page = await client.list_decisions(request)
            found += [each.request_id for each in page.decisions]
            if not page.next_page_token:
                return found
            request.page_token = page.next_page_token


async def verified(data: Path) -> tuple[int, str]:
    """Returns what `log verify` ends with and says."""
    command = ("-m", "readygate_server", "log", "verify", "--data-dir", str(data))
    process = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


def pids(served: Served) -> dict[int, int]:
    """Returns the process of each worker, the newest."""
    return {line["worker"]: line["pid"] for line in served.of("worker_serving")}


def is_running(pid: int) -> bool:
    """True while a process is there and not a zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def is_there(path: str) -> bool:
    """True while there is something at a path."""
    return Path(path).exists()


def environment_of(pid: int) -> dict[str, str]:
    """Returns the environment that a process was started with."""
    pairs = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
    return dict(pair.split("=", 1) for pair in pairs if "=" in pair)
