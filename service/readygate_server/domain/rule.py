"""Rules as loaded: immutable, with thresholds as data. What a rule is; how it is judged is in `evaluation`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from readygate_server.domain.facts import FactValue
from readygate_server.domain.vocabulary import Gate, Grade, RuleKind, Scope, Severity, Tier


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a number comes from: exactly one of a published source and a judgement."""

    source: str = ""
    judgement: str = ""
    citation: str = ""


@dataclass(frozen=True, slots=True)
class Threshold:
    """A limit for one tier, in the unit of the fact."""

    value: FactValue
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Check:
    """A fact, a comparator and a threshold per tier; a tier without one is not asked."""

    id: str
    fact: str
    comparator: str
    thresholds: Mapping[Tier, Threshold]
    unit: str = ""
    where: str = ""
    due: Gate | None = None
    severity: Mapping[Tier, Severity] | None = None


@dataclass(frozen=True, slots=True)
class Requirement:
    """What thresholds can not say: a CEL expression that is true when it is met."""

    id: str
    expression: str
    asks: str
    tiers: frozenset[Tier]
    provenance: Provenance
    where: str = ""
    due: Gate | None = None
    severity: Mapping[Tier, Severity] | None = None


@dataclass(frozen=True, slots=True)
class SeverityWhen:
    """Other severities while a condition over the deployment holds."""

    when: str
    severity: Mapping[Tier, Severity]


@dataclass(frozen=True, slots=True)
class EvidenceDemand:
    """Least grade and greatest age of evidence, per tier."""

    minimum_grade: Mapping[Tier, Grade]
    minimum_grade_where_a_tool_exists: Mapping[Tier, Grade]
    minimum_grade_of_blockers: Mapping[Tier, Mapping[str, Grade]]
    maximum_age_days: Mapping[str, Mapping[Tier, int]]
    provenance: Mapping[str, Provenance]


@dataclass(frozen=True, slots=True)
class Range:
    """A range, ends included."""

    low: float
    high: float

    @property
    def middle(self) -> float:
        """Half way between the ends; used to order, never to decide."""
        return (self.low + self.high) / 2

    def __add__(self, other: Range) -> Range:
        """Returns the range of the sum."""
        return Range(self.low + other.low, self.high + other.high)


ZERO = Range(0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Work:
    """What closes a finding: effort in person-weeks per subject, waiting in weeks."""

    title: str
    done_when: str
    effort: Range
    wait: Range
    owner: str
    after: tuple[str, ...]
    infrastructure: bool
    per: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """One yes-or-no question about the deployment, or about each source, API or workflow."""

    id: str
    title: str
    foundation: str
    question: str
    motivation: str
    scope: Scope
    due: Mapping[Tier, Gate]
    severity: Mapping[Tier, Severity]
    work: Work
    references: tuple[str, ...]
    kind: RuleKind = RuleKind.FACTS
    severity_when: tuple[SeverityWhen, ...] = ()
    when: str = ""
    where: str = ""
    checks: tuple[Check, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    evidence: EvidenceDemand | None = None
    may_be_not_applicable: frozenset[str] = frozenset()
    monotone: bool = True
    waivable: bool = True
    maximum_waiver_days: int = 90
    waiver_quorum: int = 1
    """How many people have to approve a waiver."""
    authors: frozenset[str] = frozenset()
    """Who wrote or adjusted it, by the names that they sign in under; they neither ask for a waiver nor approve one."""
    effective_from: str = ""
    effective_until: str = ""
    not_checked: tuple[str, ...] = ()
    cannot_be: Mapping[str, str] = field(default_factory=dict)

    def in_force(self, day: str) -> bool:
        """True when the rule is in force on a day, YYYY-MM-DD; both ends count."""
        return (not self.effective_from or self.effective_from <= day) and (
            not self.effective_until or day <= self.effective_until
        )


@dataclass(frozen=True, slots=True)
class TierLevel:
    """A CEL condition for a tier on one axis."""

    tier: Tier
    when: str


@dataclass(frozen=True, slots=True)
class TierAxis:
    """One axis of tiering: conditions, highest tier first; when none holds the axis is T1."""

    id: str
    title: str
    levels: tuple[TierLevel, ...]
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class NarrowTo:
    """A fact that is narrowed for a lower tier: the named values become `to`; sets are intersected with it."""

    fact: str
    narrowed_from: frozenset[str]
    to: FactValue


@dataclass(frozen=True, slots=True)
class RulesetIdentity:
    """What a ruleset is called, where it is published, and the digest of everything that can change an answer."""

    name: str
    version: str
    digest: str
    channel: str
    effective_from: str
    effective_until: str
    summary: str


@dataclass(frozen=True, slots=True)
class Ruleset:
    """An immutable set of rules with its tiering. Rules are sorted by id."""

    identity: RulesetIdentity
    rules: tuple[Rule, ...]
    axes: tuple[TierAxis, ...]
    narrow_to: Mapping[Tier, tuple[NarrowTo, ...]]
    verdict_valid_days: int

    def in_force(self, day: str) -> bool:
        """True when the ruleset is in force on a day, YYYY-MM-DD; both ends count."""
        identity = self.identity
        return identity.effective_from <= day and (not identity.effective_until or day <= identity.effective_until)
