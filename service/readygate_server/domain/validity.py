"""How long a go holds: never beyond what it rests on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from readygate_server.domain.evidence import DECLARED, Evidence, EvidenceIndex, FactClass
from readygate_server.domain.facts import FactRef, parent_of, scope_of
from readygate_server.domain.finding import Finding, Observation
from readygate_server.domain.rule import EvidenceDemand
from readygate_server.domain.table import RuleTable
from readygate_server.domain.verdict import Waiver
from readygate_server.domain.vocabulary import Effect, Outcome, Scope, Tier


def valid_until(
    table: RuleTable,
    findings: Iterable[Finding],
    index: EvidenceIndex,
    classes: Mapping[str, FactClass],
    waivers: Sequence[Waiver],
    day: int,
) -> str:
    """Returns the last day on which a go holds, YYYY-MM-DD.

    The earliest of: the ruleset's own limit, the end of a waiver in use, the day on which evidence in use expires or
    becomes too old, and the day on which a date that passed a check no longer does.
    """
    last = day + table.ruleset.verdict_valid_days
    demand = table.evidence.rule.evidence if table.evidence else None
    used = {waiver.id: waiver for waiver in waivers}
    for finding in findings:
        if finding.waiver_id:
            last = min(last, date.fromisoformat(used[finding.waiver_id].ends_on).toordinal())
        for part in finding.observations:
            if part.outcome is Outcome.SATISFIED and part.effect >= Effect.CONDITIONS and part.fact:
                last = min(last, _date_lapse(part, table, finding, last))
                entry = index.of(_ref(part.fact, finding))
                if entry is not None:
                    last = min(last, _evidence_lapse(entry, part.fact, demand, classes, table.tier, last))
    return date.fromordinal(max(last, day)).isoformat()


def _ref(fact: str, finding: Finding) -> FactRef:
    return FactRef(fact, "" if scope_of(fact) is Scope.DEPLOYMENT else finding.subject)


def _date_lapse(part: Observation, table: RuleTable, finding: Finding, last: int) -> int:
    check = next((check for check in finding.rule.checks if check.id == part.check_id), None)
    if check is None or check.comparator not in ("at_most_days_ago", "at_most_days_ahead"):
        return last
    stated = date.fromisoformat(str(part.observed)).toordinal()
    if check.comparator == "at_most_days_ahead":
        return stated
    limit = check.thresholds[table.tier].value
    return stated + int(limit) if isinstance(limit, (int, float)) else last


def _evidence_lapse(
    entry: Evidence, fact: str, demand: EvidenceDemand | None, classes: Mapping[str, FactClass], tier: Tier, last: int
) -> int:
    if entry.expires is not None:
        last = min(last, entry.expires)
    ages_as = classes.get(parent_of(fact), DECLARED).ages_as
    if demand is not None and entry.as_of is not None and ages_as in demand.maximum_age_days and ages_as != "declared":
        last = min(last, entry.as_of + demand.maximum_age_days[ages_as][tier])
    return last
