"""Errors over HTTP: the status of each code, and the body that the Connect protocol gives it."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import grpc
from google.protobuf import json_format
from google.protobuf.message import Message
from google.rpc import error_details_pb2  # type: ignore[import-untyped]

from readygate.v1.gate_service_pb2 import InputFaults
from readygate_server.grpc_api.errors import ERROR_DOMAIN, Answer

Header = tuple[bytes, bytes]

STATUS: Final[Mapping[grpc.StatusCode, int]] = {
    grpc.StatusCode.CANCELLED: 499,
    grpc.StatusCode.UNKNOWN: 500,
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.DEADLINE_EXCEEDED: 504,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.ALREADY_EXISTS: 409,
    grpc.StatusCode.PERMISSION_DENIED: 403,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 429,
    grpc.StatusCode.FAILED_PRECONDITION: 400,
    grpc.StatusCode.ABORTED: 409,
    grpc.StatusCode.OUT_OF_RANGE: 400,
    grpc.StatusCode.UNIMPLEMENTED: 501,
    grpc.StatusCode.INTERNAL: 500,
    grpc.StatusCode.UNAVAILABLE: 503,
    grpc.StatusCode.DATA_LOSS: 500,
    grpc.StatusCode.UNAUTHENTICATED: 401,
}
"""As the Connect protocol has it."""
_SOON: Final = 1
"""Seconds after which to try again when nobody knows better."""
_TRY_AGAIN: Final = frozenset({429, 503})


class Refusal(NamedTuple):
    """An answer that is an error."""

    status: int
    code: str
    """Code of the Connect protocol, such as invalid_argument."""
    message: str
    details: Sequence[Mapping[str, Any]] = ()
    headers: Sequence[Header] = ()

    def body(self) -> bytes:
        """Returns the error in JSON."""
        said: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.details:
            said["details"] = list(self.details)
        return json.dumps(said, ensure_ascii=False).encode("utf-8", "replace")


def refusal_of(answer: Answer) -> Refusal:
    """Returns how an error of a call is answered over HTTP."""
    status = STATUS[answer.code]
    headers: list[Header] = []
    if status in _TRY_AGAIN:
        seconds = _SOON if answer.retry_after_seconds is None else math.ceil(answer.retry_after_seconds)
        headers.append((b"retry-after", str(max(seconds, _SOON)).encode()))
    if status == STATUS[grpc.StatusCode.UNAUTHENTICATED]:
        headers.append((b"www-authenticate", b"Bearer"))
    details = [detail_of(each) for each in _details(answer)]
    return Refusal(status, answer.code.name.lower().replace("cancelled", "canceled"), answer.message, details, headers)


def detail_of(message: Message) -> Mapping[str, Any]:
    """Returns a detail as the Connect protocol has it: for programs in base64, for people in JSON."""
    value = base64.b64encode(message.SerializeToString()).decode().rstrip("=")
    return {
        "type": message.DESCRIPTOR.full_name,
        "value": value,
        "debug": json_format.MessageToDict(message),
    }


def _details(answer: Answer) -> list[Message]:
    found: list[Message] = [
        error_details_pb2.ErrorInfo(reason=answer.reason, domain=ERROR_DOMAIN, metadata=dict(answer.metadata))
    ]
    if answer.retry_after_seconds is not None:
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.FromMilliseconds(math.ceil(answer.retry_after_seconds * 1000))
        found.append(retry)
    if answer.faults:
        found.append(InputFaults(faults=answer.faults))
    return found
