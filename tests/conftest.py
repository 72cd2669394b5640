"""What every test may use: a PostgreSQL, and how hypothesis looks for counter-examples."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests import postgres

# No deadline: machines differ and a slow example is no failure. The same examples in CI every time, so that a red
# run can be repeated; elsewhere new ones each time, so that somebody finds what CI does not.
settings.register_profile("local", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("local"), derandomize=True, database=None, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The address of one PostgreSQL server for the whole session, where a test may make databases."""
    with postgres.shared_server() as url:
        yield url


@pytest.fixture
def postgres_database(postgres_url: str) -> Iterator[str]:
    """The address of an empty database that only this test uses."""
    with postgres.fresh_database(postgres_url) as url:
        yield url


@pytest.fixture
def postgres_cluster() -> Iterator[postgres.Cluster]:
    """A running server that only this test uses, to stop, kill and start."""
    with postgres.private_cluster() as cluster:
        yield cluster
