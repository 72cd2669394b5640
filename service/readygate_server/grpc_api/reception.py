"""Where calls come in: how many there are at once, and how they end when the server does. The rest is in `calls`.

Services register here instead of with the server, which knows one handler only: this one. A handler in between, as an
interceptor is, would cost each call two coroutines, and each method that the server itself knows would cost each call
a future that the server waits for.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

import grpc
import grpc.aio

from readygate_server.domain.errors import GateError
from readygate_server.grpc_api.authentication import Doorkeeper
from readygate_server.grpc_api.calls import (
    Handler,
    Surroundings,
    guard,
    surround,
    surround_bidi,
    surround_stream,
    tell_refused,
)
from readygate_server.grpc_api.errors import Answer, OverloadedError, StoppingError
from readygate_server.observability import Metrics

_OURS: Final = "/readygate.v1."
_QUIET_SECONDS: Final = 0.3
_LONGEST_QUEUE_SECONDS: Final = 3.0
_LOOK_SECONDS: Final = 0.01


class _Method(NamedTuple):
    """The handlers of one method; which of them a call gets depends on what the server does at the time."""

    answering: Handler
    overloaded: Handler
    stopping: Handler


class Reception(grpc.GenericRpcHandler):
    """Finds the handler of each call: those of our own services surrounded, all others once the caller is known."""

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
        self._services: list[grpc.GenericRpcHandler] = []
        self._methods: dict[str, _Method] = {}

    @property
    def in_flight(self) -> int:
        """Calls that are being answered."""
        return self._in_flight

    @property
    def is_stopping(self) -> bool:
        """True from when new calls are turned away."""
        return self._stopping.is_set()

    def add_generic_rpc_handlers(self, services: Iterable[grpc.GenericRpcHandler]) -> None:
        """Adds services, as a server does."""
        self._services.extend(services)

    def add_registered_method_handlers(self, service: str, methods: Mapping[str, Handler]) -> None:
        """Adds nothing: services that register like this are added in the other way as well."""

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Handler | None:
        """Returns the handler of a call with everything around it."""
        name = handler_call_details.method
        method = self._methods.get(name)
        if method is None:
            handler = self._find(handler_call_details)
            if handler is None or not name.startswith(_OURS):
                return guard(handler, self._door) if self._door.asks else handler
            method = self._methods[name] = self._surround(handler, name.removeprefix(_OURS))
        if self._stopping.is_set():
            self._last_refused = time.monotonic()
            return method.stopping
        if self._in_flight >= self._limit:
            return method.overloaded
        self._begin()
        return method.answering

    def turn_away(self, path: str, error: GateError) -> Answer:
        """Notes a call from within this process that goes no further than to here; returns its answer."""
        return tell_refused(path.removeprefix(_OURS), error, self._refused)

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

    def _find(self, details: grpc.HandlerCallDetails) -> Handler | None:
        found = (service.service(details) for service in self._services)
        return next((handler for handler in found if handler is not None), None)

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

    def _surround(self, handler: Handler, name: str) -> _Method:
        def overloaded() -> Exception:
            return OverloadedError(self._limit)

        if handler.response_streaming:
            behaviour: Any = handler.stream_stream or handler.unary_stream  # typed as of the blocking server
            around = surround_bidi if handler.request_streaming else surround_stream
            return _Method(
                around(handler, name, behaviour, self._shared),
                around(handler, name, _refuse_stream(overloaded), self._refused),
                around(handler, name, _refuse_stream(StoppingError), self._refused),
            )
        assert handler.unary_unary is not None, "no RPC of the contract takes a stream and gives one message"
        return _Method(
            surround(handler, name, handler.unary_unary, self._shared),
            surround(handler, name, _refuse(overloaded), self._refused),
            surround(handler, name, _refuse(StoppingError), self._refused),
        )


def _refuse(error: Callable[[], Exception]) -> Callable[[Any, Any], Awaitable[Any]]:
    async def refuse(_request: object, _context: object) -> None:
        raise error()

    return refuse


def _refuse_stream(error: Callable[[], Exception]) -> Callable[[Any, Any], AsyncGenerator[Any, None]]:
    async def refuse(_request: object, _context: object) -> AsyncGenerator[Any, None]:
        for reply in await _refuse(error)(_request, _context):
            yield reply

    return refuse
