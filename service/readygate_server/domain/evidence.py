"""Evidence about facts: which of it counts, and what falls short of what a ruleset demands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import partial
from typing import NamedTuple

from readygate_server.domain.asked import Asked, Backing, Standard
from readygate_server.domain.backing import group_of
from readygate_server.domain.facts import FactRef, FactValue, ProposalFacts, ref_of
from readygate_server.domain.finding import Finding, LastingObservation, Observation
from readygate_server.domain.once import Once
from readygate_server.domain.rule import Provenance
from readygate_server.domain.table import Demand, RuleRow, RuleTable
from readygate_server.domain.vocabulary import Effect, Grade, Outcome, Severity


class Evidence(NamedTuple):
    """One observation, as far as judging needs it. Days are ordinals; None is unknown."""

    facts: tuple[str, ...]
    subject: str
    grade: Grade | None
    as_of: int | None
    expires: int | None = None
    source_uri: str = ""


evidence_entry: Callable[[tuple[tuple[str, ...], str, Grade | None, int | None, int | None, str]], Evidence] = partial(
    tuple.__new__, Evidence
)
"""Makes evidence of all its fields, in a fraction of the time of the class."""


class EvidenceIndex:
    """The evidence for each fact that was there on one day."""

    def __init__(self, entries: Iterable[Evidence], day: int) -> None:
        """Leaves out what was observed after `day`."""
        self.day = day
        self._entries: dict[str, list[Evidence]] = {}
        self._named: dict[str, Mapping[str, Sequence[Evidence]]] = {}
        self._lapses: dict[tuple[Backing, str], int | None] = {}
        for entry in entries:
            if entry.as_of is None or entry.as_of <= day:
                self._entries.setdefault(entry.subject, []).append(entry)

    def of(self, fact: str, subject: str) -> Evidence | None:
        """Returns the evidence that weighs most, for a fact or its group: the highest grade, then the newest."""
        named = self._about(subject)
        known = (*named.get(fact, ()), *named.get(group_of(fact), ()))
        return max(known, key=_rank) if known else None

    def lapse(self, backing: Backing, subject: str) -> int | None:
        """Returns the last day on which some entry of the grade that is needed counts; None when there is none.

        Any entry that is good enough does: a better one that has become old takes nothing away from it.
        """
        key = (backing, subject)
        if key not in self._lapses:
            named, standard = self._about(subject), backing.standard
            known = (*named.get(backing.fact, ()), *named.get(standard.group, ()))
            self._lapses[key] = _last_day(known, standard) if known else None
        return self._lapses[key]

    def met(self, demands: Mapping[str, tuple[Demand, ...]], subject: str) -> frozenset[Standard | Backing]:
        """Returns which demands the evidence about a subject meets.

        Evidence for a whole group meets standards, and evidence for a fact meets backings.
        """
        found: list[Standard | Backing] = []
        day = self.day
        for facts, _, grade, as_of, expires, _ in self._entries.get(subject, ()):
            if grade is None or as_of is None or (expires is not None and expires < day):
                continue
            for name in facts:
                for standard, demand in demands.get(name, ()):
                    if grade >= standard.grade and as_of + standard.maximum_age_days >= day:
                        found.append(demand)
        return frozenset(found)

    def _about(self, subject: str) -> Mapping[str, Sequence[Evidence]]:
        """Returns the entries about a subject by the names of facts and groups; most subjects are never asked for."""
        named = self._named.get(subject)
        if named is None:
            by_name: dict[str, list[Evidence]] = {}
            for entry in self._entries.get(subject, ()):
                for fact in entry.facts:
                    by_name.setdefault(fact, []).append(entry)
            named = self._named[subject] = by_name
        return named


def _last_day(entries: Iterable[Evidence], standard: Standard) -> int | None:
    last = None
    for _, _, grade, as_of, expires, _ in entries:
        if grade is None or as_of is None or grade < standard.grade:
            continue
        lapse = as_of + standard.maximum_age_days
        if expires is not None and expires < lapse:
            lapse = expires
        if last is None or lapse > last:
            last = lapse
    return last


def _rank(entry: Evidence) -> tuple[int, int, str]:
    return (-1 if entry.grade is None else int(entry.grade), entry.as_of or 0, entry.source_uri)


class _Lacking(NamedTuple):
    """The fields of a shortfall."""

    ref: FactRef
    outcome: Outcome
    check: str
    observed: str
    required: str
    effect: Effect = Effect.NONE


class Shortfall(_Lacking, Once):
    """A fact whose evidence does not meet the demand."""


shortfall_of: Callable[[tuple[FactRef, Outcome, str, str, str, Effect]], Shortfall] = partial(tuple.__new__, Shortfall)
"""Makes a shortfall of all its fields, in a fraction of the time of the class."""


def inspector_of(table: RuleTable, index: EvidenceIndex, facts: ProposalFacts) -> Inspector | None:
    """Returns what holds evidence against the ruleset's demand; None when nothing is demanded at this gate and day."""
    row = table.evidence
    if row is None or row.severity is Severity.NONE or table.gate < row.due:
        return None
    return Inspector(table, index, facts) if _in_force(row, index) else None


def _in_force(row: RuleRow, index: EvidenceIndex) -> bool:
    return row.rule.in_force(date.fromordinal(index.day).isoformat())


def evidence_findings(table: RuleTable, index: EvidenceIndex, shortfalls: Iterable[Shortfall]) -> list[Finding]:
    """Returns the finding of the evidence rule itself; none when the ruleset demands nothing at this tier.

    A weak grade violates the rule, missing evidence leaves it unknown, old evidence makes it stale. No shortfall
    weighs more than what rests on it: behind a condition it is one, or else leaving a fact out would be better than
    stating it.
    """
    row = table.evidence
    if row is None or row.severity is Severity.NONE:
        return []
    if not _in_force(row, index):
        return [Finding(row.rule, "", Outcome.NOT_APPLICABLE, Effect.NONE, row.severity, row.due)]
    if table.gate < row.due:
        return [Finding(row.rule, "", Outcome.NOT_DUE, Effect.NONE, row.severity, row.due)]
    found: dict[tuple[FactRef, Outcome], Shortfall] = {}
    for shortfall in shortfalls:
        _keep_worst(found, shortfall)
    in_order = sorted(found.values(), key=lambda each: (each.ref, _RANKED.index(each.outcome)))
    return [_evidence_finding(row, table, in_order)]


def _keep_worst(found: dict[tuple[FactRef, Outcome], Shortfall], shortfall: Shortfall) -> None:
    """Keeps of several shortfalls of one kind the one that weighs most."""
    key = (shortfall.ref, shortfall.outcome)
    held = found.get(key)
    if held is None or held.effect < shortfall.effect:
        found[key] = shortfall


class Inspector:
    """Holds the facts of enforced rules against the ruleset's demand. Looks at each fact's evidence once."""

    def __init__(self, table: RuleTable, index: EvidenceIndex, facts: ProposalFacts) -> None:
        """Takes the demands, and what the facts rest on."""
        self._demands, self._demanded = table.demands, table.demanded
        self._index = index
        self._facts = facts
        self._met: dict[str, frozenset[Standard | Backing]] = {}
        self._met_by_deployment = index.met(table.demands, "")
        self._seen: dict[tuple[Backing, str], _Lack | None] = {}
        self._found: dict[tuple[FactRef, Outcome], Shortfall] = {}

    def take_shortfalls(self) -> tuple[Shortfall, ...]:
        """Returns what was found since it was asked for last."""
        if not self._found:
            return ()
        found, self._found = self._found, {}
        return tuple(found.values())

    def hold(self, findings: Iterable[Finding]) -> list[Finding]:
        """Returns findings, with those stale that rest on old evidence."""
        held = list(findings)
        met, demanded = self._met, self._demanded
        for place, finding in enumerate(held):
            if finding.observations and (asked := demanded.get(finding.rule.id)):
                found = met.get(finding.subject) or self._met_by(finding.subject)
                if not (asked[0] <= found or asked[1] <= found):  # else nothing can fall short, which is usual
                    held[place] = self.inspect(finding)
        return held

    def _met_by(self, subject: str) -> frozenset[Standard | Backing]:
        met = self._met[subject] = self._index.met(self._demands, subject) | self._met_by_deployment
        return met

    def inspect(self, finding: Finding) -> Finding:
        """Returns the finding; stale when it is a yes that rests on old evidence, while a no stays a no."""
        subject, seen, found = finding.subject, self._seen, self._found
        stale: list[tuple[FactRef, Effect]] = []
        for asked, observed, outcome, _ in finding.observations:
            effect = asked.effect
            if not asked.backing or effect < _CONDITIONS or (observed is None and outcome not in _DECIDED):
                continue
            for backing in asked.backing:
                key = (backing, subject if backing.standard.of_subject else "")
                lacking = seen[key] if key in seen else self._look_once(key)
                if lacking is not None:
                    ref, what = lacking[:2]
                    held = found.get((ref, what))
                    if held is None or held.effect < effect:
                        found[ref, what] = shortfall_of((*lacking, effect))
                    if what is _STALE:
                        stale.append((ref, effect))
        if not stale or finding.outcome is not Outcome.SATISFIED:
            return finding
        effect = max(effect for _, effect in stale)
        refs = tuple(dict.fromkeys(ref for ref, _ in stale))
        return finding._replace(
            outcome=_STALE,
            missing=refs,
            open=effect,
            effect=max(effect, finding.effect),
            note="the evidence for it is too old",
        )

    def _look_once(self, key: tuple[Backing, str]) -> _Lack | None:
        backing, subject = key
        index = self._index
        lack: _Lack | None = None
        lapse = index.lapse(backing, subject)
        if lapse is None or lapse < index.day:
            ref = ref_of((backing.fact, subject))
            # An expression can be decided without some of the facts that it reads; those need no evidence.
            if self._facts.states(ref):
                lack = _lack(backing, ref, index.of(backing.fact, subject), index.day)
        self._seen[key] = lack
        return lack


_Lack = tuple[FactRef, Outcome, str, str, str]
"""A shortfall, whatever it weighs: fact, outcome, check, what was observed and what is required."""
_CONDITIONS, _STALE = Effect.CONDITIONS, Outcome.STALE


def _lack(backing: Backing, ref: FactRef, entry: Evidence | None, day: int) -> _Lack:
    standard = backing.standard
    grade, limit = standard.grade, standard.maximum_age_days
    if entry is None or entry.grade is None or entry.as_of is None:
        return (ref, Outcome.UNKNOWN, "minimum_grade", "no evidence", _AT_LEAST[grade])
    if entry.grade < grade:
        return (ref, Outcome.VIOLATED, "minimum_grade", entry.grade.name, _AT_LEAST[grade])
    age = day - entry.as_of
    if age > limit or entry.expires is None:
        return (ref, _STALE, "maximum_age_days", f"{age} days old", f"<= {limit} days")
    return (ref, _STALE, "expiry", f"expired {day - entry.expires} days ago", "not expired")


_AT_LEAST = {grade: f">= {grade.name}" for grade in Grade}
_RANKED = (Outcome.VIOLATED, Outcome.UNKNOWN, Outcome.STALE)
_DECIDED = (Outcome.SATISFIED, Outcome.VIOLATED)


def _evidence_finding(row: RuleRow, table: RuleTable, shortfalls: list[Shortfall]) -> Finding:
    if not shortfalls:
        return Finding(row.rule, "", Outcome.SATISFIED, Effect.NONE, row.severity, row.due)
    own = row.severity.effect(due=row.due, gate=table.gate)
    observations = tuple([shortfall.once(_observed, row, own) for shortfall in shortfalls])
    weights = dict.fromkeys(_RANKED, Effect.NONE)
    for asked, _, outcome, _ in observations:
        if asked.effect > weights[outcome]:
            weights[outcome] = asked.effect
    refuted, unknown = weights[Outcome.VIOLATED], max(weights[Outcome.UNKNOWN], weights[Outcome.STALE])
    # Of what weighs the same the worst names the outcome.
    outcome = max(_RANKED, key=lambda each: weights[each])
    missing = tuple(dict.fromkeys(shortfall.ref for shortfall in shortfalls))
    return Finding(
        row.rule, "", outcome, max(refuted, unknown), row.severity, row.due, observations, missing, refuted, unknown
    )


def _observed(shortfall: Shortfall, row: RuleRow, own: Effect) -> Observation:
    ref, outcome, check, observed, required, effect = shortfall
    asked = Asked(
        id=check,
        fact=str(ref),
        expression="",
        of_subject=False,
        compare=_never,
        required=required,
        provenance=_provenance(row, check),
        unit="",
        where="",
        due=row.due,
        severity=None,
        effect=min(own, effect),
        is_due=True,
    )
    return LastingObservation(asked, observed, outcome)


def _never(_: FactValue, __: int) -> bool:
    return False


def _provenance(row: RuleRow, check: str) -> Provenance:
    chosen = {} if row.rule.evidence is None else row.rule.evidence.provenance
    return chosen.get(check) or chosen.get("default") or _NOBODY


_NOBODY = Provenance()
