"""A server in a process of its own that tells receivers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from readygate import AsyncGateClient
from readygate.v1 import gate_service_pb2 as pb
from tests.grpc_api.processes import Served, started
from tests.grpc_api.serving import AS_OF, tiny
from tests.webhooks.receiver import SECRET, Receiver


@dataclass(frozen=True)
class Site:
    """Where a server keeps its record and its webhooks file."""

    directory: Path
    database_url: str = ""
    arguments: Sequence[str] = ()

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.directory / "data"

    @property
    def file(self) -> Path:
        """The webhooks file."""
        return self.directory / "webhooks.yaml"

    def tell(self, *entries: str, secret: str = SECRET) -> None:
        """Writes the webhooks file."""
        (self.directory / "secret").write_text(secret + "\n")
        self.file.write_text("endpoints:\n" + "".join(entries))

    def tell_all(self, receiver: Receiver) -> None:
        """Writes a webhooks file of one endpoint that wants everything."""
        self.tell(receiver.file())

    @asynccontextmanager
    async def server(self, *more: str) -> AsyncIterator[tuple[Served, AsyncGateClient]]:
        """Runs a server."""
        database = ["--database-url", self.database_url] if self.database_url else []
        where = ["--listen", "127.0.0.1:0", "--data-dir", str(self.data), "--webhooks", str(self.file), *database]
        async with (
            started("-m", "readygate_server", "serve", *where, *self.arguments, *more) as served,
            AsyncGateClient(await served.ready()) as client,
        ):
            yield served, client


def asked(name: str, number: int = 1, *, as_of: str = AS_OF) -> pb.EvaluateRequest:
    """Returns a request about a small proposal."""
    return pb.EvaluateRequest(request_id=f"{name}-{number}", proposal=tiny(name), as_of=as_of)


async def record(client: AsyncGateClient, name: str) -> str:
    """Records a decision and returns its id."""
    return (await client.evaluate(asked(name))).record.decision_id
