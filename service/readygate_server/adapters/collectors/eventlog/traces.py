"""Cases as sequences of activities: which events count, in which order, and what that says about the log itself."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate, compress, pairwise
from operator import gt
from typing import Final, NamedTuple

from readygate_server.adapters.collectors.eventlog.log import EventLog

POLICIES: Final = ("complete", "start", "all")
"""Which steps in the life cycle of an activity count: what is done counts once only if start and end don't both."""

DAY: Final = 86_400_000_000
FIRST_PLAUSIBLE: Final = 631_152_000_000_000
"""1990-01-01. What lies before is a placeholder such as 1970-01-01 or 1900-01-01, or a slip of somebody's hand."""
LAST_PLAUSIBLE: Final = 4_102_444_800_000_000
"""2100-01-01. What lies after is a placeholder such as 9999-12-31."""

TOLERATED: Final = 0.05
"""Share of events that may be unusable or implausible before nothing is said that rests on them."""


class Trace(NamedTuple):
    """What is known of one case."""

    start: int
    end: int
    variant: int


class Traces(NamedTuple):
    """The cases of a log under a policy."""

    policy: str
    cases: int
    """With an event that can be used, whether it counts under the policy or not."""
    empty: int
    """Without any."""
    events: int
    """That count."""
    other_steps: int
    """That don't count under the policy."""
    implausible: int
    """Before 1990 or after 2099. Left out when few, else kept for their order only."""
    dated: bool
    """Whether dates can be believed."""
    activities: tuple[str, ...]
    """In the order of their names, so that numbers don't depend on the format."""
    shapes: tuple[tuple[int, ...], ...]
    """Variants: activities by number, in the order of time, and of the file where times are the same."""
    all: tuple[Trace, ...]
    """Sorted by start, then by shape."""
    by_name: Counter[tuple[int, ...]]
    """Cases per variant when activities at the same time are ordered by name instead."""
    ties: int
    """Events at the very time of the one before, in their case."""
    disordered: int
    """Events that the file has after a later one of their case."""
    by_day: bool
    """Whether timestamps say days only."""

    @property
    def variants(self) -> Counter[int]:
        """Returns cases per variant."""
        return Counter(trace.variant for trace in self.all)


def policy_of(log: EventLog, wanted: str) -> str:
    """Returns the policy that is asked for, or the one that follows from what the log says.

    Of a log that has more than one step of life cycles, and completion among them, completion is what counts.
    """
    steps = {step.casefold() for _, step, _ in log.kinds if step}
    joined = log.mapping.lifecycle in log.mapping.activity
    return wanted or ("complete" if len(steps) > 1 and "complete" in steps and not joined else "all")


def traces_of(log: EventLog, policy: str) -> Traces:
    """Returns the cases of a log."""
    names = tuple(sorted({kind[0] for kind in log.kinds}))
    number = {name: at for at, name in enumerate(names)}
    activity_of = [number[kind[0]] for kind in log.kinds]
    counted = [policy == "all" or (kind[1] or "").casefold() == policy for kind in log.kinds]
    implausible = _implausible(log.moment)
    dated = implausible <= TOLERATED * len(log)
    keep = list(map(counted.__getitem__, log.kind))
    if dated and implausible:
        keep = [k and FIRST_PLAUSIBLE <= at < LAST_PLAUSIBLE for k, at in zip(keep, log.moment, strict=True)]
    case, moment, kind = (array(each.typecode, compress(each, keep)) for each in (log.case, log.moment, log.kind))
    if any(map(gt, case, case[1:])):
        order = sorted(range(len(case)), key=case.__getitem__)
        case, moment, kind = (array(each.typecode, map(each.__getitem__, order)) for each in (case, moment, kind))
    activity = array("i", map(activity_of.__getitem__, kind))
    gathered = _Gathered()
    for low, high in pairwise(accumulate(Counter(case).values(), initial=0)):
        gathered.take(moment[low:high], activity[low:high])
    used = len(set(log.case))
    return Traces(
        policy=policy,
        cases=used,
        empty=log.cases - used,
        events=len(case),
        other_steps=sum(events for kind, events in Counter(log.kind).items() if not counted[kind]),
        implausible=implausible,
        dated=dated,
        activities=names,
        shapes=tuple(gathered.shapes),
        all=gathered.in_order(),
        by_name=gathered.by_name,
        ties=gathered.ties,
        disordered=gathered.disordered,
        by_day=_by_day(moment),
    )


def _implausible(moments: Sequence[int]) -> int:
    """Returns how many moments are no dates of work. Nearly always none, which the ends tell."""
    if not moments or (min(moments) >= FIRST_PLAUSIBLE and max(moments) < LAST_PLAUSIBLE):
        return 0
    return sum(not FIRST_PLAUSIBLE <= moment < LAST_PLAUSIBLE for moment in moments)


class _Gathered:
    """Cases as they come, their variants numbered."""

    def __init__(self) -> None:
        self.shapes: dict[tuple[int, ...], int] = {}
        self.by_name: Counter[tuple[int, ...]] = Counter()
        self.ties = self.disordered = 0
        self._traces: list[Trace] = []

    def take(self, moments: array[int], activities: array[int]) -> None:
        """Takes the events of one case as the file has them."""
        given = list(moments)
        times = sorted(given)
        shape = tuple(activities)
        if times != given:
            self.disordered += sum(a > b for a, b in pairwise(moments))
            at = sorted(range(len(moments)), key=moments.__getitem__)
            shape = tuple(map(activities.__getitem__, at))
        named = shape
        if len(set(times)) != len(times):
            self.ties += len(times) - len(set(times))
            named = tuple(activity for _, activity in sorted(zip(times, shape, strict=True)))
        self.by_name[named] += 1
        variant = self.shapes.setdefault(shape, len(self.shapes))
        self._traces.append(Trace(times[0], times[-1], variant))

    def in_order(self) -> tuple[Trace, ...]:
        """Returns the cases in an order that does not depend on that of the file."""
        shapes = list(self.shapes)
        return tuple(sorted(self._traces, key=lambda trace: (trace.start, shapes[trace.variant], trace.end)))


def _by_day(moments: array[int]) -> bool:
    """True when nearly all events have one of two times of day: midnight, in winter and in summer."""
    fifth = moments[: -(-len(moments) // 5)]
    # Nine in ten of all are at least half of any fifth, so that a fifth tells most logs.
    if len(moments) <= 2 or 2 * _of_two_times(fifth) < len(fifth):
        return False
    return _of_two_times(moments) >= 0.9 * len(moments)


def _of_two_times(moments: array[int]) -> int:
    """Returns how many events have one of the two commonest times of day."""
    return sum(n for _, n in Counter(moment % DAY for moment in moments).most_common(2))


def covering(counts: Counter[int] | Counter[tuple[int, ...]], percent: int) -> int:
    """Returns how many of the commonest variants it takes to cover a percentage of all cases."""
    total, covered = counts.total(), 0
    for taken, (_, count) in enumerate(counts.most_common(), 1):
        covered += count
        if covered * 100 >= percent * total:
            return taken
    return 0


def coverage(counts: Counter[int], first: int) -> float:
    """Returns the share of cases that the commonest variants cover."""
    return sum(count for _, count in counts.most_common(first)) / (counts.total() or 1)


def reworked(traces: Traces) -> int:
    """Returns how many cases do an activity more than once."""
    again = [len(set(shape)) < len(shape) for shape in traces.shapes]
    return sum(again[trace.variant] for trace in traces.all)


def quantile(values: Sequence[int], share: float) -> int:
    """Returns the smallest value that at least this share of sorted values does not exceed."""
    return values[min(len(values) - 1, max(0, -int(-share * len(values) // 1) - 1))]
