"""One cheap test for each fact: whether its value can stand as it is. What is wrong with it is told elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from typing import Any, Final

from readygate_server.adapters.proposals.flatten import NO_NAME
from readygate_server.adapters.proposals.limits import MAX_NAMES
from readygate_server.adapters.proposals.values import Bounds, FactProblemError, bounds_of, check_value, is_day
from readygate_server.adapters.proposals.vocabulary import ID, FactField, Kind, fact_fields
from readygate_server.domain.facts import Facts

_LARGEST: Final = 1.7976931348623157e308
_Test = Callable[[Any], bool]
_known_day: Final = lru_cache(maxsize=4096)(is_day)


def all_pass(facts: Facts) -> bool:
    """True when every value passes; numbers are compared here, because a call for each would cost twice as much."""
    ranges, tests = _tests()
    for name, value in facts.items():
        limits = ranges.get(name)
        if limits is None:
            if not tests[name](value):
                return False
        elif not limits[0] <= value <= limits[1]:  # type: ignore[operator]  # only numbers have a range
            return False
    return True


@cache
def _tests() -> tuple[Mapping[str, tuple[float, float]], Mapping[str, _Test]]:
    """Returns the ranges of numbers, infinity and NaN left out, and the tests of all other values."""
    fields = [field for field in fact_fields().values() if field.in_proposal]
    numbers = [field for field in fields if field.kind in (Kind.NUMBER, Kind.INTEGER)]
    return {field.name: _range_of(field) for field in numbers}, {field.name: _test_of(field) for field in fields}


def _range_of(field: FactField) -> tuple[float, float]:
    bounds = bounds_of(field)
    low = -_LARGEST if bounds.minimum is None else bounds.minimum
    return low, _LARGEST if bounds.maximum is None else bounds.maximum


def _test_of(field: FactField) -> _Test:
    match field.kind:
        case Kind.TEXT:
            return _test_of_text(field, bounds_of(field))
        case Kind.FLAG:
            return frozenset((False, True)).__contains__
        case Kind.CHOICE:
            return frozenset(field.choices).__contains__
        case Kind.CHOICES:
            return lambda value: NO_NAME not in value and _each_once(value)
        case Kind.IDS:
            return lambda value: _each_once(value) and all(map(ID.fullmatch, value))
        case _:
            return lambda value: _each_once(value) and "" not in value


def _test_of_text(field: FactField, bounds: Bounds) -> _Test:
    if bounds.is_day:
        return _known_day
    if bounds.is_currency:
        return lambda value: _passes(field, value)
    length = bounds.max_length
    return lambda value: len(value) <= length


def _each_once(names: tuple[str, ...]) -> bool:
    return len(set(names)) == len(names) <= MAX_NAMES


def _passes(field: FactField, value: object) -> bool:
    try:
        check_value(field, value)
    except FactProblemError:
        return False
    return True
