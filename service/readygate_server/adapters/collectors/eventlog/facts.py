"""Facts about a workflow, made of its cases; of a log that can not answer a question, why not."""

from __future__ import annotations

import hashlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from readygate_server.adapters.collectors.eventlog import chart
from readygate_server.adapters.collectors.eventlog.drift import FEWEST, MOST, SEED, SPLITS, drift_of
from readygate_server.adapters.collectors.eventlog.log import EventLog
from readygate_server.adapters.collectors.eventlog.times import moment_of
from readygate_server.adapters.collectors.eventlog.traces import TOLERATED, Traces, covering, quantile, reworked
from readygate_server.domain.collected import Coverage, Measured, Status
from readygate_server.domain.facts import FactValue
from readygate_server.domain.vocabulary import Grade

COVERED: Final = 80
"""Percent of cases that the catalogue asks the number of variants for."""

COARSE: Final = 5
"""Activities, at most, of a log that may hold states rather than work."""
_COARSE_REWORK: Final = 0.9
_DICE: Final = (("cases_at_most", str(MOST)), ("seed", str(SEED)), ("splits", str(SPLITS)))
_STRAY: Final = 4 * chart.WEEK
_TAIL: Final = 0.001
_DIGITS: Final = 6


class Asked(NamedTuple):
    """What the person who collects says of the log, because it does not say so itself."""

    ending: tuple[str, ...] = ()
    """Activities that a case ends with."""
    exceptions: tuple[str, ...] = ()
    """Activities that belong to handling outside of the modelled path."""


class Span(NamedTuple):
    """The time that a log covers."""

    first: int
    last: int
    strays: int
    """Cases that begin or end so far from all others that they don't count for it."""


class Answers:
    """Makes the facts of one log."""

    def __init__(self, log: EventLog, traces: Traces, asked: Asked) -> None:
        """Takes the log, its cases, and what was said of it."""
        self._log, self._traces, self._asked = log, traces, asked
        self.span = span_of(traces)
        self.drift = drift_of(traces)
        self._as_of = moment_of(self.span.last) if self.span else None

    def facts(self) -> Iterator[Measured]:
        """Yields each fact that an event log can give, with its value or why there is none."""
        traces = self._traces
        yield self._fact("workflow.event_log_cases.cases", "cases", self._unusable() or traces.cases)
        yield self._fact("workflow.event_log_cases.weeks", "weeks", self._weeks())
        yield self._fact("workflow.variants_for_80pct", "variants", self._variants())
        yield self._fact("workflow.rework_rate", "rework", self._rework())
        yield self._exceptions()
        yield self._stable()
        yield self._usable()
        yield self._fact("workflow.drift_beyond_chance", "drift", self._drift(), _DICE)

    def _weeks(self) -> int | str:
        if self._unusable():
            return self._unusable()
        span = self.span
        return self._undated() if span is None else (span.last - span.first) // chart.WEEK

    def _variants(self) -> int | str:
        traces = self._traces
        if refused := self._unusable() or self._shares_nothing():
            return refused
        by_file, by_name = covering(traces.variants, COVERED), covering(traces.by_name, COVERED)
        if traces.by_day and by_file != by_name:
            return (
                f"timestamps say days only, so that the order within a day is not known: {COVERED} % of cases take"
                f" {by_file} variants in the order of the file and {by_name} in that of names"
            )
        return by_file

    def _rework(self) -> float | str:
        traces = self._traces
        if refused := self._unusable() or self._shares_nothing():
            return refused
        cases = reworked(traces)
        share = cases / len(traces.all)
        used = {activity for shape in traces.shapes for activity in shape}
        if len(used) <= COARSE and share >= _COARSE_REWORK:
            return (
                f"{len(used)} activities, and {cases:,} of {len(traces.all):,} cases repeat one: the log holds states"
                " rather than work; say what an activity is with --classifier or several --activity"
            )
        if steps := self._strange_steps():
            return (
                f"{steps} steps of life cycles, of which none is the completion of work: the log holds states; say what"
                " an activity is with --classifier or --activity, or what counts with --lifecycle"
            )
        return round(share, _DIGITS)

    def _exceptions(self) -> Measured:
        fact, named = "workflow.exception_rate", self._asked.exceptions
        if not named:
            way_out = "a log does not say which activities leave the modelled path: name them with --exception-activity"
            return self._fact(fact, "exceptions", way_out, status=Status.NOT_STATED)
        told = (("exception_activities", _named(named)),)
        if refused := self._unusable() or self._shares_nothing() or self._absent(named, "--exception-activity"):
            return self._fact(fact, "exceptions", refused, told)
        traces, outside = self._traces, _numbers(self._traces, named)
        left = [not outside.isdisjoint(shape) for shape in traces.shapes]
        share = sum(left[trace.variant] for trace in traces.all) / len(traces.all)
        return self._fact(fact, "exceptions", round(share, _DIGITS), told)

    def _stable(self) -> Measured:
        fact, named = "workflow.stable_weeks", self._asked.ending
        told = (
            ("ending_activities", _named(named)),
            ("limits", f"mean +- {chart.SPREAD} mean moving ranges; {chart.RUN} in a row on one side"),
            ("weeks", "Monday to Sunday, UTC"),
        )
        if refused := self._unusable() or self._undated() or self._shares_nothing():
            return self._fact(fact, "xmr", refused, told)
        if not named:
            way_out = (
                "a log does not say whether a case has ended: name the activities that end one with --end-activity"
            )
            return self._fact(fact, "xmr", way_out, told, status=Status.NOT_EVALUABLE)
        if refused := self._absent(named, "--end-activity"):
            return self._fact(fact, "xmr", refused, told)
        found = chart.chart_of(self._traces, _numbers(self._traces, named))
        if isinstance(found, str):
            return self._fact(fact, "xmr", found, told)
        open_cases = len(self._traces.all) - found.ended
        why = (f"{open_cases:,} cases that have not ended: they count for volume, not for cycle time",)
        coverage = Coverage(found.ended, open_cases, why if open_cases else ())
        return self._fact(fact, "xmr", found.stable, told, coverage)._replace(as_of=moment_of(found.until))

    def _usable(self) -> Measured:
        """Returns the share of events that say what, of which case, and when; also where that is too few for the rest.

        A log without any was read in the wrong columns more often than it is empty of sense.
        """
        log = self._log
        whole = len(log) - self._traces.implausible
        found = round(whole / log.read, _DIGITS) if len(log) else self._unusable()
        return self._fact("workflow.usable_event_share", "usable", found, coverage=Coverage(log.read, 0))

    def _drift(self) -> float | str:
        if refused := self._unusable() or self._undated() or self._shares_nothing():
            return refused
        if self.drift is None:
            return f"{len(self._traces.all):,} cases are too few to hold quarters against each other: {FEWEST}"
        return round(self.drift.distance - self.drift.at_most_by_chance, _DIGITS)

    def _unusable(self) -> str:
        """Returns why the log answers nothing; nothing when it does."""
        log = self._log
        if not len(log):
            return f"none of {log.read:,} events has a case, an activity and a timestamp"
        if log.unused.total() > TOLERATED * log.read:
            return f"{log.unused.total():,} of {log.read:,} events can not be used: {'; '.join(_reasons(log))}"
        return "" if self._traces.all else f"no event counts under the life cycle policy {self._traces.policy}"

    def _shares_nothing(self) -> str:
        """Returns why shares of cases mean nothing; nothing when they do."""
        cases = len(self._traces.all)
        if cases != len(self._traces.shapes):
            return ""
        return (
            f"each of {cases:,} cases is a variant of its own: the log was sampled to one case per variant, or is too"
            " short to see any twice, and shares of its cases say nothing about the work"
        )

    def _undated(self) -> str:
        traces = self._traces
        if traces.dated:
            return ""
        return f"{traces.implausible:,} of {len(self._log):,} timestamps are placeholders: before 1990 or after 2099"

    def _strange_steps(self) -> int:
        """Returns how many steps of life cycles there are when none of them is known to complete work."""
        log, traces = self._log, self._traces
        steps = {step.casefold() for _, step, _ in log.kinds if step}
        joined = log.mapping.lifecycle in log.mapping.activity
        return len(steps) if traces.policy == "all" and len(steps) > 1 and "complete" not in steps and not joined else 0

    def _absent(self, named: tuple[str, ...], option: str) -> str:
        """Returns why names don't fit; a name that never occurs is a slip more often than a good sign."""
        absent = len(named) - sum(name in self._traces.activities for name in named)
        return f"{absent} of {len(named)} activities named with {option} never occur in the log" if absent else ""

    def _fact(
        self,
        fact: str,
        method: str,
        found: FactValue,
        told: tuple[tuple[str, str], ...] = (),
        coverage: Coverage | None = None,
        *,
        status: Status = Status.NOT_EVALUABLE,
    ) -> Measured:
        """Makes a fact of a value, or of the reason why there is none."""
        reason = found if isinstance(found, str) else ""
        return Measured(
            fact=fact,
            status=status if reason else Status.STATED,
            value=None if reason else found,
            reason=reason,
            grade=Grade.E2,
            method=f"eventlog.{method}.v1",
            parameters=tuple(sorted((*self._reading(), *told))),
            coverage=coverage or self._coverage(),
            as_of=self._as_of,
        )

    def _reading(self) -> Iterator[tuple[str, str]]:
        mapping = self._log.mapping
        yield "activity", " + ".join(mapping.activity)
        yield "case", "trace" if self._log.form == "XES" else mapping.case
        yield "lifecycle", self._traces.policy
        yield "timestamp", mapping.timestamp
        if self._log.zone:
            yield "timezone", self._log.zone

    def _coverage(self) -> Coverage:
        """Returns how many events were looked at; those of other steps are what the policy is for, and not skipped."""
        log, traces = self._log, self._traces
        left = traces.implausible if traces.dated else 0
        why = _reasons(log)
        why += [f"{left:,} events dated before 1990 or after 2099"] if left else []
        return Coverage(len(log) - left, log.unused.total() + left, tuple(why))


def span_of(traces: Traces) -> Span | None:
    """Returns the time that events cover; None when dates are placeholders, or nothing can be used.

    One case in a thousand at either end may lie far from all others, and then it does not count.
    """
    if not traces.dated or not traces.all:
        return None
    starts = [trace.start for trace in traces.all]
    ends = sorted(trace.end for trace in traces.all)
    low, high = quantile(starts, _TAIL), quantile(ends, 1 - _TAIL)
    reach = _STRAY + (high - low) // 2
    before, after = bisect_left(starts, low - reach), bisect_right(ends, high + reach)
    return Span(starts[before], ends[after - 1], before + len(ends) - after)


def _numbers(traces: Traces, named: Iterable[str]) -> frozenset[int]:
    return frozenset(map(traces.activities.index, named))


def _named(names: tuple[str, ...]) -> str:
    """Returns names as a count and a digest: what was said can be compared, and is not shown."""
    if not names:
        return "none"
    return f"{len(names)}, {hashlib.sha256(chr(0).join(sorted(names)).encode()).hexdigest()[:16]}"


def _reasons(log: EventLog) -> list[str]:
    return [f"{count:,} events {reason}" for reason, count in sorted(log.unused.items())]
