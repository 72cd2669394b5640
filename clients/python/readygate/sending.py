"""Items on their way into a stream: put into messages, with ids, and with what went wrong while they were made."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Sequence
from typing import Final

from readygate.v1.gate_service_pb2 import EvaluateStreamItem, EvaluateStreamRequest
from readygate.v1.ruleset_pb2 import RulesetSelector

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

    def messages(self) -> Iterator[EvaluateStreamRequest]:
        """Yields messages as there are items."""
        assert isinstance(self._items, Iterable), "a blocking client takes no asynchronous items"
        try:
            for items in _together(self._items):
                yield self._message(items)
        except Exception as failure:  # noqa: BLE001 -- raised where the caller waits, instead of in a thread of gRPC
            self._failure = failure

    async def messages_soon(self) -> AsyncIterator[EvaluateStreamRequest]:
        """Yields messages as there are items, which may be asynchronous."""
        if isinstance(self._items, Iterable):
            for message in self.messages():
                yield message
            return
        try:
            async for item in self._items:
                yield self._message([item])
        except Exception as failure:  # noqa: BLE001 -- as above
            self._failure = failure

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
