"""A server that is killed loses nothing that it acknowledged, does nothing twice, and leaves a log that holds."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.faults.kill import HASTY, Place, run


def test_nothing_acknowledged_is_lost_on_sqlite(tmp_path: Path) -> None:
    """After kills under load every acknowledged decision is there, once, and the log verifies."""
    damage = asyncio.run(run(Place(tmp_path / "data"), 2, seed=1))
    assert damage.is_none, damage
    assert damage.answered > 0


def test_nothing_acknowledged_is_lost_on_postgres(tmp_path: Path, postgres_database: str) -> None:
    """The same holds where the record is in a PostgreSQL that lives on."""
    damage = asyncio.run(run(Place(tmp_path / "data", postgres_database), 1, seed=2))
    assert damage.is_none, damage
    assert damage.answered > 0


def test_who_acknowledges_too_early_is_found_out(tmp_path: Path) -> None:
    """A server that answers before the record is durable loses decisions, and this search finds that it did."""
    damage = asyncio.run(run(Place(tmp_path / "data", program=HASTY), 1, seed=3))
    assert damage.lost > 0
