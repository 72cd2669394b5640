"""Waivers, asked for, approved, taken back, and handed to decisions."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from readygate_server.application.record_ports import NameVault
from readygate_server.application.waiver_ports import (
    Clock,
    Decisions,
    FiledStep,
    NewWaiverStep,
    ServedRulesets,
    WaiverBook,
    WaiverFilter,
)
from readygate_server.application.waiver_steps import StepDesk
from readygate_server.domain import waivers as rules_of_waivers
from readygate_server.domain.errors import NotFoundError
from readygate_server.domain.identity import Principal, Role
from readygate_server.domain.rule import Rule
from readygate_server.domain.verdict import Bond, Waiver
from readygate_server.domain.waivers import WaiverAction, WaiverCase, WaiverState, WaiverWish

SIGN_IN_SECONDS: Final = 15 * 60
"""How long ago an approver may have signed in, unless the settings say otherwise."""
_MICROSECONDS: Final = 1_000_000
_KIND: Final = "waiver"


@dataclass(frozen=True, slots=True)
class WaiverPorts:
    """Everything outside that waivers need."""

    book: WaiverBook
    decisions: Decisions
    rulesets: ServedRulesets
    vault: NameVault
    clock: Clock
    random_bytes: Callable[[int], bytes] = secrets.token_bytes


@dataclass(frozen=True, slots=True)
class WaiverPage:
    """Some waivers, newest first; `last` is where the next page goes on, empty when there is none."""

    cases: tuple[WaiverCase, ...]
    last: str


class Waivers:
    """Every step of a waiver, and what decisions ask of them."""

    def __init__(self, ports: WaiverPorts, *, sign_in_seconds: int = SIGN_IN_SECONDS) -> None:
        """Takes what it needs, and how long ago an approver may have signed in."""
        self._ports = ports
        self._desk = StepDesk(ports.vault, ports.random_bytes)
        self._sign_in_seconds = sign_in_seconds

    async def request(self, who: Principal, wish: WaiverWish) -> WaiverCase:
        """Asks for a waiver.

        Raises:
          NotFoundError: when the caller can know of no such decision.
          PermissionDeniedError: when the caller may not ask for waivers.
          WaiverRefusedError: when nobody may ask like this.
        """
        who.require(Role.REQUESTER)
        decided = await self._ports.decisions.decided(wish.decision_id)
        if decided is None:
            raise NotFoundError("decision", wish.decision_id)
        if not who.may(Role.REQUESTER, ruleset=decided.ruleset_name, proposal=decided.proposal_id):
            raise NotFoundError("decision", wish.decision_id)
        rule = self._rule(decided.bond.ruleset_digest, wish.rule_id)
        terms = rules_of_waivers.request(who, wish, decided, rule, today=self._today())
        return await self._keep((), self._desk.first(self._new_id(), terms, name=who.name, reason=wish.reason))

    async def approve(self, who: Principal, waiver_id: str, *, etag: str, reason: str = "") -> WaiverCase:
        """Approves a waiver as it was seen.

        Raises:
          NotFoundError: when the caller can know of no such waiver.
          PermissionDeniedError: when the caller may not approve.
          EtagMismatchError: when something happened to it meanwhile.
          WaiverRefusedError: when nobody may approve like this.
        """
        filed, case = await self._found(who, waiver_id)
        rules_of_waivers.approve(
            who,
            case,
            self._rule(case.terms.bond.ruleset_digest, case.terms.rule_id),
            etag=etag,
            now=self._ports.clock() // _MICROSECONDS,
            sign_in_seconds=self._sign_in_seconds,
            today=self._today(),
        )
        return await self._keep(filed, self._desk.next(case, WaiverAction.APPROVED, name=who.name, reason=reason))

    async def revoke(self, who: Principal, waiver_id: str, *, etag: str, reason: str) -> WaiverCase:
        """Takes a waiver back; raises as `approve` does."""
        filed, case = await self._found(who, waiver_id)
        rules_of_waivers.revoke(who, case, etag=etag, reason=reason)
        return await self._keep(filed, self._desk.next(case, WaiverAction.REVOKED, name=who.name, reason=reason))

    async def get(self, who: Principal, waiver_id: str) -> WaiverCase:
        """Returns a waiver; raises NotFoundError when the caller can know of no such waiver."""
        return (await self._found(who, waiver_id))[1]

    async def page(self, who: Principal, wanted: WaiverFilter, *, before: str, size: int) -> WaiverPage:
        """Returns waivers with ids below `before` (all when empty) that the caller may see.

        Raises:
          PermissionDeniedError: when the caller has nothing to do with waivers.
        """
        who.require(Role.REQUESTER, Role.APPROVER, Role.AUDITOR)
        seen: list[WaiverCase] = []
        while found := await self._ports.book.newest(wanted, before=before, limit=size + 1):
            for filed in found:
                case = self._desk.opened(filed)
                if case.is_visible_to(who):
                    seen.append(case)
                if len(seen) > size:
                    return WaiverPage(tuple(seen[:size]), seen[size - 1].id)
            before = found[-1][0].step.waiver_id
        return WaiverPage(tuple(seen), "")

    def may_be_supposed_absent(self, facts_digest: str) -> bool:
        """True when no waiver of a proposal is known here, as of most there is none.

        Whoever supposes so has to compare it with the record, and when it was wrong has to tell by `found`.
        """
        return not self._ports.book.knows_of(facts_digest)

    def found(self, facts_digest: str) -> None:
        """Takes note that there are waivers of a proposal, to be asked for from now on."""
        self._ports.book.learn_of(facts_digest)

    async def in_force(self, facts_digest: str, ruleset_digest: str) -> tuple[Waiver, ...]:
        """Returns the approved waivers for a proposal under a ruleset, whatever their days.

        An approval or revocation that was acknowledged before the call is seen, whichever server took it.
        """
        found = await self._ports.book.approved(facts_digest)
        if not found:
            return ()
        cases = map(self._desk.opened, found)
        bond = Bond(facts_digest, ruleset_digest)
        # Where it stands follows from its steps, whatever the book says.
        return tuple(
            case.as_granted() for case in cases if case.state is WaiverState.APPROVED and case.terms.bond == bond
        )

    async def named(self, waiver_ids: Sequence[str]) -> tuple[Waiver, ...]:
        """Returns waivers by their ids as they were granted, those revoked since included."""
        found = [await self._ports.book.get(waiver_id) for waiver_id in waiver_ids]
        cases = [self._desk.opened(filed) for filed in found if filed]
        return tuple(case.as_granted() for case in cases if case.is_granted)

    async def _found(self, who: Principal, waiver_id: str) -> tuple[Sequence[FiledStep], WaiverCase]:
        filed = await self._ports.book.get(waiver_id)
        if filed:
            case = self._desk.opened(filed)
            if case.is_visible_to(who):
                return filed, case
        raise NotFoundError(_KIND, waiver_id)

    async def _keep(self, before: Sequence[FiledStep], step: NewWaiverStep) -> WaiverCase:
        stamp = await self._ports.book.append(step)
        return self._desk.opened((*before, FiledStep(step, stamp)))

    def _rule(self, ruleset_digest: str, rule_id: str) -> Rule | None:
        ruleset = self._ports.rulesets.find(ruleset_digest)
        return next((rule for rule in ruleset.rules if rule.id == rule_id), None) if ruleset else None

    def _new_id(self) -> str:
        """Returns 32 hexadecimal digits in the order of time."""
        return f"{self._ports.clock() // 1000:012x}{self._ports.random_bytes(10).hex()}"

    def _today(self) -> str:
        return datetime.fromtimestamp(self._ports.clock() / _MICROSECONDS, UTC).date().isoformat()
