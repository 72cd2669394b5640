"""What rules may say about each fact: its type, its names, its range, and who may ask for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from readygate_server.adapters.fact_catalogue import fact_catalogue
from readygate_server.adapters.proposals.personal import personal_facts
from readygate_server.adapters.proposals.vocabulary import UNKNOWN, FactField, Kind, fact_fields, parts_of
from readygate_server.domain.derived import DERIVED, Derived
from readygate_server.domain.facts import scope_of
from readygate_server.domain.vocabulary import Scope

_SETS = (Kind.CHOICES, Kind.IDS, Kind.METRICS)
_FITTING: Mapping[str, tuple[Kind, ...]] = {
    "at_least": (Kind.NUMBER, Kind.INTEGER),
    "at_most": (Kind.NUMBER, Kind.INTEGER),
    "equals": (Kind.NUMBER, Kind.INTEGER, Kind.FLAG, Kind.CHOICE, Kind.TEXT),
    "one_of": (Kind.CHOICE, Kind.TEXT),
    "none_of": (Kind.CHOICE, Kind.TEXT),
    "includes": (Kind.CHOICES, Kind.IDS),
    "count_at_least": _SETS,
}


@dataclass(frozen=True, slots=True)
class KnownFact:
    """A fact that a check can name."""

    name: str
    kind: Kind
    unit: str = ""
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None

    @property
    def is_day(self) -> bool:
        """True for a day, YYYY-MM-DD."""
        return self.kind is Kind.TEXT and (self.unit == "date" or self.name.endswith("_on"))

    @property
    def is_name(self) -> bool:
        """True for the name of a person, of which a rule may ask only whether it is stated."""
        return self.name in personal_facts()

    @property
    def comparators(self) -> tuple[str, ...]:
        """Names of the comparators that fit."""
        if self.is_day:
            return ("stated", "at_most_days_ago", "at_most_days_ahead")
        if self.is_name:
            return ("stated",)
        return (*(name for name, kinds in _FITTING.items() if self.kind in kinds), "stated")

    @property
    def described(self) -> str:
        """The type in words."""
        if self.is_name:
            return "the name of a person"
        return "a day" if self.is_day else self.kind.value


@cache
def known_facts() -> Mapping[str, KnownFact]:
    """Returns every fact, part, attribute and derived fact that a check can name."""
    stated = {
        field.name: _known(field)
        for field in fact_fields().values()
        if field.in_proposal and field.kind not in (Kind.WHOLE, Kind.MOMENT)
    }
    return {**stated, **{fact.name: _derived(fact) for fact in DERIVED.values()}}


def facts_of_scope(scope: Scope) -> tuple[str, ...]:
    """Returns the names that a rule of a scope can check: its own and those of the deployment."""
    return tuple(name for name in known_facts() if scope_of(name) in (scope, Scope.DEPLOYMENT))


def parts_or_none(name: str) -> tuple[str, ...]:
    """Returns the parts of a composite fact that can be checked; nothing for any other name."""
    field = fact_fields().get(name)
    return tuple(part for part in parts_of(name) if part in known_facts()) if field and field.kind is Kind.WHOLE else ()


def _known(field: FactField) -> KnownFact:
    limits = fact_catalogue().limits(field.name)
    choices = tuple(name for name in field.choices if name != UNKNOWN)
    return KnownFact(field.name, field.kind, limits.unit, choices, limits.minimum, limits.maximum)


def _derived(fact: Derived) -> KnownFact:
    share = fact.unit == "ratio" or fact.unit.endswith("bound")
    return KnownFact(fact.name, Kind.NUMBER, fact.unit, (), 0.0 if share else None, 1.0 if share else None)
