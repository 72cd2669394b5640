"""The first steps to an open record, for servers and for commands that keep it in order."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass

from readygate_server.adapters.log.anchor import FileAnchor
from readygate_server.adapters.log.checkpoint import Ed25519CheckpointSigner
from readygate_server.adapters.log.origin import ensure_origin
from readygate_server.adapters.names import Vault
from readygate_server.adapters.signing.store import FOLDER as KEYS
from readygate_server.adapters.signing.store import KeyRing, ensure_keys
from readygate_server.adapters.storage import DirectoryLock, RecordStore, open_store
from readygate_server.adapters.storage.erasures import StoredErasures
from readygate_server.application.erasure import Erasures
from readygate_server.settings import RecordSettings


@dataclass(frozen=True, slots=True)
class Opened:
    """A record with its keys and names, and with the erasures settled."""

    store: RecordStore
    vault: Vault
    ring: KeyRing
    erasures: Erasures
    origin: str


async def open_all(settings: RecordSettings, opened: AsyncExitStack, lock: int | None = None) -> Opened:
    """Opens keys, names and record, and says on the stack how they are closed; a worker has inherited the lock.

    Raises:
      StoreRefusedError: when another server has the record, or it must not be opened.
    """
    await asyncio.to_thread(ensure_keys, settings.directory)
    ring, keys = KeyRing(settings.directory), settings.directory / KEYS
    origin = ensure_origin(keys, settings.log_origin)
    place = settings.database_url or settings.directory
    vault = Vault.at(place, keys)
    opened.callback(vault.close)
    signer = Ed25519CheckpointSigner(origin, lambda: ring.current().checkpoint_key)
    anchor = FileAnchor(settings.anchor or settings.directory / "anchor")
    held = None if lock is None else DirectoryLock(settings.directory, inherited=lock)
    store = await open_store(place, signer=signer, anchor=anchor, lock=held)
    opened.push_async_callback(store.close)
    erasures = Erasures(vault, StoredErasures(store))
    await erasures.settle()
    return Opened(store, vault, ring, erasures, origin)
