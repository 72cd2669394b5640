"""A Merkle log in memory, that fills the port LogReader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from readygate.v1.record_pb2 import LogEntry
from readygate_server.adapters.log.checkpoint import Ed25519CheckpointSigner
from readygate_server.domain.merkle import NodeId, extend, leaf_hash, root_of
from readygate_server.domain.record import TreeHead

ORIGIN = "gate.example.org/records"
KEY = Ed25519PrivateKey.from_private_bytes(b"\1" * 32)
SIGNER = Ed25519CheckpointSigner(ORIGIN, KEY)


def entry_id(number: int) -> str:
    """Returns the id of an entry by its number."""
    return f"{number:032x}"


def entry_bytes(number: int, text: str = "") -> bytes:
    """Returns the bytes of an entry that is about an erasure."""
    entry = LogEntry(id=entry_id(number))
    entry.erasure.person_ref = f"person-{number}"
    entry.erasure.reason = text
    return entry.SerializeToString(deterministic=True)


class FakeLog:
    """A log of entries; signs a checkpoint whenever it grows."""

    def __init__(self, size: int = 0, signer: Ed25519CheckpointSigner = SIGNER) -> None:
        """Starts with as many entries as wanted."""
        self._signer = signer
        self._entries: list[tuple[str, bytes]] = []
        self._nodes: dict[NodeId, bytes] = {}
        self._head: TreeHead | None = None
        self.grow(size)

    def grow(self, count: int) -> None:
        """Appends entries."""
        if not count:
            return
        size = len(self._entries)
        fresh = [(entry_id(number), entry_bytes(number)) for number in range(size, size + count)]
        self._nodes |= extend(size, [leaf_hash(body) for _, body in fresh], self._nodes)
        self._entries += fresh
        root = root_of(len(self._entries), self._nodes)
        self._head = TreeHead(len(self._entries), root, self._signer.sign(len(self._entries), root))

    async def head(self) -> TreeHead | None:
        """Returns the newest signed tree."""
        return self._head

    async def entries(self, start: int, limit: int) -> Sequence[bytes]:
        """Returns the bytes of entries from an index on."""
        return [body for _, body in self._entries[start : start + limit]]

    async def find(self, entry_id: str) -> tuple[int, bytes] | None:
        """Returns the leaf index and bytes of an entry."""
        return next(((index, body) for index, (id_, body) in enumerate(self._entries) if id_ == entry_id), None)

    async def nodes(self, ids: Sequence[tuple[int, int]]) -> Mapping[tuple[int, int], bytes]:
        """Returns the hashes of complete subtrees."""
        return {id_: self._nodes[id_] for id_ in ids}
