"""Lets nobody through who is not known. What a call shows is read here; who that is, others know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import grpc.aio

from readygate_server.application.authentication import Authenticator, Shown
from readygate_server.domain.errors import UnauthenticatedError
from readygate_server.domain.identity import LOCAL, Principal
from readygate_server.grpc_api.direct import DirectContext
from readygate_server.observability import Call

_Context = grpc.aio.ServicerContext[Any, Any] | DirectContext
_HEADER: Final = "authorization"
_SCHEME: Final = "bearer "


class Doorkeeper:
    """Says who calls. Without identities everybody is LOCAL, which is why such a server stays on its machine."""

    def __init__(self, callers: Authenticator | None = None) -> None:
        """Takes who knows the callers."""
        self._callers = callers

    @property
    def asks(self) -> bool:
        """True when callers have to show who they are."""
        return self._callers is not None

    async def identify(self, context: _Context) -> Principal:
        """Returns who calls; raises UnauthenticatedError."""
        return LOCAL if self._callers is None else await self._callers.principal_of(_shown(context))

    async def admit(self, call: Call, context: _Context) -> None:
        """Notes who calls and counts the call; raises UnauthenticatedError or QuotaExceededError."""
        if (callers := self._callers) is None:
            return
        principal = call.principal = await self.identify(context)
        callers.charge_call(principal)
        call.charge_decisions = lambda count: callers.charge_decisions(principal, count)

    async def check_again(self, call: Call, context: _Context) -> None:
        """Raises UnauthenticatedError unless the caller of a long call is still the same, with the same rights."""
        if self._callers is None:
            return
        now = await self.identify(context)
        if (now.name, now.bindings) != (call.principal.name, call.principal.bindings):
            raise UnauthenticatedError("the rights of the caller have changed; call again")


def _shown(context: _Context) -> Shown:
    peer: Mapping[str, Iterable[bytes]] = context.auth_context()
    certificates = _texts(peer, "x509_pem_cert")
    return Shown(
        _bearer(context.invocation_metadata() or ()),
        certificates[0] if certificates else "",
        _texts(peer, "peer_uri"),
        _texts(peer, "peer_dns"),
    )


def _bearer(metadata: Iterable[tuple[str, str | bytes]]) -> str:
    shown = [value for key, value in metadata if key == _HEADER]
    if not shown:
        return ""
    if len(shown) > 1:
        raise UnauthenticatedError("there is more than one authorization")
    text = shown[0]
    if not isinstance(text, str) or not text.lower().startswith(_SCHEME):
        raise UnauthenticatedError("the authorization is no bearer token")
    return text[len(_SCHEME) :].strip()


def _texts(peer: Mapping[str, Iterable[bytes]], key: str) -> tuple[str, ...]:
    """Returns what the TLS layer says of the peer; what is not UTF-8 is no name that anybody has."""
    return tuple(value.decode("utf-8", errors="replace") for value in peer.get(key, ()))
