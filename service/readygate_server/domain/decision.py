"""What the gate concludes about a proposal."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from readygate_server.domain.facts import FactRef, FactValue
from readygate_server.domain.finding import Finding
from readygate_server.domain.plan import Plan
from readygate_server.domain.rule import Range, RulesetIdentity
from readygate_server.domain.tiering import Narrowing, TierAssignment
from readygate_server.domain.vocabulary import Effect, Gate, Grade, Outcome, Tier, Verdict


class MissingFact(NamedTuple):
    """A fact that was needed and not given, and the rules that need it."""

    ref: FactRef
    rule_ids: tuple[str, ...]
    statement: str
    blocks: bool


missing_fact_of: Callable[[tuple[FactRef, tuple[str, ...], str, bool]], MissingFact] = partial(
    tuple.__new__, MissingFact
)
"""Makes a missing fact of all its fields, in half the time of the class."""


class Candidate(NamedTuple):
    """One of several values of a fact. The day is YYYY-MM-DD, empty when not said."""

    value: FactValue
    grade: Grade | None
    source_uri: str
    as_of: str


class Conflict(NamedTuple):
    """A fact on which sources disagree; the value in use comes first."""

    ref: FactRef
    candidates: tuple[Candidate, ...]
    unresolved: bool


class PassingToday(NamedTuple):
    """A tier and gate that pass as things stand."""

    verdict: Verdict
    tier: Tier
    gate: Gate
    narrowings: tuple[Narrowing, ...]


class WayToYes(NamedTuple):
    """A smallest set of work after which a tier and gate pass."""

    verdict: Verdict
    tier: Tier
    gate: Gate
    narrowings: tuple[Narrowing, ...]
    items: tuple[str, ...]
    effort: Range
    elapsed: Range


class FoundationCount(NamedTuple):
    """Counts for one foundation; they decide nothing."""

    foundation: str
    satisfied: int
    violated: int
    unknown: int
    blocking: int


class Decision(NamedTuple):
    """The answer, with everything that it rests on. `as_of` and `valid_until` are YYYY-MM-DD."""

    verdict: Verdict
    gate: Gate
    as_of: str
    tier: TierAssignment
    findings: tuple[Finding, ...]
    missing: tuple[MissingFact, ...]
    conflicts: tuple[Conflict, ...]
    plan: Plan | None
    ways_to_yes: tuple[WayToYes, ...]
    passes_today: tuple[PassingToday, ...]
    ruleset: RulesetIdentity
    rule_count: int
    engine_version: str
    facts_digest: str
    valid_until: str
    waiver_ids: tuple[str, ...]

    @property
    def foundations(self) -> tuple[FoundationCount, ...]:
        """Counts per foundation, by name. They decide nothing, so they are counted when somebody looks."""
        return count_foundations(self.findings)

    def rule_ids(self, *, effect: int) -> frozenset[str]:
        """Returns the rules whose findings have an effect, whatever the subject."""
        return frozenset(finding.rule.id for finding in self.findings if finding.effect == effect)


_COLUMNS = {Outcome.SATISFIED: 0, Outcome.VIOLATED: 1, Outcome.UNKNOWN: 2, Outcome.STALE: 2}
_BLOCKING, _NOT_COUNTED = 3, 4
_COLUMN_OF = {outcome: _COLUMNS.get(outcome, _NOT_COUNTED) for outcome in Outcome}
_BLOCKS = Effect.BLOCKS


def count_foundations(findings: tuple[Finding, ...]) -> tuple[FoundationCount, ...]:
    """Counts outcomes per foundation, by name."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0] * (_NOT_COUNTED + 1))
    for finding in findings:
        count = counts[finding.rule.foundation]
        count[_COLUMN_OF[finding.outcome]] += 1
        if finding.effect is _BLOCKS:
            count[_BLOCKING] += 1
    return tuple(FoundationCount(foundation, *count[:_NOT_COUNTED]) for foundation, count in sorted(counts.items()))
