"""Items on their way into a stream: put into messages, with ids, and with what went wrong while they were made."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Sequence
from typing import Any, Final

import grpc
import grpc.aio

from readygate.v1.gate_service_pb2 import EvaluateStreamItem, EvaluateStreamRequest
from readygate.v1.ruleset_pb2 import RulesetSelector

_FAILED_WRITE: Final = "Internal error from Core"
_LOST_WORD: Final = (
    "the stream was ended while a message was on its way, and what the gate said of it was lost; "
    "send what is not answered on another one"
)
_LOOKS_FOR_ENDING: Final = 100
_MOST_UNANSWERED: Final = 48  # of 64 that a gate takes in, unless its operator says otherwise
_TOGETHER: Final = 10
_TOGETHER_BYTES: Final = 256 << 10  # a quarter of what a gate takes in one message

Items = Iterable[EvaluateStreamItem] | AsyncIterable[EvaluateStreamItem]


class Sending:
    """The messages of one stream. When the caller's items fail, no more are sent, and all that were are answered."""

    def __init__(self, items: Items, ruleset: RulesetSelector | None) -> None:
        """Takes what is to be judged, and by what."""
        self._items = items
        self._ruleset = ruleset
        self._failure: BaseException | None = None
        self._unanswered = 0
        self._room = asyncio.Event()

    def messages(self) -> Iterator[EvaluateStreamRequest]:
        """Yields messages as there are items."""
        assert isinstance(self._items, Iterable), "a blocking client takes no asynchronous items"
        try:
            for items in _together(self._items):
                yield self._message(items)
        except Exception as failure:  # noqa: BLE001 -- raised where the caller waits, instead of in a thread of gRPC
            self._failure = failure

    async def write_to(self, call: Any) -> None:
        """Writes messages until there are no more items or the call is over.

        No more is written than the gate takes in unanswered. So no write is under way when the gate ends the stream,
        which would cost what gRPC holds of its answers.
        """
        async for message in self._messages_soon():
            self._unanswered += len(message.items)
            while self._unanswered > max(_MOST_UNANSWERED, len(message.items)):
                self._room.clear()
                await self._room.wait()
            try:
                await call.write(message)
            except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
                return  # the call is over, and whoever reads from it is told why
        await call.done_writing()

    async def _messages_soon(self) -> AsyncIterator[EvaluateStreamRequest]:
        if isinstance(self._items, Iterable):
            for message in self.messages():
                yield message
            return
        try:
            async for item in self._items:
                yield self._message([item])
        except Exception as failure:  # noqa: BLE001 -- as above
            self._failure = failure

    def note_answers(self, count: int) -> None:
        """Makes room for as many items as were answered."""
        self._unanswered -= count
        self._room.set()

    def check(self) -> None:
        """Raises what the caller's items raised."""
        if self._failure is not None:
            raise self._failure

    def _message(self, items: Sequence[EvaluateStreamItem]) -> EvaluateStreamRequest:
        message = EvaluateStreamRequest(ruleset=self._ruleset, items=items)
        self._ruleset = None
        for item in message.items:  # copies: the caller's stay as they are
            item.request.request_id = item.request.request_id or uuid.uuid4().hex
        return message


async def ending_of(call: Any, failure: grpc.aio.AioRpcError) -> grpc.aio.AioRpcError:
    """Returns what the gate ended a stream with.

    A write that is under way when the gate ends a stream fails, and what gRPC makes of that takes the place of what
    the gate said (https://github.com/grpc/grpc/issues/36066): for good when it comes second, which is why writing is
    given up when the call is over; when it comes first, until the gate's word arrives. Where the word is lost all the
    same, the stream was ended by the other side: UNAVAILABLE says so, and that what is unanswered can be sent again.
    """
    for _ in range(_LOOKS_FOR_ENDING):
        if (code := await call.code()) is not grpc.StatusCode.INTERNAL or failure.details() != _FAILED_WRITE:
            return grpc.aio.AioRpcError(
                code, await call.initial_metadata(), await call.trailing_metadata(), await call.details()
            )
        await asyncio.sleep(0.01)
    return grpc.aio.AioRpcError(
        grpc.StatusCode.UNAVAILABLE, await call.initial_metadata(), await call.trailing_metadata(), _LOST_WORD
    )


def _together(items: Iterable[EvaluateStreamItem]) -> Iterator[Sequence[EvaluateStreamItem]]:
    """Yields the items of a sequence several at a time; others may be long in coming, and so wait for none."""
    if not isinstance(items, Sequence):
        for item in items:
            yield [item]
        return
    start, size = 0, 0
    for index, item in enumerate(items):
        size += item.ByteSize()
        if index > start and (index - start >= _TOGETHER or size > _TOGETHER_BYTES):
            yield items[start:index]
            start, size = index, item.ByteSize()
    if start < len(items):
        yield items[start:]
