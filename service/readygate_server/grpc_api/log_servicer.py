"""LogService: proofs from the log, for whoever does not want to take the server's word."""

from __future__ import annotations

import asyncio
import re
from typing import Any, Final, Protocol

import grpc.aio

from readygate.v1 import log_service_pb2 as pb
from readygate.v1 import log_service_pb2_grpc
from readygate_server.application.record_ports import LogReader
from readygate_server.domain.errors import NotFoundError
from readygate_server.domain.identity import Role
from readygate_server.domain.keys import KeySet
from readygate_server.domain.merkle import consistency_nodes, consistency_proof, inclusion_nodes, inclusion_proof
from readygate_server.domain.record import TreeHead
from readygate_server.grpc_api.log_messages import checkpoint_message, key_message
from readygate_server.grpc_api.requests import Faults
from readygate_server.observability import current_call

MOST_ENTRIES: Final = 1_000
_USUAL_ENTRIES: Final = 100
_ENTRY_ID: Final = re.compile(r"[0-9a-f]{32}")
_Context = grpc.aio.ServicerContext[Any, Any]


class PublishedKeys(Protocol):
    """The keys that are published."""

    @property
    def key_set(self) -> KeySet:
        """The keys."""
        ...

    @property
    def envelope(self) -> str:
        """The same, signed."""
        ...


class KeySetSource(Protocol):
    """Knows the keys of now; may look at files."""

    def current(self) -> PublishedKeys:
        """Returns the newest keys."""
        ...


class LogServicer(log_service_pb2_grpc.LogServiceServicer):
    """Answers LogService.

    Whoever is known to the server gets checkpoints, keys, and the proof of an entry whose id they were given. To go
    through the entries of others, by index or in order, takes an auditor.
    """

    def __init__(self, log: LogReader, keys: KeySetSource) -> None:
        """Takes the log and the keys that signed it."""
        self._log = log
        self._keys = keys

    async def GetCheckpoint(  # noqa: N802 -- the name in the contract
        self, _request: pb.GetCheckpointRequest, _context: _Context
    ) -> pb.GetCheckpointResponse:
        """Returns the newest signed checkpoint."""
        return pb.GetCheckpointResponse(checkpoint=checkpoint_message(await self._head()))

    async def GetInclusionProof(  # noqa: N802 -- the name in the contract
        self, request: pb.GetInclusionProofRequest, _context: _Context
    ) -> pb.GetInclusionProofResponse:
        """Proves that an entry is in a tree."""
        faults = Faults()
        _check_wanted(request, faults)
        if request.WhichOneof("of") == "leaf_index":
            current_call().principal.require(Role.AUDITOR)
        # The entry before the tree: so the newest tree is one that has it.
        found = await self._found(request.entry_id) if _ENTRY_ID.fullmatch(request.entry_id) else None
        head = await self._head()
        size = _read_size("tree_size", request.tree_size, head.size, faults)
        index = found[0] if found else request.leaf_index
        if size and index >= size:
            _add_beyond(request, index, size, faults)
        faults.report()
        [entry] = [found[1]] if found else await self._log.entries(index, 1)
        nodes = await self._log.nodes(sorted(inclusion_nodes(index, size)))
        return pb.GetInclusionProofResponse(
            leaf_index=index,
            entry=entry,
            hashes=inclusion_proof(index, size, nodes),
            checkpoint=_checkpoint_of(head, size),
            tree_size=size,
        )

    async def GetConsistencyProof(  # noqa: N802 -- the name in the contract
        self, request: pb.GetConsistencyProofRequest, _context: _Context
    ) -> pb.GetConsistencyProofResponse:
        """Proves that a tree is the beginning of a larger one."""
        head = await self._head()
        faults = Faults()
        first, second = (
            request.first_tree_size,
            _read_size("second_tree_size", request.second_tree_size, head.size, faults),
        )
        if not 1 <= first <= (second or head.size):
            expected = f"1 to {second or head.size}"
            faults.add("first_tree_size", "the size is not that of an earlier tree", got=str(first), expected=expected)
        faults.report()
        nodes = await self._log.nodes(sorted(consistency_nodes(first, second)))
        return pb.GetConsistencyProofResponse(
            hashes=consistency_proof(first, second, nodes),
            checkpoint=_checkpoint_of(head, second),
            second_tree_size=second,
        )

    async def ListLogEntries(  # noqa: N802 -- the name in the contract
        self, request: pb.ListLogEntriesRequest, _context: _Context
    ) -> pb.ListLogEntriesResponse:
        """Returns entries in the order of the log."""
        current_call().principal.require(Role.AUDITOR)
        faults = Faults()
        if request.start < 0:
            faults.add("start", "the index is not one of a leaf", got=str(request.start), expected="0 or more")
        if not 0 <= request.limit <= MOST_ENTRIES:
            expected = f"1 to {MOST_ENTRIES}, or 0 for {_USUAL_ENTRIES}"
            faults.add("limit", "the number can not be had", got=str(request.limit), expected=expected)
        faults.report()
        entries = await self._log.entries(request.start, request.limit or _USUAL_ENTRIES)
        current_call().items = len(entries)
        return pb.ListLogEntriesResponse(entries=entries)

    async def GetKeySet(  # noqa: N802 -- the name in the contract
        self, _request: pb.GetKeySetRequest, _context: _Context
    ) -> pb.GetKeySetResponse:
        """Returns the public keys that signed checkpoints and certificates."""
        published = await asyncio.to_thread(self._keys.current)
        keys = [key_message(key) for key in published.key_set.keys]
        return pb.GetKeySetResponse(keys=keys, envelope=published.envelope)

    async def _head(self) -> TreeHead:
        head = await self._log.head()
        if head is None:
            raise NotFoundError("checkpoint", "newest, since nothing is recorded yet")
        return head

    async def _found(self, entry_id: str) -> tuple[int, bytes]:
        found = await self._log.find(entry_id)
        if found is None:
            raise NotFoundError("log entry", entry_id)
        return found


def _check_wanted(request: pb.GetInclusionProofRequest, faults: Faults) -> None:
    wanted = request.WhichOneof("of")
    if wanted is None:
        faults.add("of", "nothing says which entry is meant", expected="entry_id or leaf_index")
    if wanted == "entry_id" and not _ENTRY_ID.fullmatch(request.entry_id):
        expected = "32 hexadecimal digits"
        faults.add("entry_id", "the id is not well formed", got=request.entry_id, expected=expected)
    if wanted == "leaf_index" and request.leaf_index < 0:
        faults.add("leaf_index", "the index is not one of a leaf", got=str(request.leaf_index), expected="0 or more")


def _read_size(path: str, stated: int, newest: int, faults: Faults) -> int:
    """Returns the size that is meant, 0 after a fault."""
    if 0 <= stated <= newest:
        return stated or newest
    expected = f"1 to {newest}, or 0 for the newest"
    faults.add(path, "there is no tree of that size", got=str(stated), expected=expected)
    return 0


def _add_beyond(request: pb.GetInclusionProofRequest, index: int, size: int, faults: Faults) -> None:
    if request.WhichOneof("of") == "leaf_index":
        faults.add("leaf_index", "the tree has no such leaf", got=str(index), expected=f"0 to {size - 1}")
    else:
        expected = f"{index + 1} or more, or 0 for the newest"
        faults.add("tree_size", "the entry came after this tree", got=str(size), expected=expected)


def _checkpoint_of(head: TreeHead, size: int) -> pb.Checkpoint | None:
    """Returns the newest checkpoint when it is of a size; of other sizes the caller has kept one."""
    return checkpoint_message(head) if head.size == size else None
