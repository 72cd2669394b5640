"""Refuses, when rules are loaded, what the compiler lets through and what would go wrong later."""

from __future__ import annotations

from collections.abc import Mapping

from readygate_server.adapters.cel.faults import fault_at
from readygate_server.adapters.cel.library import NativeEnvironment
from readygate_server.adapters.cel.literals import literal_fault
from readygate_server.adapters.cel.reads import Places, added_by, keeps_elements, place_of, places_in, places_of
from readygate_server.adapters.cel.syntax import (
    Call,
    CheckedExpression,
    Constant,
    ListLiteral,
    Loop,
    Node,
    Select,
    StructLiteral,
    children,
)
from readygate_server.adapters.cel.vocabulary import Variable, states_something
from readygate_server.adapters.proposals.personal import holds_name
from readygate_server.domain.faults import Fault

MAXIMUM_LOOP_DEPTH = 2
_ENUM_OPERATORS = frozenset({"_==_", "_!=_", "@in", "_?_:_", "size"})
_FORBIDDEN = {
    "_[_]": "an element of a list depends on the order; ask with exists or all",
    "dyn": "dyn() switches type checks off",
    "type": "types are known when a rule is written",
}
_CHECKED_LITERALS = frozenset({"duration", "timestamp", "matches"})


def lint(
    text: str, checked: CheckedExpression, variables: Mapping[str, Variable], literals: NativeEnvironment
) -> list[Fault]:
    """Returns the faults of an expression that the compiler accepted."""
    linter = _Linter(text, checked, variables, literals)
    linter.visit(checked.root, places_of(variables.values()), 0)
    return linter.faults


class _Linter:
    """Walks one tree and collects faults."""

    def __init__(
        self, text: str, checked: CheckedExpression, variables: Mapping[str, Variable], literals: NativeEnvironment
    ) -> None:
        self._text = text
        self._checked = checked
        self._variables = variables
        self._literals = literals
        self.faults: list[Fault] = []

    def visit(self, node: Node, places: Places, depth: int) -> None:
        """Checks `node` and everything below it; `depth` counts the loops around it."""
        if node.id in self._checked.constants:
            return
        match node:
            case Select():
                self._select(node, places)
            case Call():
                self._call(node, places, depth)
            case StructLiteral():
                self._report(node, "rules make no maps and no messages; use fields, enums and lists")
            case Loop():
                self._loop(node, places, depth)
                return
            case ListLiteral():
                self._enums(node, node.elements, places)
            case _:
                pass
        for child in children(node):
            if self._is_message(child) and not isinstance(node, Select):
                self._report(child, "a whole message is no value; read one of its fields, or ask with has()")
            if not _asks_whether_stated(node):
                self._name(child, places)
            self.visit(child, places, depth)

    def _select(self, node: Select, places: Places) -> None:
        place = place_of(node, places)
        if place is None or place.field is None:
            self._report(
                node, "the fact behind this field can not be told; read it from a variable of the rule or a loop"
            )
        elif not (place.field.has_presence or place.field.is_repeated) and node.field != "id":
            self._report(node, "this field has a value even when nobody stated it; read a fact", got=node.field)

    def _call(self, node: Call, places: Places, depth: int) -> None:
        if node.function in _FORBIDDEN:
            self._report(node, _FORBIDDEN[node.function])
        if node.function in _CHECKED_LITERALS:
            self._literal(node, depth)
        operands = (*node.args,) if node.target is None else (node.target, *node.args)
        self._enums(node, operands[1:] if node.function == "_?_:_" else operands, places)

    def _literal(self, node: Call, depth: int) -> None:
        argument = node.args[-1]
        if not isinstance(argument, Constant) or not isinstance(argument.value, str):
            self._report(
                argument, f"{node.function}() takes a literal, so that it can be checked when rules are loaded"
            )
        elif fault := literal_fault(node.function, argument.value, self._literals):
            self._report(argument, f"no {'pattern' if node.function == 'matches' else node.function}: {fault}")
        if node.function == "matches" and depth:
            self._report(node, "matches() in a loop compiles its pattern for each element; use it outside of loops")

    def _loop(self, node: Loop, places: Places, depth: int) -> None:
        makes_list = isinstance(node.initial, ListLiteral)
        if depth and makes_list:
            self._report(node, "filter and map inside a loop take quadratic time; use exists or all")
        if depth >= MAXIMUM_LOOP_DEPTH:
            self._report(node, f"loops are nested more than {MAXIMUM_LOOP_DEPTH} deep")
        if node.variable in self._variables or node.variable in places or node.second_variable:
            self._report(node, "a loop takes one variable, with a name of its own", got=node.variable)
        if makes_list and not keeps_elements(node) and self._makes_messages(node):
            self._report(node, "map to a fact, not to a message")
        self.visit(node.over, places, depth)
        for part in _body(node):
            self._name(part, places_in(node, places))
            self.visit(part, places_in(node, places), depth + 1)

    def _makes_messages(self, node: Loop) -> bool:
        kind = self._checked.type_of(node)
        return kind.element is not None and kind.element.kind == "message"

    def _is_message(self, node: Node) -> bool:
        return self._checked.type_of(node).kind == "message"

    def _name(self, node: Node, places: Places) -> None:
        """Reports the name of a person that is read for what it says."""
        if isinstance(node, Select) and not node.test_only:
            place = place_of(node, places)
            if place is not None and place.field is not None and holds_name(place.field):
                self._report(node, "a rule may ask whether somebody is named, not who; use has(), == '' or != ''")

    def _enums(self, node: Node, operands: tuple[Node, ...], places: Places) -> None:
        """Reports enums that are ordered, compared with plain numbers or with values of another enum."""
        kinds = {self._enum_of(operand, places) for operand in operands}
        if kinds <= {None}:
            return
        for operand in operands:
            self._stated_value(operand)
        if isinstance(node, Call) and node.function not in _ENUM_OPERATORS:
            self._report(node, "an enum has no order and no sum; list the values with in [...]")
        elif len(kinds) > 1:
            names = sorted("a number" if kind is None else kind.rpartition(".")[2] for kind in kinds)
            self._report(node, "an enum is compared with its own values only", got=" and ".join(names))

    def _stated_value(self, node: Node) -> None:
        constant = self._checked.constants.get(node.id)
        name = self._checked.names.get(node.id, "").rpartition(".")[2]
        if constant is not None and isinstance(constant.value, int) and not states_something(name, constant.value):
            self._report(node, "this value counts as an absent fact: the condition would be unknown", got=name)

    def _enum_of(self, node: Node, places: Places) -> str | None:
        """Returns the full name of the enum that `node` is of, or None for other values."""
        if node.id in self._checked.constants:
            return self._checked.names[node.id].rpartition(".")[0]
        match node:
            case Select(test_only=True):
                return None
            case ListLiteral(elements=elements) if elements:
                return self._enum_of(elements[0], places)
            case Call(function="_?_:_", args=(_, yes, _)):
                return self._enum_of(yes, places)
            case Call(function="_[_]", args=(items, _)):
                return self._enum_of(items, places)
            case Loop() if (added := added_by(node)) is not None:
                return self._enum_of(added, places_in(node, places))
            case _:
                place = place_of(node, places)
                enum = place.field.enum_type if place is not None and place.field is not None else None
                return enum.full_name if enum is not None else None

    def _report(self, node: Node, message: str, *, got: str = "") -> None:
        offset = self._checked.positions.get(node.id, 0)
        self.faults.append(fault_at(self._text, offset, message, got=got))


def _asks_whether_stated(node: Node) -> bool:
    """True for a comparison with the empty text, the only thing that may be asked of a name."""
    operands = node.args if isinstance(node, Call) and node.function in ("_==_", "_!=_") else ()
    return any(isinstance(operand, Constant) and operand.value == "" for operand in operands)


def _body(loop: Loop) -> tuple[Node, ...]:
    """Returns what the author wrote inside a loop; the compiler adds how a list is put together."""
    added = added_by(loop)
    if added is None:
        return (loop.step,)
    condition = loop.step.args[:1] if isinstance(loop.step, Call) and loop.step.function == "_?_:_" else ()
    return condition if keeps_elements(loop) else (*condition, added)
