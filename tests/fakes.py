"""Ports filled from tables: conditions without an expression engine, proposals without a wire format."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from readygate_server.application.ports import Dossier
from readygate_server.domain.conditions import Truth
from readygate_server.domain.decision import Conflict
from readygate_server.domain.evidence import Evidence
from readygate_server.domain.facts import FactRef, Facts, FactValue, ProposalFacts, scope_of
from readygate_server.domain.vocabulary import Gate, Scope

Answer = Truth | Callable[[ProposalFacts, str], Truth]
"""What a condition answers: always the same, or a function of the facts and the subject."""

NOTHING = ProposalFacts({}, {})


class FakeConditions:
    """Answers conditions from a table; one that is not in the table is a fault of the test."""

    def __init__(self, answers: Mapping[str, Answer], facts: ProposalFacts = NOTHING) -> None:
        self._answers = answers
        self._facts = facts

    def test(self, expression: str, scope: Scope, subject: str, facts: Facts | None = None) -> Truth:
        """Returns the truth of an expression for a subject."""
        del scope, facts
        answer = self._answers[expression]
        return answer(self._facts, subject) if callable(answer) else answer


class FakeExpressions:
    """The expressions of a ruleset, as a table."""

    def __init__(self, answers: Mapping[str, Answer] | None = None) -> None:
        self._answers = answers or {}

    def about(self, dossier: Dossier) -> FakeConditions:
        """Returns the conditions of a proposal."""
        return FakeConditions(self._answers, dossier.facts)

    def reads(self, expression: str, scope: Scope) -> frozenset[str]:
        """Returns the facts that an expression reads; the table does not know them."""
        del expression, scope
        return frozenset()

    def plain_reads(self, expression: str, scope: Scope) -> None:
        """Knows of no expression what it reads."""
        del expression, scope


@dataclass(frozen=True)
class FakeDossier:
    """A proposal that never was a message."""

    facts: ProposalFacts = NOTHING
    imprints: Mapping[Scope, Sequence[bytes]] = field(default_factory=dict)
    evidence: Sequence[Evidence] = ()
    not_applicable: Mapping[FactRef, str] = field(default_factory=dict)
    statements: Mapping[FactRef, str] = field(default_factory=dict)
    conflicts: tuple[Conflict, ...] = ()
    digest: str = "sha256:fake"
    target_gate: Gate | None = None

    def with_facts(self, changes: Mapping[FactRef, FactValue | None]) -> FakeDossier:
        """Returns the same proposal with other values; None takes a fact away."""
        facts = self.facts
        for ref, value in changes.items():
            facts = _changed(facts, ref, value)
        return replace(self, facts=facts)


def _changed(facts: ProposalFacts, ref: FactRef, value: FactValue | None) -> ProposalFacts:
    scope = scope_of(ref.fact)
    if scope is Scope.DEPLOYMENT:
        return ProposalFacts(_put(facts.deployment, ref.fact, value), facts.assets)
    assets = tuple((id_, _put(of, ref.fact, value) if id_ == ref.subject else of) for id_, of in facts.of(scope))
    return ProposalFacts(facts.deployment, {**facts.assets, scope: assets})


def _put(facts: Mapping[str, FactValue], fact: str, value: FactValue | None) -> Mapping[str, FactValue]:
    rest = {name: held for name, held in facts.items() if name != fact}
    return rest if value is None else {**rest, fact: value}
