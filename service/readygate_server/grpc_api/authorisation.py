"""Asks, before anything is judged, whether the caller may: one line at the head of every RPC."""

from __future__ import annotations

from typing import Final

from readygate_server.domain.identity import LOCAL, Binding, Role
from readygate_server.observability import current_call

_ROLES_OF_LOCAL: Final = frozenset(binding.role for binding in LOCAL.bindings if binding == Binding(binding.role))
"""The roles that a caller has everywhere who did not have to say who it is, so that nothing is matched to know it."""


def permit(*roles: Role, ruleset: str = "", proposal: str = "", decisions: int = 0) -> None:
    """Lets the caller of this call go on when it has one of the roles there, and counts decisions to come.

    Raises:
      PermissionDeniedError: when the caller has none of the roles for this ruleset and proposal.
      QuotaExceededError: when it has had its decisions of the day.
    """
    call = current_call()
    if call.principal is not LOCAL or _ROLES_OF_LOCAL.isdisjoint(roles):
        call.principal.require(*roles, ruleset=ruleset, proposal=proposal)
    if decisions:
        call.charge_decisions(decisions)


def permit_any(*, ruleset: str = "", proposal: str = "") -> None:
    """Lets the caller go on when it has any role there; raises PermissionDeniedError."""
    permit(*Role, ruleset=ruleset, proposal=proposal)
