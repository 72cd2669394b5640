"""What evidence each check and requirement needs: settled when a table is built, from the ruleset's demand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from readygate_server.domain.asked import Backing, Standard
from readygate_server.domain.derived import DERIVED
from readygate_server.domain.facts import parent_of, scope_of
from readygate_server.domain.rule import EvidenceDemand, Rule
from readygate_server.domain.table import BackingOf
from readygate_server.domain.vocabulary import Effect, Grade, Scope, Severity, Tier


@dataclass(frozen=True, slots=True)
class FactClass:
    """How a fact's evidence ages, and whether a tool exists that measures it."""

    ages_as: str
    tool_exists: bool


DECLARED = FactClass("declared", tool_exists=False)
"""Facts that a proposer decides rather than observes; they need no evidence."""


def group_of(fact: str) -> str:
    """Returns the name that stands for every fact of a group, such as `source.*`."""
    return f"{fact.partition('.')[0]}.*"


def backing_for(
    demand: EvidenceDemand, tier: Tier, classes: Mapping[str, FactClass], reads: Callable[[str, Scope], frozenset[str]]
) -> BackingOf:
    """Returns what evidence each check and requirement needs at a tier; a derived fact is backed by its inputs."""
    known: dict[tuple[str, Grade], Backing] = {}
    standards: dict[tuple[str, Grade, int], Standard] = {}

    def one(name: str, grade: Grade) -> Backing:
        if (name, grade) not in known:
            of_subject = scope_of(name) is not Scope.DEPLOYMENT
            group, age = group_of(name), demand.maximum_age_days[classes[name].ages_as][tier]
            standard = standards.setdefault((group, grade, age), Standard(group, of_subject, grade, age))
            known[name, grade] = Backing(name, standard)
        return known[name, grade]

    def backing(rule: Rule, fact: str, expression: str, effect: Effect) -> tuple[Backing, ...]:
        if effect < Effect.CONDITIONS:
            return ()
        derived = DERIVED.get(fact)
        names = derived.inputs if derived else (fact,) if fact else sorted(reads(expression, rule.scope))
        parents = dict.fromkeys(parent_of(name) for name in names)
        return tuple(
            one(name, _wanted_grade(rule, demand, classes[name], tier))
            for name in parents
            if classes.get(name, DECLARED).ages_as != "declared" and scope_of(name) in (Scope.DEPLOYMENT, rule.scope)
        )

    return backing


def _wanted_grade(rule: Rule, demand: EvidenceDemand, fact_class: FactClass, tier: Tier) -> Grade:
    wanted = demand.minimum_grade[tier]
    if fact_class.tool_exists:
        wanted = max(wanted, demand.minimum_grade_where_a_tool_exists.get(tier, wanted))
    if rule.severity[tier] is Severity.BLOCKER:
        wanted = max(wanted, demand.minimum_grade_of_blockers.get(tier, {}).get(rule.foundation, wanted))
    return wanted
