"""What happens around every call: its id, its log line, its numbers and its errors.

Requests arrive here as bytes. What is recorded is what the caller sent, never what it would be written as again, and
bytes that are no message of the contract are refused like any other bad input.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, TypeAlias

import grpc
import grpc.aio
from google.protobuf.message import DecodeError, Message

from readygate_server.domain.errors import GateError
from readygate_server.domain.identity import Credential, Principal, PrincipalKind
from readygate_server.grpc_api.authentication import Doorkeeper
from readygate_server.grpc_api.direct import CallFailed, DirectContext
from readygate_server.grpc_api.errors import (
    DETAILS_KEY,
    Answer,
    InvalidRequestError,
    StoppingError,
    answer_of,
    foreseen,
)
from readygate_server.grpc_api.incoming import Incoming
from readygate_server.grpc_api.requests import usable_request_id
from readygate_server.observability import Call, Metrics, begin_call, current_call, logger, name_call

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"

ASK_AGAIN_SECONDS: Final = 1.0
"""How often the callers of streams in both directions are asked for anew."""
_OK: Final = "OK"
_SERVER_FAULTS: Final = frozenset({"INTERNAL", "UNKNOWN"})
_Context = grpc.aio.ServicerContext[Any, Any] | DirectContext


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all calls share."""

    metrics: Metrics
    door: Doorkeeper
    stopping: asyncio.Event
    """Set when the server stops, which ends streams."""


def surround(
    handler: Handler, method: str, behaviour: Callable[[Any, Any], Awaitable[Any]], shared: Surroundings
) -> Handler:
    """Returns the handler of a call that takes and gives one message."""

    async def answer(raw: bytes, context: _Context) -> Any:
        async with _Surrounding(handler, method, raw, context, shared) as request:
            return await behaviour(request, context)

    return grpc.unary_unary_rpc_method_handler(answer, response_serializer=_serialise)


def surround_stream(
    handler: Handler,
    method: str,
    behaviour: Callable[[Any, Any], AsyncIterator[Any]],
    shared: Surroundings,
) -> Handler:
    """Returns the handler of a call that gives a stream, which ends with StoppingError when the server stops.

    A stream may last longer than the right to it, so the caller is asked for anew before each message.
    """

    async def answer(raw: bytes, context: _Context) -> AsyncIterator[Any]:
        async with _Surrounding(handler, method, raw, context, shared) as request:
            async for reply in _until(shared.stopping, behaviour(request, context)):
                await shared.door.check_again(current_call(), context)
                yield reply

    return grpc.unary_stream_rpc_method_handler(answer, response_serializer=_serialise)


def surround_bidi(
    handler: Handler,
    method: str,
    behaviour: Callable[[Any, Any], AsyncGenerator[Any, None]],
    shared: Surroundings,
) -> Handler:
    """Returns the handler of a call that takes and gives a stream; its behaviour gets the requests as Incoming.

    Who calls is asked for anew before a message, but not before each: there may be thousands in a second.
    """

    def parse(raw: bytes) -> Message:
        if (message := _parsed(handler, raw)) is None:
            raise _not_a_message(raw)
        return message

    async def answer(requests: AsyncIterator[bytes], context: _Context) -> AsyncIterator[Any]:
        async with (
            _Surrounding(handler, method, b"", context, shared),
            Incoming(requests, parse, shared.stopping) as incoming,
            contextlib.aclosing(behaviour(incoming, context)) as replies,
        ):
            due = time.monotonic() + ASK_AGAIN_SECONDS
            async for reply in replies:
                if (now := time.monotonic()) >= due:
                    await shared.door.check_again(current_call(), context)
                    due = now + ASK_AGAIN_SECONDS
                yield reply

    return grpc.stream_stream_rpc_method_handler(answer, response_serializer=_serialise)


def guard(handler: Handler | None, door: Doorkeeper) -> Handler:
    """Returns the handler of a call that is not ours, or that nobody answers: only known callers learn even that."""
    behaviour: Any = handler and handler.stream_stream

    async def answer(requests: Any, context: grpc.aio.ServicerContext[Any, Any]) -> AsyncIterator[Any]:
        try:
            await door.identify(context)
        except GateError as error:
            await _abort(context, answer_of(error))
        if behaviour is None:
            await context.abort(grpc.StatusCode.UNIMPLEMENTED, "there is no such method")
        async for reply in behaviour(requests, context):
            yield reply

    # A stream of both sides fits calls of every form, as long as nothing is read of it.
    return grpc.stream_stream_rpc_method_handler(
        answer,
        request_deserializer=handler.request_deserializer if handler else None,
        response_serializer=handler.response_serializer if handler else None,
    )


def tell_refused(method: str, error: GateError, shared: Surroundings) -> Answer:
    """Tells of a call that ended before anything was read of it; returns its answer."""
    refused = answer_of(error)
    _tell(begin_call("", method), method, refused.code.name, refused.reason, 0.0, shared)
    return refused


class _Surrounding:
    """Gives the request of a call, and tells how the call ended. Nothing of it is read before the caller is known."""

    __slots__ = ("_call", "_context", "_handler", "_method", "_shared", "_started")

    def __init__(self, handler: Handler, method: str, raw: bytes, context: _Context, shared: Surroundings) -> None:
        self._started = time.perf_counter()
        self._handler = handler
        self._method = method
        self._context = context
        self._shared = shared
        self._call = begin_call("", method, raw)
        if isinstance(context, DirectContext):
            context.call = self._call

    async def __aenter__(self) -> Message:
        call = self._call
        try:
            if self._shared.door.asks:
                await self._shared.door.admit(call, self._context)
            request = self._read(call)
        except BaseException as error:
            await self._fail(error)
            raise
        name_call(usable_request_id(getattr(request, "request_id", "")))
        return request

    def _read(self, call: Call) -> Message:
        context = self._context
        if isinstance(context, DirectContext) and context.read is not None:
            request, call.received = context.read(call.received)
        elif (parsed := _parsed(self._handler, call.received)) is not None:
            request = parsed
        else:
            raise _not_a_message(call.received)
        return request

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._tell(_OK)
        else:
            await self._fail(error)

    async def _fail(self, error: BaseException) -> None:
        """Answers with an error; returns when nobody waits for an answer."""
        if isinstance(error, Exception):
            # The last resort: nothing of what happened may reach the caller.
            refused = answer_of(foreseen(error, self._call.request_id))
            self._tell(refused.code.name, refused.reason)
            await _abort(self._context, refused)  # last: who gets the answer finds its line in the log
        elif isinstance(error, asyncio.CancelledError | GeneratorExit) and self._context.time_remaining() == 0:
            self._tell("DEADLINE_EXCEEDED")
        else:
            self._tell("CANCELLED")

    def _tell(self, code: str, reason: str = "") -> None:
        _tell(self._call, self._method, code, reason, time.perf_counter() - self._started, self._shared)


async def _abort(context: _Context, answer: Answer) -> None:
    if isinstance(context, DirectContext):
        raise CallFailed(answer) from None
    await context.abort(answer.code, answer.message, ((DETAILS_KEY, answer.details()),))


async def _until(stopping: asyncio.Event, replies: AsyncIterator[Any]) -> AsyncIterator[Any]:
    """Yields replies until there are no more or the server stops, also while it waits for the next one.

    However it ends, nothing goes on looking for a reply that nobody waits for.
    """
    stopped: asyncio.Future[Any] = asyncio.ensure_future(stopping.wait())
    following = stopped
    try:
        while True:
            following = asyncio.ensure_future(anext(replies, _END))
            await asyncio.wait({following, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if not following.done():
                raise StoppingError
            if (reply := following.result()) is _END:
                return
            yield reply
    finally:
        stopped.cancel()
        following.cancel()


_END: Final = object()


def _parsed(handler: Handler, raw: bytes) -> Message | None:
    assert handler.request_deserializer is not None, "generated handlers read messages"
    try:
        message: Message = handler.request_deserializer(raw)
    except DecodeError:
        return None
    return message


def _not_a_message(raw: bytes) -> InvalidRequestError:
    fault = ("", "the bytes are no message of this contract", f"{len(raw)} bytes", "a request as the contract has it")
    return InvalidRequestError("request", (fault,))


def _serialise(reply: Message | bytes) -> bytes:
    """Returns the bytes of a reply; what was recorded is sent as it was recorded."""
    return reply if isinstance(reply, bytes) else reply.SerializeToString()


def _said_of(principal: Principal) -> dict[str, object]:
    """Returns what a log line says of the caller. Names of people are in the record, where they can be erased."""
    if principal.credential is Credential.LOCAL:
        return {"credential": "none"}
    who = principal.name if principal.kind is PrincipalKind.SERVICE else "a person"
    return {"caller": who, "credential": principal.credential.value}


def _tell(call: Call, method: str, code: str, reason: str, seconds: float, shared: Surroundings) -> None:
    shared.metrics.call_ended(method, code, seconds)
    said: dict[str, object] = {"code": code, "milliseconds": round(seconds * 1000, 3)}
    if shared.door.asks:
        said |= _said_of(call.principal)
    if reason:
        said["reason"] = reason
    if call.items:
        said["items"] = call.items
    if call.failed:
        said["failed"] = call.failed
    if call.verdict:
        said["verdict"] = call.verdict
    if call.ruleset:
        said["ruleset"] = call.ruleset
    log = logger()
    (log.error if code in _SERVER_FAULTS else log.info)("call", **said)
