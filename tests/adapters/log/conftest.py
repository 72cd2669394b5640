"""Records that are made once."""

from __future__ import annotations

import pytest
from tests.adapters.log.records import Records


@pytest.fixture(scope="session")
def records(tmp_path_factory: pytest.TempPathFactory) -> Records:
    """Makes records for tests."""
    return Records(tmp_path_factory.mktemp("records"))
