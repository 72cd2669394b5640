"""A second evaluator of conditions, to hold the engine against.

It takes the checked tree as the author's text gave it, before any guard is put into it, and compiles it to Python
closures over the messages. Absence is a value that spreads (strong Kleene logic) instead of an error, and names of
facts are put together from the messages that are met, not from static types. It shares the decoded tree with the
engine, and nothing else.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

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
)

_INT64 = 2**63
_LISTS = {"data_sources": "source", "apis": "api", "workflows": "workflow"}


@dataclass(frozen=True, slots=True)
class Problem:
    """Stands for a value that there is none of: a fact is missing, or a calculation failed."""

    missing: str = ""
    """Name of the missing fact; empty for a failure."""


@dataclass(frozen=True, slots=True)
class Located:
    """A message with the way to it, so that absent fields can be named."""

    message: Any
    prefix: str
    subject: str = ""
    fields: tuple[str, ...] = ()
    present: bool = True

    def name(self, *more: str) -> str:
        """Returns the name of the fact in a field, with its subject."""
        fields = [*self.fields, *more]
        if "members" in fields:
            del fields[fields.index("members") :]
        words = fields if fields[0] == "corpus" and len(fields) > 1 else [self.prefix, *fields]
        if self.subject:
            words[0] += f"[{self.subject}]"
        return ".".join(words)


Value = Any
Environment = Mapping[str, Value]
Compiled = Callable[[Environment], Value]
Strict = Callable[..., Value]


def variables(proposal: Any, subject: Any = None, *, kind: str = "") -> dict[str, Value]:
    """Returns the variables of a condition about `proposal`, and about a subject of a kind such as `source`."""
    bound: dict[str, Value] = {
        name: Located(getattr(proposal, name), name) for name in ("deployment", "org", "gov", "value", "ops")
    }
    for name, prefix in _LISTS.items():
        bound[name] = [Located(element, prefix, element.id) for element in getattr(proposal, name)]
    bound["asset_ids"] = [element.subject for name in _LISTS for element in bound[name]]
    if subject is not None:
        bound[kind] = Located(subject, kind, subject.id)
        if kind == "source":
            bound["corpus"] = _select(bound[kind], "corpus")
    return bound


def compile_tree(checked: CheckedExpression) -> Compiled:
    """Returns a function from variables to True, False or a Problem."""
    return _Compiler(checked).compile(checked.root)


class _Compiler:
    """Turns nodes into closures."""

    def __init__(self, checked: CheckedExpression) -> None:
        self._constants = checked.constants

    def compile(self, node: Node) -> Compiled:
        """Returns the closure of one node."""
        if node.id in self._constants:
            value = self._constants[node.id].value
            return lambda _: value
        match node:
            case Constant(value=value):
                return lambda _: value
            case Ident(name=name):
                return lambda env: env[name]
            case ListLiteral(elements=elements):
                return self._strict(lambda *values: list(values), *elements)
            case Loop():
                return self._loop(node)
            case Select() | Call():
                return self._select(node) if isinstance(node, Select) else self._call(node)
            case StructLiteral():
                raise NotImplementedError("conditions make no maps and no messages")

    def _select(self, node: Select) -> Compiled:
        operand, field = self.compile(node.operand), node.field
        if node.test_only:
            return lambda env: _has(operand(env), field)
        return lambda env: _select(operand(env), field)

    def _strict(self, function: Strict, *nodes: Node) -> Compiled:
        """Returns a call that is its leftmost argument without a value, if there is one."""
        arguments = [self.compile(node) for node in nodes]

        def call(env: Environment) -> Value:
            values = [argument(env) for argument in arguments]
            for value in values:
                if value.__class__ is Problem:
                    return value
            return function(*values)

        return call

    def _call(self, node: Call) -> Compiled:
        match node.function, node.args:
            case "_&&_", (left, right):
                return _connective(self.compile(left), self.compile(right), decisive=False)
            case "_||_", (left, right):
                return _connective(self.compile(left), self.compile(right), decisive=True)
            case "_?_:_", (condition, yes, no):
                return _choice(self.compile(condition), self.compile(yes), self.compile(no))
            case "@not_strictly_false", (argument,):
                inner = self.compile(argument)
                return lambda env: inner(env) is not False
            case name, arguments:
                operands = arguments if node.target is None else (node.target, *arguments)
                return self._strict(_FUNCTIONS[name], *operands)

    def _loop(self, node: Loop) -> Compiled:
        over, initial = self.compile(node.over), self.compile(node.initial)
        condition, step, result = (self.compile(part) for part in (node.condition, node.step, node.result))

        def run(env: Environment) -> Value:
            items = over(env)
            if items.__class__ is Problem:
                return items
            inside = {**env, node.accumulator: initial(env)}
            for item in items:
                inside[node.variable] = item
                if condition(inside) is False:
                    break
                inside[node.accumulator] = step(inside)
            return result(inside)

        return run


def _connective(left: Compiled, right: Compiled, *, decisive: bool) -> Compiled:
    """Returns Kleene's "and" (False decides) or "or" (True decides)."""

    def connect(env: Environment) -> Value:
        first = left(env)
        if first is decisive:
            return decisive
        second = right(env)
        if second is decisive:
            return decisive
        return first if first.__class__ is Problem else second

    return connect


def _choice(condition: Compiled, yes: Compiled, no: Compiled) -> Compiled:
    def choose(env: Environment) -> Value:
        chosen = condition(env)
        if chosen.__class__ is Problem:
            return chosen
        return yes(env) if chosen else no(env)

    return choose


def _select(owner: Value, name: str) -> Value:
    if isinstance(owner, Problem):
        return owner
    field = owner.message.DESCRIPTOR.fields_by_name[name]
    value = getattr(owner.message, name)
    if field.message_type is not None and not field.is_repeated:
        present = owner.present and bool(owner.message.HasField(name))
        return Located(value, owner.prefix, owner.subject, (*owner.fields, name), present)
    if field.is_repeated:
        if not owner.present:
            return Problem(owner.name(name))
        if field.message_type is None:
            return list(value)
        return [Located(item, owner.prefix, owner.subject, (*owner.fields, name)) for item in value]
    return value if _says_something(owner, name) else Problem(owner.name(name))


def _has(owner: Value, name: str) -> Value:
    if isinstance(owner, Problem):
        return owner
    if owner.message.DESCRIPTOR.fields_by_name[name].is_repeated:
        return len(getattr(owner.message, name)) > 0
    return _says_something(owner, name)


def _says_something(owner: Located, name: str) -> bool:
    field = owner.message.DESCRIPTOR.fields_by_name[name]
    if not field.has_presence:
        return True
    if not owner.message.HasField(name):
        return False
    value = getattr(owner.message, name)
    if field.enum_type is not None:
        known = field.enum_type.values_by_number.get(value)
        return known is not None and value != 0 and not known.name.endswith("_UNKNOWN")
    return not (isinstance(value, float) and math.isnan(value))


def _whole(value: Value) -> Value:
    """Returns the result of integer arithmetic, which fails outside of 64 bits."""
    return Problem() if isinstance(value, int) and not -_INT64 <= value < _INT64 else value


def _divide(left: Value, right: Value) -> Value:
    if isinstance(left, float):
        if right == 0.0:
            return math.nan if left == 0.0 or math.isnan(left) else math.copysign(math.inf, left * right or left)
        return left / right
    if right == 0:
        return Problem()
    quotient = abs(left) // abs(right)
    return _whole(quotient if (left < 0) == (right < 0) else -quotient)


_FUNCTIONS: dict[str, Strict] = {
    "_==_": operator.eq,
    "_!=_": operator.ne,
    "_<_": operator.lt,
    "_<=_": operator.le,
    "_>_": operator.gt,
    "_>=_": operator.ge,
    "@in": lambda item, items: item in items,
    "!_": operator.not_,
    "-_": lambda value: _whole(-value),
    "_+_": lambda left, right: _whole(left + right),
    "_-_": lambda left, right: _whole(left - right),
    "_*_": lambda left, right: _whole(left * right),
    "_/_": _divide,
    "size": len,
    "double": float,
    "int": int,
    "startsWith": str.startswith,
    "endsWith": str.endswith,
    "contains": operator.contains,
    "matches": lambda text, pattern: re.search(pattern, text) is not None,
}
