"""What a rule concludes about one subject."""

from __future__ import annotations

from typing import NamedTuple

from readygate_server.domain.facts import FactRef, FactValue
from readygate_server.domain.rule import Provenance, Rule
from readygate_server.domain.vocabulary import Effect, Gate, Outcome, Severity


class Observation(NamedTuple):
    """One comparison of a fact, or one requirement, with what was asked."""

    check_id: str
    fact: str
    observed: FactValue | None
    required: str
    outcome: Outcome
    effect: Effect
    provenance: Provenance
    unit: str
    due: Gate
    missing: tuple[FactRef, ...] = ()


class Finding(NamedTuple):
    """Outcome of one rule for one subject, and what it does to the verdict.

    `refuted` and `open` are the effects of what is violated and of what is unknown or stale; `effect` is the stronger
    of both and of what has to be confirmed.
    """

    rule: Rule
    subject: str
    outcome: Outcome
    effect: Effect
    severity: Severity
    due: Gate
    observations: tuple[Observation, ...] = ()
    missing: tuple[FactRef, ...] = ()
    refuted: Effect = Effect.NONE
    open: Effect = Effect.NONE
    note: str = ""
    waiver_id: str = ""

    @property
    def blocks(self) -> bool:
        """True when the finding prevents a go."""
        return self.effect is Effect.BLOCKS
