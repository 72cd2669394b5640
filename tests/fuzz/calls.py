"""Calls without sockets: the methods of the services with everything that surrounds them, and what gRPC hands them."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any, Final, NoReturn

import grpc
from google.rpc import error_details_pb2, status_pb2  # type: ignore[import-untyped]

from readygate.v1.gate_service_pb2_grpc import add_GateServiceServicer_to_server
from readygate.v1.ruleset_service_pb2_grpc import add_RulesetServiceServicer_to_server
from readygate_server.application.authentication import Authenticator
from readygate_server.bootstrap.served_rules import ServedRules
from readygate_server.grpc_api.authentication import Doorkeeper
from readygate_server.grpc_api.gate_servicer import GateServicer
from readygate_server.grpc_api.keeping import Keeping, add_keeping
from readygate_server.grpc_api.reception import Reception
from readygate_server.grpc_api.ruleset_servicer import RulesetServicer
from readygate_server.observability import Metrics
from readygate_server.settings import Limits

_MOST_METADATA: Final = 8 * 1024
Handler = Any
Metadata = tuple[tuple[str, str | bytes], ...]


class Aborted(Exception):  # noqa: N818 -- it is how gRPC ends a call, and no error of ours
    """Ends a call with a status."""

    def __init__(self, reason: str) -> None:
        """Takes the reason of the contract."""
        super().__init__(reason)
        self.reason = reason


class Context:
    """What gRPC hands to a method, as far as our methods use it."""

    def __init__(self, metadata: Metadata = ()) -> None:
        """Takes what comes beside the request."""
        self._metadata = metadata

    def time_remaining(self) -> None:
        """Says that the caller waits for as long as it takes."""

    def invocation_metadata(self) -> Metadata:
        """Returns what came beside the request."""
        return self._metadata

    def auth_context(self) -> Mapping[str, Sequence[bytes]]:
        """Returns what TLS says of the caller: nothing."""
        return {}

    async def abort(self, code: grpc.StatusCode, message: str, trailing: Sequence[tuple[str, bytes]]) -> NoReturn:
        """Ends the call; raises an AssertionError when clients could not read why."""
        details = trailing[0][1]
        size = len(details) * 4 // 3 + sum(3 if ord(each) > 126 else 1 for each in message) + len(code.name)
        assert size < _MOST_METADATA, f"{size} bytes of metadata"
        info = error_details_pb2.ErrorInfo()
        assert status_pb2.Status.FromString(details).details[0].Unpack(info)
        raise Aborted(info.reason)


class LastLines(io.StringIO):
    """A log of which only the end is kept."""

    def __init__(self) -> None:
        """Starts empty."""
        super().__init__()
        self._last = ["", ""]

    def write(self, text: str, /) -> int:
        """Keeps a line in the place of the last but one."""
        if text.strip():
            self._last = [self._last[1], text]
        return len(text)

    def text(self) -> str:
        """Returns the last two lines."""
        return "\n".join(self._last)


async def surrounded(
    served: ServedRules, *, keeping: Keeping | None = None, callers: Authenticator | None = None
) -> Mapping[str, Handler]:
    """Returns the methods of all services, with a record or without, as the server surrounds their calls."""
    metrics, limits = Metrics(), Limits()
    methods: Any = _Methods(metrics, limit=1_000, door=Doorkeeper(callers))
    kept = (keeping.recording, keeping.waivers, keeping.assets) if keeping else ()
    add_GateServiceServicer_to_server(GateServicer(served, limits, metrics, *kept), methods)
    add_RulesetServiceServicer_to_server(RulesetServicer(served, limits), methods)
    if keeping is not None:
        add_keeping(methods, keeping)
    return {name: methods.service(_Details(name)) for name in methods.names}


class _Methods(Reception):
    """Keeps the names of the methods that servicers register."""

    def __init__(self, metrics: Metrics, *, limit: int, door: Doorkeeper) -> None:
        super().__init__(metrics, limit=limit, door=door)
        self.names: list[str] = []

    def add_registered_method_handlers(self, service: str, methods: Mapping[str, Handler]) -> None:
        """Keeps the full names."""
        self.names += [f"/{service}/{name}" for name in methods]


class _Details(grpc.HandlerCallDetails):
    """What gRPC tells of a call before its request is read."""

    def __init__(self, method: str) -> None:
        self.method = method
        self.invocation_metadata = ()
