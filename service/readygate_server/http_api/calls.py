"""Calls over HTTP by the Connect protocol: one POST a call, in JSON or binary protobuf."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from starlette.types import Receive, Scope, Send

from readygate_server.grpc_api.direct import CallFailed, DirectContext, Metadata
from readygate_server.http_api.bodies import Bodies, BodyError
from readygate_server.http_api.caller import Caller
from readygate_server.http_api.json_reading import read_json
from readygate_server.http_api.json_writing import json_of_bytes
from readygate_server.http_api.methods import METHODS, STREAMS
from readygate_server.http_api.refusals import Header, Refusal, refusal_of

CALLS: Final = "/readygate.v1."
"""How the paths of calls begin."""
LONGEST_SECONDS: Final = 60.0
"""How long a call may take when its caller does not say."""
COMMON_HEADERS: Final[Sequence[Header]] = ((b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"))
JSON: Final = b"application/json"
PROTO: Final = b"application/proto"
_UTF_8: Final = frozenset({b"", b"charset=utf-8", b'charset="utf-8"'})
_MOST_DIGITS: Final = 10


class _Method(NamedTuple):
    """What is known of a method."""

    path: str
    request: type[Message]
    reply: type[Message]


class Calls:
    """Answers calls."""

    def __init__(self, caller: Caller, bodies: Bodies) -> None:
        """Takes who makes the calls, and who reads requests."""
        self._caller = caller
        self._bodies = bodies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        context = DirectContext((), None)
        try:
            content_type, body = await self._answer(scope, receive, context)
        except _Refused as refused:
            refusal = refused.refusal
        except BodyError as error:
            if error.refusal is None:
                return  # nobody is there
            refusal = error.refusal
        except CallFailed as failed:
            refusal = refusal_of(failed.answer)
        else:
            await respond(send, 200, content_type, body, _named(context))
            return
        await respond(send, refusal.status, JSON, refusal.body(), [*refusal.headers, *_named(context)])

    async def _answer(self, scope: Scope, receive: Receive, context: DirectContext) -> tuple[bytes, bytes]:
        method = _method(scope)
        headers: Mapping[bytes, bytes] = dict(scope["headers"])
        kind = _kind(headers.get(b"content-type", b""))
        seconds = _seconds(headers)
        body = await self._bodies.read(receive, headers.get(b"content-length"), headers.get(b"content-encoding"))
        context.ends_at = asyncio.get_running_loop().time() + seconds
        context.shown = _shown(scope["headers"])
        if kind == PROTO:
            return PROTO, await self._caller.answer(method.path, body, context)
        context.read = lambda content: _read(content, method.request)
        reply = await self._caller.answer(method.path, body, context)
        return JSON, json_of_bytes(method.reply, reply)


class _Refused(Exception):  # noqa: N818 -- the request was refused
    """A request that is no call."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__()
        self.refusal = refusal


async def respond(send: Send, status: int, content_type: bytes, body: bytes, headers: Sequence[Header] = ()) -> None:
    """Sends a whole answer."""
    said = [(b"content-type", content_type), (b"content-length", str(len(body)).encode()), *COMMON_HEADERS, *headers]
    await send({"type": "http.response.start", "status": status, "headers": said})
    await send({"type": "http.response.body", "body": body})


def _method(scope: Scope) -> _Method:
    path: str = scope["path"]
    method = _METHODS.get(path)
    if method is None:
        if path in STREAMS:
            raise _Refused(Refusal(501, "unimplemented", f"{path} is a stream; it can be called over gRPC"))
        raise _Refused(Refusal(404, "unimplemented", f"there is no method {path[:200]}"))
    if scope["method"] != "POST":
        raise _Refused(Refusal(405, "unimplemented", "calls are made with POST", headers=[(b"allow", b"POST")]))
    return method


def _kind(content_type: bytes) -> bytes:
    kind, _, rest = content_type.lower().partition(b";")
    kind = kind.strip()
    if kind == PROTO or (kind == JSON and rest.strip() in _UTF_8):
        return kind
    accepted = b", ".join((JSON, PROTO))
    said = f"the content type is not known; expected {accepted.decode()}"
    raise _Refused(Refusal(415, "unimplemented", said, headers=[(b"accept-post", accepted), (b"connection", b"close")]))


def _seconds(headers: Mapping[bytes, bytes]) -> float:
    """Returns how long the call may take; raises _Refused for headers of the protocol that make no sense."""
    version = headers.get(b"connect-protocol-version", b"1")
    if version != b"1":
        raise _Refused(Refusal(400, "invalid_argument", "Connect-Protocol-Version: expected 1"))
    text = headers.get(b"connect-timeout-ms")
    if text is None:
        return LONGEST_SECONDS
    if not (text.isdigit() and len(text) <= _MOST_DIGITS):
        raise _Refused(Refusal(400, "invalid_argument", "Connect-Timeout-Ms: expected at most ten digits"))
    return int(text) / 1000


def _shown(headers: Sequence[Header]) -> Metadata:
    """Returns what the caller shows of itself; all else in the head stays here."""
    return [("authorization", value.decode("latin-1")) for name, value in headers if name == b"authorization"]


def _read(content: bytes, kind: type[Message]) -> tuple[Message, bytes]:
    message = read_json(content, kind)
    return message, message.SerializeToString()


def _named(context: DirectContext) -> Sequence[Header]:
    """Returns the header that names the call as its log line does."""
    return [(b"x-request-id", context.call.request_id.encode())] if context.call is not None else ()


def _known(path: str, method: MethodDescriptor) -> _Method:
    made: Any = GetMessageClass
    return _Method(path, made(method.input_type), made(method.output_type))


_METHODS: Final[Mapping[str, _Method]] = {path: _known(path, method) for path, method in METHODS.items()}
