"""Checks of evidence and statements: that they speak of facts and subjects that there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Final

from google.protobuf.timestamp_pb2 import Timestamp

from readygate.v1.evidence_pb2 import (
    FACT_STATEMENT_KIND_NOT_APPLICABLE,
    Evidence,
    EvidenceCoverage,
    FactStatement,
)
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.proposals.faults import Place, ProposalFault, fault_at
from readygate_server.adapters.proposals.limits import MAX_NAMES, MAX_TEXT
from readygate_server.adapters.proposals.paths import check_subject, field_of, has_fact
from readygate_server.adapters.proposals.text_checks import text_problems
from readygate_server.adapters.proposals.values import (
    GRADE_NAMES,
    KIND_NAMES,
    FactProblemError,
    Problem,
    check_value,
    expected,
    from_wire,
    show,
)
from readygate_server.adapters.proposals.vocabulary import ASSET_FIELDS, FactField, fact_fields, parts_of
from readygate_server.domain.facts import FactRef
from readygate_server.domain.faults import suggest
from readygate_server.domain.vocabulary import Scope

_TEXTS: Final = (
    *("subject", "source_uri", "source_digest", "collector", "collector_version", "attested_by"),
    *("method", "parameters_digest"),
)
_MOMENTS: Final = ("collected_at", "as_of", "expires_at")
_SHOWN_NAMES: Final = 10
_FIRST_SECOND: Final = -62_135_596_800
_LAST_SECOND: Final = 253_402_300_799
_GRADES: Final = frozenset(GRADE_NAMES.values())
_NOTHING: Final[frozenset[str]] = frozenset()
_Subjects = Mapping[Scope, frozenset[str]]


@cache
def group_names() -> Mapping[str, FactField]:
    """Returns `source.*` and its like, each as if it were a fact of its group."""
    names = {f"{field.group}.*": field for field in fact_fields().values() if field.in_proposal}
    return {name: replace(field, name=name) for name, field in names.items()}


def covered_field(name: str) -> FactField:
    """Returns the fact that evidence names, or any fact of the group that it names.

    Raises:
      FactProblemError: when there is no such fact or group.
    """
    field = group_names().get(name) or field_of(name)
    if not field.in_proposal:
        raise FactProblemError(Problem("a fact about evidence needs no evidence", show(name), "a fact of the proposal"))
    return field


def evidence_faults(proposal: Proposal) -> Iterator[ProposalFault]:
    """Yields every fault of the evidence entries."""
    if not proposal.evidence:
        return
    subjects = _subjects(proposal)
    covered = _coverable(subjects)
    for index, entry in enumerate(proposal.evidence):
        place = ("evidence", index)
        if entry.ByteSize() > MAX_TEXT:  # else none of its texts can be too long
            yield from text_problems(proposal, entry, place, _TEXTS)
        if not (entry.facts and covered.get(entry.subject, _NOTHING).issuperset(entry.facts)):
            yield from _named_faults(proposal, entry, place, subjects)
        if entry.grade not in _GRADES and entry.HasField("grade"):
            problem = Problem("the grade has no name", str(entry.grade), f"one of {', '.join(GRADE_NAMES)}")
            yield fault_at(proposal, (*place, "grade"), problem)
        yield from _moment_faults(proposal, entry, place)
        if entry.HasField("coverage"):
            yield from _coverage_faults(proposal, entry.coverage, place)
        if entry.HasField("value") and (found := _value_problem(entry)) is not None:
            yield fault_at(proposal, (*place, "value"), found)


def is_sound_entry(entry: Evidence, scope: Scope) -> bool:
    """True when nothing is wrong with an entry about a subject of a scope that there is."""
    return (
        entry.ByteSize() <= MAX_TEXT
        and len(entry.facts) > 0
        and _names_by_scope()[scope].issuperset(entry.facts)
        and (scope is not Scope.DEPLOYMENT or not entry.subject)
        and (entry.grade in _GRADES or not entry.HasField("grade"))
        and all(_is_moment(getattr(entry, name)) for name in _MOMENTS)
        and (not entry.HasField("coverage") or _is_sound(entry.coverage))
        and (not entry.HasField("value") or _value_problem(entry) is None)
    )


def _coverable(subjects: _Subjects) -> Mapping[str, frozenset[str]]:
    """Returns, per subject, the names that evidence about it may use."""
    names = _names_by_scope()
    covered = {subject: names[scope] for scope, known in subjects.items() for subject in known}
    return {**covered, "": names[Scope.DEPLOYMENT]}


@cache
def _names_by_scope() -> Mapping[Scope, frozenset[str]]:
    named = {**group_names(), **{field.name: field for field in fact_fields().values() if field.in_proposal}}
    return {scope: frozenset(name for name, field in named.items() if field.scope is scope) for scope in Scope}


def statement_faults(proposal: Proposal) -> Iterator[ProposalFault]:
    """Yields every fault of the statements."""
    subjects = _subjects(proposal) if proposal.statements else {}
    seen: set[FactRef] = set()
    for index, statement in enumerate(proposal.statements):
        place = ("statements", index)
        ref = FactRef(statement.fact, statement.subject)
        yield from text_problems(proposal, statement, place, ("reason", "stated_by", "fact", "subject"))
        for name, problem in _statement_problems(proposal, statement, ref, subjects):
            yield fault_at(proposal, (*place, name), problem)
        if ref in seen:
            yield fault_at(
                proposal, (*place, "fact"), Problem("the fact is spoken of twice", str(ref), "one statement")
            )
        seen.add(ref)


def _subjects(proposal: Proposal) -> _Subjects:
    return {scope: frozenset(asset.id for asset in getattr(proposal, field)) for scope, field in ASSET_FIELDS.items()}


def _named_faults(proposal: Proposal, entry: Evidence, place: Place, subjects: _Subjects) -> Iterator[ProposalFault]:
    count = len(entry.facts)
    if not entry.facts:
        problem = Problem(
            "evidence needs the facts that it covers", expected="a list of names such as source.completeness"
        )
        yield fault_at(proposal, (*place, "facts"), problem)
    elif count > MAX_NAMES:
        problem = Problem("the list is too long", f"{count} names", f"at most {MAX_NAMES}", limit=MAX_NAMES)
        yield fault_at(proposal, (*place, "facts"), problem, count)
        return
    wrong_subjects: set[Problem] = set()
    for index, name in enumerate(entry.facts):
        try:
            field = covered_field(name)
        except FactProblemError as error:
            yield fault_at(proposal, (*place, "facts", index), error.problem)
            continue
        problem_of_subject = _subject_problem(field, entry.subject, subjects)
        if problem_of_subject is not None and problem_of_subject not in wrong_subjects:
            wrong_subjects.add(problem_of_subject)
            yield fault_at(proposal, (*place, "subject"), problem_of_subject)


def _subject_problem(field: FactField, subject: str, subjects: _Subjects) -> Problem | None:
    if field.scope is Scope.DEPLOYMENT and not subject:
        return None
    known = subjects.get(field.scope, frozenset())
    if subject in known:
        return None
    try:
        check_subject(field, subject)
    except FactProblemError as error:
        return error.problem
    message = f"the proposal has no such {_WORDS[field.scope]}"
    return Problem(message, show(subject), _one_of(known), suggest(subject, known))


def _one_of(names: frozenset[str]) -> str:
    """Names some of the choices: 5,000 entries that each name 200 would be an answer of many megabytes."""
    named = sorted(names - {""})  # an asset without an id has a fault of its own
    shown = named[:_SHOWN_NAMES]
    return f"one of {', '.join(shown)}{', …' if len(shown) < len(named) else ''}" if shown else ""


def _moment_faults(proposal: Proposal, entry: Evidence, place: Place) -> Iterator[ProposalFault]:
    has: Callable[[str], bool] = entry.HasField  # type: ignore[assignment]  # the stubs list the names one by one
    for name in _MOMENTS:
        if has(name) and not _is_moment(moment := getattr(entry, name)):
            problem = Problem("the point in time is out of range", f"{moment.seconds} s", "a year from 1 to 9999")
            yield fault_at(proposal, (*place, name), problem)


def _coverage_faults(proposal: Proposal, coverage: EvidenceCoverage, place: Place) -> Iterator[ProposalFault]:
    for name in ("examined", "skipped"):
        if (count := getattr(coverage, name)) < 0:
            yield fault_at(proposal, (*place, "coverage", name), Problem("a count is never negative", str(count)))
    if (number := len(coverage.reasons)) > MAX_NAMES:
        problem = Problem("the list is too long", f"{number} reasons", f"at most {MAX_NAMES}", limit=MAX_NAMES)
        yield fault_at(proposal, (*place, "coverage", "reasons"), problem, number)
        return
    for index, reason in enumerate(coverage.reasons):
        if (length := len(reason)) > MAX_TEXT:
            problem = Problem("the text is too long", f"{length} characters", f"at most {MAX_TEXT}", limit=MAX_TEXT)
            yield fault_at(proposal, (*place, "coverage", "reasons", index), problem, length)


def _is_sound(coverage: EvidenceCoverage) -> bool:
    """True when nothing is wrong with the coverage of an entry that is itself no longer than a text may be."""
    return coverage.examined >= 0 and coverage.skipped >= 0 and len(coverage.reasons) <= MAX_NAMES


def _is_moment(moment: Timestamp) -> bool:
    return _FIRST_SECOND <= moment.seconds <= _LAST_SECOND and 0 <= moment.nanos <= 999_999_999


def _value_problem(entry: Evidence) -> Problem | None:
    if len(entry.facts) != 1 or entry.facts[0] in group_names():
        return Problem("a value belongs to exactly one fact", f"{len(entry.facts)} names", "one fact by its name")
    field = fact_fields().get(entry.facts[0])
    if field is None or not field.in_proposal:
        return None
    value = from_wire(entry.value)
    if value is None:
        return Problem("the value is empty", expected=expected(field))
    try:
        check_value(field, value)
    except FactProblemError as error:
        return error.problem
    return None


def _statement_problems(
    proposal: Proposal, statement: FactStatement, ref: FactRef, subjects: _Subjects
) -> Iterator[tuple[str, Problem]]:
    if statement.kind not in KIND_NAMES.values():
        got = str(statement.kind) if statement.kind else ""
        yield "kind", Problem("a statement needs its kind", got, f"one of {', '.join(KIND_NAMES)}")
    if not statement.reason.strip():
        yield "reason", Problem("a statement needs a reason", expected="why the fact has no value")
    if statement.fact in group_names():
        yield "fact", Problem("a statement is about one fact", show(statement.fact), "one fact by its name")
        return
    try:
        field = covered_field(statement.fact)
    except FactProblemError as error:
        yield "fact", error.problem
        return
    if (problem := _subject_problem(field, ref.subject, subjects)) is not None:
        yield "subject", problem
    elif has_fact(proposal, ref) or _observed(proposal, statement):
        yield (
            "fact",
            Problem("the fact has a value, so that nothing is to be said instead", str(ref), "a fact without one"),
        )


def _observed(proposal: Proposal, statement: FactStatement) -> bool:
    """True when a fact that is said not to apply has an observed value all the same."""
    if statement.kind != FACT_STATEMENT_KIND_NOT_APPLICABLE:
        return False
    names = {statement.fact, *parts_of(statement.fact)}
    return any(
        entry.HasField("value") and entry.subject == statement.subject and names.intersection(entry.facts)
        for entry in proposal.evidence
    )


_WORDS: Final = {
    Scope.DEPLOYMENT: "subject",
    Scope.SOURCE: "data source",
    Scope.API: "API",
    Scope.WORKFLOW: "workflow",
}
