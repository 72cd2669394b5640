"""How many calls there are at once, and how they end when the server does. What happens in each is in `calls`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

import grpc
import grpc.aio

from readygate_server.grpc_api.authentication import Doorkeeper
from readygate_server.grpc_api.calls import Handler, Surroundings, guard, surround, surround_stream
from readygate_server.grpc_api.errors import OverloadedError, StoppingError
from readygate_server.observability import Metrics

_OURS: Final = "/readygate.v1."
_HEALTH: Final = "/grpc.health.v1.Health/"
_QUIET_SECONDS: Final = 0.1
_LONGEST_QUEUE_SECONDS: Final = 3.0
_LOOK_SECONDS: Final = 0.01


class CallInterceptor(grpc.aio.ServerInterceptor):
    """Surrounds the calls of our own services. Health always gets through; reflection does once the caller is known."""

    def __init__(self, metrics: Metrics, *, limit: int, door: Doorkeeper | None = None) -> None:
        """Takes the number of calls that may be in flight, and who lets callers in."""
        self._metrics = metrics
        self._limit = limit
        self._in_flight = 0
        self._stopping = asyncio.Event()
        self._door = door or Doorkeeper()
        self._shared = Surroundings(metrics, self._door, self._stopping)
        # Who is refused without being answered is not asked who they are: that would cost what is short.
        self._refused = Surroundings(metrics, Doorkeeper(), asyncio.Event())
        self._last_refused = 0.0
        self._surrounded: dict[str, Handler] = {}

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        """Returns the handler of a call with everything around it."""
        handler = await continuation(handler_call_details)
        method = handler_call_details.method
        if handler is None or not method.startswith(_OURS):
            is_open = not self._door.asks or method.startswith(_HEALTH)
            return handler if is_open else guard(handler, self._door)
        if self._stopping.is_set():
            self._last_refused = time.monotonic()
            return self._refusing(handler, method, StoppingError())
        if self._in_flight >= self._limit:
            return self._refusing(handler, method, OverloadedError(self._limit))
        self._begin()
        known = self._surrounded.get(method)
        if known is None:
            known = self._surrounded[method] = self._surround(handler, method)
        return known

    async def drain(self, seconds: float) -> None:
        """Turns new calls away and waits until those in flight are answered and no new ones come.

        A server that is stopped cancels what its core has taken in and not handed over yet, which under load is most
        of what clients have sent; they could not tell whether such a call was answered. So the queue is emptied first.
        """
        self._stopping.set()
        started = self._last_refused = time.monotonic()
        while (now := time.monotonic()) - started < seconds:
            is_quiet = now - self._last_refused >= _QUIET_SECONDS or now - started >= _LONGEST_QUEUE_SECONDS
            if is_quiet and not self._in_flight:
                return
            await asyncio.sleep(_LOOK_SECONDS)

    def _begin(self) -> None:
        """Counts the call until its task ends, whether or not its handler is ever reached."""
        self._in_flight += 1
        self._metrics.in_flight.set(self._in_flight)
        task = asyncio.current_task()
        assert task is not None
        task.add_done_callback(self._end)

    def _end(self, _: asyncio.Task[Any]) -> None:
        self._in_flight -= 1
        self._metrics.in_flight.set(self._in_flight)

    def _surround(self, handler: Handler, method: str) -> Handler:
        name = method.removeprefix(_OURS)
        if handler.response_streaming:
            behaviour: Any = handler.unary_stream  # typed as of the blocking server
            return surround_stream(handler, name, behaviour, self._shared)
        assert handler.unary_unary is not None, "no RPC of the contract takes a stream"
        return surround(handler, name, handler.unary_unary, self._shared)

    def _refusing(self, handler: Handler, method: str, error: Exception) -> Handler:
        name = method.removeprefix(_OURS)
        if handler.response_streaming:
            return surround_stream(handler, name, _refuse_stream(error), self._refused)
        return surround(handler, name, _refuse(error), self._refused)


def _refuse(error: Exception) -> Callable[[Any, Any], Awaitable[Any]]:
    async def refuse(_request: object, _context: object) -> None:
        raise error

    return refuse


def _refuse_stream(error: Exception) -> Callable[[Any, Any], AsyncIterator[Any]]:
    async def refuse(_request: object, _context: object) -> AsyncIterator[Any]:
        for reply in await _refuse(error)(_request, _context):
            yield reply

    return refuse
