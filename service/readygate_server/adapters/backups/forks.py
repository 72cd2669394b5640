"""Goes on with a log that has lost entries: under a new name, and with an entry that says what was lost."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from readygate.v1.record_pb2 import ForkEntry, LogEntry
from readygate_server.adapters.backups.copies import BackupError
from readygate_server.adapters.durable import sync_directory
from readygate_server.adapters.log.anchor import HISTORY, NEWEST, FileAnchor
from readygate_server.adapters.log.checkpoint import Ed25519CheckpointSigner, read_checkpoint
from readygate_server.adapters.log.origin import FILE as ORIGIN
from readygate_server.adapters.log.origin import read_origin
from readygate_server.adapters.signing.store import FOLDER as KEYS
from readygate_server.adapters.signing.store import KeyRing
from readygate_server.adapters.storage import RecordStore, open_store
from readygate_server.domain.merkle import EMPTY_ROOT, frontier, root_of
from readygate_server.domain.record import EntryKind, NewEntry, Stamp, TreeHead

_PATIENCE_SECONDS: Final = 60.0
_POLL_SECONDS: Final = 0.02


@dataclass(frozen=True, slots=True)
class Fork:
    """What became of a log."""

    lost_origin: str
    lost_size: int
    """Entries that had been signed."""
    kept_size: int
    """Entries that are still there."""
    origin: str
    """Name under which it goes on."""


class NoAnchor:
    """Keeps nothing, so that a record opens that the true anchor would refuse."""

    def newest(self) -> TreeHead | None:
        """Returns nothing."""
        return None

    def keep(self, _head: TreeHead) -> None:
        """Keeps nothing."""


async def fork_log(directory: Path, *, place: str | Path, anchor: Path, origin: str = "") -> Fork:
    """Lets a log that has lost entries go on under a new name; no server may run.

    1. An entry is recorded that says what was lost, in a tree that is signed under the new name.
    2. The new name takes the place of the old one.
    3. What was kept of the old log is moved into a folder of its own beside the new checkpoints.

    Cut off in between, it goes on where it was when it is repeated.

    Raises:
      BackupError: when nothing is lost, or it is another log.
      StoreRefusedError: when the record can not be opened.
    """
    keys, kept = directory / KEYS, FileAnchor(anchor).newest()
    current = read_origin(keys)
    if kept is None or current is None:
        raise BackupError(f"no checkpoint is kept in {anchor}, so nothing is known to be lost; start the server")
    lost = read_checkpoint(kept.note)
    head, name = await _reopened(directory, place, kept, lost.origin, wanted=origin, current=current)
    _rename(keys / ORIGIN, name)
    _put_aside(anchor, lost.size)
    FileAnchor(anchor).keep(head)
    return Fork(lost.origin, lost.size, head.size - 1, name)


async def _reopened(
    directory: Path, place: str | Path, kept: TreeHead, lost_origin: str, *, wanted: str, current: str
) -> tuple[TreeHead, str]:
    """Records the fork unless that was done before a crash; returns the tree with it, and its name."""
    ring = KeyRing(directory)
    plain = await open_store(place, signer=_signer(ring, lost_origin), anchor=NoAnchor())
    try:
        head = await plain.head()
        size = head.size if head is not None else 0
        if (known := await _known_fork(plain, head, kept)) is not None:
            return known
        if await _root(plain, kept.size) == kept.root:
            raise BackupError(f"the log has all {kept.size} entries of its newest checkpoint; start the server")
        if current != lost_origin:
            raise BackupError(f"the checkpoints are of the log {lost_origin}, this one is called {current}")
    finally:
        await plain.close()
    name = wanted or f"{lost_origin}/after-{size}"
    if name == lost_origin:
        raise BackupError(f"the new log can not be called {name} like the one before; choose another name")
    store = await open_store(place, signer=_signer(ring, name), anchor=NoAnchor())
    try:
        root = head.root if head is not None else EMPTY_ROOT
        await store.append(_entry_of(lost_origin, kept, size, root))
        return await _signed(store, size + 1), name
    finally:
        await store.close()


async def _known_fork(store: RecordStore, head: TreeHead | None, kept: TreeHead) -> tuple[TreeHead, str] | None:
    if head is None:
        return None
    (last,) = await store.entries(head.size - 1, 1)
    entry = LogEntry.FromString(last)
    is_it = entry.HasField("fork") and entry.fork.lost_root == kept.root
    return (head, read_checkpoint(head.note).origin) if is_it else None


async def _root(store: RecordStore, size: int) -> bytes | None:
    try:
        return root_of(size, await store.nodes(frontier(size)))
    except KeyError:
        return None


async def _signed(store: RecordStore, size: int) -> TreeHead:
    """Returns the tree with the new entry, which a PostgreSQL's sequencer takes in a moment later."""
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while True:
            head = await store.head()
            if head is not None and head.size >= size:
                return head
            await asyncio.sleep(_POLL_SECONDS)


def _entry_of(origin: str, kept: TreeHead, size: int, root: bytes) -> NewEntry:
    fork = ForkEntry(
        lost_origin=origin, lost_tree_size=kept.size, lost_root=kept.root, kept_tree_size=size, kept_root=root
    )

    def body(stamp: Stamp) -> bytes:
        entry = LogEntry(id=stamp.id, fork=fork)
        entry.recorded_at.FromMicroseconds(stamp.recorded_at)
        return entry.SerializeToString(deterministic=True)

    return NewEntry(EntryKind.FORK, body)


def _signer(ring: KeyRing, origin: str) -> Ed25519CheckpointSigner:
    return Ed25519CheckpointSigner(origin, lambda: ring.current().checkpoint_key)


def _rename(path: Path, origin: str) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with draft.open("w", encoding="utf-8") as file:
        file.write(f"{origin}\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync_directory(path.parent)


def _put_aside(anchor: Path, size: int) -> None:
    """Moves what was kept; the newest checkpoint goes last, because a repetition begins with it."""
    aside = anchor / f"lost-{size}"
    aside.mkdir(exist_ok=True)
    for name in (HISTORY, NEWEST):
        if (anchor / name).exists():
            (anchor / name).replace(aside / name)
    sync_directory(aside)
    sync_directory(anchor)
