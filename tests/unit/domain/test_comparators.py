"""Each comparator from both sides of its threshold, and how it reads."""

from __future__ import annotations

from datetime import date

import pytest

from readygate_server.domain.comparators import COMPARATORS, compile_comparison, describe, show
from readygate_server.domain.facts import FactValue

TODAY = date(2026, 11, 1).toordinal()

SIDES: list[tuple[str, FactValue, FactValue, FactValue]] = [
    ("at_least", 0.98, 0.98, 0.9799999),
    ("at_least", 3, 3, 2),
    ("at_least", 0, 0.0, -0.0000001),
    ("at_most", 0.02, 0.02, 0.0200001),
    ("at_most", 0, 0, 1),
    ("equals", True, True, False),
    ("equals", "active", "active", "draft"),
    ("equals", 2, 2.0, 3),
    ("one_of", ("active", "draft"), "draft", "deprecated"),
    ("none_of", ("none", "shared_key"), "mutual_tls", "shared_key"),
    ("includes", ("exit", "no_training"), ("audit", "exit", "no_training"), ("exit",)),
    ("includes", (), (), "no set"),
    ("count_at_least", 2, ("a", "b"), ("a",)),
    ("stated", True, True, False),
    ("stated", True, "somebody", ""),
    ("stated", True, ("staff",), ()),
    ("at_most_days_ago", 90, "2026-08-03", "2026-08-02"),
    ("at_most_days_ago", 90, "2026-11-01", "2026-11-02"),
    ("at_most_days_ago", 0, "2026-11-01", "2026-10-31"),
    ("at_most_days_ahead", 90, "2027-01-30", "2027-01-31"),
    ("at_most_days_ahead", 90, "2026-11-02", "2026-11-01"),
    ("at_most_days_ahead", 90, "2026-11-02", "2026-10-31"),
]


@pytest.mark.parametrize(("comparator", "limit", "passes", "fails"), SIDES)
def test_both_sides_of_a_threshold(comparator: str, limit: FactValue, passes: FactValue, fails: FactValue) -> None:
    """A value on the threshold passes, and the next one beyond it does not."""
    compare = compile_comparison(comparator, limit)

    assert compare(passes, TODAY) is True
    if fails != "no set":
        assert compare(fails, TODAY) is False


def test_every_comparator_is_held_from_both_sides() -> None:
    """A new comparator comes with its two sides."""
    assert {comparator for comparator, *_ in SIDES} == COMPARATORS.keys()


@pytest.mark.parametrize("value", [0, 0.0])
def test_a_stated_zero_is_stated(value: FactValue) -> None:
    """Zero is an answer; only no, an empty text and an empty list are none."""
    assert compile_comparison("stated", True)(value, TODAY)


def test_an_empty_demand_is_included_in_everything() -> None:
    """Where nothing is asked of a set, the empty set is enough."""
    assert compile_comparison("includes", ())((), TODAY)


@pytest.mark.parametrize(("day", "age"), [("2028-02-29", 366), ("2027-03-01", 1), ("2026-03-01", 1)])
def test_days_are_counted_on_the_calendar(day: str, age: int) -> None:
    """Ages are whole calendar days, over the end of months and leap years."""
    ends = {"2028-02-29": "2027-02-28", "2027-03-01": "2027-02-28", "2026-03-01": "2026-02-28"}
    today = date.fromisoformat(day).toordinal()

    assert compile_comparison("at_most_days_ago", age)(ends[day], today)
    assert not compile_comparison("at_most_days_ago", age - 1)(ends[day], today)


@pytest.mark.parametrize(
    ("comparator", "limit", "reads"),
    [
        ("at_least", 0.98, ">= 0.98"),
        ("at_most", 30, "<= 30"),
        ("equals", True, "true"),
        ("one_of", ("active", "draft"), "one of active, draft"),
        ("none_of", ("none",), "none of none"),
        ("includes", ("exit", "audit"), "all of exit, audit"),
        ("count_at_least", 2, "at least 2 of them"),
        ("stated", True, "stated"),
        ("at_most_days_ago", 90, "at most 90 days ago"),
        ("at_most_days_ahead", 90, "at most 90 days ahead"),
    ],
)
def test_thresholds_read_as_people_say_them(comparator: str, limit: FactValue, reads: str) -> None:
    """What is required is written in words."""
    assert describe(comparator, limit) == reads


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "unknown"),
        (True, "true"),
        (False, "false"),
        (0.1 + 0.2, "0.3"),
        (3.0, "3"),
        (100_000, "100000"),
        (1e-9, "1e-09"),
        (("a", "b"), "a, b"),
        ((), "none"),
        ("staff", "staff"),
    ],
)
def test_values_are_shown_as_people_write_them(value: FactValue | None, shown: str) -> None:
    """Floats lose their noise, absence reads as unknown, lists have commas."""
    assert show(value) == shown
