"""A store in a directory."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.contracts.records import Place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Where an empty store can be opened."""
    return Place(tmp_path / "data")
