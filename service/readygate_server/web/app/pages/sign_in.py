"""Signing in by hand, where no proxy in front of the server does it, and signing out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from starlette.responses import Response

from readygate.v1.gate_service_pb2 import GetServerInfoRequest, GetServerInfoResponse
from readygate_server.web.app.asking import SECONDS, CallFailed
from readygate_server.web.app.errors import Fault
from readygate_server.web.app.forms import safe_path
from readygate_server.web.app.sessions import LONGEST_CREDENTIAL
from readygate_server.web.app.visit import Page, Visit

_FIELD: Final = "credential"
_NOT_TAKEN: Final = "The server does not take it: it is unknown, has expired, or is not for this server."


async def sign_in(visit: Visit) -> Response:
    """Asks for a token or an API key."""
    asked = visit.request.query_params
    return _form(visit, asked.get("next", "/"), why=asked.get("why", ""))


async def signed_in(visit: Visit) -> Response:
    """Keeps a credential that the server takes; whose it is, no page asks."""
    credential = visit.form[_FIELD]
    to = safe_path(visit.form["next"])
    if fault := _fault_of(credential):
        return _form(visit, to, fault=fault)
    try:
        shown = (("authorization", f"Bearer {credential}"),)
        await visit.house.calls.ask(GetServerInfoRequest(), GetServerInfoResponse, shown, seconds=SECONDS)
    except CallFailed as failed:
        if failed.answer.reason != "UNAUTHENTICATED":
            raise
        return _form(visit, to, fault=_NOT_TAKEN)
    response = visit.go(to)
    visit.house.sessions.write(visit.house.sessions.begin(credential), visit.request, response)
    return response


async def sign_out(visit: Visit) -> Response:
    """Takes the credential away from the browser."""
    response = visit.go("/sign-in" if visit.house.asks_who else "/")
    visit.house.sessions.forget(visit.request, response)
    return response


def _fault_of(credential: str) -> str:
    if not credential:
        return "Type in a token or an API key."
    if len(credential) > LONGEST_CREDENTIAL:
        return f"It is longer than {LONGEST_CREDENTIAL:,} characters, which is more than a browser keeps."
    return "" if credential.isascii() and credential.isprintable() else "It holds characters that no token has."


def _form(visit: Visit, to: str, *, fault: str = "", why: str = "") -> Response:
    faults = [Fault(_FIELD, fault, field=_FIELD)] if fault else []
    context = {"next": safe_path(to), "why": why, "faults": faults}
    return visit.page("sign_in.html", context, status=400 if fault else 200)


PAGES: Final[Sequence[tuple[str, str, Page]]] = (
    ("GET", "/sign-in", sign_in),
    ("POST", "/sign-in", signed_in),
    ("POST", "/sign-out", sign_out),
)
