"""Clients of the gate, blocking and asynchronous.

Both take and return the messages of the contract, put a deadline on every call, and try again only when the gate was
not reached. Each operation is described once, in `operations`, and works for both.
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from types import TracebackType
from typing import Any, Final, Self, TypeVar, cast

import grpc
import grpc.aio
from google.protobuf.message import Message

from readygate.credentials import Bearer, Token
from readygate.errors import error_of
from readygate.operations import Asynchronous, Blocking, EvaluateStream, Operations, Rpc, Watch
from readygate.sending import Items, Sending, ending_of
from readygate.v1 import gate_service_pb2 as gate
from readygate.v1.decision_service_pb2 import WatchDecisionsRequest, WatchDecisionsResponse
from readygate.v1.ruleset_pb2 import RulesetSelector

DEFAULT_TIMEOUT: Final = 10.0
"""Seconds that a call may take, with all its attempts."""

MAX_ATTEMPTS: Final = 4
"""Attempts of one call, the first included; all of them within its deadline."""

_WAITS: Final = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 20.0)
_MAX_REPLY_BYTES: Final = 64 << 20  # a hundred full decisions are more than the 4 MiB that gRPC allows by itself
_RETRY_POLICY: Final = {
    "maxAttempts": MAX_ATTEMPTS,
    "initialBackoff": "0.1s",
    "maxBackoff": "1s",
    "backoffMultiplier": 2,
    "retryableStatusCodes": ["UNAVAILABLE"],
}
_OPTIONS: Final = (
    ("grpc.service_config", json.dumps({"methodConfig": [{"name": [{}], "retryPolicy": _RETRY_POLICY}]})),
    ("grpc.max_receive_message_length", _MAX_REPLY_BYTES),
)

_Request = TypeVar("_Request", bound=Message)
_Reply = TypeVar("_Reply", bound=Message)


class GateClient(Blocking, Operations):
    """A gate at `HOST:PORT` or `unix:PATH`; a context manager. May be shared between threads."""

    def __init__(
        self,
        target: str,
        *,
        timeout: float = DEFAULT_TIMEOUT,
        credentials: grpc.ChannelCredentials | None = None,
        token: Token | None = None,
    ) -> None:
        """Connects when first asked; without credentials the connection is not encrypted.

        Raises:
          ValueError: when a token would go to another machine in clear.
        """
        self._timeout = timeout
        self._bearer = Bearer(token, target=target, is_encrypted=credentials is not None)
        self._channel = (
            grpc.insecure_channel(target, _OPTIONS)
            if credentials is None
            else grpc.secure_channel(target, credentials, _OPTIONS)
        )

    def call(self, rpc: Rpc[_Request, _Reply], request: _Request, *, timeout: float | None = None) -> _Reply:
        """Sends a request; the operations above come here."""
        send = self._channel.unary_unary(rpc.path, _serialise, _reader_of(rpc.reply))
        try:
            return send(
                _named(request),
                timeout=self._timeout if timeout is None else timeout,
                metadata=self._bearer.metadata(),
            )
        except grpc.RpcError as failure:
            raise error_of(cast("Any", failure)) from failure  # a failed call is an error and a call in one

    def watch(self, rpc: Watch, request: WatchDecisionsRequest) -> Iterator[WatchDecisionsResponse]:
        """Gives what a stream sends, without end; `watch_decisions` comes here."""
        watched = _copied(request)
        patience = _Patience(renews=self._bearer.is_renewed)
        while True:
            try:
                send = self._channel.unary_stream(rpc.path, _serialise, _reader_of(rpc.reply))
                for reply in send(watched, metadata=self._bearer.metadata()):
                    patience = _Patience(renews=self._bearer.is_renewed)
                    _go_on_after(watched, reply)
                    yield reply
            except grpc.RpcError as failure:
                time.sleep(patience.after(cast("Any", failure)))

    def stream(
        self,
        rpc: EvaluateStream,
        items: Iterable[gate.EvaluateStreamItem],
        *,
        ruleset: RulesetSelector | None = None,
        timeout: float | None = None,
    ) -> Iterator[gate.EvaluateStreamResult]:
        """Sends items and gives results; `evaluate_stream` comes here."""
        sending = Sending(items, ruleset)
        send = self._channel.stream_stream(rpc.path, _serialise, _reader_of(rpc.reply))
        replies = send(sending.messages(), timeout=timeout, metadata=self._bearer.metadata())
        try:
            for reply in replies:
                yield from reply.results
        except grpc.RpcError as failure:
            raise error_of(cast("Any", failure)) from failure
        finally:
            replies.cancel()  # who looks at no more results leaves nothing behind
        sending.check()

    def close(self) -> None:
        """Closes the connection."""
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncGateClient(Asynchronous, Operations):
    """A gate at `HOST:PORT` or `unix:PATH` for asyncio; an asynchronous context manager. Belongs to one event loop."""

    def __init__(
        self,
        target: str,
        *,
        timeout: float = DEFAULT_TIMEOUT,
        credentials: grpc.ChannelCredentials | None = None,
        token: Token | None = None,
    ) -> None:
        """Connects when first asked; without credentials the connection is not encrypted.

        Raises:
          ValueError: when a token would go to another machine in clear.
        """
        self._timeout = timeout
        self._bearer = Bearer(token, target=target, is_encrypted=credentials is not None)
        self._channel = (
            grpc.aio.insecure_channel(target, _OPTIONS)
            if credentials is None
            else grpc.aio.secure_channel(target, credentials, _OPTIONS)
        )

    async def call(
        self,
        rpc: Rpc[_Request, _Reply],
        request: _Request,
        *,
        timeout: float | None = None,  # noqa: ASYNC109 -- gRPC tells the server about it
    ) -> _Reply:
        """Sends a request; the operations above come here."""
        send = self._channel.unary_unary(rpc.path, _serialise, _reader_of(rpc.reply))
        try:
            return await send(
                _named(request),
                timeout=self._timeout if timeout is None else timeout,
                metadata=self._bearer.metadata(),
            )
        except grpc.aio.AioRpcError as failure:
            raise error_of(failure) from failure

    async def watch(self, rpc: Watch, request: WatchDecisionsRequest) -> AsyncIterator[WatchDecisionsResponse]:
        """Gives what a stream sends, without end; `watch_decisions` comes here."""
        watched = _copied(request)
        patience = _Patience(renews=self._bearer.is_renewed)
        while True:
            try:
                send = self._channel.unary_stream(rpc.path, _serialise, _reader_of(rpc.reply))
                async for reply in send(watched, metadata=self._bearer.metadata()):
                    patience = _Patience(renews=self._bearer.is_renewed)
                    _go_on_after(watched, reply)
                    yield reply
            except grpc.aio.AioRpcError as failure:
                await asyncio.sleep(patience.after(failure))

    async def stream(
        self,
        rpc: EvaluateStream,
        items: Items,
        *,
        ruleset: RulesetSelector | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 -- gRPC tells the server about it
    ) -> AsyncIterator[gate.EvaluateStreamResult]:
        """Sends items and gives results; `evaluate_stream` comes here."""
        sending = Sending(items, ruleset)
        send = self._channel.stream_stream(rpc.path, _serialise, _reader_of(rpc.reply))
        call: Any = send(timeout=timeout, metadata=self._bearer.metadata())
        writing = asyncio.ensure_future(sending.write_to(call))
        call.add_done_callback(lambda _: writing.cancel())
        try:
            while (reply := await call.read()) is not grpc.aio.EOF:
                sending.note_answers(len(reply.results))
                for result in reply.results:
                    yield result
            sending.check()
        except grpc.aio.AioRpcError as failure:
            raise error_of(await ending_of(call, failure)) from failure
        finally:
            writing.cancel()
            call.cancel()  # who looks at no more results leaves nothing behind

    async def close(self) -> None:
        """Closes the connection."""
        await self._channel.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


class _Patience:
    """How long a watcher waits for a gate that went away, longer each time, before it gives up.

    A watch may last longer than a token. Who can give a newer one calls again with it, once.
    """

    def __init__(self, *, renews: bool) -> None:
        self._waits = iter(_WAITS)
        self._renews = renews

    def after(self, failure: Any) -> float:
        """Returns the seconds to wait; raises GateError when there is no use in waiting."""
        if self._renews and failure.code() is grpc.StatusCode.UNAUTHENTICATED:
            self._renews = False
            return 0.0
        wait = next(self._waits, None) if failure.code() is grpc.StatusCode.UNAVAILABLE else None
        if wait is None:
            raise error_of(failure) from failure
        return wait


def _copied(request: WatchDecisionsRequest) -> WatchDecisionsRequest:
    copy = WatchDecisionsRequest()
    copy.CopyFrom(request)
    return copy


def _go_on_after(request: WatchDecisionsRequest, reply: WatchDecisionsResponse) -> None:
    request.resume_token = reply.resume_token
    request.from_now = False


def _serialise(message: Message) -> bytes:
    return message.SerializeToString()


def _reader_of(reply: type[_Reply]) -> Callable[[bytes], _Reply]:
    return reply.FromString


def _named(request: _Request) -> _Request:
    """Returns the request with an id, so that all attempts carry the same one. The caller's message stays as it is."""
    if "items" not in request.DESCRIPTOR.fields_by_name and "request_id" not in request.DESCRIPTOR.fields_by_name:
        return request
    named = type(request)()
    named.CopyFrom(request)
    for each in named.items if isinstance(named, gate.BatchEvaluateRequest) else (cast("Any", named),):
        each.request_id = each.request_id or uuid.uuid4().hex
    return named
