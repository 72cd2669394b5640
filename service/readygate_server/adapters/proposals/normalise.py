"""Settles what a proposal and its evidence say about one fact, so that every fact has one value or none."""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple

from google.protobuf.timestamp_pb2 import Timestamp

from readygate.v1.evidence_pb2 import Evidence
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.proposals.paths import clear_fact, get_fact, set_fact
from readygate_server.adapters.proposals.personal import NAMED, personal_facts, same_name
from readygate_server.adapters.proposals.values import check_value, from_wire
from readygate_server.adapters.proposals.vocabulary import ASSET_FIELDS, UNKNOWN, fact_fields
from readygate_server.domain.decision import Candidate, Conflict
from readygate_server.domain.facts import FactRef, FactValue, parent_of
from readygate_server.domain.vocabulary import Grade, Scope

_Rank = tuple[int, tuple[int, int], tuple[int, int]]
_NEVER = (-(10**15), 0)
_NO_GRADE = -1
_DEPLOYMENT = Scope.DEPLOYMENT


def normalise(proposal: Proposal) -> tuple[Proposal, tuple[Conflict, ...]]:
    """Returns a validated proposal with one value per fact, and the conflicts that were met.

    Enum values that are called unknown go. Of differing values the highest grade wins, then the newest observation,
    then the one that was collected last; when nothing tells them apart the fact goes, because it is then unknown. The
    same message is returned when nothing has to change.
    """
    observed = [entry for entry in proposal.evidence[:] if entry.HasField("value")]
    unknown = _unknown_values(proposal)
    if not observed and not unknown:
        return proposal, ()
    settled = Proposal()
    settled.CopyFrom(proposal)
    for ref in unknown:
        clear_fact(settled, ref)
    claimed = sorted(_claims(settled, observed).items())
    conflicts = [_settle(settled, ref, claims) for ref, claims in claimed]
    _withdraw(settled, {FactRef(parent_of(ref.fact), ref.subject) for ref, claims in claimed if not _own_won(claims)})
    return settled, tuple(conflict for conflict in conflicts if conflict is not None)


def speaks_for_use(settled: Proposal, entry: Evidence) -> bool:
    """True unless an entry of evidence observed another value than the one that is in use.

    What was refuted backs nothing: a fresh measurement of 0.5 does not make an old one of 0.99 fresh.
    """
    if not entry.HasField("value"):
        return True
    field = fact_fields()[entry.facts[0]]
    observed = check_value(field, from_wire(entry.value))
    used = get_fact(settled, FactRef(field.name, entry.subject))
    if field.name in personal_facts() and used is not None:
        return same_name(str(observed)) == same_name(str(used))
    return observed == used


@dataclass(frozen=True, slots=True)
class _Claim:
    """A value of a fact with how far it can be trusted."""

    value: FactValue
    rank: _Rank
    entry: Evidence | None
    is_name: bool
    is_own: bool = False

    @property
    def said(self) -> FactValue:
        """The value as it is compared with others; two spellings of one name are one."""
        return same_name(str(self.value)) if self.is_name else self.value

    @property
    def shown(self) -> FactValue:
        """The value as it is reported; of a name, that there is one."""
        return NAMED if self.is_name and self.value else self.value

    @property
    def order(self) -> tuple[object, ...]:
        """Best first; values that nothing tells apart stand in the same order wherever they stood."""
        grade, as_of, collected = self.rank
        return (-grade, -as_of[0], -as_of[1], -collected[0], -collected[1], repr(self.shown), self.source_uri)

    @property
    def source_uri(self) -> str:
        """Where the value comes from."""
        return self.entry.source_uri if self.entry is not None else ""

    def as_candidate(self) -> Candidate:
        """Returns the claim as it is reported."""
        day = ""
        if self.entry is not None and self.entry.HasField("as_of"):
            day = datetime.fromtimestamp(self.entry.as_of.seconds, UTC).date().isoformat()
        grade = Grade(self.rank[0]) if self.rank[0] != _NO_GRADE else None
        return Candidate(self.shown, grade, self.source_uri, day)


def _claims(proposal: Proposal, observed: list[Evidence]) -> dict[FactRef, list[_Claim]]:
    """Returns the values of every fact that evidence has a value for, the proposal's own included."""
    claims: dict[FactRef, list[_Claim]] = {}
    for entry in observed:
        field = fact_fields()[entry.facts[0]]
        value = check_value(field, from_wire(entry.value))
        if value != UNKNOWN or not field.choices:
            ref = FactRef(field.name, entry.subject)
            claims.setdefault(ref, []).append(_Claim(value, _rank_of(entry), entry, ref.fact in personal_facts()))
    backing = _backing(proposal) if claims else {}
    for ref, found in claims.items():
        own = get_fact(proposal, ref)
        if own is not None:
            behind = _best_backing(backing, ref)
            found.append(_Claim(own, _rank_of(behind), behind, ref.fact in personal_facts(), is_own=True))
    return claims


def _settle(proposal: Proposal, ref: FactRef, claims: list[_Claim]) -> Conflict | None:
    claims.sort(key=lambda claim: claim.order)
    best = [claim for claim in claims if claim.rank == claims[0].rank]
    unresolved = any(claim.said != best[0].said for claim in best)
    if unresolved:
        clear_fact(proposal, ref)
    elif get_fact(proposal, ref) != best[0].value:
        set_fact(proposal, ref, best[0].value)
    if all(claim.said == claims[0].said for claim in claims):
        return None
    return Conflict(ref, tuple(claim.as_candidate() for claim in claims), unresolved)


def _own_won(claims: list[_Claim]) -> bool:
    """True when the proposal's own value is the one in use; `claims` are settled, the one in use first."""
    return any(claim.is_own and claim.said == claims[0].said for claim in claims)


def _withdraw(settled: Proposal, refs: Set[FactRef]) -> None:
    """Takes facts out of evidence without a value, which backs what the proposal itself states and nothing else.

    A fresh measurement of 0.5, stated in the proposal, does not make an old value of 0.99 fresh that wins against it.
    """
    if not refs:
        return
    subjects = {ref.subject for ref in refs}
    kept = []
    for entry in settled.evidence:
        if entry.subject in subjects and not entry.HasField("value"):
            names = _without(entry.facts, entry.subject, refs)
            if names != entry.facts:
                entry.facts[:] = names
        if entry.facts:
            kept.append(entry)
    if len(kept) < len(settled.evidence):
        remaining = Proposal(evidence=kept)
        settled.ClearField("evidence")
        settled.evidence.extend(remaining.evidence)


def _without(names: Iterable[str], subject: str, refs: Set[FactRef]) -> list[str]:
    """Returns the names that evidence covers without some facts; a group of which one is taken is spelt out."""
    left: list[str] = []
    for name in names:
        members = _wholes(name.removesuffix(".*")) if name.endswith(".*") else (name,)
        others = [each for each in members if FactRef(parent_of(each), subject) not in refs]
        left += [name] if len(others) == len(members) else others
    return list(dict.fromkeys(left))


@cache
def _wholes(group: str) -> tuple[str, ...]:
    """Returns the facts of a group, without their parts."""
    names = (field.name for field in fact_fields().values() if field.in_proposal and field.group == group)
    return tuple(dict.fromkeys(map(parent_of, sorted(names))))


def _backing(proposal: Proposal) -> dict[FactRef, Evidence]:
    """Returns the best evidence without a value of its own, by the names that it covers."""
    backing: dict[FactRef, Evidence] = {}
    for entry in proposal.evidence:
        if entry.HasField("value"):
            continue
        for name in entry.facts:
            ref = FactRef(name, entry.subject)
            held = backing.get(ref)
            if held is None or _preference(entry) > _preference(held):
                backing[ref] = entry
    return backing


def _best_backing(backing: dict[FactRef, Evidence], ref: FactRef) -> Evidence | None:
    names = (ref.fact, parent_of(ref.fact), f"{ref.fact.partition('.')[0]}.*")
    found = [entry for name in names if (entry := backing.get(FactRef(name, ref.subject))) is not None]
    return max(found, key=_preference, default=None)


def _preference(entry: Evidence) -> tuple[_Rank, str]:
    return _rank_of(entry), entry.source_uri


def _rank_of(entry: Evidence | None) -> _Rank:
    if entry is None:
        return (_NO_GRADE, _NEVER, _NEVER)
    grade = entry.grade - 1 if entry.HasField("grade") else _NO_GRADE
    as_of = _moment(entry.as_of) if entry.HasField("as_of") else _NEVER
    collected = _moment(entry.collected_at) if entry.HasField("collected_at") else _NEVER
    return (grade, as_of, collected)


def _moment(moment: Timestamp) -> tuple[int, int]:
    return (moment.seconds, moment.nanos)


class _MayBeUnknown(NamedTuple):
    """A fact that has a value called unknown: the field of the proposal that holds it, its own, and the number."""

    fact: str
    scope: Scope
    holder: str
    name: str
    number: int


@cache
def _may_be_unknown() -> tuple[_MayBeUnknown, ...]:
    return tuple(
        _MayBeUnknown(
            field.name,
            field.scope,
            field.group if field.scope is Scope.DEPLOYMENT else ASSET_FIELDS[field.scope],
            field.path[-1],
            field.choices[UNKNOWN],
        )
        for field in fact_fields().values()
        if UNKNOWN in field.choices
    )


def says_unknown(scope: Scope, holder: str, message: Any) -> bool:
    """True when a message says of some fact that it is unknown; `holder` is the field of the proposal that holds it."""
    for name, number in _unknown_numbers(scope, holder):  # noqa: SIM110 -- half the time of `any` over a generator
        if getattr(message, name) == number:
            return True
    return False


@cache
def _unknown_numbers(scope: Scope, holder: str) -> tuple[tuple[str, int], ...]:
    may = _may_be_unknown()
    return tuple((each.name, each.number) for each in may if each.scope is scope and each.holder == holder)


def _unknown_values(proposal: Proposal) -> list[FactRef]:
    """Returns the facts whose value is called unknown."""
    found = []
    for fact, scope, holder, name, number in _may_be_unknown():
        holding: Any = getattr(proposal, holder)
        if scope is _DEPLOYMENT:
            found += [FactRef(fact)] if getattr(holding, name) == number else []
        else:
            found += [FactRef(fact, asset.id) for asset in holding[:] if getattr(asset, name) == number]
    return found
