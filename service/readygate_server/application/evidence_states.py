"""What each fact of a proposal rests on, against what a ruleset demands of it: measured, claimed, stale or missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from readygate_server.application.active_ruleset import ActiveRuleset
from readygate_server.application.ports import Dossier
from readygate_server.application.requirements import Requirement, list_requirements
from readygate_server.domain.backing import group_of
from readygate_server.domain.decision import Candidate
from readygate_server.domain.evidence import Evidence
from readygate_server.domain.facts import FactRef, FactValue, parent_of, scope_of
from readygate_server.domain.tiering import TierAssignment
from readygate_server.domain.vocabulary import Gate, Grade, Scope


class State(StrEnum):
    """What a fact rests on."""

    MEASURED = "measured"
    """A tool measured it."""
    DOCUMENTED = "documented"
    """A document says it."""
    CLAIMED = "claimed"
    """It is stated, and no evidence with a grade and a day stands behind it."""
    STALE = "stale"
    """Its evidence is older than the ruleset allows, or has expired."""
    MISSING = "missing"
    """It has no value."""


class FactState(NamedTuple):
    """One fact with what it rests on. `needed` is None when no rule asks for it at the gate."""

    ref: FactRef
    state: State
    value: FactValue | None
    evidence: Evidence | None
    age_days: int | None
    enough: bool
    """False when the ruleset demands a value, or evidence of a higher grade or a later day."""
    needed: Requirement | None
    said: str
    """What is said instead of a value."""
    others: tuple[Candidate, ...]
    """Values of sources that disagree, the one in use first; empty when all agree."""


class States(NamedTuple):
    """The facts of a proposal: the deployment first, then each asset."""

    tier: TierAssignment
    facts: tuple[FactState, ...]


def evidence_states(active: ActiveRuleset, dossier: Dossier, *, gate: Gate, as_of: str) -> States:
    """Returns every fact that is stated, or that the ruleset asks for at a gate, with what it rests on."""
    listed = list_requirements(active, dossier, gate=gate, as_of=as_of)
    # Facts of assets that are not named are asked of nobody.
    needed = {each.ref: each for each in listed.requirements if each.ref.subject or _is_of_deployment(each.ref)}
    day = date.fromisoformat(as_of).toordinal()
    entries = _by_subject_and_name(each for each in dossier.evidence if each.as_of is None or each.as_of <= day)
    others = {each.ref: each.candidates for each in dossier.conflicts}
    states = [
        _state(ref, dossier, needed.get(ref), _about(entries, ref), day, others.get(ref, ()))
        for ref in {*needed, *_stated(dossier)}
    ]
    rank = {subject: place for place, subject in enumerate(_subjects(dossier))}
    return States(listed.tier, tuple(sorted(states, key=lambda each: (rank.get(each.ref.subject, -1), each.ref.fact))))


def _is_of_deployment(ref: FactRef) -> bool:
    return scope_of(ref.fact) is Scope.DEPLOYMENT


def _stated(dossier: Dossier) -> Iterable[FactRef]:
    return [FactRef(name, subject) for scope in Scope for subject, facts in dossier.facts.of(scope) for name in facts]


def _subjects(dossier: Dossier) -> list[str]:
    return [subject for scope in Scope for subject, _ in dossier.facts.of(scope)]


_Entries = Mapping[tuple[str, str], Sequence[Evidence]]


def _by_subject_and_name(entries: Iterable[Evidence]) -> _Entries:
    found: dict[tuple[str, str], list[Evidence]] = {}
    for entry in entries:
        for name in entry.facts:
            found.setdefault((entry.subject, name), []).append(entry)
    return found


def _about(entries: _Entries, ref: FactRef) -> list[Evidence]:
    names = (parent_of(ref.fact), group_of(ref.fact))
    return [entry for name in names for entry in entries.get((ref.subject, name), ())]


def _state(
    ref: FactRef,
    dossier: Dossier,
    needed: Requirement | None,
    entries: Sequence[Evidence],
    day: int,
    others: tuple[Candidate, ...],
) -> FactState:
    value = dossier.facts.get(ref)
    said = dossier.statements.get(ref) or dossier.statements.get(FactRef(parent_of(ref.fact), ref.subject), "")
    if value is None:
        return FactState(ref, State.MISSING, None, None, None, needed is None, needed, said, others)
    counted = [entry for entry in entries if entry.grade is not None and entry.as_of is not None]
    limit = needed.maximum_age_days if needed else 0
    fresh = [entry for entry in counted if _is_fresh(entry, limit, day)]
    best = max(fresh or counted or entries, key=_rank, default=None)
    state = _resting_on(best, is_fresh=bool(fresh)) if counted else State.CLAIMED
    age = None if best is None or best.as_of is None else day - best.as_of
    return FactState(ref, state, value, best, age, _is_enough(needed, fresh), needed, said, others)


def _is_fresh(entry: Evidence, limit: int, day: int) -> bool:
    """True when evidence counts on a day; without a limit it never becomes old, but it may have expired."""
    if entry.expires is not None and entry.expires < day:
        return False
    return not limit or (entry.as_of is not None and entry.as_of + limit >= day)


def _rank(entry: Evidence) -> tuple[int, int, str]:
    return (-1 if entry.grade is None else int(entry.grade), entry.as_of or 0, entry.source_uri)


def _resting_on(entry: Evidence | None, *, is_fresh: bool) -> State:
    if entry is None or entry.grade is None or entry.grade is Grade.E0:
        return State.CLAIMED
    if not is_fresh:
        return State.STALE
    return State.DOCUMENTED if entry.grade is Grade.E1 else State.MEASURED


def _is_enough(needed: Requirement | None, fresh: Sequence[Evidence]) -> bool:
    if needed is None or needed.minimum_grade is None:
        return True
    return any(entry.grade is not None and entry.grade >= needed.minimum_grade for entry in fresh)
