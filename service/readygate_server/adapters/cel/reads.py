"""Which facts an expression reads, and which of them a proposal does not state."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from readygate_server.adapters.cel.syntax import Call, Ident, ListLiteral, Loop, Node, Select
from readygate_server.adapters.cel.vocabulary import Variable, fact_name, stated_numbers
from readygate_server.domain.facts import FactRef


@dataclass(frozen=True, slots=True, order=True)
class Read:
    """A field that an expression reads: of a variable, or of each element of a variable that is a list."""

    variable: str
    prefix: str
    fields: tuple[str, ...]
    subject: bool = False
    listed: bool = False

    @property
    def fact(self) -> str:
        """Name of the fact, without a subject."""
        return fact_name(self.prefix, self.fields)


@dataclass(frozen=True, slots=True)
class Place:
    """What a variable or a chain of fields stands for, in terms of the facts."""

    variable: Variable
    fields: tuple[str, ...]
    message: Descriptor | None
    """Type of the message, or of the elements; None for plain values."""
    field: FieldDescriptor | None = None
    """Last field of the chain; None for a message that a variable stands for."""
    key: str = ""
    """Loop variable whose id names the subject."""

    @property
    def read(self) -> Read:
        """The read of this place."""
        variable = self.variable
        return Read(variable.name, variable.prefix, self.fields, variable.subject, variable.listed)


Places = Mapping[str, Place | None]
"""What the variables in sight stand for; None for a loop variable that is no message."""


def places_of(variables: Iterable[Variable]) -> Places:
    """Returns the places of the variables that an expression starts with."""
    return {variable.name: Place(variable, variable.fields, variable.message) for variable in variables}


def place_of(node: Node, places: Places) -> Place | None:
    """Returns the place of a variable or of a chain of fields; None for anything else."""
    match node:
        case Ident(name=name):
            return places.get(name)
        case Select(operand=operand, field=name):
            above = place_of(operand, places)
            field = above.message.fields_by_name.get(name) if above is not None and above.message else None
            if above is None or field is None:
                return None
            return Place(above.variable, (*above.fields, name), field.message_type, field, above.key)
        case _:
            return None


def places_in(loop: Loop, places: Places) -> Places:
    """Returns the places inside a loop, where its variable stands for an element of what it runs over."""
    return {**places, loop.variable: _element(loop.over, loop.variable, places), loop.accumulator: None}


def added_by(loop: Loop) -> Node | None:
    """Returns what a loop adds to the list that it makes, as `filter` and `map` do; None when it makes no list."""
    if not isinstance(loop.initial, ListLiteral):
        return None
    step = loop.step
    if isinstance(step, Call) and step.function == "_?_:_":
        step = step.args[1]
    match step:
        case Call(args=(_, ListLiteral(elements=(added,)))):
            return added
    return None


def keeps_elements(loop: Loop) -> bool:
    """Tells whether a loop makes a list of the elements that it runs over, as `filter` does."""
    added = added_by(loop)
    return isinstance(added, Ident) and added.name == loop.variable


def _element(over: Node, name: str, places: Places) -> Place | None:
    """Returns what an element of a list stands for; `name` is the loop variable."""
    if isinstance(over, Loop):
        added = added_by(over)
        if keeps_elements(over):
            return _element(over.over, name, places)
        return place_of(added, places_in(over, places)) if added is not None else None
    place = place_of(over, places)
    if place is None:
        return None
    if place.field is None:
        return replace(place, key=name)
    return place if place.message is None else replace(place, field=None)


def missing_facts(reads: Iterable[Read], proposal: Message, subject: Message | None) -> tuple[FactRef, ...]:
    """Returns the facts among `reads` that are not stated, sorted."""
    return tuple(sorted({ref for read in reads for ref in _missing(read, proposal, subject)}))


def _missing(read: Read, proposal: Any, subject: Any) -> Iterator[FactRef]:
    if read.subject:
        if subject is not None and not _stated(subject, read.fields):
            yield FactRef(read.fact, subject.id)
    elif read.listed:
        for element in getattr(proposal, read.variable):
            if not _stated(element, read.fields):
                yield FactRef(read.fact, element.id)
    elif not _stated(getattr(proposal, read.variable), read.fields):
        yield FactRef(read.fact)


def _stated(message: Any, fields: tuple[str, ...]) -> bool:
    """Tells whether a field holds a value that says something, in each element where there are several."""
    if not fields:
        return True
    name, rest = fields[0], fields[1:]
    field = message.DESCRIPTOR.fields_by_name[name]
    value = getattr(message, name)
    if field.is_repeated:
        return all(_stated(element, rest) for element in value) if rest else True
    if field.has_presence and not message.HasField(name):
        return False
    if field.enum_type is not None:
        return value in stated_numbers(field.enum_type)
    if field.message_type is not None:
        return _stated(value, rest)
    return bool(value == value)  # a NaN states nothing
