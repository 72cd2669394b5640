"""What recording needs from outside. One contract suite per port in `tests/contracts` holds for every adapter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from readygate_server.domain.record import (
    DecisionFilter,
    Erasure,
    NewDecision,
    NewEntry,
    Recorded,
    SealedText,
    Stamp,
    StoredDecision,
    TreeHead,
)


class Recorder(Protocol):
    """Writes the record. Nothing returns before it is durable."""

    async def record(self, decision: NewDecision) -> Recorded:
        """Records a decision, or returns the one that the same caller's same request made before.

        Raises:
          RequestIdReusedError: when the caller used the request id with another request.
          WaiversFoundError: when the decision supposes that there are no waivers, and it can not be known that nothing
            happened to any. Nothing was recorded then.
          RecordUnavailableError: when nothing was, or could be seen to be, recorded.
        """
        ...

    async def append(self, entry: NewEntry) -> Stamp:
        """Records an entry that is no decision; raises RecordUnavailableError."""
        ...

    async def keep_ruleset(self, digest: str, bundle: bytes) -> None:
        """Keeps the files of a ruleset, so that what it decided can be decided again; nothing when it has them.

        Raises:
          RecordUnavailableError: when they could not be kept.
        """
        ...


class Archive(Protocol):
    """Reads the record; never sees what is not durable. Every method raises RecordUnavailableError."""

    async def recorded(self, caller: str, request_id: str) -> tuple[bytes, Recorded] | None:
        """Returns the hash and answer of the request that had an id, or None."""
        ...

    async def get(self, decision_id: str, *, with_payload: bool = False) -> StoredDecision | None:
        """Returns a decision, or None."""
        ...

    async def ruleset(self, digest: str) -> bytes | None:
        """Returns the files of a ruleset as they were kept, or None."""
        ...

    async def newest(self, wanted: DecisionFilter, *, before: str, limit: int) -> Sequence[StoredDecision]:
        """Returns decisions with ids below `before` (all when empty), newest first, at most `limit`."""
        ...

    async def tail(self, wanted: DecisionFilter, *, after: int, limit: int) -> Sequence[StoredDecision]:
        """Returns decisions with a leaf index above `after`, in the order of the log.

        The order of the log is the only one in which nothing can turn up behind a reader.
        """
        ...


class LogReader(Protocol):
    """Reads the Merkle log."""

    async def head(self) -> TreeHead | None:
        """Returns the newest signed tree; None while nothing was recorded."""
        ...

    async def entries(self, start: int, limit: int) -> Sequence[bytes]:
        """Returns the bytes of entries from an index on."""
        ...

    async def find(self, entry_id: str) -> tuple[int, bytes] | None:
        """Returns the leaf index and bytes of an entry, or None when the log has not taken it in."""
        ...

    async def nodes(self, ids: Sequence[tuple[int, int]]) -> Mapping[tuple[int, int], bytes]:
        """Returns the hashes of complete subtrees by (level, index); level 0 are the leaves."""
        ...


class NameVault(Protocol):
    """Seals names under a key per person; erasing the key erases the name everywhere."""

    def reference(self, name: str) -> str:
        """Returns the random reference of a person or service, made durable on first sight."""
        ...

    def known(self, name: str) -> str | None:
        """Returns the reference of a name that was seen before and not erased."""
        ...

    def seal(self, name: str, text: bytes) -> SealedText:
        """Seals a text under the key of a name."""
        ...

    def open(self, sealed: SealedText) -> bytes | None:
        """Opens a text; None when its person was erased."""
        ...


class ErasableNames(Protocol):
    """What a vault offers to who erases names. Every method raises RecordUnavailableError."""

    def erase(self, name: str, *, reason: str) -> Erasure | None:
        """Deletes the key of a name for good, and notes that it was erased; None when nobody knows it."""
        ...

    def erased(self) -> Sequence[Erasure]:
        """Returns all erasures that were done here."""
        ...

    def forget(self, erasures: Sequence[Erasure]) -> int:
        """Deletes keys that were erased before and came back with a backup; returns how many."""
        ...


class ErasureLog(Protocol):
    """Says on the log that a name was erased. Every method raises RecordUnavailableError."""

    async def record(self, erasure: Erasure) -> str:
        """Returns the id of the entry, which is made once however often this is called."""
        ...

    async def recorded(self) -> Sequence[Erasure]:
        """Returns all erasures that the log knows of."""
        ...


class PayloadKeeper(Protocol):
    """Lets go of old payloads. Moments are microseconds since 1970. Every method raises RecordUnavailableError."""

    async def count(self, before: int) -> int:
        """Returns how many payloads there are of decisions recorded before a moment."""
        ...

    async def allowed_before(self) -> int:
        """Returns the moment up to which the log says that payloads are dropped; 0 while it says nothing."""
        ...

    async def announce(self, before: int) -> str:
        """Records that payloads of decisions recorded before a moment are dropped; returns the id of the entry."""
        ...

    async def drop(self, before: int) -> int:
        """Drops payloads as far as the log says that they are; returns how many."""
        ...


class CheckpointSigner(Protocol):
    """Signs trees of the log."""

    @property
    def origin(self) -> str:
        """Name of the log, as it stands in every checkpoint."""
        ...

    def sign(self, size: int, root: bytes) -> str:
        """Returns a signed note."""
        ...


class Anchor(Protocol):
    """Keeps the newest checkpoint where a restored backup does not reach."""

    def newest(self) -> TreeHead | None:
        """Returns the newest checkpoint that was kept, None when there is none."""
        ...

    def keep(self, head: TreeHead) -> None:
        """Keeps a checkpoint."""
        ...
