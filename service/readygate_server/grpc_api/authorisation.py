"""Asks, before anything is judged, whether the caller may: one line at the head of every RPC."""

from __future__ import annotations

from readygate_server.domain.identity import Role
from readygate_server.observability import current_call


def permit(*roles: Role, ruleset: str = "", proposal: str = "", decisions: int = 0) -> None:
    """Lets the caller of this call go on when it has one of the roles there, and counts decisions to come.

    Raises:
      PermissionDeniedError: when the caller has none of the roles for this ruleset and proposal.
      QuotaExceededError: when it has had its decisions of the day.
    """
    call = current_call()
    call.principal.require(*roles, ruleset=ruleset, proposal=proposal)
    if decisions:
        call.charge_decisions(decisions)


def permit_any(*, ruleset: str = "", proposal: str = "") -> None:
    """Lets the caller go on when it has any role there; raises PermissionDeniedError."""
    permit(*Role, ruleset=ruleset, proposal=proposal)
