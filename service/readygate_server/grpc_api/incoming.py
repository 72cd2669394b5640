"""Messages of a caller's stream, until there are no more, the server stops, or their time is up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import NamedTuple, Self

from google.protobuf.message import Message

from readygate_server.grpc_api.errors import StreamEndedError


class Received(NamedTuple):
    """A message, and the bytes that it came as."""

    raw: bytes
    message: Message


class Incoming:
    """The messages of a stream. Belongs to one task; a context manager that leaves nothing waiting."""

    def __init__(
        self, requests: AsyncIterator[bytes], parse: Callable[[bytes], Message], stopping: asyncio.Event
    ) -> None:
        """Takes where messages come from, how they are read, and what is set when the server stops."""
        self._requests = requests
        self._parse = parse
        self._stopping = stopping
        self._patience: asyncio.Timeout | None = None

    async def next(self, until: float) -> Received | None:
        """Returns the next message, None after the last; `until` is a moment on the clock of the event loop.

        Raises:
          StreamEndedError: when the server stops, or that moment comes, before there is one.
          InvalidRequestError: for bytes that are no message of the contract.
        """
        if self._stopping.is_set():
            raise StreamEndedError("the server is stopping")
        try:
            async with asyncio.timeout_at(until) as self._patience:
                raw = await anext(self._requests, None)
        except TimeoutError:
            why = "the server is stopping" if self._stopping.is_set() else "it has lasted as long as a stream may"
            raise StreamEndedError(why) from None
        finally:
            self._patience = None
        return None if raw is None else Received(raw, self._parse(raw))

    async def __aenter__(self) -> Self:
        """Starts to look whether the server stops; to ask before each message would cost more than reading it."""
        self._stopped = asyncio.ensure_future(self._stopping.wait())
        self._stopped.add_done_callback(self._stop)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.cancel()

    def _stop(self, _: object) -> None:
        if self._patience is not None and self._stopping.is_set():
            self._patience.reschedule(asyncio.get_running_loop().time())
