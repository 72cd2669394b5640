"""Receivers, and servers on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.webhooks.receiver import Receiver, receiving
from tests.webhooks.serving import Site


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver that takes everything."""
    with receiving() as found:
        yield found


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Where a server is to run on SQLite."""
    return Site(tmp_path)


@pytest.fixture(params=["sqlite", "postgres"])
def any_site(request: pytest.FixtureRequest, tmp_path: Path) -> Site:
    """Where a server is to run, on either database."""
    if request.param == "sqlite":
        return Site(tmp_path)
    url: str = request.getfixturevalue("postgres_database")
    return Site(tmp_path, url)
