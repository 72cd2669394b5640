"""What the tests of identity share: an authority, a provider, and a server that asks who calls."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from readygate_server.bootstrap import Snapshot, load_snapshot
from tests.identity.authority import Authority, put
from tests.identity.provider import Provider, provider
from tests.identity.serving import Files, Guarded, guarded


@pytest.fixture(scope="session")
def packaged() -> Snapshot:
    """Loads the rules that ship."""
    return load_snapshot().compile_all()


@pytest.fixture(scope="session")
def authority() -> Authority:
    """Makes the authority that the server trusts."""
    return Authority()


@pytest.fixture
def idp() -> Iterator[Provider]:
    """Runs an identity provider."""
    with provider() as state:
        yield state


@pytest.fixture
def files(tmp_path: Path, authority: Authority, idp: Provider) -> Files:
    """Writes the files of a server with identities; the provider's keys are in one of them."""
    put(tmp_path / "keys.json", json.dumps(idp.key_set()))
    described = Files(tmp_path, authority)
    described.write()
    return described


@pytest.fixture
async def gate(packaged: Snapshot, files: Files) -> AsyncIterator[Guarded]:
    """Runs a server with identities."""
    async with guarded(packaged, files) as server:
        yield server
