"""The server: ports, services, health, and a way out that loses no call."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import grpc.aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc  # type: ignore[import-untyped]
from grpc_reflection.v1alpha import reflection  # type: ignore[import-untyped]
from grpc_reflection.v1alpha.reflection_pb2_grpc import (  # type: ignore[import-untyped]
    add_ServerReflectionServicer_to_server,
)

from readygate.v1 import gate_service_pb2, ruleset_service_pb2
from readygate.v1.gate_service_pb2_grpc import add_GateServiceServicer_to_server
from readygate.v1.ruleset_service_pb2_grpc import add_RulesetServiceServicer_to_server
from readygate_server.application.authentication import Authenticator
from readygate_server.grpc_api.authentication import Doorkeeper
from readygate_server.grpc_api.gate_servicer import GateServicer
from readygate_server.grpc_api.keeping import SERVICES as KEEPING_SERVICES
from readygate_server.grpc_api.keeping import Keeping, add_keeping
from readygate_server.grpc_api.ports import ServedGate
from readygate_server.grpc_api.reception import Reception
from readygate_server.grpc_api.ruleset_servicer import RulesetServicer
from readygate_server.grpc_api.tls import TlsSource, server_credentials
from readygate_server.observability import Metrics, logger
from readygate_server.settings import Address, ListenError, ServerSettings, SettingsError

SERVICES: Final = (
    gate_service_pb2.DESCRIPTOR.services_by_name["GateService"].full_name,
    ruleset_service_pb2.DESCRIPTOR.services_by_name["RulesetService"].full_name,
    *(service.full_name for service in KEEPING_SERVICES),
)
_SERVING: Final = health_pb2.HealthCheckResponse.SERVING
_NOT_SERVING: Final = health_pb2.HealthCheckResponse.NOT_SERVING
CONNECTION_SECONDS: Final = 300
"""How long a connection to one of several workers lasts; it ends when its calls do, and its client makes another."""


def _sharing(workers: int) -> list[tuple[str, int]]:
    """Returns how a port is shared: by the workers of one server, else by nobody."""
    if workers == 1:
        return [("grpc.so_reuseport", 0)]  # else a second server takes half of the calls, in silence
    return [("grpc.so_reuseport", 1), ("grpc.max_connection_age_ms", CONNECTION_SECONDS * 1000)]


class GateServer:
    """One gate behind one address."""

    def __init__(
        self,
        gate: ServedGate,
        settings: ServerSettings,
        metrics: Metrics,
        *,
        callers: Authenticator | None = None,
        tls: TlsSource | None = None,
        keeping: Keeping | None = None,
    ) -> None:
        """Builds the server inside a running event loop; nothing listens yet.

        Raises:
          SettingsError: when the settings name identities or TLS that are not given, so that none is forgotten.
        """
        if (settings.identity is not None) != (callers is not None) or (settings.tls is not None) != (tls is not None):
            raise SettingsError("the server was not given the identities and certificates of its settings")
        self._settings = settings
        self._metrics = metrics
        self._health = health.aio.HealthServicer()
        self._stop_metrics: Callable[[], None] = lambda: None
        self._tls = tls
        self._address = settings.listen
        self._mtls_address = settings.listen_mtls
        self._calls = Reception(metrics, limit=settings.concurrent_calls, door=Doorkeeper(callers))
        self._server = grpc.aio.server(
            options=[
                *_sharing(settings.workers),
                ("grpc.max_receive_message_length", settings.limits.request_bytes),
                ("grpc.max_send_message_length", -1),
            ],
        )
        kept = (keeping.recording, keeping.waivers, keeping.assets) if keeping else ()
        judging = GateServicer(gate, settings.limits, metrics, *kept)
        calls: Any = self._calls  # stands where the generated code expects a server
        add_GateServiceServicer_to_server(judging, calls)
        add_RulesetServiceServicer_to_server(RulesetServicer(gate, settings.limits), calls)
        add_keeping(calls, keeping)
        services = (*SERVICES, health.SERVICE_NAME, reflection.SERVICE_NAME)
        add_ServerReflectionServicer_to_server(reflection.aio.ReflectionServicer(services), calls)
        self._server.add_generic_rpc_handlers((self._calls,))
        # Known to the server itself, health has a queue of its own: it is told at once whatever else waits.
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)

    @property
    def calls(self) -> Reception:
        """Where calls come in, for those from within this process as well."""
        return self._calls

    @property
    def address(self) -> Address:
        """Where the server listens; with the port that it got when a free one was asked for."""
        return self._address

    @property
    def mtls_address(self) -> Address | None:
        """Where callers with a client certificate connect; None when nothing listens for them."""
        return self._mtls_address

    async def start(self) -> None:
        """Starts listening; health says NOT_SERVING until `show_serving`.

        Raises:
          ListenError: when the address is taken or can not be used.
        """
        await self._set_health(_NOT_SERVING)  # the health servicer itself would start with SERVING
        self._address = self._bind(self._settings.listen)
        if self._settings.listen_mtls is not None:
            self._mtls_address = self._bind(self._settings.listen_mtls, ask_clients=True)
        if self._settings.metrics is not None:
            try:
                port, self._stop_metrics = self._metrics.serve(self._settings.metrics)
            except OSError as error:
                raise ListenError(f"can not offer metrics on {self._settings.metrics}: {error.strerror}") from error
            logger().info("metrics", address=str(Address(self._settings.metrics.host, port)))
        await self._server.start()
        tls = self._tls is not None and not self._address.is_unix
        logger().info("listening", address=str(self._address), tls=tls)
        if self._mtls_address is not None:
            logger().info("listening", address=str(self._mtls_address), tls=True, client_certificates=True)

    async def show_serving(self) -> None:
        """Says that calls can be answered."""
        await self._set_health(_SERVING)

    async def drain(self) -> None:
        """Refuses new calls and answers those in flight, for as long as the settings allow."""
        seconds, started = self._settings.drain_seconds, time.monotonic()
        logger().info("draining", seconds=seconds)
        await self._health.enter_graceful_shutdown()
        await self._calls.drain(seconds)
        await self._server.stop(max(0.0, seconds - (time.monotonic() - started)))
        await asyncio.to_thread(self._stop_metrics)
        if self._address.is_unix:
            with contextlib.suppress(OSError):
                await asyncio.to_thread(os.unlink, self._address.path)
        logger().info("stopped")

    async def _set_health(self, status: health_pb2.HealthCheckResponse.ServingStatus) -> None:
        for service in ("", *SERVICES):
            await self._health.set(service, status)

    def _bind(self, wanted: Address, *, ask_clients: bool = False) -> Address:
        try:
            if self._tls is None or wanted.is_unix:
                port = self._server.add_insecure_port(str(wanted))
            else:
                credentials = server_credentials(self._tls, ask_clients=ask_clients)
                port = self._server.add_secure_port(str(wanted), credentials)
        except RuntimeError as error:
            raise ListenError(f"can not listen on {wanted}: {error}") from error
        if wanted.is_unix:
            Path(wanted.path).chmod(0o600)  # whoever may connect may ask; only the owner may
            return wanted
        return Address(wanted.host, port)
