"""What is asked of one subject at one tier and gate: a comparison of a fact, or a requirement in CEL."""

from __future__ import annotations

from typing import NamedTuple

from readygate_server.domain.comparators import Compare
from readygate_server.domain.rule import Provenance
from readygate_server.domain.vocabulary import Effect, Gate, Grade, Severity


class Backing(NamedTuple):
    """Evidence that a stated fact needs: the least grade, and the greatest age in days."""

    fact: str
    of_subject: bool
    grade: Grade
    maximum_age_days: int


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
