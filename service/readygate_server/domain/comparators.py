"""Comparators of checks: how a value is held against a threshold, and how that reads.

Every comparator takes the value and the day of the decision as an ordinal, so that all can be called alike; only the
ones about dates look at the day.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from readygate_server.domain.facts import FactValue

Compare = Callable[[FactValue, int], bool]
"""Value and day (`date.toordinal()`) to whether the threshold is met."""


def _at_least(limit: float) -> Compare:
    return lambda value, _: value >= limit  # type: ignore[operator]  # the loader admits numbers only


def _at_most(limit: float) -> Compare:
    return lambda value, _: value <= limit  # type: ignore[operator]  # the loader admits numbers only


def _equals(wanted: FactValue) -> Compare:
    return lambda value, _: value == wanted


def _one_of(names: tuple[str, ...]) -> Compare:
    wanted = frozenset(names)
    return lambda value, _: value in wanted


def _none_of(names: tuple[str, ...]) -> Compare:
    unwanted = frozenset(names)
    return lambda value, _: value not in unwanted


def _includes(names: tuple[str, ...]) -> Compare:
    wanted = frozenset(names)
    return lambda value, _: wanted.issubset(value)  # type: ignore[arg-type]  # the loader admits sets only


def _count_at_least(number: int) -> Compare:
    return lambda value, _: len(value) >= number  # type: ignore[arg-type]  # the loader admits sets only


def _stated(_: bool) -> Compare:
    return lambda value, _day: value is not False and value != "" and value != ()


def _at_most_days_ago(days: int) -> Compare:
    return lambda value, today: 0 <= today - date.fromisoformat(str(value)).toordinal() <= days


def _at_most_days_ahead(days: int) -> Compare:
    return lambda value, today: 0 < date.fromisoformat(str(value)).toordinal() - today <= days


COMPARATORS: dict[str, Callable[..., Compare]] = {
    "at_least": _at_least,
    "at_most": _at_most,
    "equals": _equals,
    "one_of": _one_of,
    "none_of": _none_of,
    "includes": _includes,
    "count_at_least": _count_at_least,
    "stated": _stated,
    "at_most_days_ago": _at_most_days_ago,
    "at_most_days_ahead": _at_most_days_ahead,
}
"""Builders of comparisons by the name they have in rule files."""

_READS = {
    "at_least": ">= {}",
    "at_most": "<= {}",
    "equals": "{}",
    "one_of": "one of {}",
    "none_of": "none of {}",
    "includes": "all of {}",
    "count_at_least": "at least {} of them",
    "stated": "stated",
    "at_most_days_ago": "at most {} days ago",
    "at_most_days_ahead": "at most {} days ahead",
}


def compile_comparison(comparator: str, threshold: FactValue) -> Compare:
    """Returns the comparison of a check at one tier."""
    return COMPARATORS[comparator](threshold)


def describe(comparator: str, threshold: FactValue) -> str:
    """Returns how the threshold reads, such as `>= 0.98` or `one of active, draft`."""
    return _READS[comparator].format(show(threshold))


def show(value: FactValue | None) -> str:
    """Returns a value as people write it: lists with commas, whole floats without a point, absence as `unknown`."""
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ", ".join(value) or "none"
    if isinstance(value, float):
        return f"{value:.10g}"
    return str(value)
