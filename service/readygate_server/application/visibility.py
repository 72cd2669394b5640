"""Who may see a recorded decision. What somebody may not see is not there for them."""

from __future__ import annotations

from typing import Protocol

from readygate_server.application.record_ports import Archive
from readygate_server.domain.errors import NotFoundError
from readygate_server.domain.identity import Principal, Role
from readygate_server.domain.record import StoredDecision


class KnownCallers(Protocol):
    """Knows by which reference the record calls somebody."""

    def known(self, name: str) -> str | None:
        """Returns the reference of a name that was seen before and not erased."""
        ...


def may_see(principal: Principal, stored: StoredDecision, callers: KnownCallers) -> bool:
    """True for auditors within their scope, and for who asked for the decision and still may ask."""
    facts = stored.facts
    if principal.may(Role.AUDITOR, ruleset=facts.ruleset.name, proposal=facts.proposal_id):
        return True
    return principal.may(Role.EVALUATOR) and callers.known(principal.name) == stored.caller.person


async def visible_decision(
    principal: Principal, decision_id: str, *, archive: Archive, callers: KnownCallers, with_payload: bool
) -> StoredDecision:
    """Returns a decision that a caller may see; raises NotFoundError for any other, there or not."""
    stored = await archive.get(decision_id, with_payload=with_payload)
    if stored is None or not may_see(principal, stored, callers):
        raise NotFoundError("decision", decision_id)
    return stored
