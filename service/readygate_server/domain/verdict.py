"""From findings to the answer. The one place that says go or no-go."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain
from operator import attrgetter
from typing import NamedTuple

from readygate_server.domain.finding import Finding
from readygate_server.domain.rule import Rule
from readygate_server.domain.table import RuleTable
from readygate_server.domain.vocabulary import Effect, Outcome, RuleKind, Verdict

_BLOCKS = Effect.BLOCKS
_REFUTED, _OPEN, _EFFECT = attrgetter("refuted"), attrgetter("open"), attrgetter("effect")


class Bond(NamedTuple):
    """The one proposal and the one ruleset that a waiver was granted for, each by its digest."""

    facts_digest: str
    ruleset_digest: str


class Occasion(NamedTuple):
    """What waivers are held against: the day, YYYY-MM-DD, and the proposal and ruleset at hand."""

    as_of: str
    bond: Bond


@dataclass(frozen=True, slots=True)
class Waiver:
    """A time-boxed exception to one rule for one subject. Days are YYYY-MM-DD, both counted."""

    id: str
    rule_id: str
    subject: str
    requested_by: str
    approved_by: tuple[str, ...]
    starts_on: str
    ends_on: str
    bond: Bond | None = None
    """None when nobody granted it and a simulation assumes it, for what is simulated and with as many approvals as
    are needed."""

    @property
    def days(self) -> int:
        """How many days it lasts."""
        return (date.fromisoformat(self.ends_on) - date.fromisoformat(self.starts_on)).days + 1

    def covers(self, finding: Finding, occasion: Occasion) -> bool:
        """True when the waiver counts: for what it was granted, allowed, in time, short enough, approved by others."""
        rule = finding.rule
        return (
            self.rule_id == rule.id
            and self.subject == finding.subject
            and self.bond in (None, occasion.bond)
            and rule.waivable
            and self.starts_on <= occasion.as_of <= self.ends_on
            and self.days <= rule.maximum_waiver_days
            and self._is_approved(rule)
        )

    def _is_approved(self, rule: Rule) -> bool:
        approvers = frozenset(self.approved_by) - rule.authors - {self.requested_by, ""}
        return len(approvers) >= (rule.waiver_quorum if self.bond else 1)


def waive(findings: Iterable[Finding], waivers: Sequence[Waiver], occasion: Occasion) -> list[Finding]:
    """Marks what is waived. A waived finding never blocks and never leaves a plain go."""
    return [_waived(finding, waivers, occasion) for finding in findings]


def _waived(finding: Finding, waivers: Sequence[Waiver], occasion: Occasion) -> Finding:
    if finding.effect < Effect.CONDITIONS:
        return finding
    covering = sorted((waiver for waiver in waivers if waiver.covers(finding, occasion)), key=lambda each: each.id)
    if not covering:
        return finding
    longest = max(covering, key=lambda waiver: waiver.ends_on)
    none = Effect.NONE
    return finding._replace(
        outcome=Outcome.WAIVED, effect=Effect.CONDITIONS, refuted=none, open=none, waiver_id=longest.id
    )


def report_unknown(table: RuleTable, findings: Iterable[Finding]) -> list[Finding]:
    """Returns the finding that says whether anything decisive is unknown, if a rule asks for it.

    It reports and never blocks by itself.
    """
    row = table.unknown_facts
    if row is None:
        return []
    decisive = [finding.missing for finding in findings if finding.open is _BLOCKS]
    missing = tuple(dict.fromkeys(chain.from_iterable(decisive)))
    outcome = Outcome.UNKNOWN if decisive else Outcome.SATISFIED
    if table.gate < row.due:
        outcome = Outcome.NOT_DUE
    return [Finding(row.rule, "", outcome, Effect.NONE, row.severity, row.due, missing=missing)]


def decide(findings: Collection[Finding]) -> Verdict:
    """Returns the verdict: one violated blocker is a no; only unknowns in the way leave it undetermined.

    No scores and no averages. When no rule certainly applied and was answered, nothing was judged, and that is never a
    go.
    """
    if _BLOCKS in map(_REFUTED, findings):
        return Verdict.NO_GO
    if _BLOCKS in map(_OPEN, findings) or not any(map(_has_judged, findings)):
        return Verdict.UNDETERMINED
    return Verdict.GO_WITH_CONDITIONS if Effect.CONDITIONS in map(_EFFECT, findings) else Verdict.GO


def decide_when_done(findings: Collection[Finding]) -> Verdict:
    """Returns the verdict once everything that blocks is repaired or measured, and found good."""
    if not any(map(_has_judged, findings)):
        return Verdict.UNDETERMINED
    return Verdict.GO_WITH_CONDITIONS if Effect.CONDITIONS in map(_EFFECT, findings) else Verdict.GO


def _has_judged(finding: Finding) -> bool:
    """True when a rule about facts was asked for certain and has an answer, whichever it is."""
    return finding.rule.kind is RuleKind.FACTS and any(
        part.outcome in (Outcome.SATISFIED, Outcome.VIOLATED) and not part.missing for part in finding.observations
    )
