"""The stores that the suites hold for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from readygate_server.adapters.storage import RecordStore
from tests.contracts.records import Place


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Where an empty store can be opened: in a directory, and in a PostgreSQL."""
    if request.param == "sqlite":
        return Place(tmp_path / "data")
    url: str = request.getfixturevalue("postgres_database")
    return Place(url)


@pytest.fixture
async def store(place: Place) -> AsyncIterator[RecordStore]:
    """An open and empty store."""
    async with place.opened() as opened:
        yield opened
