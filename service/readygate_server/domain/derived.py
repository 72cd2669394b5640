"""Quantities that are computed from several facts: products, sums, bounds.

The rule language has no fold and no square root, so these are part of the engine, by name. A derived fact is unknown,
and names what is missing, as soon as one of its inputs is unknown. Floats are added and multiplied in the order of
asset ids, so that the result is the same to the bit wherever the assets stand in the proposal.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from readygate_server.domain.bounds import upper_rate, wilson_bound
from readygate_server.domain.facts import FactRef, Facts, ProposalFacts
from readygate_server.domain.vocabulary import Scope


class Partly(NamedTuple):
    """A value that can not be computed: what is missing, and the bounds that it can not leave, where there are any."""

    missing: tuple[FactRef, ...]
    least: float | None = None
    most: float | None = None


Computed = float | Partly
"""A value, or what is known of it."""


@dataclass(frozen=True, slots=True)
class Derived:
    """A derived fact: its unit, the facts that it needs, and how it is computed for one subject.

    `across` is true when it reads facts of assets other than the subject.
    """

    name: str
    unit: str
    inputs: tuple[str, ...]
    compute: Callable[[ProposalFacts, str, Facts], Computed]
    across: bool = False


def _numbers(facts: Facts, subject: str, names: tuple[str, ...]) -> tuple[list[float], tuple[FactRef, ...]]:
    values = [facts.get(name) for name in names]
    missing: tuple[FactRef, ...] = ()
    if None in values:
        missing = tuple([FactRef(name, subject) for name, value in zip(names, values, strict=True) if value is None])
    return [float(value) for value in values if isinstance(value, (int, float))], missing


def _accuracy_lower95(_: ProposalFacts, subject: str, facts: Facts) -> Computed:
    (numbers, missing) = _numbers(facts, subject, ("source.accuracy.ratio", "source.accuracy.sample_size"))
    if missing:
        return Partly(missing, most=_best_accuracy(facts))
    return wilson_bound(numbers[0] * numbers[1], int(numbers[1]), upper=False)


def _best_accuracy(facts: Facts) -> float | None:
    """Returns what can not be passed: no sample lifts the bound above its ratio, none without a fault is better."""
    ratio, size = facts.get("source.accuracy.ratio"), facts.get("source.accuracy.sample_size")
    if isinstance(ratio, (int, float)):
        return float(ratio)
    return wilson_bound(size, size, upper=False) if isinstance(size, int) else None


def _staleness_excess(_: ProposalFacts, subject: str, facts: Facts) -> Computed:
    lag, longest = facts.get("source.freshness_lag_p95"), facts.get("source.max_staleness")
    if isinstance(lag, (int, float)) and isinstance(longest, (int, float)):
        return float(lag) - float(longest)
    return Partly(_numbers(facts, subject, ("source.freshness_lag_p95", "source.max_staleness"))[1])


def _systems_of_record(proposal: ProposalFacts, subject: str, facts: Facts) -> Computed:
    return _same_entity(proposal, subject, facts, "system_of_record")


def _shadow_copies(proposal: ProposalFacts, subject: str, facts: Facts) -> Computed:
    return _same_entity(proposal, subject, facts, "shadow_copy")


def _same_entity(proposal: ProposalFacts, subject: str, facts: Facts, wanted: str) -> Computed:
    """Counts the sources of a source's entity, itself included, that have an authority."""
    entity = facts.get("source.entity")
    if entity is None:
        own = float(facts.get("source.authority") == wanted)
        most = _most_of_one_entity(proposal, subject, wanted)
        return Partly((FactRef("source.entity", subject),), least=own, most=float(most)) if most else 0.0
    missing: list[FactRef] = []
    count = 0
    for other, of_other in proposal.of(Scope.SOURCE):
        its_entity = of_other.get("source.entity")
        if its_entity is not None and its_entity != entity:
            continue
        authority = of_other.get("source.authority")
        if authority is not None and authority != wanted:
            continue
        if its_entity is None or authority is None:
            missing.append(FactRef("source.entity" if its_entity is None else "source.authority", other))
        else:
            count += 1
    # What is missing can only add to the count, and each at most one.
    return Partly(tuple(missing), float(count), float(count + len(missing))) if missing else float(count)


def _most_of_one_entity(proposal: ProposalFacts, subject: str, wanted: str) -> int:
    """Counts the sources that may have an authority, of whichever one entity a source turns out to be of."""
    anywhere = 0
    named: Counter[object] = Counter()
    for other, facts in proposal.of(Scope.SOURCE):
        if facts.get("source.authority") in (wanted, None):
            entity = None if other == subject else facts.get("source.entity")
            named[entity] += entity is not None
            anywhere += entity is None
    return anywhere + max(named.values(), default=0)


class _Path(NamedTuple):
    """Values on the critical path: those that certainly are, those that may be, None when one of these is unknown."""

    certain: list[float]
    possible: list[float] | None
    missing: tuple[FactRef, ...]


_OWNERS = {scope: f"{scope}.owner.person" for scope in (Scope.SOURCE, Scope.API, Scope.WORKFLOW)}


def _dependencies_without_owner(proposal: ProposalFacts, _: str, __: Facts) -> Computed:
    dependencies = proposal.deployment.get("deployment.dependencies")
    if not isinstance(dependencies, tuple):
        return Partly((FactRef("deployment.dependencies"),), least=0.0)
    missing: list[FactRef] = []
    count = 0
    wanted = frozenset(dependencies)
    for scope, name in _OWNERS.items():
        for asset, facts in proposal.of(scope):
            if asset not in wanted:
                continue
            owner = facts.get(name)
            if owner is None:
                missing.append(FactRef(name, asset))
            elif not owner:
                count += 1
    return Partly(tuple(missing), least=float(count)) if missing else float(count)


def _over_critical_path(proposal: ProposalFacts, fact: str) -> _Path:
    certain: list[float] = []
    possible: list[float] | None = []
    missing: list[FactRef] = []
    for api, facts in proposal.of(Scope.API):
        critical = facts.get("api.critical_path")
        if critical is False:
            continue
        value = facts.get(fact)
        if critical is None:
            missing.append(FactRef("api.critical_path", api))
        elif value is None:
            missing.append(FactRef(fact, api))
        if not isinstance(value, (int, float)):
            possible = None
            continue
        if critical is not None:
            certain.append(float(value))
        if possible is not None:
            possible.append(float(value))
    return _Path(certain, possible, tuple(missing))


def _chain_availability(proposal: ProposalFacts, _: str, __: Facts) -> Computed:
    path = _over_critical_path(proposal, "api.availability_30d")
    known = math.prod(path.certain)
    if not path.missing:
        return known
    return Partly(path.missing, None if path.possible is None else math.prod(path.possible), known)


def _sequential_latency(proposal: ProposalFacts, _: str, __: Facts) -> Computed:
    path = _over_critical_path(proposal, "api.latency_p95")
    known = math.fsum(path.certain)
    if not path.missing:
        return known
    return Partly(path.missing, known, None if path.possible is None else math.fsum(path.possible))


def _sunset_days(proposal: ProposalFacts, subject: str, facts: Facts) -> Computed:
    sunset = facts.get("api.lifecycle.sunset_on")
    go_live = proposal.deployment.get("deployment.go_live_on")
    if not isinstance(sunset, str) or not isinstance(go_live, str):
        missing = () if isinstance(sunset, str) else (FactRef("api.lifecycle.sunset_on", subject),)
        return Partly(missing if isinstance(go_live, str) else (*missing, FactRef("deployment.go_live_on")))
    return float((date.fromisoformat(sunset) - date.fromisoformat(go_live)).days)


def _unit_cost_ratio(proposal: ProposalFacts, _: str, __: Facts) -> Computed:
    names = ("value.unit_cost.projected", "value.unit_cost.baseline")
    numbers, missing = _numbers(proposal.deployment, "", names)
    if missing:
        return Partly(missing)
    # Nothing can be said about a ratio to zero; the baseline has to be stated anew.
    return numbers[0] / numbers[1] if numbers[1] else Partly((FactRef("value.unit_cost.baseline"),))


def _harm_event_margin(proposal: ProposalFacts, _: str, __: Facts) -> Computed:
    names = (
        "deployment.tolerated_harm_events",
        "deployment.interactions_per_month",
        "ops.eval_set_size",
        "ops.eval_critical_failures",
    )
    missing = _numbers(proposal.deployment, "", names)[1]
    tolerated, volume, trials, failures = (_number(proposal.deployment, name) for name in names)
    lowest, highest = _rate_bounds(trials, failures)
    # No fewer events than none can be tolerated, and there are no fewer interactions than none.
    least = None if volume is None else (tolerated or 0.0) - highest * volume
    most = None if tolerated is None else tolerated - lowest * (volume or 0.0)
    return Partly(missing, least, most) if missing or least is None else least


def _number(facts: Facts, name: str) -> float | None:
    value = facts.get(name)
    return float(value) if isinstance(value, (int, float)) else None


def _rate_bounds(trials: float | None, failures: float | None) -> tuple[float, float]:
    """Returns what the upper bound of the failure rate lies between; what was never tried fails every time."""
    if trials is None:
        return 0.0, 1.0
    if not trials or (failures is not None and failures > trials):
        return 1.0, 1.0
    if failures is None:
        return upper_rate(0, int(trials)), 1.0
    rate = upper_rate(int(failures), int(trials))
    return rate, rate


DERIVED: Mapping[str, Derived] = {
    derived.name: derived
    for derived in (
        Derived(
            "source.accuracy_lower95",
            "one-sided 95 % lower bound",
            ("source.accuracy.ratio", "source.accuracy.sample_size"),
            _accuracy_lower95,
        ),
        Derived(
            "source.systems_of_record",
            "sources",
            ("source.entity", "source.authority"),
            _systems_of_record,
            across=True,
        ),
        Derived(
            "source.shadow_copies",
            "sources",
            ("source.entity", "source.authority"),
            _shadow_copies,
            across=True,
        ),
        Derived(
            "deployment.dependencies_without_owner",
            "assets",
            ("deployment.dependencies", "source.owner.person", "api.owner.person", "workflow.owner.person"),
            _dependencies_without_owner,
            across=True,
        ),
        Derived(
            "source.staleness_excess",
            "minutes",
            ("source.freshness_lag_p95", "source.max_staleness"),
            _staleness_excess,
        ),
        Derived(
            "deployment.chain_availability",
            "ratio",
            ("api.availability_30d", "api.critical_path"),
            _chain_availability,
            across=True,
        ),
        Derived(
            "deployment.sequential_latency_p95",
            "milliseconds",
            ("api.latency_p95", "api.critical_path"),
            _sequential_latency,
            across=True,
        ),
        Derived(
            "api.sunset_days_after_go_live",
            "days",
            ("api.lifecycle.sunset_on", "deployment.go_live_on"),
            _sunset_days,
        ),
        Derived(
            "value.unit_cost_ratio",
            "projected over baseline",
            ("value.unit_cost.projected", "value.unit_cost.baseline"),
            _unit_cost_ratio,
        ),
        Derived(
            "ops.harm_event_margin",
            "events per month",
            (
                "deployment.tolerated_harm_events",
                "deployment.interactions_per_month",
                "ops.eval_set_size",
                "ops.eval_critical_failures",
            ),
            _harm_event_margin,
        ),
    )
}
"""Every derived fact by name."""
