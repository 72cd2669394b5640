"""Streams of proposals: judged as they come, by one ruleset, and answered as soon as each answer is ready.

One task reads and has items judged; the stream itself writes what is ready, as much at once as there is. What is read
and not yet written is bounded: beyond that nothing more is read, and so the caller's connection fills up and holds
the caller back. A caller who does not read its answers is held back in the same way.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Coroutine
from typing import Any, Final, cast

import grpc.aio

from readygate.v1 import gate_service_pb2 as pb
from readygate_server.application.active_ruleset import ActiveRuleset
from readygate_server.application.selection import Selection
from readygate_server.domain.identity import Role
from readygate_server.grpc_api.answering import Answering, Turns, check_deadline
from readygate_server.grpc_api.authorisation import permit
from readygate_server.grpc_api.errors import InvalidRequestError
from readygate_server.grpc_api.incoming import Incoming, Received
from readygate_server.grpc_api.ports import RulesetSnapshot
from readygate_server.grpc_api.recording import Asking
from readygate_server.grpc_api.requests import Faults, check_count, read_selection, usable_request_id
from readygate_server.grpc_api.wire import fields_of, head_of, number_of
from readygate_server.observability import current_call
from readygate_server.settings import Limits

_ITEMS: Final = number_of(pb.EvaluateStreamRequest, "items")
_REQUEST: Final = number_of(pb.EvaluateStreamItem, "request")
_RESULTS: Final = number_of(pb.EvaluateStreamResponse, "results")
_ITEM_ID: Final = number_of(pb.EvaluateStreamResult, "item_id")
_RESPONSE: Final = number_of(pb.EvaluateStreamResult, "response")
_ERROR: Final = number_of(pb.EvaluateStreamResult, "error")
_REPLY_BYTES: Final = 1 << 20
"""Results are put into one message up to here: clients take messages of 4 MiB unless told otherwise."""
_LAST_SECONDS: Final = 30.0
"""How long the last answers of a stream may take to be read once its time is up."""
_MOMENT_SECONDS: Final = 0.001
_Context = grpc.aio.ServicerContext[Any, Any]


class OneRuleset:
    """The ruleset of a stream: the one that its selector means on the day of the first item that there is one for."""

    def __init__(self, snapshot: RulesetSnapshot, selection: Selection) -> None:
        """Takes the rulesets of the moment at which the stream began, and which of them is meant."""
        self._snapshot = snapshot
        self._selection = selection
        self._found: ActiveRuleset | None = None
        self._day = ""

    def on(self, day: str) -> ActiveRuleset:
        """Returns the ruleset for an item; raises a GateError when another one, or none, is meant on its day."""
        if self._found is not None and self._day == day:
            return self._found
        active = self._snapshot.select(self._selection, as_of=day)
        found = self._found or active
        if active is not found:
            message = "the day of the item means another version than the stream is judged by"
            expected = f"a day of {found.ruleset.identity.version}, or a stream for each version"
            raise InvalidRequestError("request", (("as_of", message, day, expected),))
        self._found, self._day = found, day
        return found


class ItemStream:
    """One stream, from its first message to its last answer."""

    def __init__(
        self, answering: Answering, snapshot: RulesetSnapshot, limits: Limits, incoming: Incoming, context: _Context
    ) -> None:
        """Takes what answers, the rulesets of now, and where messages come from."""
        self._answering = answering
        self._snapshot = snapshot
        self._limits = limits
        self._incoming = incoming
        self._context = context
        self._call = current_call()
        self._ruleset: OneRuleset | None = None
        self._unanswered = 0
        self._ready: deque[bytes] = deque()
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._tasks: set[asyncio.Future[None]] = set()

    async def replies(self) -> AsyncGenerator[bytes, None]:
        """Yields serialised EvaluateStreamResponses; what was read is answered before an error ends the stream."""
        reading = asyncio.ensure_future(self._read())
        reading.add_done_callback(lambda _: self._news.set())
        loop, writing = asyncio.get_running_loop(), asyncio.current_task()
        assert writing is not None
        last = loop.call_later(self._limits.stream_seconds + _LAST_SECONDS, writing.cancel)
        try:
            while not reading.done() or self._unanswered:
                await self._news.wait()
                self._news.clear()
                while self._ready:
                    reply, count = self._next_reply()
                    yield reply
                    self._unanswered -= count
                    self._room.set()
            await reading
        finally:
            last.cancel()
            self._call.verdict = ""
            for task in (reading, *self._tasks):
                task.cancel()
            await asyncio.gather(reading, *self._tasks, return_exceptions=True)

    async def _read(self) -> None:
        until = asyncio.get_running_loop().time() + self._limits.stream_seconds
        turns = Turns()
        while (received := await self._incoming.next(until)) is not None:
            ruleset = self._checked(received)
            for item, raw in self._items(received):
                await self._wait_for_room()
                check_deadline(self._context)
                permit(Role.EVALUATOR, decisions=1)
                await self._begin(self._answer(item, raw, ruleset))
                await turns.take()
            await self._wait_for_room()
        # A stream that is cut off looks like one that ends, until gRPC says otherwise, which is within a moment.
        await asyncio.sleep(_MOMENT_SECONDS)

    def _checked(self, received: Received) -> OneRuleset:
        message = cast("pb.EvaluateStreamRequest", received.message)
        faults = Faults()
        if self._ruleset is None:
            selection = read_selection("ruleset", message.ruleset, faults)
            self._ruleset = OneRuleset(self._snapshot, selection)
        elif message.HasField("ruleset"):
            faults.add("ruleset", "the ruleset of a stream is named in its first message", expected="nothing")
        faults.report()
        check_count("items", message.items, self._limits.batch_items)
        return self._ruleset

    def _items(self, received: Received) -> list[tuple[pb.EvaluateStreamItem, bytes]]:
        """Returns the items with the bytes of their requests, which only the record needs."""
        items = cast("pb.EvaluateStreamRequest", received.message).items
        if not self._answering.is_durable:
            return [(item, b"") for item in items]
        raws = fields_of(received.raw, _ITEMS)
        # A field that stands there more than once means its contents one after the other.
        return [(item, b"".join(fields_of(raw, _REQUEST))) for item, raw in zip(items, raws, strict=True)]

    async def _wait_for_room(self) -> None:
        while self._unanswered >= self._limits.stream_unanswered:
            self._room.clear()
            await self._room.wait()

    async def _begin(self, answer: Coroutine[Any, Any, None]) -> None:
        """Answers an item: here and now, or beside others where it waits for a disk."""
        self._unanswered += 1
        if not self._answering.is_durable:
            await answer
            return
        task = asyncio.ensure_future(answer)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, item: pb.EvaluateStreamItem, raw: bytes, ruleset: OneRuleset) -> None:
        request, call = item.request, self._call
        answered_as = usable_request_id(request.request_id) if request.request_id else f"{call.request_id}.{call.items}"
        call.items += 1
        asking = Asking(call.principal, raw, request.request_id, answered_as)
        content, is_response = await self._answering.answer_item(asking, request, ruleset.on)
        item_id = item.item_id.encode()
        head = head_of(_RESPONSE if is_response else _ERROR, len(content))
        if item_id:
            head = b"".join((head_of(_ITEM_ID, len(item_id)), item_id, head))
        self._ready.append(b"".join((head_of(_RESULTS, len(head) + len(content)), head, content)))
        self._news.set()

    def _next_reply(self) -> tuple[bytes, int]:
        """Returns a message with what is ready, and how many results are in it."""
        results = [self._ready.popleft()]
        size = len(results[0])
        while self._ready and (size := size + len(self._ready[0])) <= _REPLY_BYTES:
            results.append(self._ready.popleft())
        return b"".join(results), len(results)
