"""Everything around waivers, in memory: a book, decisions, rulesets, a vault, a clock, and people."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from readygate_server.application.waiver_ports import FiledStep, NewWaiverStep, WaiverFilter
from readygate_server.application.waivers import WaiverPorts, Waivers
from readygate_server.domain.errors import EtagMismatchError
from readygate_server.domain.identity import Binding, Credential, Principal, PrincipalKind, Role
from readygate_server.domain.record import SealedText, Stamp
from readygate_server.domain.rule import Rule, Ruleset
from readygate_server.domain.verdict import Bond
from readygate_server.domain.waivers import Decided, WaiverState, WaiverWish
from tests.unit.make import check, rule, ruleset

NOW = 1_793_534_400
"""Noon of 2026-11-01 in UTC, in Unix seconds."""
TODAY = "2026-11-01"
BOND = Bond("sha256:facts", "sha256:example")
DECISION = "d" * 32
RULE = rule("DAT-03", check("source.completeness", "at_least", 0.99))


def person(name: str, *roles: Role, **other: Any) -> Principal:
    """Returns a person who has just signed in by OpenID Connect; a requester and an approver unless said otherwise."""
    other.setdefault("bindings", tuple(Binding(role) for role in roles or (Role.REQUESTER, Role.APPROVER)))
    other.setdefault("signed_in_at", NOW - 30)
    other.setdefault("credential", Credential.OIDC)
    return Principal(name, other.pop("kind", PrincipalKind.PERSON), **other)


def wish(**changes: str) -> WaiverWish:
    """Returns a wish for DAT-03 of the CRM, for the month."""
    values = {
        "decision_id": DECISION,
        "rule_id": "DAT-03",
        "subject": "crm",
        "reason": "The CRM is replaced in November.",
        "compensating_control": "Staff check each answer against the old system.",
        "starts_on": TODAY,
        "ends_on": "2026-11-30",
    }
    return WaiverWish(**{**values, **changes})


class FakeBook:
    """A book whose every operation lets others go first, so that races show."""

    def __init__(self, *, guarded: bool = True) -> None:
        """Starts empty; without its guard it takes two steps of one number, to show what that would do."""
        self.filed: list[FiledStep] = []
        self._guarded = guarded

    async def append(self, step: NewWaiverStep) -> Stamp:
        """Keeps a step."""
        await asyncio.sleep(0)
        last = max((each.step.number for each in self.filed if each.step.waiver_id == step.waiver_id), default=0)
        if self._guarded and step.number != last + 1:
            raise EtagMismatchError("waiver", step.waiver_id)
        stamp = Stamp(f"{len(self.filed) + 1:032x}", NOW * 1_000_000 + len(self.filed))
        self.filed.append(FiledStep(step, stamp))
        return stamp

    def knows_of(self, facts_digest: str) -> bool:
        """Tells whether there are steps, of which a book in memory knows all."""
        return any(each.step.facts_digest == facts_digest for each in self.filed)

    def learn_of(self, facts_digest: str) -> None:
        """Knows it already."""

    async def get(self, waiver_id: str) -> Sequence[FiledStep]:
        """Returns the steps of a waiver."""
        await asyncio.sleep(0)
        return sorted(
            (each for each in self.filed if each.step.waiver_id == waiver_id), key=lambda each: each.step.number
        )

    async def newest(self, wanted: WaiverFilter, *, before: str, limit: int) -> Sequence[Sequence[FiledStep]]:
        """Returns waivers with ids below another, the highest first."""
        ids = sorted({each.step.waiver_id for each in self.filed}, reverse=True)
        found = [await self.get(id_) for id_ in ids if not before or id_ < before]
        return [
            steps
            for steps in found
            if wanted.facts_digest in ("", steps[0].step.facts_digest) and wanted.state in (None, steps[-1].step.state)
        ][:limit]

    async def approved(self, facts_digest: str) -> Sequence[Sequence[FiledStep]]:
        """Returns the approved waivers of a proposal."""
        wanted = WaiverFilter(facts_digest, WaiverState.APPROVED)
        return list(reversed(await self.newest(wanted, before="", limit=len(self.filed))))


class FakeVault:
    """Seals by writing backwards; erasing forgets whose reference it was."""

    def __init__(self) -> None:
        """Starts without anybody."""
        self._names: dict[str, str] = {}
        self._count = 0

    def reference(self, name: str) -> str:
        """Returns the reference of a name."""
        if name not in self._names:
            self._count += 1
            self._names[name] = f"person-{self._count}"
        return self._names[name]

    def known(self, name: str) -> str | None:
        """Returns the reference of a name that was seen before."""
        return self._names.get(name)

    def seal(self, name: str, text: bytes) -> SealedText:
        """Seals a text."""
        return SealedText(self.reference(name), text[::-1])

    def open(self, sealed: SealedText) -> bytes | None:
        """Opens a text, unless its person was erased."""
        return sealed.cipher[::-1] if sealed.person in self._names.values() else None

    def erase(self, name: str) -> str | None:
        """Forgets a name."""
        return self._names.pop(name, None)


@dataclass
class World:
    """A use case and everything around it, to be changed at will."""

    rule: Rule = RULE
    decided: dict[str, Decided] = field(default_factory=dict)
    book: Any = field(default_factory=FakeBook)
    vault: Any = field(default_factory=FakeVault)
    now: int = NOW
    sign_in_seconds: int = 900
    is_served: bool = True

    def __post_init__(self) -> None:
        """Records the decision that everything is about."""
        held_up = frozenset({(self.rule.id, "crm"), (self.rule.id, "erp")})
        self.decided.setdefault(DECISION, Decided("refund-agent", "example", BOND, held_up))

    @property
    def waivers(self) -> Waivers:
        """The use case over all of it."""
        decisions, rulesets = _Decisions(self.decided), _Rulesets(self)
        ports = WaiverPorts(self.book, decisions, rulesets, self.vault, lambda: self._tick() * 1_000_000)
        return Waivers(ports, sign_in_seconds=self.sign_in_seconds)

    def _tick(self) -> int:
        return self.now


@dataclass
class _Decisions:
    known: dict[str, Decided]

    async def decided(self, decision_id: str) -> Decided | None:
        return self.known.get(decision_id)


@dataclass
class _Rulesets:
    world: World

    def find(self, digest: str) -> Ruleset | None:
        served = ruleset(self.world.rule)
        return served if self.world.is_served and digest == served.identity.digest else None
