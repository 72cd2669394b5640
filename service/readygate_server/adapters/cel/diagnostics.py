"""Turns the error text of the CEL compiler into faults that say what would have been right."""

from __future__ import annotations

import re
from collections.abc import Mapping

from google.protobuf.descriptor import Descriptor

from readygate_server.adapters.cel.faults import fault_at
from readygate_server.adapters.cel.vocabulary import ALL_VARIABLES, Variable, enums, fact_messages
from readygate_server.domain.faults import Fault, suggest

_ERROR = re.compile(r"ERROR: [^\n]*?:(\d+):(\d+): (.*)")
_FIELD = re.compile(r"undefined field '(\w+)' not found in struct '([\w.]+)'")
_NAME = re.compile(r"undeclared reference to '([\w.]+)'")
_OVERLOAD = re.compile(r"found no matching overload for '([^']+)' applied to '(.*)'")
_ENUM_VALUE = re.compile(r"(\w+)\s*\.\s*(\w+)")
_FOLLOWS = "'*error*'"
"""The type of what has a fault already; what is said about it only follows."""
_OPERATOR = re.compile(r"_?([^\w\s]+|in)_?")


def faults_of(error: str, text: str, variables: Mapping[str, Variable]) -> list[Fault]:
    """Returns a fault for each error that the compiler reports about `text`."""
    found = [
        _fault(text, _offset(text, int(line), int(column)), message.removesuffix(" [INVALID_ARGUMENT]"), variables)
        for line, column, message in _ERROR.findall(error)
    ]
    causes = [fault for fault in found if _FOLLOWS not in fault.message]
    return causes or found or [fault_at(text, 0, error)]


def _offset(text: str, line: int, column: int) -> int:
    before = text.splitlines(keepends=True)[: line - 1]
    return sum(map(len, before)) + column - 1


def _fault(text: str, offset: int, message: str, variables: Mapping[str, Variable]) -> Fault:
    if match := _FIELD.search(message):
        return _unknown_field(text, offset, match[1], match[2])
    if match := _NAME.search(message):
        return _unknown_name(text, offset, match[1], variables)
    if match := _OVERLOAD.search(message):
        return _wrong_types(text, offset, match[1], match[2])
    if "type(*error*)" in message and (enum_fault := _unknown_enum_value(text, offset)):
        return enum_fault
    return fault_at(text, offset, message)


def _unknown_field(text: str, offset: int, name: str, message: str) -> Fault:
    fields = sorted(_message(message).fields_by_name)
    start = max(text.find(name, offset), offset)
    return fault_at(
        text,
        start,
        f"{message.rpartition('.')[2]} has no such field",
        got=name,
        expected=f"one of {', '.join(fields)}",
        suggestion=suggest(name, fields),
    )


def _unknown_name(text: str, offset: int, name: str, variables: Mapping[str, Variable]) -> Fault:
    head = name.partition(".")[0]
    # The compiler points at the last dot of a chain; the fault is its first name.
    start = text.rfind(head, 0, offset + 1 + len(head))
    start = offset if start < 0 else start
    candidates = (*variables, *(enum.rpartition(".")[2] for enum in enums()))
    if head in {variable.name for variable in ALL_VARIABLES}:
        message = "this variable is not there in this scope"
    elif text[start + len(head) :].lstrip().startswith("("):
        return fault_at(text, start, "no such function", got=head)
    else:
        message = "no such name"
    expected = f"a variable ({', '.join(variables)}) or an enum"
    return fault_at(text, start, message, got=head, expected=expected, suggestion=suggest(head, candidates))


def _unknown_enum_value(text: str, offset: int) -> Fault | None:
    by_name = {enum.name: enum for enum in enums().values()}
    for match in _ENUM_VALUE.finditer(text):
        if match.start() <= offset < match.end() and match[1] in by_name:
            values = list(by_name[match[1]].values_by_name)
            expected = f"one of {', '.join(values)}"
            suggestion = suggest(match[2], values)
            message = f"{match[1]} has no such value"
            return fault_at(text, match.start(2), message, got=match[2], expected=expected, suggestion=suggestion)
    return None


def _wrong_types(text: str, offset: int, function: str, types: str) -> Fault:
    name = match[1] if (match := _OPERATOR.fullmatch(function.removeprefix("@"))) else function
    expected = ""
    if set(types.strip("()").split(", ")) == {"double", "int"}:
        expected = "a number with a decimal point (1.0) beside a double, and without one beside an int"
    return fault_at(text, offset, f"'{name}' does not take these types", got=types, expected=expected)


def _message(full_name: str) -> Descriptor:
    return next(message for message in fact_messages() if message.full_name == full_name)
