"""Wires the HTTP port to the gate and to the pages."""

from __future__ import annotations

from readygate_server.bootstrap.pages import page_routes
from readygate_server.domain.errors import NotReadyError
from readygate_server.grpc_api.ports import ServedGate
from readygate_server.grpc_api.reception import Reception
from readygate_server.grpc_api.tls import TlsSource
from readygate_server.http_api.app import http_app
from readygate_server.http_api.caller import Caller
from readygate_server.http_api.server import HttpServer
from readygate_server.settings import ServerSettings


def http_server(
    settings: ServerSettings,
    reception: Reception,
    gate: ServedGate,
    tls: TlsSource | None,
    *,
    secret: bytes | None = None,
) -> HttpServer | None:
    """Returns what answers over HTTP, if anything does; `secret` seals the sessions of pages."""
    if settings.http is None:
        return None

    def ready() -> bool:
        return not reception.is_stopping and _has_rules(gate)

    caller = Caller(reception)
    # People find their pages open however many calls programs have made.
    pages = page_routes(settings, Caller(reception, beside=caller), secret)
    local_only = settings.identity is None
    app = http_app(caller, ready=ready, limits=settings.limits, pages=pages, local_only=local_only)
    return HttpServer(
        app, settings.http, tls=tls, shares_port=settings.workers > 1, drain_seconds=settings.drain_seconds
    )


def _has_rules(gate: ServedGate) -> bool:
    try:
        gate.snapshot()
    except NotReadyError:
        return False
    return True
