"""How pages ask: as any caller does, through the RPCs of this server. No page decides about rights itself."""

from __future__ import annotations

from typing import Final, Protocol, TypeVar

from google.protobuf.message import Message

from readygate_server.grpc_api.direct import CallFailed, Metadata

__all__ = ["SECONDS", "CallFailed", "Calls", "Metadata"]

SECONDS: Final = 30.0
"""How long a page waits for an answer."""

_Reply = TypeVar("_Reply", bound=Message)


class Calls(Protocol):
    """Calls RPCs of this server."""

    async def ask(
        self, request: Message, reply: type[_Reply], shown: Metadata = (), *, seconds: float | None = None
    ) -> _Reply:
        """Returns the reply, of the given type, of the method that takes such a request.

        Raises:
          CallFailed: with the error in the form of the wire.
        """
        ...
