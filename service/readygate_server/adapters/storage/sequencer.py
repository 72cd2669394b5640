"""Takes entries of a PostgreSQL into the log. Of several servers the one that holds the lock of a row does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

from sqlalchemy import Connection, Engine, select

from readygate_server.adapters.storage.outages import detail_of, is_outage
from readygate_server.adapters.storage.pg_arrays import Texts, array
from readygate_server.adapters.storage.schema import ENTRY, LOG_HEAD, PENDING
from readygate_server.adapters.storage.tree import Edge, lengthen, read_edge, read_head, read_size
from readygate_server.application.record_ports import CheckpointSigner
from readygate_server.domain.record import TreeHead
from readygate_server.observability import logger

_MOST: Final = 1_000
_POLL_SECONDS: Final = 0.1
_PACE_SECONDS: Final = 0.05
"""Between two trees: each costs the same whatever it takes in, and nobody waits for it."""
_PATIENCE_SECONDS: Final = 1.0
_LOOK_SECONDS: Final = 1.0
_WAITING: Final = select(PENDING).limit(1)
_ENTRIES: Final = (
    select(PENDING.c.entry_id, ENTRY.c.body)
    .join(ENTRY, ENTRY.c.id == PENDING.c.entry_id)
    .order_by(PENDING.c.entry_id)
    .limit(_MOST)
)
_TAKEN_IN: Final = "DELETE FROM pending WHERE entry_id = ANY(%s)"
_LOCK: Final = select(LOG_HEAD).with_for_update(skip_locked=True)


class Sequencer:
    """A thread that builds the log whenever this server gets the lock. The key of the leaves is what guards it."""

    def __init__(self, engine: Engine, signer: CheckpointSigner, committed: Callable[[TreeHead], None]) -> None:
        """Starts the thread; it tells of each tree that is durable, its own or another server's."""
        self._engine = engine
        self._signer = signer
        self._committed = committed
        self._edge = Edge()
        self._told = 0
        self._look_at = 0.0
        self._wake = threading.Event()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="record-sequencer", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Says that there may be something to take in."""
        self._wake.set()

    def close(self) -> None:
        """Takes in what is there and ends."""
        self._end.set()
        self._wake.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            last = self._end.is_set()
            self._wake.clear()
            try:
                took = self._step()
            except Exception as error:  # noqa: BLE001 -- the log goes on once the database or the key is back
                logger().error("log_behind", detail=detail_of(error), exc_info=None if is_outage(error) else error)
                took = 0
                if not last:
                    self._end.wait(_PATIENCE_SECONDS)
            if last and not took:
                return
            if not took:
                self._wake.wait(_POLL_SECONDS)
            elif took < _MOST:
                self._end.wait(_PACE_SECONDS)

    def _step(self) -> int:
        """Takes in what waits; returns how much that was, 0 also when another server is at it."""
        head: TreeHead | None = None
        took = 0
        with self._engine.begin() as connection:
            # To lock a row is a write, so it is done only when there is something to take in.
            if connection.execute(_WAITING).one_or_none() and connection.execute(_LOCK).one_or_none():
                took, head = self._take_in(connection)
            if head is None and time.monotonic() >= self._look_at:
                self._look_at = time.monotonic() + _LOOK_SECONDS
                head = read_head(connection)
        if head is not None and head.size != self._told:
            self._told = head.size
            self._committed(head)
        return took

    def _take_in(self, connection: Connection) -> tuple[int, TreeHead | None]:
        entries = [(entry_id, bytes(body)) for entry_id, body in connection.execute(_ENTRIES)]
        if not entries:
            return 0, None
        edge = self._edge if self._edge.size == read_size(connection) else read_edge(connection)
        self._edge, head = lengthen(connection, edge, entries, self._signer)
        connection.exec_driver_sql(_TAKEN_IN, (array(Texts, [entry_id for entry_id, _body in entries]),))
        return len(entries), head
