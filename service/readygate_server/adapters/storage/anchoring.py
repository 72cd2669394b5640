"""Holds the log against the checkpoint that is kept outside of it, and keeps new ones there."""

from __future__ import annotations

import threading
from typing import Final

from sqlalchemy import Connection

from readygate_server.adapters.storage.errors import StoreRefusedError
from readygate_server.adapters.storage.tree import read_head, read_nodes, read_size
from readygate_server.application.record_ports import Anchor
from readygate_server.domain.merkle import frontier, root_of
from readygate_server.domain.record import TreeHead
from readygate_server.observability import logger

_SECONDS: Final = 1.0
_WAY_OUT: Final = (
    "restore a later backup, or, when what is missing is lost for good, begin a new log under another name with an "
    "empty anchor"
)


def refuse_forked_log(connection: Connection, kept: TreeHead | None) -> TreeHead | None:
    """Returns the head of the log, None of an empty one, after holding it against the head that was kept outside.

    Raises:
      StoreRefusedError: when going on would show somebody another past than the one that was signed before.
    """
    head, size = read_head(connection), read_size(connection)
    if size != (head.size if head else 0) or (head is not None and _root(connection, size) != head.root):
        raise StoreRefusedError(
            f"the log has {size} entries, which are not those of its newest checkpoint"
            f"{f' of {head.size}' if head else ''}: rows were lost or changed; restore a backup"
        )
    if kept is None:
        return head
    if kept.size > size:
        raise StoreRefusedError(
            f"the log has {size} entries, but a checkpoint of {kept.size} was signed before: this is an old copy of "
            f"the record; {_WAY_OUT}"
        )
    if _root(connection, kept.size) != kept.root:
        raise StoreRefusedError(
            f"the first {kept.size} entries of the log are not those of the checkpoint that was signed before: this is "
            f"another log, or one with another past; {_WAY_OUT}"
        )
    return head


class AnchorKeeper:
    """Keeps the newest head outside, at most one per second and the last one at the end. Recording never waits."""

    def __init__(self, anchor: Anchor, head: TreeHead | None, *, has_siblings: bool) -> None:
        """Starts with the head that the log has now, and whether other processes keep heads of the same log."""
        self._anchor = anchor
        self._has_siblings = has_siblings
        self._newest = head
        self._kept: TreeHead | None = None
        self._wake = threading.Event()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="record-anchor", daemon=True)
        self._thread.start()
        if head is not None:
            self._wake.set()

    def committed(self, head: TreeHead) -> None:
        """Takes note of a tree that is durable."""
        self._newest = head
        self._wake.set()

    def close(self) -> None:
        """Keeps the last head and ends."""
        self._end.set()
        self._wake.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._end.is_set():
            self._wake.wait()
            self._wake.clear()
            self._keep()
            self._end.wait(_SECONDS)
        self._keep()

    def _keep(self) -> None:
        head = self._newest
        if head is None or head is self._kept:
            return
        try:
            if not (self._has_siblings and _size(self._anchor.newest()) > head.size):
                self._anchor.keep(head)
        except Exception as error:  # noqa: BLE001 -- an anchor out of reach is tried again with the next tree
            logger().error("anchor_unavailable", size=head.size, exc_info=error)
            return
        self._kept = head


def _size(head: TreeHead | None) -> int:
    return 0 if head is None else head.size


def _root(connection: Connection, size: int) -> bytes | None:
    """Returns the root over the first leaves, from the nodes that are there; None when one is missing."""
    try:
        return root_of(size, read_nodes(connection, frontier(size)))
    except KeyError:
        return None
