"""Random sound proposals whose values lie at, just below and just above what the rules ask for."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from readygate.v1 import evidence_pb2
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.proposals.values import bounds_of
from readygate_server.adapters.proposals.vocabulary import ASSET_FIELDS, GROUPS, FactField, Kind, fact_fields
from readygate_server.domain.rule import Check, Rule
from readygate_server.domain.vocabulary import Scope

_LETTERS = {Scope.SOURCE: "s", Scope.API: "a", Scope.WORKFLOW: "w"}
_OF_COMPUTED: Mapping[str, tuple[Any, ...]] = {
    # Largest samples of which a bound of 0.90, 0.95 and 0.98 asks more, and smallest that do, when all is right.
    "source.accuracy.sample_size": (1, 24, 25, 51, 52, 132, 133, 400, 5000, 100_000),
    "source.accuracy.ratio": (1.0, 1.0, 0.9, 0.95, 0.98, 0.985, 0.97, 0.92, 0.5, 0.0),
    "source.entity": ("", "customer", "order"),
    "source.freshness_lag_p95": (0.0, 5.0, 60.0),
    "source.max_staleness": (0.0, 4.999, 5.0, 5.001, 60.0, 1440.0, 2000.0),
    "api.availability_30d": (1.0, 1.0, 0.99, 0.995, 0.999, 0.9951, 0.98),
    "api.latency_p95": (0.0, 500.0, 1000.0, 1000.001, 2000.0, 3000.0, 4000.0, 15000.0, 30000.0, 30000.5),
    "value.unit_cost.baseline": (0.0, 1.0, 10.0, 10.0),
    "value.unit_cost.projected": (0.0, 0.8, 7.999, 8.0, 8.001, 12.0),
    "value.target.change": (-0.2, -0.05, 0.0, 0.05, 0.2),
    "value.target.minimum_detectable_effect": (0.0, 0.05, 0.06),
    "deployment.tolerated_harm_events": (0.0, 1.0, 9.96, 9.97, 10.0, 1000.0),
    "deployment.interactions_per_month": (0, 1, 10, 100, 1000, 100_000),
    "ops.eval_set_size": (0, 1, 10, 299, 300, 3000),
    "ops.eval_critical_failures": (0, 0, 0, 1, 2, 10, 299, 300),
    "deployment.peak_calls_per_second": (0.0, 0.5, 30.0),
}
"""Values of facts that others are computed from."""

_AUDITS = ((279, 300), (278, 300), (484, 500), (483, 500), (298, 300), (297, 300))
"""How many were right of how many: just enough, and one too few, to show 0.90, 0.95 and 0.98."""

_EDGES: Mapping[str, tuple[tuple[str, tuple[tuple[Any, ...], ...]], ...]] = {
    "data_sources": (
        ("accuracy.ratio accuracy.sample_size", tuple((1.0, size) for size in (24, 25, 51, 52, 132, 133))),
        ("accuracy.ratio accuracy.sample_size", ((None, 24), (None, 25), (0.9, None), (0.95, None))),
        ("accuracy.ratio accuracy.sample_size", tuple((right / size, size) for right, size in _AUDITS)),
    ),
    "apis": (
        ("critical_path degraded_mode_tested availability_30d", ((None, False, 1.0), (True, False, 0.9995))),
        ("critical_path latency_p95", ((True, 1000.0), (None, 3000.0), (True, 30001.0))),
    ),
}
"""Values of one asset that lie at an edge together, or of which one may be missing without a doubt; None for none."""

_HARM = "deployment.tolerated_harm_events ops.eval_set_size ops.eval_critical_failures"
_HARM_EDGES: tuple[tuple[float | None, int | None, int | None], ...] = (
    # 0, 1 and 3 failures in 300 leave up to 9.936, 14.801 and 24.756 events among 1,000 interactions.
    *((tolerated, 300, 0) for tolerated in (9.93, 9.94)),
    *((tolerated, 300, 1) for tolerated in (14.80, 14.81)),
    *((tolerated, 300, 3) for tolerated in (24.75, 24.76)),
    (999.9, None, 0),
    (1000.0, None, None),
    (9.93, 300, None),
    (None, 300, 0),
)

_OFTEN: Mapping[str, str] = {
    "deployment.autonomy_level": "l4_approver",
    "deployment.action_effect": "write_reversible",
    "deployment.data_sensitivity": "personal",
}
"""Names without which rules do not apply, drawn about as often as all others together."""


class ThresholdProposals:
    """Makes proposals for the checks of a ruleset."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        """Takes the rules whose thresholds the values are to lie at."""
        listed = list(rules)
        self._checks: dict[str, list[Check]] = {}
        for check in (check for rule in listed for check in rule.checks):
            self._checks.setdefault(check.fact, []).append(check)
        self._excusable = sorted(fact for rule in listed for fact in rule.may_be_not_applicable)
        self._fields = [field for field in fact_fields().values() if field.in_proposal and field.kind is not Kind.WHOLE]
        self._near: dict[tuple[str, date], tuple[list[Any], list[Any]]] = {}

    def make(self, chance: random.Random, today: date) -> Proposal:
        """Returns a proposal; what it leaves out, and how much of it is as it should be, differs from each to each."""
        proposal = Proposal(id="random")
        gaps = chance.choice((0.0, 0.005, 0.02, 0.1, 0.3, 0.7))
        sound = chance.choice((0.0, 0.5, 0.9, 0.97, 1.0))
        draw = self._drawing(chance, today, gaps, sound)
        for scope, letter in _LETTERS.items():
            ids = [f"{letter}{number}" for number in range(chance.choice((0, 1, 1, 2, 3)))]
            for name in chance.sample(ids, len(ids)):
                draw(getattr(proposal, ASSET_FIELDS[scope]).add(id=name), scope)
        draw(proposal, Scope.DEPLOYMENT)
        _to_the_edge(proposal, chance)
        self._state(proposal, chance)
        return proposal

    def _drawing(self, chance: random.Random, today: date, gaps: float, sound: float) -> Callable[[Any, Scope], None]:
        def draw(message: Any, scope: Scope) -> None:
            dropped = {
                place for field in self._fields if len(place := _places(field)) > 1 and chance.random() < gaps / 4
            }
            for field in self._fields:
                if field.scope is scope and chance.random() >= gaps and _places(field) not in dropped:
                    good, near = self._values(field, today)
                    values = good if chance.random() < sound else near
                    _put(message, _places(field), self._one(field, values, message, chance))

        return draw

    def _one(self, field: FactField, values: list[Any], message: Any, chance: random.Random) -> Any:
        if field.kind is Kind.IDS:
            known = [asset.id for name in ASSET_FIELDS.values() for asset in getattr(message, name)]
            return chance.sample(known, chance.randint(0, len(known))) + ["elsewhere"] * (chance.random() < 0.1)
        return chance.choice(values)

    def _values(self, field: FactField, today: date) -> tuple[list[Any], list[Any]]:
        key = (field.name, today)
        if key not in self._near:
            checks = self._checks.get(field.name, [])
            near = sorted(set(_candidates(field, checks, today)), key=repr)
            if field.name in _OFTEN:
                near += [field.choices[_OFTEN[field.name]]] * len(near)
            good = [value for value in near if all(_strictly(field, check, value, today) for check in checks)]
            self._near[key] = (good or near, near)
        return self._near[key]

    def _state(self, proposal: Proposal, chance: random.Random) -> None:
        """Adds what somebody says about facts that have no value, some of it about facts that no rule excuses."""
        share = chance.choice((0.0, 0.1, 0.5))
        for fact in (*self._excusable, "source.completeness", "ops.version_pinned"):
            field = fact_fields()[fact]
            single = field.scope is Scope.DEPLOYMENT
            for asset in [proposal] if single else getattr(proposal, ASSET_FIELDS[field.scope]):
                if chance.random() < share:
                    _clear(asset, _places(field))
                    kind = evidence_pb2.FactStatementKind.ValueType(chance.choice((1, 1, 1, 2)))
                    subject = "" if single else asset.id
                    proposal.statements.add(fact=fact, subject=subject, kind=kind, reason="why", stated_by="who")


def _places(field: FactField) -> tuple[str, ...]:
    """Returns the steps from an asset, or from the proposal, to a field."""
    way = (*GROUPS[field.group], *field.path)
    return way if field.scope is Scope.DEPLOYMENT else way[1:]


def _put(message: Any, place: tuple[str, ...], value: Any) -> None:
    for step in place[:-1]:
        message = getattr(message, step)
        message.SetInParent()
    last = place[-1]
    field = message.DESCRIPTOR.fields_by_name[last]
    if field.is_repeated:
        for metric in value:
            getattr(message, last).add(metric=metric, limit=metric.partition(" ")[2])
    elif field.message_type is not None:
        getattr(message, last).SetInParent()
        getattr(message, last).members.extend(value)
    else:
        setattr(message, last, value)


def _to_the_edge(proposal: Proposal, chance: random.Random) -> None:
    """Gives some assets, and sometimes the deployment, values that lie at an edge together."""
    for name, edges in _EDGES.items():
        for asset in getattr(proposal, name):
            names, values = chance.choice(edges)
            if chance.random() < 0.3:
                _put_all(asset, names, chance.choice(values))
    if chance.random() < 0.3:
        _put(proposal, ("deployment", "interactions_per_month"), 1000)
        _put_all(proposal, _HARM, chance.choice(_HARM_EDGES))


def _put_all(message: Any, names: str, values: Iterable[Any]) -> None:
    for name, value in zip(names.split(), values, strict=True):
        place = tuple(name.split("."))
        if value is None:
            _clear(message, place)
        else:
            _put(message, place, value)


def _clear(message: Any, place: tuple[str, ...]) -> None:
    for step in place[:-1]:
        if not message.HasField(step):
            return
        message = getattr(message, step)
    message.ClearField(place[-1])


def _candidates(field: FactField, checks: list[Check], today: date) -> list[Any]:
    limits = [limit.value for check in checks for limit in check.thresholds.values()]
    match field.kind:
        case Kind.NUMBER | Kind.INTEGER:
            return _numbers(field, [limit for limit in limits if isinstance(limit, (int, float))])
        case Kind.FLAG:
            return [False, True]
        case Kind.CHOICE:
            return list(field.choices.values())
        case Kind.CHOICES:
            numbers = tuple(field.choices.values())
            return [numbers[start : start + size] for size in (0, 1, 2, 4, 5, 6, 7, 8) for start in (0, 1, 2)]
        case Kind.METRICS:
            return [(), ("a 1",), ("a", "b 1"), ("a 1", "b 2"), ("a 1", "b 2", "c 3"), ("a 1", "b 2", "c 3")]
        case _:
            return _texts(field, [limit for limit in limits if isinstance(limit, int)], today)


def _numbers(field: FactField, limits: list[float]) -> list[Any]:
    bounds = bounds_of(field)
    low = -math.inf if bounds.minimum is None else bounds.minimum
    high = math.inf if bounds.maximum is None else bounds.maximum
    values: list[float] = [*_OF_COMPUTED.get(field.name, ())]
    if field.kind is Kind.INTEGER:
        values += [value for limit in limits for value in (limit - 1, limit, limit + 1)] or [0, 1, 2, 5, 100]
        return [round(value) for value in values if low <= value <= high]
    values += [value for limit in limits for value in (math.nextafter(limit, -math.inf), limit, limit + 1e-9)]
    return [float(value) for value in values or (0.0, 0.5, 0.9, 1.0, 30.0) if low <= value <= high]


def _texts(field: FactField, limits: list[int], today: date) -> list[Any]:
    bounds = bounds_of(field)
    if bounds.is_currency:
        return ["EUR", "USD"]
    if not bounds.is_day:
        return [*_OF_COMPUTED.get(field.name, ("", "somebody", "somebody else", "24x7"))]
    days = [0, 1, -1, *(sign * (limit + step) for limit in limits for step in (-1, 0, 1) for sign in (-1, 1))]
    if field.name == "deployment.go_live_on":
        days = [0, 30]
    if field.name == "api.lifecycle.sunset_on":
        days += [start + after + step for start in (0, 30) for after in (365, 548) for step in (-1, 0, 1)]
    return [(today + timedelta(days=day)).isoformat() for day in days]


def _strictly(field: FactField, check: Check, value: Any, today: date) -> bool:
    """Says whether a value is as a check asks at every tier; only to draw such values more often."""
    return all(_meets(field, check.comparator, limit.value, value, today) for limit in check.thresholds.values())


def _meets(field: FactField, comparator: str, limit: Any, value: Any, today: date) -> bool:
    match comparator:
        case "at_least":
            return bool(value >= limit)
        case "at_most":
            return bool(value <= limit)
        case "equals" | "one_of" | "none_of" if field.kind is Kind.CHOICE:
            named = value in [field.choices[name] for name in ((limit,) if comparator == "equals" else limit)]
            return named is (comparator != "none_of")
        case "equals":
            return bool(value == limit)
        case "count_at_least":
            return len(value) >= int(limit)
        case "at_most_days_ago":
            return bool(timedelta(0) <= today - date.fromisoformat(value) <= timedelta(days=limit))
        case "at_most_days_ahead":
            return bool(timedelta(0) < date.fromisoformat(value) - today <= timedelta(days=limit))
    return bool(value)
