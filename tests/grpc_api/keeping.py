"""A server with a record in this process: real keys, real names, a real SQLite, on a free port."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from readygate_server.bootstrap import Snapshot
from readygate_server.bootstrap.record import open_record
from readygate_server.bootstrap.served_rules import ServedRules
from readygate_server.settings import RecordSettings
from tests.grpc_api.serving import Running, running


@asynccontextmanager
async def keeping(snapshot: Snapshot, directory: Path, *, database_url: str = "") -> AsyncIterator[Running]:
    """Runs a server that records in a directory, or in a PostgreSQL with the keys in the directory."""
    rules = ServedRules()
    record = await open_record(RecordSettings(directory, database_url), rules)
    try:
        await record.keep_rulesets(snapshot)
        async with running(snapshot, gate=rules, keeping=record.keeping) as served:
            yield served
    finally:
        await record.close()
