"""Three-valued conditions: what an expression engine answers, and how it is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from readygate_server.domain.facts import FactRef, Facts
from readygate_server.domain.vocabulary import Scope


@dataclass(frozen=True, slots=True)
class Unknown:
    """The truth of a condition can not be told; these facts are missing."""

    missing: tuple[FactRef, ...]


Truth = bool | Unknown
"""Kleene's three values; Unknown says what is missing."""


class Conditions(Protocol):
    """Answers the expressions of one ruleset about one proposal. Each expression was compiled when it was loaded."""

    def test(self, expression: str, scope: Scope, subject: str, facts: Facts | None = None) -> Truth:
        """Returns the truth of an expression for a subject; raises RuleFailedError when it can not be evaluated.

        `facts` are those of the subject, when whoever asks has them at hand.
        """
        ...
