"""Facts for the oracle of rules: read from the messages each time, and computed from what missing ones could be."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from statistics import NormalDist
from typing import Any

LISTS = {"source": "data_sources", "api": "apis", "workflow": "workflows"}
UNTOLD = type("Untold", (), {"__repr__": lambda _: "UNTOLD"})()
"""Stands for a value that there is none of."""

_ANYTHING = math.inf
_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@dataclass(frozen=True, slots=True)
class Interval:
    """Between what and what a computed value must lie; one point when nothing is missing."""

    low: float
    high: float


_OPEN = Interval(-_ANYTHING, _ANYTHING)


@cache
def day_number(text: str) -> int:
    """Returns the number of a day, counted from the first day of the year 0."""
    year, month, day = (int(part) for part in text.split("-"))
    leaps = sum(1 for each in range(1, year + 1) if _is_leap(each - 1))
    before = sum(_DAYS[: month - 1]) + (1 if month > 2 and _is_leap(year) else 0)
    return year * 365 + leaps + before + day


def _is_leap(year: int) -> bool:
    return year % 400 == 0 if year % 100 == 0 else year % 4 == 0


def read(fact: str, proposal: Any, asset: Any) -> Any:
    """Returns the value of a fact, sets as tuples and names in lower case; UNTOLD when nothing says it."""
    group, *steps = fact.split(".")
    message = proposal
    if group == "corpus":
        message, steps = asset, ["corpus", *steps]
    elif group in LISTS:
        message = asset
    else:
        steps = [group, *steps]
    for step in steps:
        descriptor = message.DESCRIPTOR.fields_by_name[step]
        if descriptor.is_repeated:
            return tuple(getattr(message, step))
        if not message.HasField(step):
            return UNTOLD
        owner, message = message, getattr(message, step)
        if descriptor.enum_type is not None:
            return _name(owner.DESCRIPTOR.fields_by_name[step].enum_type, message)
    return _members(message) if hasattr(message, "members") else message


def _members(message: Any) -> tuple[Any, ...]:
    enum = message.DESCRIPTOR.fields_by_name["members"].enum_type
    return tuple(message.members if enum is None else (_name(enum, number) for number in message.members))


def _name(enum: Any, number: int) -> Any:
    """Returns the name of an enumeration value without that of the enumeration; "unknown" says nothing."""
    prefix = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", enum.name).upper() + "_"
    full = next(value.name for value in enum.values if value.number == number)
    assert full.startswith(prefix)
    short = full[len(prefix) :].lower()
    return UNTOLD if short in ("unknown", "unspecified") else short


def derive(fact: str, proposal: Any, asset: Any) -> Interval | None:
    """Returns what a computed fact lies between; None for a fact that is not computed."""
    function = _DERIVED.get(fact)
    return None if function is None else function(lambda name, of=asset: read(name, proposal, of), proposal, asset)


_Read = Callable[..., Any]


def _point(value: float) -> Interval:
    return Interval(value, value)


def _proportion_bound(share: float, trials: int, *, upper: bool) -> float:
    """Returns where the score test of a proportion just fails to reject: a root of a quadratic equation."""
    z2 = NormalDist().inv_cdf(0.95) ** 2
    a, b, c = 1 + z2 / trials, -(2 * share + z2 / trials), share * share
    root = math.sqrt(max(0.0, b * b - 4 * a * c))
    return (-b + root if upper else -b - root) / (2 * a)


def _accuracy(get: _Read, _: Any, __: Any) -> Interval:
    ratio, size = get("source.accuracy.ratio"), get("source.accuracy.sample_size")
    if size is UNTOLD:
        return Interval(0.0, 1.0 if ratio is UNTOLD else ratio)
    ratios = (0.0, 1.0) if ratio is UNTOLD else (ratio, ratio)
    low, high = (_proportion_bound(each, size, upper=False) for each in ratios)
    return Interval(low, high)


def _staleness(get: _Read, _: Any, __: Any) -> Interval:
    lag, tolerated = get("source.freshness_lag_p95"), get("source.max_staleness")
    # A tolerance that nobody declared decides nothing, not even about no lag at all.
    return _OPEN if UNTOLD in (lag, tolerated) else _point(lag - tolerated)


def _with_authority(wanted: str) -> Callable[[_Read, Any, Any], Interval]:
    """Returns what counts the sources of a source's entity that have an authority, for every entity it may be of."""

    def count(get: _Read, proposal: Any, _: Any) -> Interval:
        said = [(get("source.entity", each), get("source.authority", each)) for each in proposal.data_sources]
        own, standing = get("source.entity"), get("source.authority")
        if own is not UNTOLD:
            return _Counted(said, own, wanted).interval()
        others = list(said)
        others.remove((own, standing))
        entities = [*{entity for entity, _ in others if entity is not UNTOLD}, "an entity of its own"]
        worlds = [_Counted([*others, (each, standing)], each, wanted).interval() for each in entities]
        return Interval(min(each.low for each in worlds), max(each.high for each in worlds))

    return count


@dataclass(frozen=True, slots=True)
class _Counted:
    said: list[tuple[Any, Any]]
    entity: str
    wanted: str

    def interval(self) -> Interval:
        sure = sum(said == (self.entity, self.wanted) for said in self.said)
        maybe = sum(e in (self.entity, UNTOLD) and a in (self.wanted, UNTOLD) for e, a in self.said)
        return Interval(sure, maybe)


def _without_owner(get: _Read, proposal: Any, _: Any) -> Interval:
    needed = get("deployment.dependencies")
    if needed is UNTOLD:  # a dependency may be an asset that nobody described yet
        return Interval(0, _ANYTHING)
    people = [
        get(f"{group}.owner.person", asset)
        for group, name in LISTS.items()
        for asset in getattr(proposal, name)
        if asset.id in needed
    ]
    return Interval(people.count(""), sum(person in ("", UNTOLD) for person in people))


def _worlds(get: _Read, proposal: Any, fact: str, most: float) -> Iterator[tuple[list[float], list[float]]]:
    """Yields the least and the greatest values on the critical path, for every path that is possible."""
    choices: list[list[Any]] = []
    for api in sorted(proposal.apis, key=lambda each: str(each.id)):
        critical, value = get("api.critical_path", api), get(fact, api)
        ends = (0.0, most) if value is UNTOLD else (value, value)
        choices.append([ends, None] if critical is UNTOLD else [ends] if critical else [None])
    for world in itertools.product(*choices):
        on_path = [ends for ends in world if ends is not None]
        yield [low for low, _ in on_path], [high for _, high in on_path]


def _availability(get: _Read, proposal: Any, _: Any) -> Interval:
    worlds = list(_worlds(get, proposal, "api.availability_30d", 1.0))
    return Interval(min(_product(low) for low, _ in worlds), max(_product(high) for _, high in worlds))


def _product(values: list[float]) -> float:
    result = 1.0
    for value in values:
        result *= value
    return result


def _latency(get: _Read, proposal: Any, _: Any) -> Interval:
    worlds = list(_worlds(get, proposal, "api.latency_p95", _ANYTHING))
    return Interval(min(_total(low) for low, _ in worlds), max(_total(high) for _, high in worlds))


def _total(values: list[float]) -> float:
    return _ANYTHING if _ANYTHING in values else float(sum(Fraction(value) for value in values))


def _sunset(get: _Read, _: Any, __: Any) -> Interval:
    sunset, start = get("api.lifecycle.sunset_on"), get("deployment.go_live_on")
    return _OPEN if UNTOLD in (sunset, start) else _point(day_number(sunset) - day_number(start))


def _unit_cost(get: _Read, _: Any, __: Any) -> Interval:
    projected, baseline = get("value.unit_cost.projected"), get("value.unit_cost.baseline")
    return _OPEN if UNTOLD in (projected, baseline) or baseline == 0 else _point(projected / baseline)


def _harm(get: _Read, _: Any, __: Any) -> Interval:
    tolerated, volume = get("deployment.tolerated_harm_events"), get("deployment.interactions_per_month")
    rate = _failure_rate(get("ops.eval_set_size"), get("ops.eval_critical_failures"))
    least, most = (0.0, _ANYTHING) if tolerated is UNTOLD else (tolerated, tolerated)
    few, many = (0.0, _ANYTHING) if volume is UNTOLD else (volume, volume)
    return Interval(least - rate.high * many, most - rate.low * few)


def _failure_rate(trials: Any, failures: Any) -> Interval:
    """Returns the upper bound of the rate of failures; what was not tried fails always."""
    if trials is UNTOLD:
        return Interval(0.0, 1.0)
    if trials == 0 or (failures is not UNTOLD and failures > trials):
        return _point(1.0)
    none = -math.expm1(math.log(0.05) / trials)
    if failures is UNTOLD:
        return Interval(none, 1.0)
    return _point(none if failures == 0 else min(1.0, _proportion_bound(failures / trials, trials, upper=True)))


_DERIVED: dict[str, Callable[[_Read, Any, Any], Interval]] = {
    "source.accuracy_lower95": _accuracy,
    "source.systems_of_record": _with_authority("system_of_record"),
    "source.shadow_copies": _with_authority("shadow_copy"),
    "source.staleness_excess": _staleness,
    "deployment.dependencies_without_owner": _without_owner,
    "deployment.chain_availability": _availability,
    "deployment.sequential_latency_p95": _latency,
    "api.sunset_days_after_go_live": _sunset,
    "value.unit_cost_ratio": _unit_cost,
    "ops.harm_event_margin": _harm,
}
