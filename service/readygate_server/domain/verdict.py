"""From findings to the answer. The one place that says go or no-go."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter

from readygate_server.domain.finding import Finding
from readygate_server.domain.table import RuleTable
from readygate_server.domain.vocabulary import Effect, Outcome, RuleKind, Verdict

_BLOCKS = Effect.BLOCKS
_REFUTED, _OPEN, _EFFECT = attrgetter("refuted"), attrgetter("open"), attrgetter("effect")


@dataclass(frozen=True, slots=True)
class Waiver:
    """A time-boxed exception to one rule for one subject. Days are YYYY-MM-DD, both counted."""

    id: str
    rule_id: str
    subject: str
    requested_by: str
    approved_by: str
    starts_on: str
    ends_on: str
    days: int

    def covers(self, finding: Finding, as_of: str) -> bool:
        """True when the waiver counts on a day: allowed, in time, short enough, approved by another person."""
        return (
            self.rule_id == finding.rule.id
            and self.subject == finding.subject
            and finding.rule.waivable
            and self.starts_on <= as_of <= self.ends_on
            and self.days <= finding.rule.maximum_waiver_days
            and bool(self.approved_by)
            and self.approved_by != self.requested_by
        )


def waive(findings: Iterable[Finding], waivers: Sequence[Waiver], as_of: str) -> list[Finding]:
    """Marks what is waived. A waived finding never blocks and never leaves a plain go."""
    if not waivers:
        return list(findings)
    return [_waived(finding, waivers, as_of) for finding in findings]


def _waived(finding: Finding, waivers: Sequence[Waiver], as_of: str) -> Finding:
    if finding.effect < Effect.CONDITIONS:
        return finding
    waiver = next(
        (waiver for waiver in sorted(waivers, key=lambda each: each.id) if waiver.covers(finding, as_of)), None
    )
    if waiver is None:
        return finding
    none = Effect.NONE
    return finding._replace(
        outcome=Outcome.WAIVED, effect=Effect.CONDITIONS, refuted=none, open=none, waiver_id=waiver.id
    )


def report_unknown(table: RuleTable, findings: list[Finding]) -> list[Finding]:
    """Adds the finding that says whether anything decisive is unknown. It reports and never blocks by itself."""
    row = table.unknown_facts
    if row is None:
        return findings
    decisive = [finding for finding in findings if finding.open is _BLOCKS]
    missing = tuple(dict.fromkeys(ref for finding in decisive for ref in finding.missing))
    outcome = Outcome.UNKNOWN if decisive else Outcome.SATISFIED
    if table.gate < row.due:
        outcome = Outcome.NOT_DUE
    own = Finding(row.rule, "", outcome, Effect.NONE, row.severity, row.due, missing=missing)
    return [*findings, own]


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


def _has_judged(finding: Finding) -> bool:
    """True when a rule about facts was asked for certain and has an answer, whichever it is."""
    return finding.rule.kind is RuleKind.FACTS and any(
        part.outcome in (Outcome.SATISFIED, Outcome.VIOLATED) and not part.missing for part in finding.observations
    )
