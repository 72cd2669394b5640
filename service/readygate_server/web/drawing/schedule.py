"""When work starts and ends, at best and at worst: effort by one person per item, then waiting, one after another."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from readygate.v1 import decision_pb2 as pb


class Span(NamedTuple):
    """Weeks from the start of the plan."""

    start: float
    worked: float
    """When the effort is done and waiting begins."""
    end: float


class Times(NamedTuple):
    """When an item takes place if everything goes well, and if nothing does."""

    best: Span
    worst: Span
    if_false: float
    """When the item ends at worst, should what it measures turn out to fail."""


def schedule(items: Iterable[pb.WorkItem]) -> dict[str, Times]:
    """Returns the times of each item by its id; what it comes after is scheduled first, whatever the order."""
    found: dict[str, Times] = {}
    for item in sorted(items, key=lambda each: each.wave):
        before = [found[each] for each in item.after if each in found]
        best = _span(max((each.best.end for each in before), default=0.0), _least(item))
        worst = _span(max((each.worst.end for each in before), default=0.0), _most(item))
        on_top = item.effort_if_measured_false.max_person_weeks + item.wait_if_measured_false.max_weeks
        found[item.id] = Times(best, worst, worst.end + on_top)
    return found


def range_text(low: float, high: float) -> str:
    """Returns a range of weeks, such as `7-26`."""
    return f"{low:.3g}" if low == high else f"{low:.3g}-{high:.3g}"


def _least(item: pb.WorkItem) -> tuple[float, float]:
    return item.effort.min_person_weeks, item.wait.min_weeks


def _most(item: pb.WorkItem) -> tuple[float, float]:
    return item.effort.max_person_weeks, item.wait.max_weeks


def _span(start: float, takes: tuple[float, float]) -> Span:
    effort, wait = takes
    return Span(start, start + effort, start + effort + wait)
