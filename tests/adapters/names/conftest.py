"""Vaults in a directory and in a PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from readygate_server.adapters.names import Vault

Open = Callable[[], Vault]
OpenAt = Callable[[Path, Path, dict[str, str]], Vault]


@pytest.fixture
def vault_at() -> Iterator[OpenAt]:
    """Opens vaults in directories, with the folder of their key and an environment; closes them after the test."""
    with ExitStack() as opened:
        yield lambda place, keys, environment: opened.enter_context(closing(Vault.at(place, keys, environment)))


@pytest.fixture(params=["sqlite", "postgres"])
def open_vault(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Opens the same vault again and again, as several processes do."""
    place: str | Path = tmp_path
    if request.param == "postgres":
        url: str = request.getfixturevalue("postgres_database")
        place = url.replace("postgresql://", "postgresql+psycopg://")
    with ExitStack() as opened:
        yield lambda: opened.enter_context(closing(Vault.at(place, tmp_path / "keys", {})))


@pytest.fixture
def vault(open_vault: Open) -> Vault:
    """A vault that knows nobody yet."""
    return open_vault()
