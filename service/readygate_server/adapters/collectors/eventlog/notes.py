"""What a log shows that no fact says, for people: counts and shares, no names."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from statistics import fmean, median, pstdev

from readygate_server.adapters.collectors.eventlog.drift import SEED, SPLITS, Drift
from readygate_server.adapters.collectors.eventlog.facts import Span
from readygate_server.adapters.collectors.eventlog.log import EventLog
from readygate_server.adapters.collectors.eventlog.times import moment_of
from readygate_server.adapters.collectors.eventlog.traces import DAY, Traces, coverage, covering, quantile

_FEW_CASES = 200
"""Below it a variant of 1.5 % is missed with a probability of 5 %."""


def notes_of(log: EventLog, traces: Traces, span: Span | None, drift: Drift | None) -> Iterator[str]:
    """Yields the notes, most important first."""
    steps = {step for _, step, _ in log.kinds if step}
    yield (
        f"{log.form}: {log.cases:,} cases, {log.read:,} events, of which {traces.events:,} count under the life cycle"
        f" policy {traces.policy} ({len(steps)} steps of life cycles in the log)"
    )
    yield from _of_the_log(log, traces)
    if not traces.all:
        return
    yield from _variants(traces)
    yield from _times(traces, span)
    yield from _moved(drift)
    yield from _people(log)


def _of_the_log(log: EventLog, traces: Traces) -> Iterator[str]:
    if traces.empty:
        yield f"{traces.empty:,} cases have no event that can be used"
    if 0 < traces.cases < _FEW_CASES:
        yield f"few cases: {traces.cases:,}, so that rare variants are not seen"
    if log.namesakes:
        yield f"{log.namesakes:,} cases have the name of another; an export to a table would make one case of them"
    if log.naive:
        yield f"{log.naive:,} timestamps say no timezone and were read in the one that was given"
    if traces.disordered:
        yield f"{traces.disordered:,} events stand in the file after a later one of their case, and were put in order"
    if traces.by_day:
        yield "timestamps say days only, so that the order within a day is that of the file"


def _variants(traces: Traces) -> Iterator[str]:
    variants, cases = traces.variants, len(traces.all)
    once = sum(count == 1 for count in variants.values())
    used = {activity for shape in traces.shapes for activity in shape}
    yield (
        f"{len(used):,} activities, {len(variants):,} variants; the commonest covers {coverage(variants, 1):.1%} of"
        f" cases, the first 10 {coverage(variants, 10):.1%}; {once / cases:.1%} of cases are alone in their variant"
    )
    if traces.ties:
        yield (
            f"{traces.ties:,} of {traces.events:,} events have the time of another in their case; with these in the"
            f" order of names there are {len(traces.by_name):,} variants, and 80 % of cases take"
            f" {covering(traces.by_name, 80):,}"
        )


def _times(traces: Traces, span: Span | None) -> Iterator[str]:
    if span is None:
        yield f"dates are placeholders: {traces.implausible:,} events lie before 1990 or after 2099"
        return
    yield f"events from {moment_of(span.first):%Y-%m-%d} to {moment_of(span.last):%Y-%m-%d}" + (
        f"; {span.strays:,} cases begin or end far from all others" if span.strays else ""
    )
    took = sorted(trace.end - trace.start for trace in traces.all)
    middle, ninety_five = median(took) / DAY, quantile(took, 0.95) / DAY
    mean = fmean(took)
    yield (
        f"from first to last event a case takes {middle:.2f} days (median), {ninety_five:.2f} (95th percentile);"
        f" coefficient of variation {pstdev(took, mean) / mean if mean else 0.0:.2f}; whether cases had ended the log"
        " does not say"
    )


def _moved(drift: Drift | None) -> Iterator[str]:
    if drift:
        yield (
            f"what follows what in the first quarter of cases and in the last: Jensen-Shannon distance"
            f" {drift.distance:.3f}; of {SPLITS} random splits (seed {SEED}) {drift.by_chance:.3f} in the median and"
            f" {drift.at_most_by_chance:.3f} at most, so that the way of working"
            f" {'moved' if drift.moved else 'is not shown to have moved'}"
        )


def _people(log: EventLog) -> Iterator[str]:
    """Yields how work is shared out, as counts: who did what is nobody's business here."""
    events = Counter(log.kind)
    per_resource: Counter[str] = Counter()
    of_activity: defaultdict[str, set[str]] = defaultdict(set)
    for number, (activity, _, resource) in enumerate(log.kinds):
        if resource is not None:
            per_resource[resource] += events[number]
            of_activity[activity].add(resource)
    if not per_resource:
        return
    alone = sum(len(resources) == 1 for resources in of_activity.values())
    busiest = max(per_resource.values()) / len(log)
    yield (
        f"{len(per_resource):,} resources; the busiest did {busiest:.1%} of all events; {alone:,} of"
        f" {len(of_activity):,} activities are done by one resource only; {len(log) - per_resource.total():,} events"
        " name none"
    )
