"""The application behind the HTTP port: calls first, then documents, probes and pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from ipaddress import ip_address
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from readygate_server.http_api.bodies import Bodies
from readygate_server.http_api.caller import Caller
from readygate_server.http_api.calls import CALLS, JSON, Calls, respond
from readygate_server.http_api.openapi import document
from readygate_server.http_api.refusals import Refusal
from readygate_server.observability import logger
from readygate_server.settings import Limits

_UNEXPECTED: Final = Refusal(
    500, "internal", "something went wrong that was not foreseen; the log of the server has it"
)
_MISDIRECTED: Final = Refusal(421, "permission_denied", "without identities this server is called by a local name only")


def http_app(
    caller: Caller,
    *,
    ready: Callable[[], bool],
    limits: Limits,
    pages: Sequence[BaseRoute] = (),
    local_only: bool = False,
) -> ASGIApp:
    """Returns the application.

    `pages` are further routes, and `ready` tells whether calls can be answered now. `local_only` says that nobody is
    asked who they are: then a page of elsewhere must not get a browser on this machine to call under another name.
    """

    async def live(_request: Request) -> Response:
        return JSONResponse({"status": "live"})

    async def is_ready(_request: Request) -> Response:
        return JSONResponse({"status": "ready"}) if ready() else JSONResponse({"status": "not ready"}, 503)

    async def openapi(_request: Request) -> Response:
        return Response(document(), media_type="application/json")

    routes = [Route("/healthz", live), Route("/readyz", is_ready), Route("/openapi.json", openapi), *pages]
    others = Starlette(routes=routes, exception_handlers={HTTPException: _no_page})
    return _Front(Calls(caller, Bodies(limits.request_bytes)), others, local_only=local_only)


class _Front:
    """Sends requests where they are answered, and answers for those who fail to."""

    def __init__(self, calls: ASGIApp, others: ASGIApp, *, local_only: bool) -> None:
        self._calls = calls
        self._others = others
        self._local_only = local_only

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def sending(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        if self._local_only and not _is_local(dict(scope["headers"]).get(b"host", b"")):
            await _refuse(send, _MISDIRECTED)
            return
        try:
            # Calls are found by their path alone, which costs less than to look through all routes.
            app = self._calls if scope["path"].startswith(CALLS) else self._others
            await app(scope, receive, sending)
        except Exception as error:  # noqa: BLE001 -- the last resort: nothing of what happened may reach the caller
            logger().error("unexpected", path=scope["path"][:200], exc_info=error)
            if not started:
                await _refuse(send, _UNEXPECTED)


async def _refuse(send: Send, refusal: Refusal) -> None:
    await respond(send, refusal.status, JSON, refusal.body(), refusal.headers)


async def _no_page(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    body = Refusal(error.status_code, "unimplemented", error.detail).body()
    return Response(body, error.status_code, error.headers, "application/json")


def _is_local(host: bytes) -> bool:
    """True for a name by which only this machine is called."""
    name = host.decode("latin-1").lower()
    name = name[1:].partition("]")[0] if name.startswith("[") else name.partition(":")[0]
    if name in ("", "localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
