"""The variables that conditions read, and what the messages behind them say about facts.

Everything here follows from the descriptors of the contract, so that a new fact needs no change of code.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from google.protobuf.descriptor import Descriptor, EnumDescriptor

from readygate.v1 import proposal_pb2
from readygate_server.domain.vocabulary import Scope

PACKAGE = "readygate.v1"
IMPLICIT_FIELDS = frozenset({"id", "title"})
"""Fields that name a subject and are no facts; the only scalars that need no explicit presence."""
MEMBERS = "members"
CORPUS = "corpus"
ASSET_IDS = "asset_ids"
"""Ids of all data sources, APIs and workflows, so that looking one up takes no loop in a loop."""
_PROPOSAL = proposal_pb2.Proposal.DESCRIPTOR
_SINGLES = ("deployment", "org", "gov", "value", "ops")
LISTS = {Scope.SOURCE: "data_sources", Scope.API: "apis", Scope.WORKFLOW: "workflows"}


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of conditions, and where its facts are."""

    name: str
    message: Descriptor | None
    """Type of the message, or of each in a list; None for a list of ids."""
    prefix: str
    """First part of the names of its facts."""
    listed: bool = False
    """True for a list."""
    subject: bool = False
    """True when it is the subject of a rule, or a part of it."""
    fields: tuple[str, ...] = ()
    """Fields between the message that the prefix stands for and this variable."""


def _message_of(message: Descriptor, field: str) -> Descriptor:
    kind = message.fields_by_name[field].message_type
    if kind is None:
        raise TypeError(f"{message.full_name}.{field} is no message")
    return kind


def _variables() -> Iterator[tuple[Scope, Variable]]:
    for name in _SINGLES:
        yield Scope.DEPLOYMENT, Variable(name, _message_of(_PROPOSAL, name), name)
    for scope, name in LISTS.items():
        message = _message_of(_PROPOSAL, name)
        yield Scope.DEPLOYMENT, Variable(name, message, scope.value, listed=True)
        yield scope, Variable(scope.value, message, scope.value, subject=True)
        if CORPUS in message.fields_by_name:
            part = _message_of(message, CORPUS)
            yield scope, Variable(CORPUS, part, scope.value, subject=True, fields=(CORPUS,))
    yield Scope.DEPLOYMENT, Variable(ASSET_IDS, None, "", listed=True)


_VARIABLES = tuple(_variables())
ALL_VARIABLES: tuple[Variable, ...] = tuple(variable for _, variable in _VARIABLES)


def variables_of(scope: Scope) -> Mapping[str, Variable]:
    """Returns the variables that a condition of `scope` may read, by name."""
    visible = (Scope.DEPLOYMENT, scope)
    return {variable.name: variable for owner, variable in _VARIABLES if owner in visible}


def fact_name(prefix: str, fields: tuple[str, ...]) -> str:
    """Returns the name of a fact; what lies below the members of a set belongs to the set."""
    if MEMBERS in fields:
        fields = fields[: fields.index(MEMBERS)]
    if len(fields) > 1 and fields[0] == CORPUS:
        return ".".join(fields)
    return ".".join((prefix, *fields))


@cache
def stated_numbers(enum: EnumDescriptor) -> tuple[int, ...]:
    """Returns the numbers of `enum` that state something.

    Zero, a value that is called unknown, and a number that this version has no name for count as an absent fact.
    """
    return tuple(value.number for value in enum.values if states_something(value.name, value.number))


def states_something(name: str, number: int) -> bool:
    """Tells whether a value of an enum states a fact."""
    return number != 0 and not name.endswith("_UNKNOWN")


@cache
def enums() -> Mapping[str, EnumDescriptor]:
    """Returns the enums that fields of the facts have, by full name."""
    fields = (field for message in fact_messages() for field in message.fields)
    return {field.enum_type.full_name: field.enum_type for field in fields if field.enum_type is not None}


def fact_messages() -> Iterator[Descriptor]:
    """Yields each message type that conditions can reach."""
    messages = [variable.message for variable in ALL_VARIABLES]
    return reachable(message for message in messages if message is not None)


def reachable(messages: Iterable[Descriptor]) -> Iterator[Descriptor]:
    """Yields each message type that can be reached over fields of `messages`, once."""
    seen: set[str] = set()
    waiting = list(messages)
    while waiting:
        message = waiting.pop()
        if message.full_name not in seen:
            seen.add(message.full_name)
            yield message
            waiting.extend(field.message_type for field in message.fields if field.message_type is not None)


def schema_faults(messages: Iterable[Descriptor]) -> tuple[str, ...]:
    """Returns what makes fields unfit for facts: no explicit presence, a wrapper or other foreign type, a bare list."""
    faults = []
    for message in reachable(messages):
        for field in message.fields:
            kind = field.message_type
            if kind is not None and kind.file.package != message.file.package:
                faults.append(f"{field.full_name}: {kind.full_name} is no type for a fact")
            elif field.is_repeated:
                if field.name != MEMBERS:
                    faults.append(f"{field.full_name}: a list is a message with the field '{MEMBERS}'")
            elif not field.has_presence and field.name not in IMPLICIT_FIELDS:
                faults.append(f"{field.full_name}: needs explicit presence, or its absence reads as a value")
    return tuple(sorted(faults))
