"""What happens around every call: its id, its log line, its numbers, its errors, and a limit on how many there are."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias

import grpc
import grpc.aio

from readygate_server.grpc_api.errors import DETAILS_KEY, Answer, OverloadedError, StoppingError, answer_of, foreseen
from readygate_server.grpc_api.requests import usable_request_id
from readygate_server.observability import Call, Metrics, begin_call, logger

_OURS: Final = "/readygate.v1."
_OK: Final = "OK"
_QUIET_SECONDS: Final = 0.1
_LONGEST_QUEUE_SECONDS: Final = 3.0
_LOOK_SECONDS: Final = 0.01
_SERVER_FAULTS: Final = frozenset({"INTERNAL", "UNKNOWN"})

_Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"
_Behaviour = Callable[[Any, Any], Awaitable[Any]]


class CallInterceptor(grpc.aio.ServerInterceptor):
    """Surrounds the calls of our own services; health and reflection pass untouched, and always get through."""

    def __init__(self, metrics: Metrics, *, limit: int) -> None:
        """Takes the number of calls that may be in flight."""
        self._metrics = metrics
        self._limit = limit
        self._in_flight = 0
        self._stopping = False
        self._last_refused = 0.0
        self._surrounded: dict[str, _Handler] = {}

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[_Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> _Handler | None:
        """Returns the handler of a call with everything around it."""
        handler = await continuation(handler_call_details)
        method = handler_call_details.method
        if handler is None or not method.startswith(_OURS):
            return handler
        if self._stopping:
            self._last_refused = time.monotonic()
            return self._surround(handler, method, _turn_away)
        if self._in_flight >= self._limit:
            return self._surround(handler, method, self._refuse)
        self._begin()
        known = self._surrounded.get(method)
        if known is None:
            assert handler.unary_unary is not None, "every RPC of the contract takes and gives one message"
            known = self._surrounded[method] = self._surround(handler, method, handler.unary_unary)
        return known

    async def drain(self, seconds: float) -> None:
        """Turns new calls away and waits until those in flight are answered and no new ones come.

        A server that is stopped cancels what its core has taken in and not handed over yet, which under load is most
        of what clients have sent; they could not tell whether such a call was answered. So the queue is emptied first.
        """
        self._stopping = True
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

    async def _refuse(self, _request: object, _context: object) -> None:
        raise OverloadedError(self._limit)

    def _surround(self, handler: _Handler, method: str, behaviour: Any) -> _Handler:
        return grpc.unary_unary_rpc_method_handler(
            _surrounded(behaviour, method.removeprefix(_OURS), self._metrics),
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )


async def _turn_away(_request: object, _context: object) -> None:
    raise StoppingError


def _surrounded(behaviour: _Behaviour, method: str, metrics: Metrics) -> Any:
    async def answer(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> Any:
        started = time.perf_counter()
        call = begin_call(usable_request_id(getattr(request, "request_id", "")), method)
        code, reason = "CANCELLED", ""
        try:
            reply = await behaviour(request, context)
            code = _OK
        except asyncio.CancelledError:
            if context.time_remaining() == 0:
                code = "DEADLINE_EXCEEDED"
            raise
        except Exception as error:  # noqa: BLE001 -- the last resort: nothing of what happened may reach the caller
            answered = answer_of(foreseen(error, call.request_id))
            code, reason = answered.code.name, answered.reason
            await _abort(context, answered)
        finally:
            _tell(call, method, code, reason, time.perf_counter() - started, metrics)
        return reply

    return answer


async def _abort(context: grpc.aio.ServicerContext[Any, Any], answer: Answer) -> None:
    await context.abort(answer.code, answer.message, ((DETAILS_KEY, answer.details()),))


def _tell(call: Call, method: str, code: str, reason: str, seconds: float, metrics: Metrics) -> None:
    metrics.calls.labels(method, code).inc()
    metrics.seconds.labels(method).observe(seconds)
    said: dict[str, object] = {"code": code, "milliseconds": round(seconds * 1000, 3)}
    if reason:
        said["reason"] = reason
    if call.items:
        said["items"] = call.items
    if call.verdict:
        said["verdict"] = call.verdict
    if call.ruleset:
        said["ruleset"] = call.ruleset
    log = logger()
    (log.error if code in _SERVER_FAULTS else log.info)("call", **said)
