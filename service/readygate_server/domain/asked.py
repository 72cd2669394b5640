"""What is asked of one subject at one tier and gate: a comparison of a fact, or a requirement in CEL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from readygate_server.domain.comparators import Compare
from readygate_server.domain.rule import Provenance
from readygate_server.domain.vocabulary import Effect, Gate, Grade, Severity


@dataclass(frozen=True, slots=True, eq=False)
class Standard:
    """How good evidence of a group of facts has to be: the least grade, and the greatest age in days.

    Compared by identity, as backings are: whoever settles a table makes one object for what is the same, so that it is
    looked at once.
    """

    group: str
    of_subject: bool
    grade: Grade
    maximum_age_days: int


@dataclass(frozen=True, slots=True, eq=False)
class Backing:
    """Evidence that a stated fact needs."""

    fact: str
    standard: Standard

    @property
    def of_subject(self) -> bool:
        """True when the fact is about an asset."""
        return self.standard.of_subject

    @property
    def grade(self) -> Grade:
        """Least grade."""
        return self.standard.grade

    @property
    def maximum_age_days(self) -> int:
        """Greatest age."""
        return self.standard.maximum_age_days


class Asked(NamedTuple):
    """A check or a requirement with everything settled that does not depend on the proposal.

    A check has a fact and a comparison; a requirement has an expression. `effect` is what a failure does at this gate.
    """

    id: str
    fact: str
    expression: str
    of_subject: bool
    compare: Compare
    required: str
    provenance: Provenance
    unit: str
    where: str
    due: Gate
    severity: Severity | None
    effect: Effect
    is_due: bool
    backing: tuple[Backing, ...] = ()
    comparator: str = ""
