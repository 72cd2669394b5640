"""Calls our own RPCs in this process, through the same door, limits and log as calls over the wire."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message

from readygate_server.grpc_api.direct import CallFailed, DirectContext, Metadata
from readygate_server.grpc_api.errors import DeadlineExceededError, OverloadedError, answer_of
from readygate_server.grpc_api.reception import Reception
from readygate_server.http_api.methods import METHODS
from readygate_server.http_api.turns import Turnstile

__all__ = ["CALLS_AT_ONCE", "CallFailed", "Caller", "Metadata"]

CALLS_AT_ONCE: Final = 64
"""Calls of one process over HTTP that are answered or wait for their turn; those of pages are counted apart."""

_Reply = TypeVar("_Reply", bound=Message)


@dataclass(slots=True)
class _Details:
    """What is known of a call before it is answered."""

    method: str
    invocation_metadata: Any


class _Begun:
    """Calls that all callers of a process have begun, and whose turn it is to begin the next."""

    def __init__(self, reception: Reception) -> None:
        self.count = 0
        self.turns = Turnstile(lambda: reception.in_flight > self.count)


class Caller:
    """Calls RPCs of this process. So many at once, and each when it is its turn, so that gRPC keeps its share."""

    def __init__(self, reception: Reception, *, at_once: int = CALLS_AT_ONCE, beside: Caller | None = None) -> None:
        """Takes where calls come in, how many from here may be there at once, and with whom turns are shared."""
        self._reception = reception
        self._at_once = at_once
        self._here = 0
        self._begun: _Begun = _Begun(reception) if beside is None else beside._begun

    async def call(self, method: str, request: bytes, shown: Metadata = (), *, seconds: float | None = None) -> bytes:
        """Calls a method such as `/readygate.v1.GateService/Evaluate`; returns the bytes of its reply.

        `shown` is what the caller shows, as gRPC metadata: `authorization` for one. `seconds` is the deadline.

        Raises:
          CallFailed: with the error in the form of the wire.
        """
        ends_at = None if seconds is None else asyncio.get_running_loop().time() + seconds
        return await self.answer(method, request, DirectContext(shown, ends_at))

    async def answer(self, method: str, request: bytes, context: DirectContext) -> bytes:
        """Calls a method in a context, which knows the call afterwards, however it ended.

        Raises:
          CallFailed: with the error in the form of the wire.
        """
        if self._here >= self._at_once:
            raise CallFailed(self._reception.turn_away(method, OverloadedError(self._at_once)))
        self._here += 1
        try:
            await self._turn(method, context)
            async with asyncio.timeout_at(context.ends_at):
                # In a task of its own, which is what calls are counted by, and whose end nothing here can forget.
                answering = asyncio.create_task(self._answer(method, request, context))
                self._begun.count += 1
                answering.add_done_callback(self._end)  # just before reception takes note of it as well
                return await answering
        except TimeoutError:
            raise CallFailed(answer_of(DeadlineExceededError())) from None
        finally:
            self._here -= 1

    async def ask(
        self, request: Message, reply: type[_Reply], shown: Metadata = (), *, seconds: float | None = None
    ) -> _Reply:
        """Calls the method that takes such a request; returns its reply, which is of the given type.

        Raises:
          CallFailed: with the error in the form of the wire.
        """
        method = _BY_REQUEST[request.DESCRIPTOR.full_name]
        assert method.output_type.full_name == reply.DESCRIPTOR.full_name, "that is the reply of another method"
        path = f"/{method.containing_service.full_name}/{method.name}"
        return reply.FromString(await self.call(path, request.SerializeToString(), shown, seconds=seconds))

    async def _turn(self, method: str, context: DirectContext) -> None:
        try:
            async with asyncio.timeout_at(context.ends_at):
                await self._begun.turns.wait()
        except TimeoutError:
            raise CallFailed(self._reception.turn_away(method, DeadlineExceededError())) from None

    async def _answer(self, method: str, request: bytes, context: DirectContext) -> bytes:
        handler: Any = self._reception.service(_Details(method, context.invocation_metadata()))
        reply: bytes = handler.response_serializer(await handler.unary_unary(request, context))
        return reply

    def _end(self, _: asyncio.Task[bytes]) -> None:
        self._begun.count -= 1


_BY_REQUEST: Final[Mapping[str, MethodDescriptor]] = {
    method.input_type.full_name: method for method in METHODS.values()
}
