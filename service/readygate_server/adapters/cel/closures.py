"""The closures that plain conditions are made of: readers of facts, comparisons, connectives and loops.

Every closure answers in Kleene's three values and names the leftmost fact that is missing, as the CEL library does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from readygate.v1.proposal_pb2 import Proposal
from readygate_server.domain.conditions import Truth, Unknown
from readygate_server.domain.facts import FactRef, Facts, ProposalFacts
from readygate_server.domain.vocabulary import Scope


@dataclass(frozen=True, slots=True)
class Said:
    """What conditions are asked about: the facts of a proposal, and the message that they were read from."""

    facts: ProposalFacts
    proposal: Proposal


PlainTest = Callable[[Facts, Said, str], Truth]
"""Takes the facts of the subject, everything that is said, and the id of the subject."""

Reader = Callable[[Facts, Said, str], Any]
"""Returns a value, or Unknown."""

Elements = Iterable[tuple[str, Facts]]
"""What a loop runs over: ids with facts."""

ElementReader = Callable[[Said], Elements | Unknown]


def of_subject(name: str, nothing: frozenset[str]) -> Reader:
    """Returns a reader of a fact of the subject. A NaN, which alone differs from itself, states nothing."""

    def read(subject: Facts, _said: Said, subject_id: str) -> Any:
        value = subject.get(name)
        if value is None or value != value or value in nothing:
            return Unknown((FactRef(name, subject_id),))
        return value

    return read


def of_deployment(name: str, nothing: frozenset[str]) -> Reader:
    """Returns a reader of a fact that occurs once per proposal."""
    unknown = Unknown((FactRef(name),))

    def read(_subject: Facts, said: Said, _id: str) -> Any:
        value = said.facts.deployment.get(name)
        if value is None or value != value or value in nothing:
            return unknown
        return value

    return read


def of_member(field: str, fact: str) -> Reader:
    """Returns a reader of a field of a member of a set; what a member does not say is missing of the set."""
    unknown = Unknown((FactRef(fact),))
    return lambda member, _said, _id: member.get(field, unknown)


def negative(read: Reader) -> Reader:
    """Returns a reader of a number with the other sign."""

    def read_negative(subject: Facts, said: Said, subject_id: str) -> Any:
        value = read(subject, said, subject_id)
        return value if value.__class__ is Unknown else -value

    return read_negative


def asset_ids(said: Said) -> frozenset[str]:
    """Returns the ids of all assets."""
    return frozenset(name for assets in said.facts.assets.values() for name, _ in assets)


def assets_of(scope: Scope) -> ElementReader:
    """Returns what gives the assets of a scope."""
    return lambda said: said.facts.of(scope)


def members_of(group: str, field: str, fact: str) -> ElementReader:
    """Returns what gives the members of a set of messages as facts by their own names; without the set, Unknown."""
    unknown = Unknown((FactRef(fact),))

    def members(said: Said) -> Elements | Unknown:
        holder = getattr(said.proposal, group)
        if not holder.HasField(field):
            return unknown
        return [("", {each.name: value for each, value in one.ListFields()}) for one in getattr(holder, field).members]

    return members


def presence(read: Reader) -> PlainTest:
    """Returns the question whether a fact is stated."""
    return lambda subject, said, subject_id: read(subject, said, subject_id).__class__ is not Unknown


def against(read: Reader, constant: Any, compare: Callable[[Any, Any], bool]) -> PlainTest:
    """Returns a comparison of a fact with what is written in the condition."""

    def test(subject: Facts, said: Said, subject_id: str) -> Truth:
        value = read(subject, said, subject_id)
        if value.__class__ is Unknown:
            unknown: Unknown = value
            return unknown
        return compare(value, constant)

    return test


def between(first: Reader, second: Reader, compare: Callable[[Any, Any], bool]) -> PlainTest:
    """Returns a comparison of two facts."""

    def test(subject: Facts, said: Said, subject_id: str) -> Truth:
        values = first(subject, said, subject_id), second(subject, said, subject_id)
        for value in values:
            if isinstance(value, Unknown):
                return value
        return compare(*values)

    return test


def among_assets(read: Reader, *, every: bool) -> PlainTest:
    """Returns the question whether every name of a set, or some name, is the id of an asset."""

    def test(subject: Facts, said: Said, subject_id: str) -> Truth:
        names = read(subject, said, subject_id)
        if isinstance(names, Unknown):
            return names
        ids = asset_ids(said)
        return ids.issuperset(names) if every else not ids.isdisjoint(names)

    return test


def negation(inner: PlainTest) -> PlainTest:
    """Returns Kleene's "not"."""

    def test(subject: Facts, said: Said, subject_id: str) -> Truth:
        truth = inner(subject, said, subject_id)
        return truth if truth.__class__ is Unknown else truth is False

    return test


def connective(left: PlainTest, right: PlainTest, *, decisive: bool) -> PlainTest:
    """Returns Kleene's "and" (False decides) or "or" (True decides)."""

    def test(subject: Facts, said: Said, subject_id: str) -> Truth:
        first = left(subject, said, subject_id)
        if first is decisive:
            return decisive
        second = right(subject, said, subject_id)
        if second is decisive:
            return decisive
        return first if first.__class__ is Unknown else second

    return test


def loop(over: ElementReader, body: PlainTest, *, decisive: bool) -> PlainTest:
    """Returns `all` (False decides) or `exists` (True decides): the connective of the body's truths in their order."""

    def test(_subject: Facts, said: Said, _id: str) -> Truth:
        elements = over(said)
        if isinstance(elements, Unknown):
            return elements
        open_question: Truth = not decisive
        for element, facts in elements:
            truth = body(facts, said, element)
            if truth is decisive:
                return decisive
            if truth.__class__ is Unknown and open_question.__class__ is not Unknown:
                open_question = truth
        return open_question

    return test
