"""Calls from within this process: what stands in for the context of gRPC, and how such a call fails."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from google.protobuf.message import Message

from readygate_server.grpc_api.errors import Answer
from readygate_server.observability import Call

Metadata: TypeAlias = Sequence[tuple[str, str]]
"""What a call shows beside its request; names in lower case."""
Reading: TypeAlias = Callable[[bytes], tuple[Message, bytes]]
"""Reads a request that is written otherwise: returns the message, and its bytes, which are what is recorded."""
_NOW: Final = 0.001
"""Seconds below which nothing is left: the clock that ends a call may be that much ahead."""


class CallFailed(Exception):  # noqa: N818 -- the call failed, and was answered with an error
    """A call from within this process ended with an error."""

    def __init__(self, answer: Answer) -> None:
        """Takes the error in the form of the wire, with every fault."""
        super().__init__(answer.message)
        self.answer = answer


class DirectContext:
    """Stands where servicers expect the context of a call: they ask who calls and how much time is left."""

    __slots__ = ("call", "ends_at", "read", "shown")

    def __init__(self, shown: Metadata, ends_at: float | None, read: Reading | None = None) -> None:
        """Takes what the call shows, when it ends by the clock of the event loop, and how its request is read."""
        self.shown = shown
        self.ends_at = ends_at
        self.read = read
        self.call: Call | None = None
        """The call, once it has begun."""

    def invocation_metadata(self) -> Metadata:
        """Returns what the call shows."""
        return self.shown

    def auth_context(self) -> Mapping[str, Sequence[bytes]]:
        """Returns nothing: no TLS layer has checked a certificate."""
        return {}

    def time_remaining(self) -> float | None:
        """Returns the seconds left, or None when there is no end."""
        if self.ends_at is None:
            return None
        left = self.ends_at - asyncio.get_running_loop().time()
        return left if left > _NOW else 0.0
