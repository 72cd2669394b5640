"""Weeks under control: a chart of individual values and moving ranges over cycle time and volume."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import fmean, median
from typing import Final, NamedTuple

from readygate_server.adapters.collectors.eventlog.traces import DAY, Traces

WEEK: Final = 7 * DAY
_MONDAY: Final = 4 * DAY
"""1970-01-01 was a Thursday, so that weeks from Monday on begin four days later."""

FEWEST_WEEKS: Final = 12
"""Full weeks below which the limits of a chart say more about chance than about the process."""
FEWEST_CASES: Final = 5
"""Cases a week, on average, below which nothing ever crosses a limit."""
SPREAD: Final = 2.66
"""Limits lie this many mean moving ranges from the mean: three sigma of individual values."""
RUN: Final = 8
"""Values in a row on one side of the mean that are a signal as well."""


class Chart(NamedTuple):
    """What the chart says."""

    weeks: int
    """Full weeks that it covers."""
    stable: int
    """Full weeks at the end without a signal."""
    ended: int
    """Cases that came to an end."""
    until: int
    """End of the last full week."""


def chart_of(traces: Traces, ending: frozenset[int]) -> Chart | str:
    """Returns the chart of a log whose cases end with one of these activities, or why there is none.

    Weeks run from Monday to Sunday in UTC, from the first case to the last one that begins: after it an export of
    whole cases shows how old work ends, and no new work. Those in which the first and the last begin are not full.
    """
    ended = [trace for trace in traces.all if traces.shapes[trace.variant][-1] in ending]
    if not ended:
        return "no case ends with an activity that was named with --end-activity"
    first = _week(min(trace.start for trace in traces.all)) + 1
    last = _week(max(trace.start for trace in traces.all)) - 1
    weeks = range(first, last + 1)
    if len(weeks) < FEWEST_WEEKS:
        return f"the log has {max(0, len(weeks))} full weeks, and a control chart needs {FEWEST_WEEKS}"
    begun = Counter(_week(trace.start) for trace in traces.all)
    volume = [float(begun[week]) for week in weeks]
    if fmean(volume) < FEWEST_CASES:
        return f"fewer than {FEWEST_CASES} cases begin in a week on average, too few for a control chart"
    took: dict[int, list[int]] = {}
    for trace in ended:
        took.setdefault(_week(trace.end), []).append(trace.end - trace.start)
    signals = _signals(dict(zip(weeks, volume, strict=True)))
    signals |= _signals({week: float(median(took[week])) for week in weeks if week in took})
    signals |= {week for week in weeks if week not in took}
    return Chart(len(weeks), last - max(signals, default=first - 1), len(ended), (last + 1) * WEEK + _MONDAY)


def _week(moment: int) -> int:
    return (moment - _MONDAY) // WEEK


def _signals(values: Mapping[int, float]) -> set[int]:
    """Returns the weeks whose value is out of control.

    A week beyond the limits is left out of them, and they are drawn again, so that one bad week does not make ordinary
    ones look low.
    """
    inside = dict(values)
    while len(inside) > 1:
        series = list(inside.values())
        centre = fmean(series)
        reach = SPREAD * fmean(abs(a - b) for a, b in pairwise(series))
        beyond = {week for week, value in inside.items() if abs(value - centre) > reach}
        if not beyond:
            runs = _run_lengths(list(values.values()), centre)
            return values.keys() - inside.keys() | {w for w, run in zip(values, runs, strict=True) if run >= RUN}
        inside = {week: value for week, value in inside.items() if week not in beyond}
    return set(values)


def _run_lengths(series: Sequence[float], centre: float) -> list[int]:
    """Returns for each value how many in a row, with it, lie on its side of the centre."""
    lengths, side, length = [], 0, 0
    for value in series:
        now = (value > centre) - (value < centre)
        length = length + 1 if now and now == side else int(now != 0)
        side = now
        lengths.append(length)
    return lengths
