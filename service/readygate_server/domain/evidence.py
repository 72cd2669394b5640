"""Evidence about facts: which of it counts, and what a ruleset demands of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from readygate_server.domain.derived import DERIVED
from readygate_server.domain.facts import FactRef, parent_of, scope_of
from readygate_server.domain.finding import Finding, Observation
from readygate_server.domain.rule import EvidenceDemand, Provenance
from readygate_server.domain.table import RuleRow, RuleTable
from readygate_server.domain.vocabulary import Effect, Grade, Outcome, Scope, Severity, Tier


class Evidence(NamedTuple):
    """One observation, as far as judging needs it. Days are ordinals; None is unknown."""

    facts: tuple[str, ...]
    subject: str
    grade: Grade | None
    as_of: int | None
    expires: int | None = None
    source_uri: str = ""


@dataclass(frozen=True, slots=True)
class FactClass:
    """How a fact's evidence ages, and whether a tool exists that measures it."""

    ages_as: str
    tool_exists: bool


DECLARED = FactClass("declared", tool_exists=False)
"""Facts that a proposer decides rather than observes; they need no evidence."""


class EvidenceIndex:
    """The evidence that counts for each fact on one day: the highest grade, then the newest."""

    def __init__(self, entries: Iterable[Evidence], day: int) -> None:
        """Leaves out what was observed after `day`."""
        self._best: dict[FactRef, Evidence] = {}
        for entry in entries:
            if entry.as_of is not None and entry.as_of > day:
                continue
            for fact in entry.facts:
                ref = FactRef(fact, entry.subject)
                held = self._best.get(ref)
                if held is None or _rank(entry) > _rank(held):
                    self._best[ref] = entry

    def of(self, ref: FactRef) -> Evidence | None:
        """Returns the evidence for a fact, by its name or by `group.*`."""
        fact = parent_of(ref.fact)
        exact = self._best.get(FactRef(fact, ref.subject))
        group = self._best.get(FactRef(f"{fact.partition('.')[0]}.*", ref.subject))
        if exact is None or group is None:
            return exact or group
        return max(exact, group, key=_rank)


def _rank(entry: Evidence) -> tuple[int, int, str]:
    return (-1 if entry.grade is None else int(entry.grade), entry.as_of or 0, entry.source_uri)


class _Shortfall(NamedTuple):
    ref: FactRef
    outcome: Outcome
    check: str
    observed: str
    required: str


def demand_evidence(
    table: RuleTable,
    findings: list[Finding],
    index: EvidenceIndex,
    classes: Mapping[str, FactClass],
    day: int,
) -> list[Finding]:
    """Holds the facts of enforced rules against the ruleset's demand.

    Returns the findings with those stale that rest on old evidence, and the finding of the evidence rule itself. A
    weak grade violates that rule, missing evidence leaves it unknown, old evidence makes it stale.
    """
    row = table.evidence
    if row is None or row.rule.evidence is None or row.severity is Severity.NONE:
        return findings
    due = table.gate >= row.due
    shortfalls: dict[FactRef, _Shortfall] = {}
    judged: list[Finding] = []
    for finding in findings:
        enforced = [part for part in finding.observations if part.effect >= Effect.CONDITIONS and part.fact]
        refs = _backed(finding, enforced)
        found = {
            ref: shortfall
            for ref in refs
            if (shortfall := _shortfall(ref, finding, row.rule.evidence, index, classes, table.tier, day))
        }
        shortfalls.update(found)
        judged.append(_aged(finding, found) if due else finding)
    judged.append(
        _evidence_finding(row, table, sorted(shortfalls.values(), key=lambda shortfall: shortfall.ref), bool(due))
    )
    return judged


def _backed(finding: Finding, enforced: list[Observation]) -> list[FactRef]:
    """The stated facts behind enforced comparisons; a derived fact is backed by its inputs."""
    refs: list[FactRef] = []
    for part in enforced:
        if part.observed is None:
            continue
        derived = DERIVED.get(part.fact)
        for fact in derived.inputs if derived else (part.fact,):
            scope = scope_of(fact)
            if scope is Scope.DEPLOYMENT or scope is finding.rule.scope:
                refs.append(FactRef(parent_of(fact), "" if scope is Scope.DEPLOYMENT else finding.subject))
    return refs


def _shortfall(
    ref: FactRef,
    finding: Finding,
    demand: EvidenceDemand,
    index: EvidenceIndex,
    classes: Mapping[str, FactClass],
    tier: Tier,
    day: int,
) -> _Shortfall | None:
    fact_class = classes.get(ref.fact, DECLARED)
    if fact_class.ages_as == "declared":
        return None
    wanted = _wanted_grade(finding, demand, fact_class, tier)
    entry = index.of(ref)
    if entry is None or entry.grade is None or entry.as_of is None:
        return _Shortfall(ref, Outcome.UNKNOWN, "minimum_grade", "no evidence", f">= {wanted.name}")
    if entry.grade < wanted:
        return _Shortfall(ref, Outcome.VIOLATED, "minimum_grade", entry.grade.name, f">= {wanted.name}")
    limit = demand.maximum_age_days[fact_class.ages_as][tier]
    if day - entry.as_of > limit:
        return _Shortfall(ref, Outcome.STALE, "maximum_age_days", f"{day - entry.as_of} days", f"<= {limit} days")
    if entry.expires is not None and day > entry.expires:
        return _Shortfall(ref, Outcome.STALE, "expiry", f"expired {day - entry.expires} days ago", "not expired")
    return None


def _wanted_grade(finding: Finding, demand: EvidenceDemand, fact_class: FactClass, tier: Tier) -> Grade:
    wanted = demand.minimum_grade[tier]
    if fact_class.tool_exists:
        wanted = max(wanted, demand.minimum_grade_where_a_tool_exists.get(tier, wanted))
    if finding.severity is Severity.BLOCKER:
        wanted = max(wanted, demand.minimum_grade_of_blockers.get(tier, {}).get(finding.rule.foundation, wanted))
    return wanted


def _aged(finding: Finding, shortfalls: Mapping[FactRef, _Shortfall]) -> Finding:
    """A yes that rests on old evidence is no yes; a no stays a no."""
    stale = tuple(ref for ref, shortfall in shortfalls.items() if shortfall.outcome is Outcome.STALE)
    if not stale or finding.outcome is not Outcome.SATISFIED:
        return finding
    effect = max(part.effect for part in finding.observations if part.fact and part.effect >= Effect.CONDITIONS)
    return finding._replace(
        outcome=Outcome.STALE,
        missing=stale,
        open=effect,
        effect=max(effect, finding.effect),
        note="evidence is too old",
    )


def _evidence_finding(row: RuleRow, table: RuleTable, shortfalls: list[_Shortfall], due: bool) -> Finding:
    if not due:
        return Finding(row.rule, "", Outcome.NOT_DUE, Effect.NONE, row.severity, row.due)
    effect = row.severity.effect(due=row.due, gate=table.gate)
    observations = tuple(
        Observation(
            shortfall.check,
            str(shortfall.ref),
            shortfall.observed,
            shortfall.required,
            shortfall.outcome,
            effect,
            _provenance(row, shortfall.check),
            "",
            row.due,
        )
        for shortfall in shortfalls
    )
    found = {shortfall.outcome for shortfall in shortfalls}
    ranked = (Outcome.VIOLATED, Outcome.UNKNOWN, Outcome.STALE)
    outcome = next((outcome for outcome in ranked if outcome in found), Outcome.SATISFIED)
    refuted = effect if Outcome.VIOLATED in found else Effect.NONE
    unknown = effect if found - {Outcome.VIOLATED} else Effect.NONE
    missing = tuple(shortfall.ref for shortfall in shortfalls)
    return Finding(
        row.rule, "", outcome, max(refuted, unknown), row.severity, row.due, observations, missing, refuted, unknown
    )


def _provenance(row: RuleRow, check: str) -> Provenance:
    demand = row.rule.evidence
    if demand is None:
        return Provenance()
    return demand.provenance.get(check, demand.provenance.get("default", Provenance()))
