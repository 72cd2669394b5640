"""A server in this process, on a free port, with everything real behind it."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import structlog
from grpc_health.v1 import health_pb2, health_pb2_grpc  # type: ignore[import-untyped]

from readygate import AsyncGateClient
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.proposals.reader import read_proposal
from readygate_server.bootstrap import Snapshot
from readygate_server.bootstrap.served_rules import ServedRules
from readygate_server.grpc_api.keeping import Keeping
from readygate_server.grpc_api.server import GateServer
from readygate_server.observability import Metrics, configure_logging
from readygate_server.settings import Address, Limits, ServerSettings

AS_OF = "2026-11-01"
_EXAMPLE = Path(__file__).parents[2] / "clients/examples/refund-agent.yaml"


@dataclass
class Running:
    """A server that runs, a client of it, and what it says about itself."""

    server: GateServer
    metrics: Metrics
    client: AsyncGateClient
    log: io.StringIO = field(default_factory=io.StringIO)

    @property
    def target(self) -> str:
        """What clients connect to."""
        return str(self.server.address)

    def lines(self, event: str = "call") -> list[dict[str, Any]]:
        """Returns the log lines of one kind."""
        lines = [json.loads(line) for line in self.log.getvalue().splitlines()]
        return [line for line in lines if line["event"] == event]

    def judged(self) -> float:
        """Returns how many proposals were judged, whatever became of the answer."""
        names = ("GO", "GO_WITH_CONDITIONS", "NO_GO", "UNDETERMINED")
        return sum(self.metrics.value("readygate_decisions_total", verdict=name) for name in names)


async def eventually(holds: Callable[[], bool], seconds: float = 5) -> bool:
    """Returns whether something comes to hold; what follows a reply may take a moment longer than the reply."""
    for _ in range(int(seconds / 0.01)):
        if holds():
            return True
        await asyncio.sleep(0.01)
    return holds()


async def health_of(target: str, service: str = "") -> int:
    """Returns what a server says about its health."""
    async with grpc.aio.insecure_channel(target) as channel:
        reply = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(service=service))
        status: int = reply.status
        return status


@asynccontextmanager
async def running(
    snapshot: Snapshot | None,
    *,
    gate: ServedRules | None = None,
    calls: int = 256,
    listen: str = "127.0.0.1:0",
    keeping: Keeping | None = None,
    limits: Limits | None = None,
) -> AsyncIterator[Running]:
    """Runs a server; without rulesets it is not ready, and without keeping it has no record."""
    log = io.StringIO()
    configure_logging(log)
    metrics = Metrics()
    served = gate or ServedRules()
    if snapshot is not None:
        served.swap(snapshot)
    settings = ServerSettings(
        listen=Address.parse(listen), concurrent_calls=calls, drain_seconds=5, limits=limits or Limits()
    )
    server = GateServer(served, settings, metrics, keeping=keeping)
    await server.start()
    if snapshot is not None:
        await server.show_serving()
    client = AsyncGateClient(str(server.address))
    try:
        yield Running(server, metrics, client, log)
    finally:
        await client.close()
        await server.drain()
        structlog.reset_defaults()
        structlog.contextvars.clear_contextvars()


def refund_agent() -> Proposal:
    """Returns the worked example."""
    proposal, _ = read_proposal(_EXAMPLE.read_text(encoding="utf-8"), file=_EXAMPLE.name)
    return proposal


def tiny(name: str = "p", *, completeness: float | None = 0.95) -> Proposal:
    """Returns a proposal with one source and little else."""
    proposal = Proposal(id=name)
    proposal.deployment.interactions_per_month = 100
    source = proposal.data_sources.add(id="crm")
    if completeness is not None:
        source.completeness = completeness
    return proposal
