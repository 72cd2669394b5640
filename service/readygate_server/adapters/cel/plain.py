"""Compiles simple conditions to Python functions over facts, from the tree that the CEL library parsed and checked.

A call into the library costs many times what comparing a fact with a constant does. Simple are: comparisons of facts
with constants or with each other, `in`, `exists` and `all` over one set with a comparison of its member, `has()` of a
plain fact, flags, `&&`, `||` and `!`. Everything else stays with the library, and whoever doubts that something is
equal there leaves it there. The logic is Kleene's, and what is missing is the leftmost fact, as in the library.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf.descriptor import EnumDescriptor

from readygate_server.adapters.cel.reads import Places, place_of, places_of
from readygate_server.adapters.cel.syntax import (
    Call,
    CheckedExpression,
    Constant,
    Ident,
    ListLiteral,
    Loop,
    Node,
    Select,
)
from readygate_server.adapters.cel.vocabulary import enums, stated_numbers, variables_of
from readygate_server.adapters.proposals.flatten import NO_NAME
from readygate_server.adapters.proposals.vocabulary import Kind, fact_fields, short_names
from readygate_server.domain.conditions import Truth, Unknown
from readygate_server.domain.facts import FactRef, Facts, FactValue
from readygate_server.domain.vocabulary import Scope

PlainTest = Callable[[Facts, Facts, str], Truth]
"""Takes the facts of the subject, those of the deployment, and the id of the subject."""

_Reader = Callable[[Facts, Facts, str], Any]
"""Returns a value, or Unknown."""

_EQUALITY: Final[Mapping[str, Callable[[Any, Any], bool]]] = {"_==_": operator.eq, "_!=_": operator.ne}
_ORDER: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "_<_": operator.lt,
    "_<=_": operator.le,
    "_>_": operator.gt,
    "_>=_": operator.ge,
}
_COMPARISONS: Final = {**_EQUALITY, **_ORDER}
_NUMBERS: Final = frozenset({Kind.NUMBER, Kind.INTEGER})
_SCALARS: Final = frozenset({*_NUMBERS, Kind.FLAG, Kind.TEXT, Kind.CHOICE})
_SETS: Final = {Kind.CHOICES: Kind.CHOICE, Kind.IDS: Kind.TEXT}
_LITERALS: Final = {
    "bool_value": Kind.FLAG,
    "int64_value": Kind.INTEGER,
    "double_value": Kind.NUMBER,
    "string_value": Kind.TEXT,
}
_LOOPS: Final = {(True, "_&&_"): True, (False, "_||_"): False}
"""What a loop starts with and how it goes on; True for `all`, False for `exists`."""


class _NotPlainError(Exception):
    """Says that an expression stays with the library."""


@dataclass(frozen=True, slots=True)
class _Type:
    """What a value is: only values of one type are compared."""

    kind: Kind
    enum: str = ""


@dataclass(frozen=True, slots=True)
class _Literal:
    """A constant as the facts spell it."""

    type: _Type
    value: FactValue


@dataclass(frozen=True, slots=True)
class _Fact:
    """A fact; the type of a set is that of its members."""

    type: _Type
    read: _Reader


def compile_plain(checked: CheckedExpression, scope: Scope) -> PlainTest | None:
    """Returns a function with the truth of a linted expression, or None for one that stays with the library."""
    try:
        return _Compiler(checked, scope).test(checked.root)
    except _NotPlainError:
        return None


class _Compiler:
    """Turns the nodes of one tree into closures."""

    def __init__(self, checked: CheckedExpression, scope: Scope) -> None:
        self._constants = checked.constants
        self._names = checked.names
        variables = variables_of(scope).values()
        self._places: Places = places_of(variable for variable in variables if not variable.listed)

    def test(self, node: Node) -> PlainTest:
        """Returns the closure of a node that is true or false."""
        match node:
            case Constant(kind="bool_value", value=bool(value)):
                return lambda _subject, _deployment, _id: value
            case Call(target=None):
                return self._call(node)
            case Select(test_only=True):
                return _presence(self._fact(node).read)
            case Select():
                return self._flag(node)
            case Loop():
                return self._loop(node)
            case _:
                raise _NotPlainError

    def _call(self, node: Call) -> PlainTest:
        match node:
            case Call(function="!_", args=(inner,)):
                return _negation(self.test(inner))
            case Call(function="_&&_" | "_||_" as function, args=(left, right)):
                return _connective(self.test(left), self.test(right), decisive=function == "_||_")
            case Call(function="@in", args=(item, ListLiteral(elements=elements))):
                return self._one_of(self._fact(item), elements)
            case Call(function="@in", args=(item, items)):
                return self._includes(item, self._set(items))
            case Call(function=function, args=(left, right)) if function in _COMPARISONS:
                return self._comparison(function, left, right)
            case _:
                raise _NotPlainError

    def _flag(self, node: Select) -> PlainTest:
        fact = self._fact(node)
        _demand(fact.type.kind is Kind.FLAG)
        return fact.read

    def _comparison(self, function: str, left: Node, right: Node) -> PlainTest:
        compare = _COMPARISONS[function]
        one, other = self._operand(left), self._operand(right)
        _demand(one.type == other.type)
        _demand(function in _EQUALITY or one.type.kind in _NUMBERS)
        match one, other:
            case _Fact(read=read), _Literal(value=value):
                return _against(read, value, compare)
            case _Literal(value=value), _Fact(read=read):
                return _against(read, value, lambda stated, literal: compare(literal, stated))
            case _Fact(read=first), _Fact(read=second):
                return _between(first, second, compare)
            case _:
                raise _NotPlainError

    def _one_of(self, fact: _Fact, elements: tuple[Node, ...]) -> PlainTest:
        return _against(fact.read, self._literals(elements, fact.type), lambda value, values: value in values)

    def _includes(self, item: Node, items: _Fact) -> PlainTest:
        (value,) = self._literals((item,), items.type)
        return _against(items.read, value, lambda members, member: member in members)

    def _loop(self, node: Loop) -> PlainTest:
        """Compiles `all` and `exists` over a set: one question to the set of the names that the body lists."""
        match node:
            case Loop(
                initial=Constant(kind="bool_value", value=bool(initial)),
                step=Call(function=function, args=(Ident(name=before), body)),
                result=Ident(name=after),
                second_variable="",
            ) if before == after == node.accumulator and (initial, function) in _LOOPS:
                every = _LOOPS[initial, function]
            case _:
                raise _NotPlainError
        items = self._set(node.over)
        names, inside = self._members(body, node.variable, items.type)
        ask = names.issuperset if every is inside else names.isdisjoint
        return _against(items.read, every, lambda members, wanted: ask(members) is wanted)

    def _members(self, node: Node, variable: str, kind: _Type) -> tuple[frozenset[FactValue], bool]:
        """Returns names, and whether a member has to be one of them or none of them."""
        match node:
            case Call(function="!_", args=(inner,)):
                names, inside = self._members(inner, variable, kind)
                return names, not inside
            case Call(function="@in", args=(Ident(name=name), ListLiteral(elements=elements))) if name == variable:
                return self._literals(elements, kind), True
            case Call(function="_==_" | "_!=_" as function, args=(Ident(name=name), other)) if name == variable:
                return self._literals((other,), kind), function == "_==_"
            case _:
                raise _NotPlainError

    def _operand(self, node: Node) -> _Literal | _Fact:
        if isinstance(node, Constant) or node.id in self._constants:
            return self._literal(node)
        return self._fact(node)

    def _literals(self, nodes: Iterable[Node], kind: _Type) -> frozenset[FactValue]:
        literals = [self._literal(node) for node in nodes]
        _demand(bool(literals) and all(literal.type == kind for literal in literals))
        return frozenset(literal.value for literal in literals)

    def _literal(self, node: Node) -> _Literal:
        if (constant := self._constants.get(node.id)) is not None:
            name = self._names.get(node.id, "").rpartition(".")[0]
            enum = enums().get(name)
            if enum is not None and constant.value in stated_numbers(enum):
                return _Literal(_Type(Kind.CHOICE, name), _names_by_number(enum)[constant.value])
        elif isinstance(node, Constant) and node.kind in _LITERALS and isinstance(node.value, (bool, int, float, str)):
            return _Literal(_Type(_LITERALS[node.kind]), node.value)
        raise _NotPlainError

    def _fact(self, node: Node) -> _Fact:
        """Returns a plain fact that the flattened facts hold under its name, with its presence."""
        place = place_of(node, self._places) if isinstance(node, Select) else None
        known = fact_fields().get(place.read.fact) if place is not None else None
        if place is None or known is None or place.field is None or known.leaf is not place.field:
            raise _NotPlainError
        _demand(known.kind in _SCALARS and place.field.has_presence)
        enum = place.field.enum_type
        nothing = _stating_nothing(enum) if enum is not None else frozenset[str]()
        read = _reader(known.name, nothing, of_subject=place.variable.subject)
        return _Fact(_Type(known.kind, enum.full_name if enum is not None else ""), read)

    def _set(self, node: Node) -> _Fact:
        """Returns a set from the node that reads its members."""
        place = place_of(node, self._places) if isinstance(node, Select) and not node.test_only else None
        known = fact_fields().get(place.read.fact) if place is not None else None
        if place is None or known is None or place.field is None or known.kind not in _SETS:
            raise _NotPlainError
        _demand(place.field.is_repeated and known.leaf.message_type is place.field.containing_type)
        enum = place.field.enum_type
        read = _reader(known.name, frozenset(), of_subject=place.variable.subject)
        return _Fact(_Type(_SETS[known.kind], enum.full_name if enum is not None else ""), read)


def _demand(holds: bool) -> None:
    if not holds:
        raise _NotPlainError


def _names_by_number(enum: EnumDescriptor) -> Mapping[object, str]:
    return {number: name for name, number in short_names(enum).items()}


def _stating_nothing(enum: EnumDescriptor) -> frozenset[str]:
    """Returns the names in flattened facts that count as an absent fact."""
    stated = stated_numbers(enum)
    return frozenset({NO_NAME, *(name for name, number in short_names(enum).items() if number not in stated)})


def _reader(name: str, nothing: frozenset[str], *, of_subject: bool) -> _Reader:
    """Returns a function that reads one fact. A NaN, which alone differs from itself, states nothing."""
    unknown = Unknown((FactRef(name),))

    def read_subject(subject: Facts, _deployment: Facts, subject_id: str) -> Any:
        value = subject.get(name)
        if value is None or value != value or value in nothing:
            return Unknown((FactRef(name, subject_id),))
        return value

    def read_deployment(_subject: Facts, deployment: Facts, _id: str) -> Any:
        value = deployment.get(name)
        if value is None or value != value or value in nothing:
            return unknown
        return value

    return read_subject if of_subject else read_deployment


def _presence(read: _Reader) -> PlainTest:
    return lambda subject, deployment, subject_id: read(subject, deployment, subject_id).__class__ is not Unknown


def _against(read: _Reader, constant: Any, compare: Callable[[Any, Any], bool]) -> PlainTest:
    """Returns a comparison of a fact with what is written in the condition."""

    def test(subject: Facts, deployment: Facts, subject_id: str) -> Truth:
        value = read(subject, deployment, subject_id)
        if value.__class__ is Unknown:
            unknown: Unknown = value
            return unknown
        return compare(value, constant)

    return test


def _between(first: _Reader, second: _Reader, compare: Callable[[Any, Any], bool]) -> PlainTest:
    """Returns a comparison of two facts."""

    def test(subject: Facts, deployment: Facts, subject_id: str) -> Truth:
        values = first(subject, deployment, subject_id), second(subject, deployment, subject_id)
        for value in values:
            if isinstance(value, Unknown):
                return value
        return compare(*values)

    return test


def _negation(inner: PlainTest) -> PlainTest:
    def test(subject: Facts, deployment: Facts, subject_id: str) -> Truth:
        truth = inner(subject, deployment, subject_id)
        return truth if truth.__class__ is Unknown else truth is False

    return test


def _connective(left: PlainTest, right: PlainTest, *, decisive: bool) -> PlainTest:
    """Returns Kleene's "and" (False decides) or "or" (True decides)."""

    def test(subject: Facts, deployment: Facts, subject_id: str) -> Truth:
        first = left(subject, deployment, subject_id)
        if first is decisive:
            return decisive
        second = right(subject, deployment, subject_id)
        if second is decisive:
            return decisive
        return first if first.__class__ is Unknown else second

    return test
