"""Callers who record decisions at the same time, so that some share a commit, and somebody who looks at the log."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from readygate_server.adapters.log.anchor import FileAnchor
from readygate_server.adapters.log.checkpoint import Ed25519CheckpointSigner
from readygate_server.adapters.storage import RecordStore, open_store
from readygate_server.domain.record import NewDecision, Sealed, Stamp, TreeHead
from tests.contracts.records import decision
from tests.faults.recording import Acknowledged, Opened, Recording, Shown

CALLERS: Final = 8
DATA: Final = Path("var/data")
"""Where on the disk the store is: in a directory that it makes, within another that it makes."""
SIGNER: Final = Ed25519CheckpointSigner("log.test/power", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))


@dataclass(frozen=True, slots=True)
class Work:
    """What callers ask for: how many decisions in one life of the server, and how large they are at most."""

    decisions: int = 80
    largest: int = 50_000


LARGE: Final = Work(largest=160_000)
"""So much that SQLite copies its log of changes into the database, and begins it anew, while callers go on."""


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


async def run(recording: Recording, root: Path, anchor: Path, wanted: list[NewDecision]) -> None:
    """Runs a server that is stopped and started again after a quarter of the work, and notes who was told what."""
    early = len(wanted) // 4
    for part in (wanted[:early], wanted[early:]):
        store = await open_store(root / DATA, signer=SIGNER, anchor=RecordedAnchor(anchor, recording))
        try:
            recording.tell(Opened())
            waiting = list(reversed(part))
            await asyncio.gather(
                *(_call(store, waiting, recording) for _ in range(CALLERS)), _look(store, waiting, recording)
            )
        finally:
            await store.close()


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
