"""What the use cases need from outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from readygate_server.domain.conditions import Conditions
from readygate_server.domain.decision import Conflict
from readygate_server.domain.evidence import Evidence
from readygate_server.domain.facts import FactRef, FactValue, ProposalFacts
from readygate_server.domain.vocabulary import Gate, Scope


class Dossier(Protocol):
    """A proposal that has been read: its facts in use, their evidence, and what was said instead of values."""

    @property
    def facts(self) -> ProposalFacts:
        """Facts in use; where sources disagree, the value that won."""
        ...

    @property
    def imprints(self) -> Mapping[Scope, Sequence[bytes]]:
        """What stands for all that is said of each asset, in the order of the facts: the same only for the same.

        Empty when the proposal is judged for once, and nothing about it is to be recalled or kept.
        """
        ...

    @property
    def evidence(self) -> Sequence[Evidence]:
        """Evidence entries."""
        ...

    @property
    def not_applicable(self) -> Mapping[FactRef, str]:
        """Facts that somebody accountable says do not apply, with the reason."""
        ...

    @property
    def statements(self) -> Mapping[FactRef, str]:
        """Everything that is said instead of a value, for people."""
        ...

    @property
    def conflicts(self) -> tuple[Conflict, ...]:
        """Facts on which sources disagree."""
        ...

    @property
    def digest(self) -> str:
        """Digest over all facts, independent of the order in which they stand."""
        ...

    @property
    def target_gate(self) -> Gate | None:
        """Gate that the proposal itself asks for."""
        ...

    def with_facts(self, changes: Mapping[FactRef, FactValue | None]) -> Dossier:
        """Returns the same proposal with other values; None takes a fact away."""
        ...


class Expressions(Protocol):
    """The compiled expressions of one ruleset."""

    def about(self, dossier: Dossier) -> Conditions:
        """Returns the conditions of a proposal, for one evaluation."""
        ...

    def reads(self, expression: str, scope: Scope) -> frozenset[str]:
        """Returns the names of the facts that an expression reads."""
        ...

    def plain_reads(self, expression: str, scope: Scope) -> frozenset[str] | None:
        """Returns the facts that an expression reads; None when it reads more than facts of subject and deployment."""
        ...
