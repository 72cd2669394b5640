"""A gate that answers as it is told to, so that clients can be held to what they do about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent import futures
from contextlib import contextmanager
from dataclasses import dataclass, field

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2  # type: ignore[import-untyped]

from readygate.v1 import gate_service_pb2 as pb
from readygate.v1.gate_service_pb2_grpc import GateServiceServicer, add_GateServiceServicer_to_server

Answer = grpc.StatusCode | bytes | None
"""A code to fail with, serialised details to fail with, or nothing to succeed."""


@dataclass
class Scripted:
    """What was asked so far."""

    target: str = ""
    ids: list[str] = field(default_factory=list)
    remaining: list[float] = field(default_factory=list)


def details(code: int, *messages: Message) -> bytes:
    """Returns a rich status with details."""
    status = status_pb2.Status(code=code, message="told so")
    for message in messages:
        packed = AnyMessage()
        packed.Pack(message)
        status.details.append(packed)
    serialised: bytes = status.SerializeToString()
    return serialised


def reason(name: str, domain: str = "readygate.dev") -> Message:
    """Returns an error info."""
    info: Message = error_details_pb2.ErrorInfo(reason=name, domain=domain, metadata={"faults": "1"})
    return info


@contextmanager
def scripted(answers: Sequence[Answer]) -> Iterator[Scripted]:
    """Runs a gate that answers one call after the other as it is told to, and succeeds from then on."""
    script, seen = iter(answers), Scripted()

    class Servicer(GateServiceServicer):
        def Evaluate(self, request: pb.EvaluateRequest, context: grpc.ServicerContext) -> pb.EvaluateResponse:  # noqa: N802
            seen.ids.append(request.request_id)
            seen.remaining.append(context.time_remaining())
            answer = next(script, None)
            if isinstance(answer, grpc.StatusCode):
                context.abort(answer, "told so")
            if answer is not None:
                context.set_trailing_metadata((("grpc-status-details-bin", answer),))
                context.abort(grpc.StatusCode.INVALID_ARGUMENT, "told so")
            return pb.EvaluateResponse(request_id=request.request_id)

        def BatchEvaluate(self, request: pb.BatchEvaluateRequest, context: object) -> pb.BatchEvaluateResponse:  # noqa: N802
            del context
            seen.ids.extend(item.request_id for item in request.items)
            return pb.BatchEvaluateResponse()

        def EvaluateStream(self, request_iterator: object, context: object) -> Iterator[pb.EvaluateStreamResponse]:  # noqa: N802
            raise NotImplementedError

        def Simulate(self, request: pb.SimulateRequest, context: object) -> pb.SimulateResponse:  # noqa: N802
            raise NotImplementedError

        def ListRequirements(  # noqa: N802
            self, request: pb.ListRequirementsRequest, context: object
        ) -> pb.ListRequirementsResponse:
            raise NotImplementedError

        def GetServerInfo(self, request: pb.GetServerInfoRequest, context: object) -> pb.GetServerInfoResponse:  # noqa: N802
            raise NotImplementedError

    server = grpc.server(futures.ThreadPoolExecutor(max_workers=2))
    add_GateServiceServicer_to_server(Servicer(), server)
    seen.target = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        yield seen
    finally:
        server.stop(None).wait()
