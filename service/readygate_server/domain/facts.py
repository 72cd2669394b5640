"""Facts as the evaluator sees them: plain values by name, absent when unknown."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from typing import NamedTuple

from readygate_server.domain.vocabulary import Scope

FactValue = bool | int | float | str | tuple[str, ...]
"""A value in the unit of its fact; enum values and sets by their short lower-case names."""

Facts = Mapping[str, FactValue]
"""Values by fact name, such as `source.completeness` or `source.accuracy.ratio`. A missing key is unknown."""

_CORPUS = "corpus"
_DEPLOYMENT = Scope.DEPLOYMENT
_ID = itemgetter(0)


class FactRef(NamedTuple):
    """A fact of one subject; the subject is empty for facts that occur once per proposal."""

    fact: str
    subject: str = ""

    def __str__(self) -> str:
        """Returns `source[crm].completeness`, or the plain name."""
        if not self.subject:
            return self.fact
        group, _, rest = self.fact.partition(".")
        return f"{group}[{self.subject}].{rest}"


ref_of: Callable[[tuple[str, str]], FactRef] = partial(tuple.__new__, FactRef)
"""Makes a reference of fact and subject, in half the time of the class."""


@dataclass(frozen=True, slots=True)
class ProposalFacts:
    """All facts of a proposal: once per deployment, and per asset sorted by id."""

    deployment: Facts
    assets: Mapping[Scope, tuple[tuple[str, Facts], ...]]

    def of(self, scope: Scope) -> tuple[tuple[str, Facts], ...]:
        """Returns the subjects of a scope; the deployment is one subject without an id."""
        return (("", self.deployment),) if scope is _DEPLOYMENT else self.assets.get(scope, ())

    def get(self, ref: FactRef) -> FactValue | None:
        """Returns a value, or None when it is unknown."""
        facts = self._about(ref)
        return None if facts is None else facts.get(ref.fact)

    def states(self, ref: FactRef) -> bool:
        """True when a fact, or any part of it, has a value."""
        facts = self._about(ref)
        if facts is None or ref.fact in facts:
            return facts is not None
        parts = f"{ref.fact}."
        return any(fact.startswith(parts) for fact in facts)

    def _about(self, ref: FactRef) -> Facts | None:
        """Returns the facts of whom a reference is about; None when there is no such asset."""
        scope = scope_of(ref.fact)
        if scope is _DEPLOYMENT:
            return self.deployment
        assets = self.assets.get(scope, ())
        place = bisect_left(assets, ref.subject, key=_ID)  # a portfolio has hundreds, and each fact is asked for
        found = assets[place : place + 1]
        return found[0][1] if found and found[0][0] == ref.subject else None


def scope_of(fact: str) -> Scope:
    """Returns what a fact is about, by the first part of its name."""
    group = fact.partition(".")[0]
    if group == _CORPUS:
        return Scope.SOURCE
    return Scope(group) if group in {"source", "api", "workflow"} else Scope.DEPLOYMENT


def parent_of(fact: str) -> str:
    """Returns the fact that a part belongs to: `source.accuracy` for `source.accuracy.ratio`."""
    return ".".join(fact.split(".", 2)[:2])
