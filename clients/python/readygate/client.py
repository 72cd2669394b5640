"""Clients of the gate, blocking and asynchronous.

Both take and return the messages of the contract, put a deadline on every call, and try again only when the gate was
not reached. Each operation is described once and works for both.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Coroutine
from functools import partial
from types import TracebackType
from typing import Any, Final, Generic, Protocol, Self, TypeVar, cast, overload

import grpc
import grpc.aio
from google.protobuf.message import Message

from readygate.errors import error_of
from readygate.v1 import gate_service_pb2 as gate
from readygate.v1 import ruleset_service_pb2 as rulesets

DEFAULT_TIMEOUT: Final = 10.0
"""Seconds that a call may take, with all its attempts."""

MAX_ATTEMPTS: Final = 4
"""Attempts of one call, the first included; all of them within its deadline."""

_GATE: Final = "/readygate.v1.GateService"
_RULESETS: Final = "/readygate.v1.RulesetService"
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
_Request_contra = TypeVar("_Request_contra", contravariant=True)
_Reply_co = TypeVar("_Reply_co", covariant=True)


class Operation(Protocol[_Request_contra, _Reply_co]):
    """An operation of a client: takes a request and gives its reply."""

    def __call__(self, request: _Request_contra, *, timeout: float | None = None) -> _Reply_co:
        """Sends the request; `timeout` in seconds takes the place of the client's. Raises GateError."""
        ...


class _Rpc(Generic[_Request, _Reply]):
    """An RPC as an attribute of both clients: what it gives follows from the client that it is taken from."""

    def __init__(self, path: str, reply: type[_Reply], doc: str) -> None:
        self.path = path
        self.reply = reply
        self.__doc__ = doc

    @overload
    def __get__(self, client: None, owner: type) -> Self: ...

    @overload
    def __get__(self, client: GateClient, owner: type) -> Operation[_Request, _Reply]: ...

    @overload
    def __get__(self, client: AsyncGateClient, owner: type) -> Operation[_Request, Coroutine[Any, Any, _Reply]]: ...

    def __get__(self, client: GateClient | AsyncGateClient | None, owner: type) -> Any:
        return self if client is None else partial(client.call, self)


class _Operations:
    """What a gate can be asked."""

    evaluate = _Rpc[gate.EvaluateRequest, gate.EvaluateResponse](
        f"{_GATE}/Evaluate", gate.EvaluateResponse, "Judges one proposal."
    )
    batch_evaluate = _Rpc[gate.BatchEvaluateRequest, gate.BatchEvaluateResponse](
        f"{_GATE}/BatchEvaluate",
        gate.BatchEvaluateResponse,
        "Judges up to 100 proposals by one ruleset; each result is a response or an error of its own.",
    )
    simulate = _Rpc[gate.SimulateRequest, gate.SimulateResponse](
        f"{_GATE}/Simulate", gate.SimulateResponse, "Judges a proposal with changed facts, gate, ruleset or day."
    )
    list_requirements = _Rpc[gate.ListRequirementsRequest, gate.ListRequirementsResponse](
        f"{_GATE}/ListRequirements",
        gate.ListRequirementsResponse,
        "Lists the facts that a kind of deployment needs at a gate, and who owns each.",
    )
    server_info = _Rpc[gate.GetServerInfoRequest, gate.GetServerInfoResponse](
        f"{_GATE}/GetServerInfo", gate.GetServerInfoResponse, "Describes the server: version, limits, rulesets."
    )
    list_rulesets = _Rpc[rulesets.ListRulesetsRequest, rulesets.ListRulesetsResponse](
        f"{_RULESETS}/ListRulesets", rulesets.ListRulesetsResponse, "Lists rulesets by name and version."
    )
    get_ruleset = _Rpc[rulesets.GetRulesetRequest, rulesets.GetRulesetResponse](
        f"{_RULESETS}/GetRuleset", rulesets.GetRulesetResponse, "Returns one ruleset with all its rules."
    )
    validate_ruleset = _Rpc[rulesets.ValidateRulesetRequest, rulesets.ValidateRulesetResponse](
        f"{_RULESETS}/ValidateRuleset",
        rulesets.ValidateRulesetResponse,
        "Checks ruleset files and returns every fault at once; allow it more time than other calls.",
    )
    diff_rulesets = _Rpc[rulesets.DiffRulesetsRequest, rulesets.DiffRulesetsResponse](
        f"{_RULESETS}/DiffRulesets", rulesets.DiffRulesetsResponse, "Compares two rulesets, rule by rule."
    )


class GateClient(_Operations):
    """A gate at `HOST:PORT` or `unix:PATH`; a context manager. May be shared between threads."""

    def __init__(
        self, target: str, *, timeout: float = DEFAULT_TIMEOUT, credentials: grpc.ChannelCredentials | None = None
    ) -> None:
        """Connects when first asked; without credentials the connection is not encrypted."""
        self._timeout = timeout
        self._channel = (
            grpc.insecure_channel(target, _OPTIONS)
            if credentials is None
            else grpc.secure_channel(target, credentials, _OPTIONS)
        )

    def call(self, rpc: _Rpc[_Request, _Reply], request: _Request, *, timeout: float | None = None) -> _Reply:
        """Sends a request; the operations above come here."""
        send = self._channel.unary_unary(rpc.path, _serialise, _reader_of(rpc.reply))
        try:
            return send(_named(request), timeout=self._timeout if timeout is None else timeout)
        except grpc.RpcError as failure:
            raise error_of(cast("Any", failure)) from failure  # a failed call is an error and a call in one

    def close(self) -> None:
        """Closes the connection."""
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncGateClient(_Operations):
    """A gate at `HOST:PORT` or `unix:PATH` for asyncio; an asynchronous context manager. Belongs to one event loop."""

    def __init__(
        self, target: str, *, timeout: float = DEFAULT_TIMEOUT, credentials: grpc.ChannelCredentials | None = None
    ) -> None:
        """Connects when first asked; without credentials the connection is not encrypted."""
        self._timeout = timeout
        self._channel = (
            grpc.aio.insecure_channel(target, _OPTIONS)
            if credentials is None
            else grpc.aio.secure_channel(target, credentials, _OPTIONS)
        )

    async def call(
        self,
        rpc: _Rpc[_Request, _Reply],
        request: _Request,
        *,
        timeout: float | None = None,  # noqa: ASYNC109 -- gRPC tells the server about it
    ) -> _Reply:
        """Sends a request; the operations above come here."""
        send = self._channel.unary_unary(rpc.path, _serialise, _reader_of(rpc.reply))
        try:
            return await send(_named(request), timeout=self._timeout if timeout is None else timeout)
        except grpc.aio.AioRpcError as failure:
            raise error_of(failure) from failure

    async def close(self) -> None:
        """Closes the connection."""
        await self._channel.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


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
