"""What the tests of the service share: rules that are loaded once, and a server for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from readygate_server.bootstrap import Snapshot, load_snapshot
from tests.grpc_api import rules_on_disk
from tests.grpc_api.serving import Running, running


@pytest.fixture(scope="session")
def packaged() -> Snapshot:
    """Loads the rules that ship."""
    return load_snapshot().compile_all()


@pytest.fixture(scope="session")
def overflowing(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """Loads a ruleset with a condition that can not be evaluated."""
    directory: Path = tmp_path_factory.mktemp("rules")
    rules_on_disk.write(directory, version="2026.1.0", require=rules_on_disk.OVERFLOW)
    return load_snapshot(directory).compile_all()


@pytest.fixture
async def served(packaged: Snapshot) -> AsyncIterator[Running]:
    """Runs a server with the rules that ship."""
    async with running(packaged) as server:
        yield server
