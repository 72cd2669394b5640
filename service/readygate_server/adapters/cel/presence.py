"""Makes absence visible: each read of a fact becomes an error that names the fact when it is absent.

CEL reads an absent field as zero, false or "", which would pass a gate silently. A read `x.f` is therefore replaced by
`stated(x.f) ? x.f : {}["x.f"]`. Looking up a key of an empty map is an error of the language itself; `&&`, `||`, `?:`,
`all` and `exists` absorb errors that do not decide, which makes the logic Kleene's. The key is the name of the fact.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import count

from google.protobuf.descriptor import FieldDescriptor

from readygate_server.adapters.cel.reads import Place, Places, Read, place_of, places_in, places_of
from readygate_server.adapters.cel.syntax import (
    Call,
    CheckedExpression,
    Constant,
    Ident,
    ListLiteral,
    Loop,
    Node,
    Select,
    StructLiteral,
    children,
    rebuild,
    walk,
)
from readygate_server.adapters.cel.vocabulary import Variable, stated_numbers

_REAL = (FieldDescriptor.CPPTYPE_DOUBLE, FieldDescriptor.CPPTYPE_FLOAT)


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A tree in which absence is an error, and what it reads."""

    root: Node
    needed: frozenset[Read]
    """Reads that make the condition unknown when the fact is absent."""
    asked: frozenset[Read]
    """Reads that only ask whether the fact is there."""


def wrap(checked: CheckedExpression, variables: Iterable[Variable]) -> Wrapped:
    """Returns the tree of a linted expression with each read of a fact guarded."""
    wrapper = _Wrapper(checked)
    root = wrapper.rewrite(checked.root, places_of(variables))
    return Wrapped(root, frozenset(wrapper.needed), frozenset(wrapper.asked))


class _Wrapper:
    """Rewrites one tree; collects the reads on the way."""

    def __init__(self, checked: CheckedExpression) -> None:
        self._constants = checked.constants
        self._ids = count(1 + max(node.id for node in walk(checked.root)))
        self.needed: set[Read] = set()
        self.asked: set[Read] = set()

    def rewrite(self, node: Node, places: Places) -> Node:
        """Returns `node` with all reads below it guarded."""
        if node.id in self._constants:
            return node
        if isinstance(node, Select):
            return self._select(node, places)
        if isinstance(node, Loop):
            inside = places_in(node, places)
            over, *rest = children(node)
            return rebuild(node, (self.rewrite(over, places), *(self.rewrite(child, inside) for child in rest)))
        return rebuild(node, tuple(self.rewrite(child, places) for child in children(node)))

    def _select(self, node: Select, places: Places) -> Node:
        place = place_of(node, places)
        if place is None or place.field is None:
            raise ValueError(f"the field {node.field} belongs to no variable; the lint lets none of these through")
        if node.test_only:
            self.asked.add(place.read)
            return self._stated(node, place.field)
        if place.field.has_presence:
            self.needed.add(place.read)
            return self._guard(node, self._stated(node, place.field), place)
        if place.field.is_repeated and isinstance(node.operand, Select):
            self.needed.add(place.read)
            return self._guard(node, replace(node.operand, id=next(self._ids), test_only=True), place)
        return node  # an id, which every subject has

    def _guard(self, read: Select, stated: Node, place: Place) -> Node:
        """Returns `stated ? read : error`, under the id of the read so that its type stays known."""
        value = replace(read, id=next(self._ids))
        return Call(read.id, "_?_:_", (stated, value, self._absent(place)))

    def _stated(self, read: Select, field: FieldDescriptor) -> Node:
        """Returns the test that the field holds a value that says something."""
        value = replace(read, id=next(self._ids), test_only=False)
        if field.enum_type is not None:
            numbers = tuple(self._literal("int64_value", number) for number in stated_numbers(field.enum_type))
            return self._call("@in", value, ListLiteral(next(self._ids), numbers))
        present = replace(value, id=next(self._ids), test_only=True)
        if field.cpp_type in _REAL and not field.is_repeated:
            # Only a NaN differs from itself; it would make `!(x > limit)` true.
            same = self._call("_==_", value, replace(value, id=next(self._ids)))
            return self._call("_&&_", present, same)
        return present

    def _absent(self, place: Place) -> Node:
        """Returns an expression that fails with the name of the fact, and of its subject inside a loop."""
        name = place.read.fact
        key: Node
        if place.key:
            head, _, rest = name.partition(".")
            subject = Select(next(self._ids), Ident(next(self._ids), place.key), "id")
            key = self._call("_+_", self._literal("string_value", f"{head}["), subject)
            key = self._call("_+_", key, self._literal("string_value", f"].{rest}"))
        else:
            key = self._literal("string_value", name)
        return self._call("_[_]", StructLiteral(next(self._ids), "", empty=True), key)

    def _call(self, function: str, *args: Node) -> Node:
        return Call(next(self._ids), function, args)

    def _literal(self, kind: str, value: int | str) -> Node:
        return Constant(next(self._ids), kind, value)
