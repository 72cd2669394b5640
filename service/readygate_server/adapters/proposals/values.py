"""Values of facts: what each fact may be, in files, on the command line and on the wire."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Final, TypeVar

from google.protobuf.descriptor import FieldDescriptor

from readygate.v1 import evidence_pb2
from readygate_server.adapters.fact_catalogue import fact_catalogue
from readygate_server.adapters.proposals.limits import MAX_NAMES, MAX_TEXT, USE_CASE_LENGTH
from readygate_server.adapters.proposals.vocabulary import ID, FactField, Kind, short_names
from readygate_server.adapters.yaml_text import read_yaml
from readygate_server.domain.facts import FactValue
from readygate_server.domain.faults import FaultsError, suggest

MAX_BITS: Final = 64
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
_SHOWN: Final = 60
_T = TypeVar("_T")
_N = TypeVar("_N", int, float)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a value, whatever its place. `limit` is the limit of a text or list that it breaks, or 0."""

    message: str
    got: str = ""
    expected: str = ""
    suggestion: str = ""
    limit: int = 0


class FactProblemError(ValueError):
    """Reports what is wrong with the name or the value of a fact."""

    def __init__(self, problem: Problem) -> None:
        """Keeps the problem, so that callers can give it a place."""
        self.problem = problem
        parts = [f"got {problem.got}"] if problem.got else []
        parts += [f"expected {problem.expected}"] if problem.expected else []
        question = f"; did you mean {problem.suggestion}?" if problem.suggestion else ""
        super().__init__(f"{problem.message}{': ' if parts else ''}{', '.join(parts)}{question}")


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a value has to keep, beyond its type."""

    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    is_day: bool = False
    is_currency: bool = False
    max_length: int = MAX_TEXT


@cache
def bounds_of(field: FactField) -> Bounds:
    """Returns the bounds of a fact, from the catalogue and, for attributes, from their names."""
    limits = fact_catalogue().limits(field.name)
    last = field.path[-1]
    is_text = field.kind is Kind.TEXT
    return Bounds(
        unit=limits.unit,
        minimum=limits.minimum,
        maximum=limits.maximum,
        is_day=is_text and (limits.unit == "date" or last.endswith("_on")),
        is_currency=is_text and last == "currency",
        max_length=USE_CASE_LENGTH if field.name == "deployment.use_case" else MAX_TEXT,
    )


def is_day(text: str) -> bool:
    """True for an existing day as YYYY-MM-DD."""
    if _DAY.fullmatch(text) is None:
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def check_value(field: FactField, value: object) -> FactValue:
    """Returns the value in the form the evaluator uses: floats for numbers, sorted tuples for sets.

    Raises:
      FactProblemError: when the value has the wrong type, is out of range or names something unknown.
    """
    found: FactValue
    match field.kind:
        case Kind.NUMBER:
            found = _number(field, value)
        case Kind.INTEGER:
            found = _integer(field, value)
        case Kind.FLAG:
            found = _of_type(field, value, bool)
        case Kind.TEXT:
            found = _text(field, _of_type(field, value, str))
        case Kind.CHOICE:
            found = _choice(field, value)
        case Kind.CHOICES | Kind.IDS | Kind.METRICS:
            found = _names(field, value)
        case Kind.WHOLE | Kind.MOMENT:
            raise FactProblemError(Problem(f"{field.name} has no single value", show(value), expected(field)))
    return found


def expected(field: FactField) -> str:
    """Returns what a fact may be, for people."""
    bounds = bounds_of(field)
    match field.kind:
        case Kind.NUMBER | Kind.INTEGER:
            unit = f" ({bounds.unit})" if bounds.unit else ""
            return f"{field.kind.value}{_range_of(bounds)}{unit}"
        case Kind.TEXT if bounds.is_day:
            return "a day as YYYY-MM-DD"
        case Kind.TEXT if bounds.is_currency:
            return "an ISO 4217 code such as EUR"
        case Kind.TEXT:
            return f"text of at most {bounds.max_length} characters"
        case Kind.CHOICE:
            return f"one of {', '.join(field.choices)}"
        case Kind.CHOICES:
            return f"a list of {', '.join(field.choices)}"
        case Kind.WHOLE:
            return f"a value for one of its parts, such as {field.name}.{_first_part(field)}"
        case _:
            return str(field.kind.value)


def show(value: object) -> str:
    """Returns a value for people, cut when it is long."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            text = f"'{value}'"
        case Mapping():
            return "a mapping"
        case list() | tuple():
            text = f"[{', '.join(map(str, value))}]"
        case _:
            text = str(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def unknown_name(name: str, choices: Iterable[str]) -> Problem:
    """Returns the problem of a name that is none of the choices."""
    names = list(choices)
    return Problem("the name is not known", show(name), f"one of {', '.join(names)}", suggest_name(name, names))


def suggest_name(name: str, choices: Iterable[str]) -> str:
    """Returns the choice that was probably meant: also for `E2` or for the full name of an enumeration value."""
    names = list(choices)
    plain = name.strip().lower().replace("-", "_").replace(" ", "_")
    starting = [choice for choice in names if choice.startswith(f"{plain}_")]
    ending = [choice for choice in names if plain.endswith(f"_{choice}")]
    if len(starting) == 1:
        return starting[0]
    return max(ending, key=len) if ending else suggest(plain, names)


def from_wire(value: evidence_pb2.FactValue) -> object:
    """Returns what a value on the wire holds, or None when it holds nothing."""
    kind = value.WhichOneof("kind")
    if kind is None:
        return None
    return tuple(value.names.members) if kind == "names" else getattr(value, kind)


def to_wire(value: FactValue) -> evidence_pb2.FactValue:
    """Returns a value for the wire."""
    match value:
        case bool():
            return evidence_pb2.FactValue(flag=value)
        case int():
            return evidence_pb2.FactValue(integer=value)
        case float():
            return evidence_pb2.FactValue(number=value)
        case str():
            return evidence_pb2.FactValue(text=value)
        case _:
            return evidence_pb2.FactValue(names=evidence_pb2.NameSet(members=value))


def value_from_text(field: FactField, text: str) -> FactValue | None:
    """Returns the value that a word of the command line means; `null` means that the fact is taken away.

    Raises:
      FactProblemError: when the text is no value of the fact.
    """
    if text == "null":
        return None
    if field.kind in (Kind.TEXT, Kind.CHOICE):
        return check_value(field, text)
    if field.kind in (Kind.CHOICES, Kind.IDS, Kind.METRICS) and not text.startswith("["):
        return check_value(field, [name.strip() for name in text.split(",") if name.strip()])
    try:
        data = read_yaml(text, file="value").data
    except FaultsError as error:
        raise FactProblemError(Problem(error.faults[0].message, show(text), expected(field))) from None
    return check_value(field, data)


def _wrong_type(field: FactField, value: object) -> FactProblemError:
    return FactProblemError(Problem("the value has the wrong type", show(value), expected(field)))


def _of_type(field: FactField, value: object, wanted: type[_T]) -> _T:
    if not isinstance(value, wanted):
        raise _wrong_type(field, value)
    return value


def _number(field: FactField, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _wrong_type(field, value)
    if isinstance(value, int) and value.bit_length() > MAX_BITS:
        raise FactProblemError(Problem("the number is too large", expected=f"at most {MAX_BITS} bits"))
    if not math.isfinite(value):
        raise FactProblemError(Problem("a number must be finite", show(value), expected(field)))
    return float(_in_range(field, value))


def _integer(field: FactField, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _wrong_type(field, value)
    bits = 63 if field.leaf.type == FieldDescriptor.TYPE_INT64 else 31
    if not -(2**bits) <= value < 2**bits:
        raise FactProblemError(Problem("the number is too large", show(value), f"at most {2**bits - 1}"))
    return _in_range(field, value)


def _in_range(field: FactField, value: _N) -> _N:
    bounds = bounds_of(field)
    below = bounds.minimum is not None and value < bounds.minimum
    above = bounds.maximum is not None and value > bounds.maximum
    if below or above:
        raise FactProblemError(Problem("the value is out of range", show(value), expected(field)))
    return value


def _range_of(bounds: Bounds) -> str:
    low, high = bounds.minimum, bounds.maximum
    if low is not None and high is not None:
        return f" from {low:g} to {high:g}"
    return f" from {low:g} up" if low is not None else ""


def _text(field: FactField, value: str) -> str:
    bounds = bounds_of(field)
    if _SURROGATE.search(value):
        raise FactProblemError(Problem("the text holds half a character", expected="text in UTF-8"))
    if len(value) > bounds.max_length:
        got, limit = f"{len(value)} characters", bounds.max_length
        raise FactProblemError(Problem("the text is too long", got, f"at most {limit}", limit=limit))
    if bounds.is_day and not is_day(value):
        raise FactProblemError(Problem("the day does not exist or is written otherwise", show(value), expected(field)))
    if bounds.is_currency and _CURRENCY.fullmatch(value) is None:
        raise FactProblemError(Problem("the currency is no code", show(value), expected(field)))
    return value


def _choice(field: FactField, value: object) -> str:
    if not isinstance(value, str):
        names = f"one of {', '.join(field.choices)}"
        raise FactProblemError(Problem("the value has the wrong type", show(value), names))
    if value not in field.choices:
        raise FactProblemError(unknown_name(value, field.choices))
    return value


def _names(field: FactField, value: object) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)):
        raise _wrong_type(field, value)
    if len(value) > MAX_NAMES:
        got = f"{len(value)} names"
        raise FactProblemError(Problem("the list is too long", got, f"at most {MAX_NAMES}", limit=MAX_NAMES))
    names: list[str] = []
    for item in value:
        name = _choice(field, item) if field.kind is Kind.CHOICES else _of_type(field, item, str)
        if field.kind is Kind.IDS and ID.fullmatch(name) is None:
            raise FactProblemError(Problem("the id is not well formed", show(name), ID_RULE))
        if name in names:
            raise FactProblemError(Problem("the name stands here twice", show(name), "each name once"))
        if not name or len(name) > MAX_TEXT or _SURROGATE.search(name):
            raise FactProblemError(Problem("the name is empty, too long or not in UTF-8", show(name)))
        names.append(name)
    return tuple(sorted(names))


def _first_part(field: FactField) -> str:
    message = field.leaf.message_type
    return message.fields[0].name if message is not None else ""


ID_RULE: Final = "1 to 63 of the characters a-z, 0-9, '.', '_' and '-'"
KIND_NAMES: Final = short_names(evidence_pb2.FactStatementKind.DESCRIPTOR)
GRADE_NAMES: Final = short_names(evidence_pb2.EvidenceGrade.DESCRIPTOR)
