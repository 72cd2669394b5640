"""What a rule concludes about one subject."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from readygate_server.domain.asked import Asked
from readygate_server.domain.facts import FactRef, FactValue
from readygate_server.domain.once import Once
from readygate_server.domain.rule import Provenance, Rule
from readygate_server.domain.vocabulary import Effect, Gate, Outcome, Severity


class Observation(NamedTuple):
    """One answer: what was asked, the value that was observed, and the outcome.

    `missing` is what an unknown lacks, and what is missing to be sure that a satisfied part was to be asked at all.
    """

    asked: Asked
    observed: FactValue | None
    outcome: Outcome
    missing: tuple[FactRef, ...] = ()

    @property
    def check_id(self) -> str:
        """Id of the check or requirement in its rule."""
        return self.asked.id

    @property
    def fact(self) -> str:
        """Fact that was compared; empty for a requirement."""
        return self.asked.fact

    @property
    def required(self) -> str:
        """What was asked, for people."""
        return self.asked.required

    @property
    def effect(self) -> Effect:
        """What a failure does at this gate."""
        return self.asked.effect

    @property
    def provenance(self) -> Provenance:
        """Who chose what was asked, and why."""
        return self.asked.provenance

    @property
    def unit(self) -> str:
        """Unit of the fact."""
        return self.asked.unit

    @property
    def due(self) -> Gate:
        """Gate from which it is asked."""
        return self.asked.due


class LastingObservation(Observation, Once):
    """An observation that is recalled by itself."""


class _Concluded(NamedTuple):
    """The fields of a finding."""

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


class Finding(_Concluded, Once):
    """Outcome of one rule for one subject, and what it does to the verdict.

    `refuted` and `open` are the effects of what is violated and of what is unknown or stale; `effect` is the stronger
    of both and of what has to be confirmed.
    """

    @property
    def blocks(self) -> bool:
        """True when the finding prevents a go."""
        return self.effect is Effect.BLOCKS


_ObservationFields = tuple[Asked, FactValue | None, Outcome, tuple[FactRef, ...]]
_FindingFields = tuple[
    Rule,
    str,
    Outcome,
    Effect,
    Severity,
    Gate,
    tuple[Observation, ...],
    tuple[FactRef, ...],
    Effect,
    Effect,
    str,
    str,
]

observation_of: Callable[[_ObservationFields], Observation] = partial(tuple.__new__, Observation)
"""Makes an observation of all its fields; an evaluation makes hundreds, and this takes half the time of the class."""

finding_of: Callable[[_FindingFields], Finding] = partial(tuple.__new__, Finding)
"""Makes a finding of all its fields."""
