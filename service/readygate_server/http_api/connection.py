"""One connection: its head has to come soon and be short, whatever comes after it is read by those who answer."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import httptools  # noqa: F401 -- what uvicorn parses with here; left to itself it would do without
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

CONNECTIONS: Final = 1_000
"""Connections at a time, of each process; whoever comes after them finds the door closed."""
HEAD_SECONDS: Final = 10.0
"""How long the head of a request may take to come, from its first byte or the beginning of the connection."""
HEAD_BYTES: Final = 32 << 10
"""How long it may be."""


class Connection(HttpToolsProtocol):
    """A connection that is closed when the head of a request takes too long or is too long.

    The server itself has no limit for either: whoever sends a byte a minute would hold a connection for ever, and
    whoever sends one endless header all of the memory.
    """

    _waiting: asyncio.TimerHandle | None = None
    _head_bytes = 0
    _in_head = True

    def connection_made(self, transport: Any) -> None:
        """Waits for the first head."""
        super().connection_made(transport)
        if len(self.connections) > CONNECTIONS:
            self.transport.close()
        else:
            self._await_head()

    def data_received(self, data: bytes) -> None:
        """Reads, and gives up when a head does not end."""
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > HEAD_BYTES:
            self.transport.close()

    def on_message_begin(self) -> None:
        """Waits for the head of the next request."""
        super().on_message_begin()
        self._in_head = True
        if self._waiting is None:
            self._await_head()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Takes a line of the head; those after a body are left out, of which there may be any number."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Leaves the rest to whoever answers."""
        self._in_head, self._head_bytes = False, 0
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Expects another head."""
        self._in_head = True
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Waits no longer."""
        if self._waiting is not None:
            self._waiting.cancel()
        super().connection_lost(exc)

    def _await_head(self) -> None:
        self._waiting = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _give_up(self) -> None:
        self.transport.close()
