"""The services that need a record; a server without one says so instead of not knowing them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final, NoReturn

import grpc
import grpc.aio
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message_factory import GetMessageClass

from readygate.v1 import (
    certificate_service_pb2,
    decision_service_pb2,
    foundation_service_pb2,
    log_service_pb2,
    waiver_service_pb2,
)
from readygate.v1.certificate_service_pb2_grpc import (
    CertificateServiceServicer,
    add_CertificateServiceServicer_to_server,
)
from readygate.v1.decision_service_pb2_grpc import DecisionServiceServicer, add_DecisionServiceServicer_to_server
from readygate.v1.foundation_service_pb2_grpc import (
    FoundationServiceServicer,
    add_FoundationServiceServicer_to_server,
)
from readygate.v1.log_service_pb2_grpc import LogServiceServicer, add_LogServiceServicer_to_server
from readygate.v1.waiver_service_pb2_grpc import WaiverServiceServicer, add_WaiverServiceServicer_to_server
from readygate_server.domain.errors import A_RECORD, NotConfiguredError
from readygate_server.grpc_api.ports import AssetResolver
from readygate_server.grpc_api.recording import Recording, WaiversInForce

SERVICES: Final[tuple[ServiceDescriptor, ...]] = (
    decision_service_pb2.DESCRIPTOR.services_by_name["DecisionService"],
    log_service_pb2.DESCRIPTOR.services_by_name["LogService"],
    certificate_service_pb2.DESCRIPTOR.services_by_name["CertificateService"],
    waiver_service_pb2.DESCRIPTOR.services_by_name["WaiverService"],
    foundation_service_pb2.DESCRIPTOR.services_by_name["FoundationService"],
)


@dataclass(frozen=True, slots=True)
class Keeping:
    """What a server that keeps a record has beside the gate."""

    recording: Recording
    waivers: WaiversInForce
    decisions: DecisionServiceServicer
    log: LogServiceServicer
    certificates: CertificateServiceServicer
    waiver_steps: WaiverServiceServicer
    assets: AssetResolver
    foundations: FoundationServiceServicer


def add_keeping(server: grpc.aio.Server, keeping: Keeping | None) -> None:
    """Adds the services to a server; without a record every call of theirs ends with NotConfiguredError."""
    if keeping is None:
        for service in SERVICES:
            server.add_generic_rpc_handlers((_unkept(service),))
        return
    add_DecisionServiceServicer_to_server(keeping.decisions, server)
    add_LogServiceServicer_to_server(keeping.log, server)
    add_CertificateServiceServicer_to_server(keeping.certificates, server)
    add_WaiverServiceServicer_to_server(keeping.waiver_steps, server)
    add_FoundationServiceServicer_to_server(keeping.foundations, server)


def _unkept(service: ServiceDescriptor) -> grpc.GenericRpcHandler:
    handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {}
    for method in service.methods:
        read = GetMessageClass(method.input_type).FromString
        if method.server_streaming:
            handlers[method.name] = grpc.unary_stream_rpc_method_handler(_refuse_stream, read)
        else:
            handlers[method.name] = grpc.unary_unary_rpc_method_handler(_refuse, read)
    return grpc.method_handlers_generic_handler(service.full_name, handlers)


async def _refuse(_request: object, _context: object) -> NoReturn:
    raise NotConfiguredError(*A_RECORD)


async def _refuse_stream(request: object, context: object) -> AsyncIterator[object]:
    yield await _refuse(request, context)
