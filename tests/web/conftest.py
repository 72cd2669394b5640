"""Servers that the tests of pages share: each is started once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.web.serving import Server, bank, served


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on loopback with a record and the rules that ship, for everybody on the machine."""
    with served("--data-dir", str(tmp_path_factory.mktemp("local") / "data")) as server:
        yield server


@pytest.fixture(scope="session")
def forgetful() -> Iterator[Server]:
    """A server without a record."""
    with served("--no-record") as server:
        yield server


@pytest.fixture(scope="session")
def people(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a record that knows its callers."""
    with bank(tmp_path_factory.mktemp("bank")) as server:
        yield server
