"""Callers who record decisions at the same time, so that some share a commit, and somebody who looks at the log."""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from readygate_server.adapters.log.anchor import FileAnchor
from readygate_server.adapters.log.checkpoint import Ed25519CheckpointSigner
from readygate_server.adapters.storage import RecordStore, open_store
from readygate_server.adapters.storage.files import DirectoryLock
from readygate_server.domain.record import NewDecision, Sealed, Stamp, TreeHead
from tests.contracts.records import decision
from tests.faults.recording import Acknowledged, Opened, Recording, Shown

CALLERS: Final = 8
DATA: Final = Path("var/data")
"""Where on the disk the store is: in a directory that it makes, within another that it makes."""
SIGNER: Final = Ed25519CheckpointSigner("log.test/power", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))


@dataclass(frozen=True, slots=True)
class Work:
    """What callers ask for in one life of a server: how many decisions, how large at most, and of how many workers."""

    decisions: int = 80
    largest: int = 50_000
    workers: int = 1


LARGE: Final = Work(largest=160_000)
"""So much that SQLite copies its log of changes into the database, and begins it anew, while callers go on."""
SEVERAL: Final = Work(workers=3)


class RecordedAnchor(FileAnchor):
    """Keeps checkpoints on another disk, which keeps its power."""

    def __init__(self, directory: Path, recording: Recording) -> None:
        """Takes what is told of each."""
        super().__init__(directory)
        self._recording = recording

    def keep(self, head: TreeHead) -> None:
        """Keeps a checkpoint, which counts from the beginning of the attempt."""
        self._recording.tell(Shown(head))
        super().keep(head)


def asked(name: str, random: Random, largest: int) -> NewDecision:
    """Returns a decision that can be told from every other by its bytes."""
    request = random.randbytes(random.randrange(largest))

    def seal(stamp: Stamp) -> Sealed:
        return Sealed(f"entry of {name} {stamp.id}".encode(), f"response to {name} {stamp.id}".encode() + request[:500])

    return decision(name, caller=f"caller-{len(request) % 3}", request=request, seal=seal)


def ask_for(work: Work, name: str, random: Random) -> list[NewDecision]:
    """Returns what is asked for in one life of the server; one in ten is asked for twice."""
    wanted = [asked(f"{name}-{number}", random, work.largest) for number in range(work.decisions)]
    return [each for one in wanted for each in ([one, one] if random.random() < 0.1 else [one])]


async def run(recording: Recording, root: Path, anchor: Path, wanted: list[NewDecision], workers: int) -> None:
    """Runs a server that is stopped and started again after a quarter of the work, and notes who was told what."""
    early = len(wanted) // 4
    for part in (wanted[:early], wanted[early:]):
        async with AsyncExitStack() as undo:
            opened = (
                _opened(root / DATA, RecordedAnchor(anchor, recording), lock, undo)
                for lock in _locks(root / DATA, workers)
            )
            stores = await asyncio.gather(*opened)
            recording.tell(Opened())
            waiting = list(reversed(part))
            calls = (_call(stores[number % workers], waiting, recording) for number in range(CALLERS))
            await asyncio.gather(*calls, _look(stores[0], waiting, recording))


async def _opened(
    directory: Path, anchor: RecordedAnchor, lock: DirectoryLock | None, undo: AsyncExitStack
) -> RecordStore:
    store = await open_store(directory, signer=SIGNER, anchor=anchor, lock=lock)
    undo.push_async_callback(store.close)
    return store


def _locks(directory: Path, workers: int) -> list[DirectoryLock | None]:
    """Returns what each worker inherits of a server; here they are all in one process."""
    if workers == 1:
        return [None]
    directory.mkdir(parents=True, exist_ok=True)
    server = DirectoryLock(directory)
    locks = [DirectoryLock(directory, inherited=os.dup(server.fileno())) for _ in range(workers)]
    server.release()
    return [*locks]


async def _call(store: RecordStore, waiting: list[NewDecision], recording: Recording) -> None:
    while waiting:
        decision = waiting.pop()
        recording.tell(Acknowledged(decision, await store.record(decision)))


async def _look(store: RecordStore, waiting: list[NewDecision], recording: Recording) -> None:
    while waiting:
        head = await store.head()
        if head is not None:
            recording.tell(Shown(head))
        await asyncio.sleep(0.005)
