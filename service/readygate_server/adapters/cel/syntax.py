"""Typed trees of checked CEL expressions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

ConstantValue = None | bool | int | float | str | bytes


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal; `kind` is the name of its field in the exchange format, such as `int64_value`."""

    id: int
    kind: str
    value: ConstantValue


@dataclass(frozen=True, slots=True)
class Ident:
    """A variable, or the name of a type or of an enum value."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Select:
    """A field of a message; `test_only` when only its presence is asked for, as `has()` does."""

    id: int
    operand: Node
    field: str
    test_only: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """A function or an operator applied to arguments, and to a target when it is written behind a dot."""

    id: int
    function: str
    args: tuple[Node, ...]
    target: Node | None = None


@dataclass(frozen=True, slots=True)
class ListLiteral:
    """A list of written elements."""

    id: int
    elements: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class StructLiteral:
    """A map or message that the expression makes; its entries are not decoded, because rules may not make any."""

    id: int
    name: str
    empty: bool


@dataclass(frozen=True, slots=True)
class Loop:
    """A comprehension, into which `all`, `exists`, `exists_one`, `filter` and `map` are expanded."""

    id: int
    variable: str
    over: Node
    accumulator: str
    initial: Node
    condition: Node
    step: Node
    result: Node
    second_variable: str = ""


Node = Constant | Ident | Select | Call | ListLiteral | StructLiteral | Loop


@dataclass(frozen=True, slots=True)
class ValueType:
    """The static type of a node, as far as conditions care: a message, a list, a wrapper, or a plain value."""

    kind: str
    message: str = ""
    element: ValueType | None = None


@dataclass(frozen=True, slots=True)
class CheckedExpression:
    """A checked expression: its tree and what the type checker found out about the nodes."""

    root: Node
    types: Mapping[int, ValueType]
    names: Mapping[int, str]
    """Full names that identifiers were resolved to."""
    constants: Mapping[int, Constant]
    """Values of the nodes that name a constant, such as an enum value."""
    positions: Mapping[int, int]
    """Offset of each node in the text, in characters."""
    wire: bytes

    def type_of(self, node: Node) -> ValueType:
        """Returns the static type of `node`."""
        return self.types.get(node.id, ValueType("unknown"))


def children(node: Node) -> tuple[Node, ...]:
    """Returns the nodes right below `node`."""
    match node:
        case Select():
            return (node.operand,)
        case Call():
            return node.args if node.target is None else (node.target, *node.args)
        case ListLiteral():
            return node.elements
        case Loop():
            return (node.over, node.initial, node.condition, node.step, node.result)
        case _:
            return ()


def walk(node: Node) -> Iterator[Node]:
    """Yields `node` and everything below it, from left to right."""
    yield node
    for child in children(node):
        yield from walk(child)


def rebuild(node: Node, below: tuple[Node, ...]) -> Node:
    """Returns `node` with other nodes below it, given in the order of `children`."""
    match node:
        case Select():
            return replace(node, operand=below[0])
        case Call(target=None):
            return replace(node, args=below)
        case Call():
            return replace(node, target=below[0], args=below[1:])
        case ListLiteral():
            return replace(node, elements=below)
        case Loop():
            over, initial, condition, step, result = below
            return replace(node, over=over, initial=initial, condition=condition, step=step, result=result)
        case _:
            return node
