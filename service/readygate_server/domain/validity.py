"""How long a go holds: never beyond what it rests on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from readygate_server.domain.evidence import EvidenceIndex
from readygate_server.domain.finding import Finding, Observation
from readygate_server.domain.table import RuleTable
from readygate_server.domain.verdict import Waiver
from readygate_server.domain.vocabulary import Effect, Outcome


def valid_until(
    table: RuleTable, findings: Iterable[Finding], index: EvidenceIndex, waivers: Sequence[Waiver], day: int
) -> str:
    """Returns the last day on which a go holds, YYYY-MM-DD.

    The earliest of: the ruleset's own limit, the end of a waiver in use, the day on which evidence in use expires or
    becomes too old, and the day on which a date that passed a check no longer does.
    """
    last = day + table.ruleset.verdict_valid_days
    used = {waiver.id: waiver for waiver in waivers}
    for finding in findings:
        if finding.waiver_id:
            last = min(last, date.fromisoformat(used[finding.waiver_id].ends_on).toordinal())
        if finding.observations:
            # What is said of an asset is the same wherever the finding is recalled; of the deployment it may differ.
            of_asset = bool(finding.subject)
            lapse = finding.once(_lapse, table, index) if of_asset else _lapse(finding, table, index)
            last = min(last, lapse)
    return date.fromordinal(max(last, day)).isoformat()


_ABOUT_DATES = ("at_most_days_ago", "at_most_days_ahead")


def _lapse(finding: Finding, table: RuleTable, index: EvidenceIndex) -> int:
    """Returns the last day on which what was satisfied still is."""
    last = date.max.toordinal()
    for part in finding.observations:
        if part.outcome is Outcome.SATISFIED and part.effect >= Effect.CONDITIONS:
            last = min([last, *_date_lapses(part, table, finding), *_evidence_lapses(part, finding, index)])
    return last


def _date_lapses(part: Observation, table: RuleTable, finding: Finding) -> list[int]:
    if part.asked.comparator not in _ABOUT_DATES:
        return []
    check = next(each for each in finding.rule.checks if each.id == part.check_id and each.fact == part.fact)
    stated = date.fromisoformat(str(part.observed)).toordinal()
    limit = check.thresholds[table.tier].value
    if check.comparator == "at_most_days_ahead":
        return [stated - 1]  # on the day itself it no longer lies ahead
    return [stated + int(limit)] if isinstance(limit, (int, float)) else []


def _evidence_lapses(part: Observation, finding: Finding, index: EvidenceIndex) -> list[int]:
    lapses = (index.lapse(each, finding.subject if each.of_subject else "") for each in part.asked.backing)
    return [lapse for lapse in lapses if lapse is not None]
