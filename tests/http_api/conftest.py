"""What tests of HTTP share."""

from __future__ import annotations

import pytest

from readygate_server.bootstrap import Snapshot, load_snapshot


@pytest.fixture(scope="session")
def packaged() -> Snapshot:
    """Rulesets as they are shipped."""
    return load_snapshot().compile_all()
