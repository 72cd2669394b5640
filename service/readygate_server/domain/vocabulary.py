"""The words of the gate as enumerations; the order of members is meaningful where it is numeric.

The others are strings, because looking them up in a table is then as fast as it can be.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum


class Gate(IntEnum):
    """Decision that is asked for, in the order in which a deployment passes them."""

    COMMIT = 1
    PILOT = 2
    PRODUCTION = 3


class Tier(IntEnum):
    """How much harm a wrong answer can do."""

    T1 = 1
    T2 = 2
    T3 = 3
    T4 = 4


class Severity(IntEnum):
    """What a failed rule does to the verdict, from nothing to blocking."""

    NONE = 0
    ADVISORY = 1
    CONDITION = 2
    BLOCKER = 3

    def effect(self, *, due: Gate, gate: Gate) -> Effect:
        """Returns what a failure does at `gate`: a condition that is overdue blocks."""
        if self is Severity.NONE or gate < due:
            return Effect.NONE
        if self is Severity.CONDITION and gate > due:
            return Effect.BLOCKS
        return Effect(int(self))


class Effect(IntEnum):
    """What a finding does to the verdict."""

    NONE = 0
    ADVISES = 1
    CONDITIONS = 2
    BLOCKS = 3


class Outcome(StrEnum):
    """Outcome of one rule for one subject."""

    SATISFIED = "satisfied"
    VIOLATED = "violated"
    UNKNOWN = "unknown"
    STALE = "stale"
    WAIVED = "waived"
    NOT_APPLICABLE = "not_applicable"
    NOT_DUE = "not_due"


class Verdict(StrEnum):
    """The answer."""

    GO = "GO"
    GO_WITH_CONDITIONS = "GO_WITH_CONDITIONS"
    NO_GO = "NO_GO"
    UNDETERMINED = "UNDETERMINED"

    @property
    def passes(self) -> bool:
        """True for a go, with or without conditions."""
        return self in (Verdict.GO, Verdict.GO_WITH_CONDITIONS)


class Scope(StrEnum):
    """What a rule is asked about."""

    DEPLOYMENT = "deployment"
    SOURCE = "source"
    API = "api"
    WORKFLOW = "workflow"


class Grade(IntEnum):
    """How far evidence can be trusted."""

    E0 = 0
    E1 = 1
    E2 = 2
    E3 = 3


class RuleKind(StrEnum):
    """Whether a rule asks about facts, or about what is known of them."""

    FACTS = "facts"
    UNKNOWN_FACTS = "unknown_facts"
    EVIDENCE = "evidence"
