"""When work can begin and end, counted from the day of a decision: one person on each item, and waiting."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import NamedTuple

from readygate.v1 import decision_pb2 as pb


class Span(NamedTuple):
    """Weeks until an item can begin at the earliest, and until it ends at the latest."""

    start: float
    end: float

    def days(self, first: date) -> tuple[date, date]:
        """Returns both as days; what lies beyond the calendar is its last day."""
        return _later(first, math.floor(self.start * 7)), _later(first, math.ceil(self.end * 7))


def schedule_of(items: Iterable[pb.WorkItem]) -> Mapping[str, Span]:
    """Returns when each item lies; items come after what they wait for, as plans list them."""
    spans: dict[str, Span] = {}
    earliest: dict[str, float] = {}
    for item in items:
        before = [each for each in item.after if each in spans]
        start = max((earliest[each] for each in before), default=0.0)
        latest = max((spans[each].end for each in before), default=0.0)
        earliest[item.id] = start + item.effort.min_person_weeks + item.wait.min_weeks
        spans[item.id] = Span(start, latest + item.effort.max_person_weeks + item.wait.max_weeks)
    return spans


def _later(first: date, days: int) -> date:
    return first + timedelta(days=min(days, (date.max - first).days))
