"""Opens a record for commands that keep it in order, while no server has it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass

from readygate_server.adapters.log.anchor import FileAnchor
from readygate_server.adapters.log.checkpoint import Ed25519CheckpointSigner
from readygate_server.adapters.log.origin import ensure_origin
from readygate_server.adapters.names import Vault
from readygate_server.adapters.signing.store import FOLDER as KEYS
from readygate_server.adapters.signing.store import KeyRing, ensure_keys
from readygate_server.adapters.storage import open_store
from readygate_server.adapters.storage.erasures import StoredErasures
from readygate_server.adapters.storage.retention import StoredRetention
from readygate_server.application.erasure import Erasures
from readygate_server.settings import RecordSettings


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What a record is kept in order with."""

    erasures: Erasures
    retention: StoredRetention


@asynccontextmanager
async def upkeep_of(settings: RecordSettings) -> AsyncIterator[Upkeep]:
    """Yields what keeps a record in order, with the erasures settled.

    Raises:
      StoreRefusedError: when a server has the record, or it must not be opened.
    """
    ensure_keys(settings.directory)
    ring, keys = KeyRing(settings.directory), settings.directory / KEYS
    signer = Ed25519CheckpointSigner(ensure_origin(keys, settings.log_origin), lambda: ring.current().checkpoint_key)
    anchor = FileAnchor(settings.anchor or settings.directory / "anchor")
    place = settings.database_url or settings.directory
    store = await open_store(place, signer=signer, anchor=anchor)
    try:
        with closing(Vault.at(place, keys)) as vault:
            upkeep = Upkeep(Erasures(vault, StoredErasures(store)), StoredRetention(store))
            await upkeep.erasures.settle()
            yield upkeep
    finally:
        await store.close()
