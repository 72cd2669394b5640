"""How far a rule reads: what has to be the same for it to conclude the same. Settled when a table is built."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from readygate_server.domain.asked import Asked
from readygate_server.domain.derived import DERIVED
from readygate_server.domain.facts import scope_of
from readygate_server.domain.rule import Rule
from readygate_server.domain.vocabulary import Scope

FactsRead = Callable[[str, Scope], frozenset[str] | None]
"""Expression and scope to the facts that it reads; None when it reads more than plain facts of subject and deployment.
"""


class Reach(NamedTuple):
    """The facts of the deployment that a rule reads, and what is derived of its subject from more than the subject."""

    deployment: tuple[str, ...] = ()
    beyond: tuple[str, ...] = ()

    @classmethod
    def of_all(cls, reaches: Iterable[Reach]) -> Reach:
        """Returns the reach of several rules together."""
        known = list(reaches)
        deployment = {name for reach in known for name in reach.deployment}
        return cls(tuple(sorted(deployment)), tuple(sorted({name for reach in known for name in reach.beyond})))


def nothing_known(_: str, __: Scope) -> None:
    """Knows of no expression what it reads."""
    return


def reach_of(rule: Rule, asked: Iterable[Asked], facts_read: FactsRead) -> Reach | None:
    """Returns what a rule reads besides its subject; None when that can't be told, or is of other assets at large.

    What it reads of its subject is not told apart: a subject is the same when all that is said of it is. Evidence is
    looked at as well, so that a rule about assets that asks for evidence about the deployment has no reach either.
    """
    names: set[str] = set()
    beyond: set[str] = set()
    for expression, scope in _expressions(rule, asked):
        read = facts_read(expression, scope)
        if read is None:
            return None
        names |= read
    for each in asked:
        derived = DERIVED.get(each.fact)
        if derived is not None and (derived.across or rule.scope is not Scope.DEPLOYMENT):
            if scope_of(derived.name) is not rule.scope or rule.scope is Scope.DEPLOYMENT:
                return None
            if derived.across or any(scope_of(name) is Scope.DEPLOYMENT for name in derived.inputs):
                beyond.add(derived.name)
            continue
        if rule.scope is not Scope.DEPLOYMENT and any(not backing.of_subject for backing in each.backing):
            return None
        names.update(derived.inputs if derived is not None else (each.fact,) if each.fact else ())
    deployment = sorted(name for name in names if scope_of(name) is Scope.DEPLOYMENT)
    return Reach(tuple(deployment), tuple(sorted(beyond)))


def _expressions(rule: Rule, asked: Iterable[Asked]) -> Iterable[tuple[str, Scope]]:
    """Yields the expressions that are asked, each with the scope that it is written for."""
    about_rule = [rule.when, *(each.when for each in rule.severity_when)]
    about_subject = [rule.where, *(text for each in asked for text in (each.where, each.expression))]
    yield from ((text, Scope.DEPLOYMENT) for text in about_rule if text)
    yield from ((text, rule.scope) for text in about_subject if text)
