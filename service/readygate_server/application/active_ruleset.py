"""A ruleset that can judge: its expressions compiled, its tables built when first needed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from readygate_server.application.ports import Expressions
from readygate_server.domain.backing import FactClass, backing_for
from readygate_server.domain.hearing import Recollection
from readygate_server.domain.memory import Memory
from readygate_server.domain.rule import Ruleset
from readygate_server.domain.table import BackingOf, RuleTable, build_table, no_backing
from readygate_server.domain.vocabulary import Gate, RuleKind, Tier

_REMEMBERED: Final = 2048
"""Conclusions in a generation. About 10 KiB each, so that a ruleset holds some 40 MiB of them at the most."""


class ActiveRuleset:
    """One immutable ruleset with everything that judging needs. Safe to share: tables are values."""

    def __init__(self, ruleset: Ruleset, expressions: Expressions, classes: Mapping[str, FactClass]) -> None:
        """Takes the expressions of exactly this ruleset."""
        self.ruleset = ruleset
        self.expressions = expressions
        self.classes = classes
        self.demand = next((rule.evidence for rule in ruleset.rules if rule.kind is RuleKind.EVIDENCE), None)
        self.memory: Recollection | None = Memory(_REMEMBERED)
        self._tables: dict[tuple[Tier, Gate], RuleTable] = {}

    def table(self, tier: Tier, gate: Gate) -> RuleTable:
        """Returns the rules as they are at a tier and a gate."""
        key = (tier, gate)
        table = self._tables.get(key)
        if table is None:
            backing: BackingOf = no_backing
            if self.demand is not None:
                backing = backing_for(self.demand, tier, self.classes, self.expressions.reads)
            table = self._tables[key] = build_table(self.ruleset, tier, gate, backing, self.expressions.plain_reads)
        return table
