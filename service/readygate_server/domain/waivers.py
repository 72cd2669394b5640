"""How a waiver comes about: one person asks, others approve, and it can be taken back.

Everything is decided from what is handed in: who it is, what was recorded so far, and the time. What a waiver does to a
verdict stands in `verdict`, and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Final, NamedTuple, NoReturn

from readygate_server.domain.errors import EtagMismatchError, WaiverRefusedError
from readygate_server.domain.identity import Credential, Principal, PrincipalKind, Role
from readygate_server.domain.rule import Rule
from readygate_server.domain.verdict import Bond, Waiver

CLOCK_SKEW_SECONDS: Final = 60
"""How far the clock of whoever vouches for a sign-in may be ahead of ours."""
_SIGNED_IN: Final = (Credential.OIDC, Credential.MTLS)


class WaiverAction(StrEnum):
    """What happens to a waiver."""

    REQUESTED = "requested"
    APPROVED = "approved"
    REVOKED = "revoked"


class WaiverState(StrEnum):
    """Where a waiver stands."""

    REQUESTED = "requested"
    APPROVED = "approved"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class WaiverWish:
    """What somebody asks for. Days are YYYY-MM-DD and exist."""

    decision_id: str
    rule_id: str
    subject: str
    reason: str
    compensating_control: str
    starts_on: str
    ends_on: str


@dataclass(frozen=True, slots=True)
class Decided:
    """The recorded decision that a waiver is asked for."""

    proposal_id: str
    ruleset_name: str
    bond: Bond
    held_up_by: frozenset[tuple[str, str]]
    """Rules that block or condition there, each with its subject."""


@dataclass(frozen=True, slots=True)
class WaiverTerms:
    """What is waived for whom; never changes."""

    decision_id: str
    proposal_id: str
    ruleset_name: str
    bond: Bond
    rule_id: str
    subject: str
    compensating_control: str
    starts_on: str
    ends_on: str
    quorum: int


class Actor(NamedTuple):
    """Who did something: a random reference that stays, and the name until it is erased."""

    reference: str
    name: str | None

    @property
    def identity(self) -> str:
        """The name, or what is left to tell one person from another."""
        return self.name or f"erased:{self.reference}"


@dataclass(frozen=True, slots=True)
class WaiverStep:
    """Something that happened to a waiver."""

    action: WaiverAction
    actor: Actor
    reason: str
    entry_id: str
    recorded_at: int
    """Microseconds since 1970 in UTC."""
    body: bytes
    """What the log entry has the digest of."""
    actor_salt: bytes = b""
    """Key of the log entry's commitment to the name; empty after erasure."""


@dataclass(frozen=True, slots=True)
class WaiverCase:
    """A waiver with everything that happened to it; the first step is always the request."""

    id: str
    terms: WaiverTerms
    steps: tuple[WaiverStep, ...]

    @property
    def requested_by(self) -> Actor:
        """Who asked."""
        return self.steps[0].actor

    @property
    def approvers(self) -> tuple[Actor, ...]:
        """Who approved, in order."""
        return tuple(step.actor for step in self.steps if step.action is WaiverAction.APPROVED)

    @property
    def is_granted(self) -> bool:
        """True once enough people have approved, whatever happened later."""
        return len(self.approvers) >= self.terms.quorum

    @property
    def state(self) -> WaiverState:
        """Where it stands."""
        if self.steps[-1].action is WaiverAction.REVOKED:
            return WaiverState.REVOKED
        return WaiverState.APPROVED if self.is_granted else WaiverState.REQUESTED

    @property
    def etag(self) -> str:
        """Changes with every step."""
        return sha256(f"{self.id}/{len(self.steps)}/{self.steps[-1].entry_id}".encode()).hexdigest()[:32]

    def state_after(self, action: WaiverAction) -> WaiverState:
        """Returns where it stands after one more step."""
        if action is WaiverAction.REVOKED:
            return WaiverState.REVOKED
        return WaiverState.APPROVED if len(self.approvers) + 1 >= self.terms.quorum else WaiverState.REQUESTED

    def as_granted(self) -> Waiver:
        """Returns the waiver as verdicts know it."""
        terms = self.terms
        return Waiver(
            id=self.id,
            rule_id=terms.rule_id,
            subject=terms.subject,
            requested_by=self.requested_by.identity,
            approved_by=tuple(actor.identity for actor in self.approvers),
            starts_on=terms.starts_on,
            ends_on=terms.ends_on,
            bond=terms.bond,
        )

    def is_visible_to(self, who: Principal) -> bool:
        """True for whoever has to do with waivers of this proposal, and for who asked."""
        scope = {"ruleset": self.terms.ruleset_name, "proposal": self.terms.proposal_id}
        concerned = any(who.may(role, **scope) for role in (Role.REQUESTER, Role.APPROVER, Role.AUDITOR))
        return concerned or who.name == self.requested_by.name


def request(who: Principal, wish: WaiverWish, decided: Decided, rule: Rule | None, *, today: str) -> WaiverTerms:
    """Returns the terms of a new waiver; `rule` is that of the decision's ruleset, None when that is not served.

    Raises:
      PermissionDeniedError: when the caller may not ask.
      WaiverRefusedError: when nobody may ask like this.
    """
    who.require(Role.REQUESTER, ruleset=decided.ruleset_name, proposal=decided.proposal_id)
    if who.kind is not PrincipalKind.PERSON:
        _refuse(f"{who.name} is no person, and who asks has to be another person than who approves")
    if (wish.rule_id, wish.subject) not in decided.held_up_by:
        about = f"{wish.rule_id} for {wish.subject}" if wish.subject else wish.rule_id
        _refuse(f"{about} neither blocks nor conditions in the decision {wish.decision_id}")
    rule = _served(rule)
    _not_an_author(who, rule)
    if not rule.waivable:
        _refuse(f"{rule.id} can not be waived")
    _says_why("reason", wish.reason)
    _says_why("compensating control", wish.compensating_control)
    _fits_in_time(wish, rule, today)
    return WaiverTerms(
        decision_id=wish.decision_id,
        proposal_id=decided.proposal_id,
        ruleset_name=decided.ruleset_name,
        bond=decided.bond,
        rule_id=rule.id,
        subject=wish.subject,
        compensating_control=wish.compensating_control,
        starts_on=wish.starts_on,
        ends_on=wish.ends_on,
        quorum=rule.waiver_quorum,
    )


def approve(
    who: Principal, case: WaiverCase, rule: Rule | None, *, etag: str, now: int, sign_in_seconds: int, today: str
) -> None:
    """Returns when the caller may approve the waiver as it stands; `now` is in Unix seconds.

    Raises:
      PermissionDeniedError: when the caller may not approve.
      EtagMismatchError: when the caller saw another state of it.
      WaiverRefusedError: when nobody may approve like this.
    """
    who.require(Role.APPROVER, ruleset=case.terms.ruleset_name, proposal=case.terms.proposal_id)
    _freshly_signed_in(who, now=now, sign_in_seconds=sign_in_seconds)
    _as_seen(case, etag)
    if case.state is not WaiverState.REQUESTED:
        _refuse("it is approved already" if case.state is WaiverState.APPROVED else "it was revoked")
    _somebody_else(who, case)
    rule = _served(rule)
    _not_an_author(who, rule)
    if case.terms.ends_on < today:
        _refuse(f"it ended on {case.terms.ends_on}; a new one has to be asked for")


def revoke(who: Principal, case: WaiverCase, *, etag: str, reason: str) -> None:
    """Returns when the caller may take the waiver back: an approver, or who asked for it, however they signed in.

    Raises:
      PermissionDeniedError: when the caller may not.
      EtagMismatchError: when the caller saw another state of it.
      WaiverRefusedError: when it was taken back before.
    """
    if who.name != case.requested_by.name:
        who.require(Role.APPROVER, ruleset=case.terms.ruleset_name, proposal=case.terms.proposal_id)
    _as_seen(case, etag)
    if case.state is WaiverState.REVOKED:
        _refuse("it was revoked before")
    _says_why("reason", reason)


def _refuse(why: str) -> NoReturn:
    raise WaiverRefusedError(why)


def _served(rule: Rule | None) -> Rule:
    if rule is None:
        _refuse("this server no longer has the rule of the decision; evaluate by a ruleset that it has")
    return rule


def _says_why(what: str, text: str) -> None:
    if not text.strip():
        _refuse(f"the {what} is missing")


def _not_an_author(who: Principal, rule: Rule) -> None:
    # Names of people are lower-case, and yet a difference of case alone must not make two people of one.
    if who.name.casefold() in {author.casefold() for author in rule.authors}:
        _refuse(f"{who.name} is an author of {rule.id}, and its waivers are for others to ask for and to approve")


def _fits_in_time(wish: WaiverWish, rule: Rule, today: str) -> None:
    if wish.starts_on < today:
        _refuse(f"it starts on {wish.starts_on}, which is over; it can start on {today} or later")
    if wish.ends_on < wish.starts_on:
        _refuse(f"it ends on {wish.ends_on}, before it starts on {wish.starts_on}")
    last = (date.fromisoformat(today) + timedelta(days=rule.maximum_waiver_days - 1)).isoformat()
    if wish.ends_on > last:
        _refuse(f"it ends on {wish.ends_on}; {rule.id} can be waived for {rule.maximum_waiver_days} days, until {last}")


def _freshly_signed_in(who: Principal, *, now: int, sign_in_seconds: int) -> None:
    if who.kind is not PrincipalKind.PERSON:
        _refuse(f"{who.name} is no person; a person approves, who has just signed in")
    if who.credential not in _SIGNED_IN:
        _refuse(f"nobody approves by {who.credential.value.replace('_', ' ')}; sign in with OpenID Connect")
    if who.signed_in_at is None:
        _refuse("nothing says when the approver signed in; sign in with OpenID Connect, with auth_time in the token")
    age = now - who.signed_in_at
    if age < -CLOCK_SKEW_SECONDS:
        _refuse(f"the sign-in lies {-age} s ahead of this server's clock")
    if age > sign_in_seconds:
        _refuse(f"the approver signed in {age} s ago, and at most {sign_in_seconds} s are allowed; sign in again")


def _as_seen(case: WaiverCase, etag: str) -> None:
    if etag != case.etag:
        raise EtagMismatchError("waiver", case.id)


def _somebody_else(who: Principal, case: WaiverCase) -> None:
    if any(actor.name is None for actor in (case.requested_by, *case.approvers)):
        _refuse("the name of who asked or approved before is erased, so nobody can tell who is somebody else; ask anew")
    if who.name == case.requested_by.name:
        _refuse("who asked for it can not approve it")
    if any(who.name == actor.name for actor in case.approvers):
        _refuse(f"{who.name} has approved it already, and the rule wants {case.terms.quorum} different people")
