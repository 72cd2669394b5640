"""Makes decisions and stores with only what a test is about; everything else is ordinary."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from readygate_server.adapters.storage import RecordStore, open_store
from readygate_server.adapters.storage.clock import microseconds_now
from readygate_server.domain.merkle import leaf_hash, root
from readygate_server.domain.record import (
    DecisionFacts,
    EntryKind,
    NewDecision,
    NewEntry,
    Sealed,
    SealedText,
    Stamp,
    TreeHead,
)
from readygate_server.domain.rule import RulesetIdentity
from readygate_server.domain.vocabulary import Gate, Tier, Verdict

RULESET = RulesetIdentity("readiness", "1.0.0", "sha256:" + "a" * 64, "stable", "2026-01-01", "", "Readiness")
PATIENCE_SECONDS = 30.0


class PlainSigner:
    """Signs with nothing but the text of the tree, which is all that storage needs of a signature."""

    origin = "log.test"

    def __init__(self, before: Callable[[], None] = lambda: None) -> None:
        """Takes what happens before each signature."""
        self._before = before

    def sign(self, size: int, root: bytes) -> str:
        """Returns a note."""
        self._before()
        return f"{self.origin}\n{size}\n{root.hex()}\n"


class MemoryAnchor:
    """Keeps the newest checkpoint in memory."""

    def __init__(self) -> None:
        """Starts with none."""
        self.kept: list[TreeHead] = []

    def newest(self) -> TreeHead | None:
        """Returns the newest one."""
        return self.kept[-1] if self.kept else None

    def keep(self, head: TreeHead) -> None:
        """Keeps one."""
        self.kept.append(head)


@dataclass(slots=True)
class Place:
    """Where a store is, with what it is opened with; it can be opened again and again."""

    at: str | Path
    signer: PlainSigner = field(default_factory=PlainSigner)
    anchor: MemoryAnchor = field(default_factory=MemoryAnchor)
    now: Callable[[], int] = microseconds_now

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[RecordStore]:
        """Yields the open store, and closes it."""
        store = await open_store(self.at, signer=self.signer, anchor=self.anchor, now=self.now)
        try:
            yield store
        finally:
            await store.close()


def seal(stamp: Stamp) -> Sealed:
    """Returns an entry and a response that both tell id and time."""
    return Sealed(f"entry {stamp.id}".encode(), f"response {stamp.id} {stamp.recorded_at}".encode())


def facts(**other: Any) -> DecisionFacts:
    """Returns what an ordinary decision is found by."""
    values: dict[str, Any] = {
        "proposal_id": "refund-agent",
        "verdict": Verdict.GO,
        "gate": Gate.PILOT,
        "tier": Tier.T2,
        "as_of": "2026-11-01",
        "ruleset": RULESET,
        "rule_count": 68,
        "engine_version": "0.1.0",
        "facts_digest": "sha256:" + "b" * 64,
        "request_digest": "sha256:" + "c" * 64,
    }
    return DecisionFacts(**(values | other))


def decision(
    request_id: str = "", *, caller: str = "caller-1", request: bytes = b"request", **other: Any
) -> NewDecision:
    """Returns an ordinary decision; what is left over is about its facts, or how it is sealed."""
    sealed = other.pop("seal", seal)
    return NewDecision(
        seal=sealed,
        facts=facts(**other),
        caller=SealedText(caller, b"cipher of " + caller.encode()),
        request_id=request_id,
        request_hash=sha256(request).digest(),
        request=request,
        names=b"names",
    )


def entry(text: str = "entry", kind: EntryKind = EntryKind.WAIVER) -> NewEntry:
    """Returns an entry that is no decision."""
    return NewEntry(kind, lambda stamp: f"{text} {stamp.id}".encode())


async def logged(store: RecordStore, size: int) -> TreeHead:
    """Returns the head once the log has taken in as many entries."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (head := await store.head()) is None or head.size < size:
        assert time.monotonic() < deadline, f"the log has {head.size if head else 0} entries, expected {size}"
        await asyncio.sleep(0.02)
    return head


async def root_from_entries(store: RecordStore, size: int) -> bytes:
    """Returns the root computed from nothing but the entries."""
    bodies = await store.entries(0, size)
    assert len(bodies) == size
    return root([leaf_hash(body) for body in bodies])
