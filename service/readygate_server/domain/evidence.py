"""Evidence about facts: which of it counts, and what falls short of what a ruleset demands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from readygate_server.domain.asked import Asked, Backing, Standard
from readygate_server.domain.backing import group_of
from readygate_server.domain.facts import FactRef, ProposalFacts
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
        return max((*named.get(fact, ()), *named.get(group_of(fact), ())), key=_rank, default=None)

    def lapse(self, backing: Backing, subject: str) -> int | None:
        """Returns the last day on which some entry of the grade that is needed counts; None when there is none.

        Any entry that is good enough does: a better one that has become old takes nothing away from it.
        """
        key = (backing, subject)
        if key not in self._lapses:
            named = self._about(subject)
            lapses = [
                lapse
                for name in (backing.fact, backing.standard.group)
                if (lapse := _last_day(named.get(name, ()), backing.standard)) is not None
            ]
            self._lapses[key] = max(lapses, default=None)
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
        self._seen: dict[tuple[Backing, str], Shortfall | None] = {}
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
            if finding.observations:
                found = met.get(finding.subject) or self._met_by(finding.subject)
                standards, backings = demanded[finding.rule.id]
                if not (standards <= found or backings <= found):  # else nothing can fall short, which is usual
                    held[place] = self.inspect(finding)
        return held

    def _met_by(self, subject: str) -> frozenset[Standard | Backing]:
        met = self._met[subject] = self._index.met(self._demands, subject) | self._met_by_deployment
        return met

    def inspect(self, finding: Finding) -> Finding:
        """Returns the finding; stale when it is a yes that rests on old evidence, while a no stays a no."""
        subject, seen = finding.subject, self._seen
        stale: list[tuple[FactRef, Effect]] = []
        for asked, observed, outcome, _ in finding.observations:
            backings = asked.backing
            if not backings or (observed is None and outcome not in _DECIDED) or asked.effect < Effect.CONDITIONS:
                continue
            for backing in backings:
                key = (backing, subject if backing.of_subject else "")
                shortfall = seen[key] if key in seen else self._look_once(key)
                if shortfall is not None:
                    _keep_worst(self._found, shortfall._replace(effect=asked.effect))
                    if shortfall.outcome is Outcome.STALE:
                        stale.append((shortfall.ref, asked.effect))
        if not stale or finding.outcome is not Outcome.SATISFIED:
            return finding
        effect = max(effect for _, effect in stale)
        refs = tuple(dict.fromkeys(ref for ref, _ in stale))
        return finding._replace(
            outcome=Outcome.STALE,
            missing=refs,
            open=effect,
            effect=max(effect, finding.effect),
            note="the evidence for it is too old",
        )

    def _look_once(self, key: tuple[Backing, str]) -> Shortfall | None:
        backing, subject = key
        lapse, day = self._index.lapse(backing, subject), self._index.day
        shortfall = None
        if lapse is None or lapse < day:
            ref = FactRef(backing.fact, subject)
            # An expression can be decided without some of the facts that it reads; those need no evidence.
            if self._facts.states(ref):
                shortfall = _shortfall(backing, ref, self._index.of(backing.fact, subject), day)
        self._seen[key] = shortfall
        return shortfall


def _shortfall(backing: Backing, ref: FactRef, entry: Evidence | None, day: int) -> Shortfall:
    wanted, limit = f">= {backing.grade.name}", backing.maximum_age_days
    if entry is None or entry.grade is None or entry.as_of is None:
        return Shortfall(ref, Outcome.UNKNOWN, "minimum_grade", "no evidence", wanted)
    if entry.grade < backing.grade:
        return Shortfall(ref, Outcome.VIOLATED, "minimum_grade", entry.grade.name, wanted)
    age = day - entry.as_of
    if age > limit or entry.expires is None:
        return Shortfall(ref, Outcome.STALE, "maximum_age_days", f"{age} days old", f"<= {limit} days")
    return Shortfall(ref, Outcome.STALE, "expiry", f"expired {day - entry.expires} days ago", "not expired")


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
    asked = _asked(row, shortfall, min(own, shortfall.effect))
    return LastingObservation(asked, shortfall.observed, shortfall.outcome)


def _asked(row: RuleRow, shortfall: Shortfall, effect: Effect) -> Asked:
    return Asked(
        id=shortfall.check,
        fact=str(shortfall.ref),
        expression="",
        of_subject=False,
        compare=lambda _, __: False,
        required=shortfall.required,
        provenance=_provenance(row, shortfall.check),
        unit="",
        where="",
        due=row.due,
        severity=None,
        effect=effect,
        is_due=True,
    )


def _provenance(row: RuleRow, check: str) -> Provenance:
    chosen = {} if row.rule.evidence is None else row.rule.evidence.provenance
    return chosen.get(check) or chosen.get("default") or _NOBODY


_NOBODY = Provenance()
