"""What the facts of a decision rest on: grade, age on the day of the decision, source, and what falls short."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final, NamedTuple

from readygate.v1 import decision_pb2 as pb
from readygate.v1.evidence_pb2 import Evidence as EvidenceMessage
from readygate.v1.evidence_pb2 import EvidenceGrade
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.proposals.entries import entry_of, evidence_of
from readygate_server.adapters.words import counted, fact_path
from readygate_server.domain.derived import DERIVED
from readygate_server.domain.evidence import Evidence, EvidenceIndex
from readygate_server.domain.facts import parent_of
from readygate_server.domain.vocabulary import Grade

_GRADES: Final = {
    EvidenceGrade.EVIDENCE_GRADE_E0_CLAIMED: "E0 claimed",
    EvidenceGrade.EVIDENCE_GRADE_E1_DOCUMENT: "E1 document",
    EvidenceGrade.EVIDENCE_GRADE_E2_MEASURED: "E2 measured",
    EvidenceGrade.EVIDENCE_GRADE_E3_VERIFIED: "E3 verified",
}
_SAYS: Final = dict(zip(Grade, _GRADES.values(), strict=True))
_SHORT: Final = {"minimum_grade": "weak", "maximum_age_days": "stale", "expiry": "expired"}
_PATH: Final = re.compile(r"(\w+)\[([^\]]*)\]\.(.*)", re.DOTALL)


class Shortfall(NamedTuple):
    """A fact whose evidence is not what the ruleset demands."""

    fact: str
    subject: str
    kind: str
    """One of weak, stale, expired, missing."""
    observed: str
    required: str


class Short(NamedTuple):
    """Facts that fall short in the same way."""

    kind: str
    observed: str
    required: str
    facts: tuple[str, ...]


class EvidenceRow(NamedTuple):
    """One entry of evidence, as it stood on the day of the decision."""

    subject: str
    facts: tuple[str, ...]
    grade: str
    as_of: str
    age: str
    source: str
    method: str
    expires: str
    is_expired: bool
    is_later: bool
    """True when it was observed after the day of the decision, so that it does not count."""
    short: tuple[Short, ...]


class EvidenceView(NamedTuple):
    """All evidence, and what none stands behind."""

    rows: tuple[EvidenceRow, ...]
    without: tuple[Short, ...]
    """Facts with no evidence at all, or none that is shown."""
    references: tuple[str, ...]
    """Registered assets that the proposal names; what their evidence says is in the record of the server."""
    is_known: bool
    """False when the proposal was not at hand."""


class Backing:
    """What a fact rests on, in a few words."""

    def __init__(self, proposal: Proposal | None, as_of: str) -> None:
        """Takes the proposal, if it is at hand, and the day of the decision."""
        self._day = _day(as_of)
        entries = () if proposal is None else evidence_of(map(entry_of, proposal.evidence))
        self._index = EvidenceIndex(entries, self._day)
        self._at_hand = proposal is not None

    def of(self, fact: str, subject: str) -> str:
        """Returns what the fact, or each input of a derived one, rests on; empty when that is not known."""
        if not self._at_hand or not fact:
            return ""
        fact, subject = split_path(fact, subject)
        inputs = DERIVED[fact].inputs if fact in DERIVED else (fact,)
        return "; ".join(dict.fromkeys(self._entry(name, subject) for name in inputs))

    def _entry(self, fact: str, subject: str) -> str:
        entry = self._index.of(fact, subject) or self._index.of(parent_of(fact), subject)
        return "no evidence" if entry is None else _short_words(entry, self._day)


def grade_words(grade: int) -> str:
    """Returns a grade as words, such as `E2 measured`."""
    return _GRADES.get(grade, "no grade")  # type: ignore[call-overload,no-any-return]  # any number


def split_path(fact: str, subject: str) -> tuple[str, str]:
    """Returns fact and asset, whether the asset stands in the fact's path or beside it."""
    match = _PATH.fullmatch(fact)
    return (f"{match[1]}.{match[3]}", match[2]) if match else (fact, subject)


def _day(text: str) -> int:
    """Returns the day of a decision; one that is no day is before everything, so that no evidence counts."""
    try:
        return date.fromisoformat(text).toordinal()
    except ValueError:
        return 0


def _short_words(entry: Evidence, day: int) -> str:
    grade = "no grade" if entry.grade is None else _SAYS[entry.grade]
    expired = ", expired" if entry.expires is not None and entry.expires < day else ""
    return f"{grade}, {_age(entry, day)}{expired}"


def _age(entry: Evidence, day: int) -> str:
    if entry.as_of is None:
        return "of no known day"
    return f"{counted(day - entry.as_of, 'day')} old" if entry.as_of <= day else "observed later"


def evidence_view(decision: pb.Decision, proposal: Proposal | None) -> EvidenceView:
    """Returns all evidence of a proposal, each entry with what the decision found wanting in it."""
    short = list(_shortfalls(decision))
    if proposal is None:
        return EvidenceView((), _alike(short, with_subject=True), (), is_known=False)
    day = _day(decision.as_of)
    judged = evidence_of(map(entry_of, proposal.evidence))
    entries = list(zip(proposal.evidence, judged, strict=True))
    rows = [_row(message, entry, day, _of(message, short)) for message, entry in entries]
    rows.sort(key=lambda row: (row.subject != "", row.subject))
    shown = {each for message, _ in entries for each in _of(message, short)}
    left = _alike((each for each in short if each not in shown), with_subject=True)
    return EvidenceView(tuple(rows), left, tuple(each.id for each in proposal.assets), is_known=True)


def _of(message: EvidenceMessage, short: Sequence[Shortfall]) -> list[Shortfall]:
    """Returns what falls short of the facts that an entry of evidence covers."""
    return [each for each in short if each.subject == message.subject and _covers(message.facts, each.fact)]


def _alike(short: Iterable[Shortfall], *, with_subject: bool) -> tuple[Short, ...]:
    """Puts facts together that fall short in the same way; where the asset is not said beside them, with it."""
    groups: dict[tuple[str, str, str], list[str]] = {}
    for each in short:
        name = fact_path(each.fact, each.subject) if with_subject else each.fact
        groups.setdefault((each.kind, each.observed, each.required), []).append(name)
    return tuple(Short(*how, tuple(facts)) for how, facts in groups.items())


def _shortfalls(decision: pb.Decision) -> Iterable[Shortfall]:
    """Yields what the rule about evidence found; its comparisons are about grades, ages and expiry."""
    for finding in decision.findings:
        for each in finding.observations:
            if finding.foundation == "evidence" and each.check_id in _SHORT and each.outcome != pb.OUTCOME_SATISFIED:
                fact, subject = split_path(each.fact, finding.subject)
                kind = "missing" if each.outcome == pb.OUTCOME_UNKNOWN else _SHORT[each.check_id]
                yield Shortfall(fact, subject, kind, each.observed.text, each.required)


def _row(message: EvidenceMessage, entry: Evidence, day: int, short: Sequence[Shortfall]) -> EvidenceRow:
    return EvidenceRow(
        entry.subject,
        tuple(message.facts),
        "no grade" if entry.grade is None else _SAYS[entry.grade],
        _date(entry.as_of),
        _age(entry, day),
        entry.source_uri,
        message.method,
        _date(entry.expires),
        entry.expires is not None and entry.expires < day,
        entry.as_of is not None and entry.as_of > day,
        _alike(short, with_subject=False),
    )


def _covers(names: Iterable[str], fact: str) -> bool:
    wanted = (fact, parent_of(fact), f"{fact.partition('.')[0]}.*")
    return any(name in wanted for name in names)


def _date(ordinal: int | None) -> str:
    return "" if ordinal is None else date.fromordinal(ordinal).isoformat()
