"""What a call ends with when no verdict was reached. A no-go is a decision and never comes here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

import grpc
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2  # type: ignore[import-untyped]

from readygate.v1.gate_service_pb2 import InputFault, InputFaults

ERROR_DOMAIN: Final = "readygate.dev"
"""Domain of the reasons in `google.rpc.ErrorInfo`."""

_DETAILS_KEY: Final = "grpc-status-details-bin"
_CALLERS: Final = frozenset({grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND})


@dataclass(eq=False)
class GateError(Exception):
    """No verdict was reached. Treat it as a no.

    `reason` is the name of an ErrorReason without its prefix, such as `INVALID_PROPOSAL`; it is empty when the call
    did not reach a gate. `faults` says what is wrong with the input; `metadata["faults"]` counts all of them.
    """

    code: grpc.StatusCode
    message: str
    reason: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    faults: tuple[InputFault, ...] = ()

    def __str__(self) -> str:
        """Returns `INVALID_PROPOSAL: message`, and every fault on a line of its own."""
        lines = [f"{self.reason or self.code.name}: {self.message}", *map(_line, self.faults)]
        return "\n  ".join(lines)

    @property
    def is_callers_fault(self) -> bool:
        """True when the same request fails wherever and whenever it is sent."""
        return self.code in _CALLERS


class _RpcFailure(Protocol):
    """What blocking and asynchronous errors of gRPC have in common."""

    def code(self) -> grpc.StatusCode: ...

    def details(self) -> str | None: ...

    def trailing_metadata(self) -> Iterable[tuple[str, str | bytes]] | None: ...


def error_of(failure: _RpcFailure) -> GateError:
    """Returns the error that an error of gRPC carries."""
    code, message = failure.code(), failure.details() or ""
    status = _status_in(failure.trailing_metadata() or ())
    reason, metadata, faults = "", dict[str, str](), InputFaults()
    for detail in status.details:
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info) and info.domain == ERROR_DOMAIN:
            reason, metadata = info.reason, dict(info.metadata)
        detail.Unpack(faults)
    return GateError(code, message, reason, metadata, tuple(faults.faults))


def _status_in(metadata: Iterable[tuple[str, str | bytes]]) -> status_pb2.Status:
    """Returns the rich status, or an empty one: something between here and the gate may have answered instead."""
    status = status_pb2.Status()
    for key, value in metadata:
        if key == _DETAILS_KEY and isinstance(value, bytes):
            try:
                status.MergeFromString(value)
            except DecodeError:
                return status_pb2.Status()
    return status


def _line(fault: InputFault) -> str:
    got = f", got {fault.got}" if fault.got else ""
    expected = f", expected {fault.expected}" if fault.expected else ""
    return f"{fault.path}: {fault.message}{got}{expected}"
