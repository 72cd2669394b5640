"""The application behind the HTTP port: calls first, then documents, probes and pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from readygate_server.http_api.caller import Caller
from readygate_server.http_api.calls import CALLS, Calls
from readygate_server.settings import Limits


def http_app(caller: Caller, *, ready: Callable[[], bool], limits: Limits, pages: Sequence[BaseRoute] = ()) -> ASGIApp:
    """Returns the application: `pages` are further routes, and `ready` tells whether calls can be answered now."""

    async def live(_request: Request) -> Response:
        return JSONResponse({"status": "live"})

    async def is_ready(_request: Request) -> Response:
        return JSONResponse({"status": "ready"}) if ready() else JSONResponse({"status": "not ready"}, 503)

    routes = [Route("/healthz", live), Route("/readyz", is_ready), *pages]
    calls, others = Calls(caller, limits), Starlette(routes=routes)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        # Calls are found by their path alone, which costs less than to look through all routes.
        await (calls if scope["path"].startswith(CALLS) else others)(scope, receive, send)

    return app
