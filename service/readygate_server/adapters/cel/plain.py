"""Compiles simple conditions to Python functions over facts, from the tree that the CEL library parsed and checked.

A call into the library costs many times what comparing a fact with a constant does. Simple are: comparisons of facts
with constants or with each other, a minus before a real number, `in`, `exists` and `all` over one set with a comparison
of its member, over assets, or over the members of a set of messages with a simple condition about each, `has()` of a
plain fact, flags, `&&`, `||` and `!`. Everything else stays with the library, and whoever doubts that something is
equal there leaves it there. The logic is Kleene's, and what is missing is the leftmost fact, as in the library.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor

from readygate_server.adapters.cel import closures
from readygate_server.adapters.cel.closures import ElementReader, PlainTest, Reader, Said
from readygate_server.adapters.cel.reads import Place, Places, place_of, places_in, places_of
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
from readygate_server.adapters.cel.vocabulary import ASSET_IDS, LISTS, enums, stated_numbers, variables_of
from readygate_server.adapters.proposals.flatten import NO_NAME
from readygate_server.adapters.proposals.vocabulary import MEMBERS, Kind, fact_fields, short_names
from readygate_server.domain.facts import FactValue
from readygate_server.domain.vocabulary import Scope

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
_SCOPES: Final = {name: scope for scope, name in LISTS.items()}

__all__ = ["PlainTest", "Said", "compile_plain"]


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
    read: Reader


def compile_plain(checked: CheckedExpression, scope: Scope) -> PlainTest | None:
    """Returns a function with the truth of a linted expression, or None for one that stays with the library."""
    try:
        return _Compiler(checked, places_of(variables_of(scope).values())).test(checked.root)
    except _NotPlainError:
        return None


class _Compiler:
    """Turns the nodes of one tree, or of the body of a loop, into closures."""

    def __init__(self, checked: CheckedExpression, places: Places) -> None:
        self._checked = checked
        self._constants = checked.constants
        self._names = checked.names
        self._places = places

    def test(self, node: Node) -> PlainTest:
        """Returns the closure of a node that is true or false."""
        match node:
            case Constant(kind="bool_value", value=bool(value)):
                return lambda _subject, _said, _id: value
            case Call(target=None):
                return self._call(node)
            case Select(test_only=True):
                return closures.presence(self._fact(node).read)
            case Select():
                return self._flag(node)
            case Loop():
                return self._loop(node)
            case _:
                raise _NotPlainError

    def _call(self, node: Call) -> PlainTest:
        match node:
            case Call(function="!_", args=(inner,)):
                return closures.negation(self.test(inner))
            case Call(function="_&&_" | "_||_" as function, args=(left, right)):
                return closures.connective(self.test(left), self.test(right), decisive=function == "_||_")
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
                return closures.against(read, value, compare)
            case _Literal(value=value), _Fact(read=read):
                return closures.against(read, value, lambda stated, literal: compare(literal, stated))
            case _Fact(read=first), _Fact(read=second):
                return closures.between(first, second, compare)
            case _:
                raise _NotPlainError

    def _one_of(self, fact: _Fact, elements: tuple[Node, ...]) -> PlainTest:
        return closures.against(fact.read, self._literals(elements, fact.type), lambda value, values: value in values)

    def _includes(self, item: Node, items: _Fact) -> PlainTest:
        (value,) = self._literals((item,), items.type)
        return closures.against(items.read, value, lambda members, member: member in members)

    def _loop(self, node: Loop) -> PlainTest:
        """Compiles `all` and `exists`."""
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
        elements = self._elements(node.over)
        if elements is not None:
            return closures.loop(elements, self._inside(node).test(body), decisive=not every)
        return self._loop_over_names(node, body, every=every)

    def _elements(self, node: Node) -> ElementReader | None:
        """Returns what gives assets, or the members of a set of messages; None for a set of names."""
        place = place_of(node, self._places)
        if place is None or place.message is None or place.key:
            return None
        if place.variable.listed:
            return closures.assets_of(_SCOPES[place.variable.name])
        _demand(len(place.fields) == len(("set", "members")) and not place.variable.fields)
        return closures.members_of(place.variable.name, place.fields[0], place.read.fact)

    def _inside(self, node: Loop) -> _Compiler:
        """Returns a compiler for the body of a loop, whose subject is the element: that of the condition is gone."""
        inside = places_in(node, self._places)
        seen = {
            name: place
            for name, place in inside.items()
            if name == node.variable or (place is not None and not (place.variable.subject or _is_element(place)))
        }
        return _Compiler(self._checked, seen)

    def _loop_over_names(self, node: Loop, body: Node, *, every: bool) -> PlainTest:
        """Compiles a loop over a set to one question to the set of the names that the body lists."""
        items = self._set(node.over)
        match body:
            case Call(function="@in", args=(Ident(name=name), Ident() as ids)) if name == node.variable:
                place = place_of(ids, self._places)
                if place is None or place.variable.name != ASSET_IDS:
                    raise _NotPlainError
                return closures.among_assets(items.read, every=every)
        names, inside = self._members(body, node.variable, items.type)
        ask = names.issuperset if every is inside else names.isdisjoint
        return closures.against(items.read, every, lambda members, wanted: ask(members) is wanted)

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
        match node:
            case Call(function="-_", args=(inner,), target=None):
                fact = self._fact(inner)
                _demand(fact.type.kind is Kind.NUMBER)  # the least whole number has no opposite
                return _Fact(fact.type, closures.negative(fact.read))
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
        if place is None or place.field is None:
            raise _NotPlainError
        if place.message is None and len(place.fields) > 1 and _is_member(place):
            _demand(place.field.type == FieldDescriptor.TYPE_STRING and place.field.has_presence)
            return _Fact(_Type(Kind.TEXT), closures.of_member(place.field.name, place.read.fact))
        known = fact_fields().get(place.read.fact)
        if known is None or known.leaf is not place.field:
            raise _NotPlainError
        _demand(known.kind in _SCALARS and place.field.has_presence)
        enum = place.field.enum_type
        nothing = _stating_nothing(enum) if enum is not None else frozenset[str]()
        return _Fact(_Type(known.kind, enum.full_name if enum is not None else ""), _reader(place, known.name, nothing))

    def _set(self, node: Node) -> _Fact:
        """Returns a set from the node that reads its members."""
        place = place_of(node, self._places) if isinstance(node, Select) and not node.test_only else None
        known = fact_fields().get(place.read.fact) if place is not None else None
        if place is None or known is None or place.field is None or known.kind not in _SETS:
            raise _NotPlainError
        _demand(place.field.is_repeated and known.leaf.message_type is place.field.containing_type)
        enum = place.field.enum_type
        read = _reader(place, known.name, frozenset())
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


def _reader(place: Place, name: str, nothing: frozenset[str]) -> Reader:
    """Returns what reads a fact: inside a loop over assets the element takes the place of the subject."""
    if place.variable.subject or place.key:
        return closures.of_subject(name, nothing)
    return closures.of_deployment(name, nothing)


def _is_element(place: Place) -> bool:
    """Tells whether a place belongs to an element of a loop."""
    return bool(place.key) or _is_member(place)


def _is_member(place: Place) -> bool:
    """Tells whether a place is a member of a set of messages, or a field of one."""
    return MEMBERS in place.fields
