"""What waivers need from outside. One contract suite in `tests/contracts` holds for every book."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from readygate_server.domain.record import SealedText, Stamp
from readygate_server.domain.rule import Ruleset
from readygate_server.domain.waivers import Decided, WaiverAction, WaiverState


@dataclass(frozen=True, slots=True)
class NewWaiverStep:
    """A step to be kept, with what its leaf of the log commits to. Who did it is sealed."""

    waiver_id: str
    number: int
    """From 1; no waiver has two steps of one number."""
    action: WaiverAction
    state: WaiverState
    """Where the waiver stands after it."""
    facts_digest: str
    actor: SealedText
    body: bytes
    """The step with `*` for whoever did it; the leaf has its digest."""
    actor_commitment: bytes


@dataclass(frozen=True, slots=True)
class FiledStep:
    """A step as kept: what it is, and when under which id of an entry it was recorded."""

    step: NewWaiverStep
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class WaiverFilter:
    """Which waivers are wanted; what is left out lets everything pass."""

    facts_digest: str = ""
    state: WaiverState | None = None


class WaiverBook(Protocol):
    """Keeps the steps of waivers. Every method raises RecordUnavailableError when it can not."""

    async def append(self, step: NewWaiverStep) -> Stamp:
        """Keeps a step together with its entry of the log; durable when it returns.

        Raises:
          EtagMismatchError: when the waiver has a step of this number; nothing is kept then.
        """
        ...

    def knows_of(self, facts_digest: str) -> bool:
        """Tells without asking anybody whether steps are known of waivers of a proposal; there may be some if not."""
        ...

    def learn_of(self, facts_digest: str) -> None:
        """Takes note that there are steps of waivers of a proposal."""
        ...

    async def get(self, waiver_id: str) -> Sequence[FiledStep]:
        """Returns the steps of a waiver, in order; none when there is no such waiver."""
        ...

    async def newest(self, wanted: WaiverFilter, *, before: str, limit: int) -> Sequence[Sequence[FiledStep]]:
        """Returns waivers with ids below `before` (all when empty), the highest id first, at most `limit`."""
        ...

    async def approved(self, facts_digest: str) -> Sequence[Sequence[FiledStep]]:
        """Returns the waivers of a proposal that are approved, by id.

        Sees every step that was durable before it was called, whichever server appended it.
        """
        ...


class Decisions(Protocol):
    """Recorded decisions, as far as waivers need them."""

    async def decided(self, decision_id: str) -> Decided | None:
        """Returns what a decision found, or None when there is no such decision.

        Raises:
          WaiverRefusedError: when its findings are no longer there.
          RecordUnavailableError: when the record can not be read.
        """
        ...


class ServedRulesets(Protocol):
    """The rulesets of now."""

    def find(self, digest: str) -> Ruleset | None:
        """Returns the ruleset with a digest, or None when this server does not have it."""
        ...


class Clock(Protocol):
    """The time."""

    def __call__(self) -> int:
        """Returns microseconds since 1970 in UTC."""
        ...
