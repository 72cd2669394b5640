"""Errors as callers see them: one table from what went wrong to a status code and a reason.

A status travels in the trailing metadata, which callers cut off at 8 KiB unless told otherwise. A long list of faults
is therefore shown as far as it fits, with the number of all of them beside it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc import code_pb2, error_details_pb2, status_pb2  # type: ignore[import-untyped]

from readygate.v1 import error_reason_pb2 as pb
from readygate.v1.gate_service_pb2 import InputFault, InputFaults, ItemError
from readygate_server.domain.errors import (
    CertificateRefusedError,
    EtagMismatchError,
    GateError,
    InvalidInputError,
    InvalidTokenError,
    LimitExceededError,
    NotConfiguredError,
    NotFoundError,
    NotReadyError,
    PermissionDeniedError,
    QuotaExceededError,
    RecordUnavailableError,
    RequestIdReusedError,
    RuleFailedError,
    RulesetNotFoundError,
    UnauthenticatedError,
    WaiverRefusedError,
)
from readygate_server.observability import logger

ERROR_DOMAIN: Final = "readygate.dev"
DETAILS_KEY: Final = "grpc-status-details-bin"
_PREFIX: Final = "ERROR_REASON_"
_MAX_MESSAGE: Final = 300
_MAX_VALUE: Final = 300
_MAX_STATUS_BYTES: Final = 4_500  # in base64, beside a message in percent-encoding, below 8 KiB


class InvalidRequestError(InvalidInputError):
    """A field of the request, beside the proposal, is wrong."""


class DeadlineExceededError(GateError):
    """The deadline passed before the answer was ready."""

    def __str__(self) -> str:
        """Returns what happened."""
        return "the deadline passed before the answer was ready"


@dataclass(eq=False)
class OverloadedError(GateError):
    """The server has as many calls as it can hold."""

    limit: int

    def __str__(self) -> str:
        """Returns the limit and what to do."""
        return f"{self.limit} calls are being answered, which is as many as this server holds; try again later"


class StoppingError(GateError):
    """The server takes no new calls, because it is about to stop."""

    def __str__(self) -> str:
        """Returns what to do."""
        return "the server is stopping; ask another one, or again later"


@dataclass(eq=False)
class StreamEndedError(GateError):
    """The server reads no more of a stream, and has answered what it had read."""

    why: str

    def __str__(self) -> str:
        """Returns why, and how to go on."""
        return f"{self.why}; all that was read of the stream is answered, send the rest on another one"


@dataclass(eq=False)
class UnexpectedError(GateError):
    """Something unforeseen happened; only the log says what."""

    request_id: str

    def __str__(self) -> str:
        """Returns where to look, and nothing of what happened."""
        return f"something unforeseen happened; the server's log has it under the request id {self.request_id}"


@dataclass(frozen=True, slots=True)
class Row:
    """How one kind of error is answered."""

    code: grpc.StatusCode
    reason: pb.ErrorReason.ValueType
    values: Callable[[Any], Mapping[str, object]]


TABLE: Final[Mapping[type[GateError], Row]] = {
    InvalidInputError: Row(
        grpc.StatusCode.INVALID_ARGUMENT,
        pb.ERROR_REASON_INVALID_PROPOSAL,
        lambda error: {"faults": len(error.faults)},
    ),
    InvalidRequestError: Row(
        grpc.StatusCode.INVALID_ARGUMENT,
        pb.ERROR_REASON_INVALID_REQUEST,
        lambda error: {"faults": len(error.faults)},
    ),
    LimitExceededError: Row(
        grpc.StatusCode.INVALID_ARGUMENT,
        pb.ERROR_REASON_LIMIT_EXCEEDED,
        lambda error: {"field": error.field, "limit": error.limit, "got": error.got},
    ),
    RulesetNotFoundError: Row(
        grpc.StatusCode.NOT_FOUND,
        pb.ERROR_REASON_RULESET_NOT_FOUND,
        lambda error: {"selector": error.selector, "available": ", ".join(error.available)},
    ),
    RuleFailedError: Row(
        grpc.StatusCode.INTERNAL,
        pb.ERROR_REASON_RULE_FAILED,
        lambda error: {"rule": error.rule_id, "expression": error.expression},
    ),
    NotReadyError: Row(grpc.StatusCode.UNAVAILABLE, pb.ERROR_REASON_NOT_READY, lambda _: {}),
    StoppingError: Row(grpc.StatusCode.UNAVAILABLE, pb.ERROR_REASON_NOT_READY, lambda _: {}),
    StreamEndedError: Row(grpc.StatusCode.UNAVAILABLE, pb.ERROR_REASON_NOT_READY, lambda _: {}),
    DeadlineExceededError: Row(grpc.StatusCode.DEADLINE_EXCEEDED, pb.ERROR_REASON_DEADLINE_EXCEEDED, lambda _: {}),
    OverloadedError: Row(
        grpc.StatusCode.RESOURCE_EXHAUSTED, pb.ERROR_REASON_OVERLOADED, lambda error: {"limit": error.limit}
    ),
    NotFoundError: Row(
        grpc.StatusCode.NOT_FOUND, pb.ERROR_REASON_NOT_FOUND, lambda error: {"kind": error.kind, "id": error.id}
    ),
    RequestIdReusedError: Row(
        grpc.StatusCode.ALREADY_EXISTS,
        pb.ERROR_REASON_REQUEST_ID_REUSED,
        lambda error: {"request_id": error.request_id},
    ),
    RecordUnavailableError: Row(grpc.StatusCode.UNAVAILABLE, pb.ERROR_REASON_RECORD_UNAVAILABLE, lambda _: {}),
    InvalidTokenError: Row(
        grpc.StatusCode.INVALID_ARGUMENT, pb.ERROR_REASON_INVALID_TOKEN, lambda error: {"field": error.field}
    ),
    UnauthenticatedError: Row(
        grpc.StatusCode.UNAUTHENTICATED, pb.ERROR_REASON_UNAUTHENTICATED, lambda error: {"why": error.why}
    ),
    PermissionDeniedError: Row(
        grpc.StatusCode.PERMISSION_DENIED, pb.ERROR_REASON_PERMISSION_DENIED, lambda error: {"needs": error.needs}
    ),
    QuotaExceededError: Row(
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        pb.ERROR_REASON_QUOTA_EXCEEDED,
        lambda error: {"limit": error.limit, "retry_after_seconds": f"{error.retry_after_seconds:.3f}"},
    ),
    EtagMismatchError: Row(
        grpc.StatusCode.ABORTED, pb.ERROR_REASON_ETAG_MISMATCH, lambda error: {"kind": error.kind, "id": error.id}
    ),
    WaiverRefusedError: Row(
        grpc.StatusCode.FAILED_PRECONDITION, pb.ERROR_REASON_WAIVER_REFUSED, lambda error: {"why": error.why}
    ),
    CertificateRefusedError: Row(
        grpc.StatusCode.FAILED_PRECONDITION, pb.ERROR_REASON_CERTIFICATE_REFUSED, lambda error: {"why": error.why}
    ),
    NotConfiguredError: Row(
        grpc.StatusCode.FAILED_PRECONDITION,
        pb.ERROR_REASON_NOT_CONFIGURED,
        lambda error: {"feature": error.feature, "option": error.option},
    ),
    UnexpectedError: Row(
        grpc.StatusCode.INTERNAL, pb.ERROR_REASON_UNEXPECTED, lambda error: {"request_id": error.request_id}
    ),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """An error in the form of the wire."""

    code: grpc.StatusCode
    reason: str
    message: str
    metadata: Mapping[str, str]
    faults: tuple[InputFault, ...]
    retry_after_seconds: float | None = None

    @property
    def number(self) -> int:
        """Numeric code of google.rpc.Code."""
        number: int = code_pb2.Code.Value(self.code.name)
        return number

    def details(self) -> bytes:
        """Returns the rich status, with as many faults as fit."""
        shown = len(self.faults)
        while True:
            status = self._status(shown)
            if len(status) <= _MAX_STATUS_BYTES or not shown:
                return status
            shown = min(shown - 1, shown * _MAX_STATUS_BYTES // len(status))

    def item(self) -> ItemError:
        """Returns the error of one item of a batch, with all faults."""
        return ItemError(code=self.number, reason=self.reason, message=self.message, faults=self.faults)

    def _status(self, shown: int) -> bytes:
        metadata = dict(self.metadata) | ({"shown": str(shown)} if shown < len(self.faults) else {})
        status = status_pb2.Status(code=self.number, message=self.message)
        info = error_details_pb2.ErrorInfo(reason=self.reason, domain=ERROR_DOMAIN, metadata=metadata)
        status.details.append(_packed(info))
        if self.retry_after_seconds is not None:
            retry = error_details_pb2.RetryInfo()
            retry.retry_delay.FromMilliseconds(math.ceil(self.retry_after_seconds * 1000))
            status.details.append(_packed(retry))
        if shown:
            status.details.append(_packed(InputFaults(faults=self.faults[:shown])))
        serialised: bytes = status.SerializeToString()
        return serialised


def answer_of(error: GateError) -> Answer:
    """Returns how an error is answered."""
    row = TABLE[next(kind for kind in type(error).__mro__ if kind in TABLE)]
    faults = error.faults if isinstance(error, InvalidInputError) else ()
    return Answer(
        row.code,
        pb.ErrorReason.Name(row.reason).removeprefix(_PREFIX),
        _cut(str(error), _MAX_MESSAGE),
        {key: _cut(str(value), _MAX_VALUE) for key, value in row.values(error).items()},
        tuple(
            InputFault(path=path, message=message, got=got, expected=expected)
            for path, message, got, expected in faults
        ),
        error.retry_after_seconds if isinstance(error, QuotaExceededError) else None,
    )


def foreseen(error: Exception, request_id: str) -> GateError:
    """Returns an error that may be shown to callers; what nobody foresaw goes to the log, in full."""
    if any(kind in TABLE for kind in type(error).__mro__) and isinstance(error, GateError):
        if isinstance(error, RuleFailedError):
            logger().error("rule_failed", rule=error.rule_id, expression=error.expression, detail=error.detail)
        return error
    logger().error("unexpected", failed_request=request_id, exc_info=error)
    return UnexpectedError(request_id)


def _packed(message: Any) -> AnyMessage:
    packed = AnyMessage()
    packed.Pack(message)
    return packed


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
