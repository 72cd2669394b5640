"""The methods that are offered over HTTP: all that take one message and give one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor

from readygate.v1 import gate_service_pb2, ruleset_service_pb2
from readygate_server.grpc_api.keeping import SERVICES as KEEPING_SERVICES

SERVICES: Final[tuple[ServiceDescriptor, ...]] = (
    gate_service_pb2.DESCRIPTOR.services_by_name["GateService"],
    ruleset_service_pb2.DESCRIPTOR.services_by_name["RulesetService"],
    *KEEPING_SERVICES,
)
_ALL: Final = {f"/{service.full_name}/{method.name}": method for service in SERVICES for method in service.methods}
METHODS: Final[Mapping[str, MethodDescriptor]] = {
    path: method for path, method in _ALL.items() if not (method.client_streaming or method.server_streaming)
}
"""By the paths that they are called at."""
STREAMS: Final = _ALL.keys() - METHODS.keys()
"""Paths of those that are not offered."""
