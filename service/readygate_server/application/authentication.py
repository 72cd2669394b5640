"""Who calls: what a call shows, and who can tell from it which principal it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from readygate_server.domain.identity import Principal


@dataclass(frozen=True, slots=True)
class Shown:
    """What a call shows of its caller. Secrets are left out of what a debugger or a log would print."""

    bearer: str = field(default="", repr=False)
    """Token or key of the `authorization` metadata, without `Bearer`."""
    certificate: str = field(default="", repr=False)
    """Client certificate in PEM, which the TLS layer has checked against the client CA."""
    uris: tuple[str, ...] = ()
    """URI names of the certificate, such as SPIFFE ids."""
    dns: tuple[str, ...] = ()
    """DNS names of the certificate."""


class Authenticator(Protocol):
    """Knows all callers and what each may use."""

    async def principal_of(self, shown: Shown) -> Principal:
        """Returns who shows this; raises UnauthenticatedError when nobody known does."""
        ...

    def charge_call(self, principal: Principal) -> None:
        """Counts a call; raises QuotaExceededError when the caller has used up what it may use."""
        ...

    def charge_decisions(self, principal: Principal, count: int) -> None:
        """Counts decisions, all of them or none; raises QuotaExceededError."""
        ...
