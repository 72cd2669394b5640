"""Quantities of the engine against arithmetic that was published or done by hand."""

from __future__ import annotations

import itertools

import pytest

from readygate_server.domain.bounds import upper_rate, wilson_bound
from readygate_server.domain.derived import DERIVED, Partly
from readygate_server.domain.facts import FactRef, Facts, ProposalFacts, scope_of
from readygate_server.domain.vocabulary import Scope
from tests.unit.make import facts


def computed(name: str, given: ProposalFacts, subject: str = "") -> object:
    """Returns a derived fact of a subject."""
    of_subject: Facts = given.deployment
    if subject:
        of_subject = next(each for id_, each in given.of(scope_of(name)) if id_ == subject)
    return DERIVED[name].compute(given, subject, of_subject)


@pytest.mark.parametrize(
    ("trials", "percent"), [(59, 5.0), (100, 3.0), (300, 1.0), (500, 0.6), (1000, 0.3), (3000, 0.1)]
)
def test_no_failure_in_n_cases_bounds_the_rate(trials: int, percent: float) -> None:
    """With 0 failures in n cases the 95 % upper bound is 1 - 0.05^(1/n): the rule of three."""
    assert round(100 * upper_rate(0, trials), 1) == percent


@pytest.mark.parametrize(
    ("level", "trials", "needed"),
    [(0.90, 300, 279), (0.95, 500, 484), (0.97, 1000, 979), (0.95, 300, 292), (0.98, 300, 298)],
)
def test_so_many_passes_show_a_level(level: float, trials: int, needed: int) -> None:
    """The one-sided 95 % Wilson lower bound reaches a level with exactly so many passes, and not with one fewer."""
    assert wilson_bound(needed, trials, upper=False) >= level
    assert wilson_bound(needed - 1, trials, upper=False) < level


def test_the_bound_agrees_with_a_hand_calculation() -> None:
    """For 8 of 10 and z = 1.644854 Wilson's interval runs from 0.541 to 0.931."""
    assert wilson_bound(8, 10, upper=False) == pytest.approx(0.5408, abs=5e-5)
    assert wilson_bound(8, 10, upper=True) == pytest.approx(0.9314, abs=5e-5)


@pytest.mark.parametrize("trials", [1, 2, 10, 300])
def test_a_bound_never_leaves_the_unit_interval(trials: int) -> None:
    """A share lies between 0 and 1, and so do its bounds, which lie on either side of it."""
    for successes in range(trials + 1):
        low, high = (wilson_bound(successes, trials, upper=upper) for upper in (False, True))
        assert 0 <= low <= successes / trials + 1e-12
        assert successes / trials - 1e-12 <= high <= 1


@pytest.mark.parametrize("trials", [1, 2, 5, 59, 300, 1000])
def test_more_failures_never_lower_the_rate(trials: int) -> None:
    """The exact bound for none and Wilson's for more fit together: one more failure is never better."""
    rates = [upper_rate(failures, trials) for failures in range(trials + 1)]

    assert rates == sorted(rates)


@pytest.mark.parametrize("failures", [0, 1, 3])
def test_more_cases_never_raise_the_rate(failures: int) -> None:
    """The same failures among more cases are never worse."""
    rates = [upper_rate(failures, trials) for trials in range(max(1, failures), 1500, 7)]

    assert rates == sorted(rates, reverse=True)


def test_accuracy_is_taken_at_its_lower_bound() -> None:
    """292 right of 300 show 95 % accuracy; a share without its sample shows no more than what it could be at most."""
    audited: Facts = {"source.accuracy.ratio": 292 / 300, "source.accuracy.sample_size": 300}
    bound = wilson_bound(292, 300, upper=False)
    given = facts(sources={"crm": audited, "erp": {"source.accuracy.ratio": 1.0}})

    assert computed("source.accuracy_lower95", given, "crm") == pytest.approx(bound)
    assert bound >= 0.95
    assert computed("source.accuracy_lower95", given, "erp") == Partly(
        (FactRef("source.accuracy.sample_size", "erp"),), most=1.0
    )


def test_a_sample_can_be_too_small_for_any_ratio() -> None:
    """24 right of 24 do not show 90 %, so a sample of 24 fails there before its ratio is known."""
    given = facts(sources={"crm": {"source.accuracy.sample_size": 24}})

    assert computed("source.accuracy_lower95", given, "crm") == Partly(
        (FactRef("source.accuracy.ratio", "crm"),), most=wilson_bound(24, 24, upper=False)
    )
    assert wilson_bound(24, 24, upper=False) < 0.90


def test_staleness_excess_is_lag_over_tolerance() -> None:
    """A source that may be 10 minutes old and is 12 exceeds by 2; without a declared tolerance nothing can be said."""
    given = facts(
        sources={
            "crm": {"source.freshness_lag_p95": 12.0, "source.max_staleness": 10.0},
            "erp": {"source.freshness_lag_p95": 12.0},
        }
    )

    assert computed("source.staleness_excess", given, "crm") == 2.0
    assert computed("source.staleness_excess", given, "erp") == Partly((FactRef("source.max_staleness", "erp"),))


Stated = tuple[str | None, str | None]
"""Entity and authority of a source, None for what is unknown."""


def _sources(*pairs: Stated) -> ProposalFacts:
    """Returns sources a, b, c with entity and authority, None for unknown."""
    return facts(
        sources={
            name: {
                fact: value
                for fact, value in (("source.entity", entity), ("source.authority", authority))
                if value is not None
            }
            for name, (entity, authority) in zip("abc", pairs, strict=False)
        }
    )


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ([("customer", "replica")], 1.0),
        ([("customer", "system_of_record")], 2.0),
        ([("order", "system_of_record")], 1.0),
        ([("order", None)], 1.0),
        ([(None, "replica")], 1.0),
        ([(None, "system_of_record")], Partly((FactRef("source.entity", "b"),), 1.0, 2.0)),
        ([("customer", None)], Partly((FactRef("source.authority", "b"),), 1.0, 2.0)),
        ([(None, None)], Partly((FactRef("source.entity", "b"),), 1.0, 2.0)),
        (
            [("customer", "system_of_record"), ("customer", None)],
            Partly((FactRef("source.authority", "c"),), 2.0, 3.0),
        ),
    ],
)
def test_systems_of_record_are_counted_per_entity(
    others: list[tuple[str | None, str | None]], expected: object
) -> None:
    """Sources of the same entity that claim to be its system of record count; what may count is named."""
    given = _sources(("customer", "system_of_record"), *others)

    assert computed("source.systems_of_record", given, "a") == expected


def test_without_its_entity_a_source_has_bounds_only() -> None:
    """A source counts itself; how many more of its entity there are is open until the entity is known."""
    given = _sources((None, "system_of_record"), ("customer", "system_of_record"))

    assert computed("source.systems_of_record", given, "a") == Partly((FactRef("source.entity", "a"),), 1.0, 2.0)


def test_a_source_is_of_one_entity_whichever_it_is() -> None:
    """Where each other entity has one system of record, a source without an entity adds at most itself to one."""
    given = _sources((None, "governed_copy"), ("customer", "system_of_record"), ("order", "system_of_record"))

    assert computed("source.systems_of_record", given, "a") == Partly((FactRef("source.entity", "a"),), 0.0, 1.0)


def test_what_no_source_claims_is_counted_without_an_entity() -> None:
    """Where no source can be a shadow copy there is none, whatever the entity."""
    given = _sources((None, "system_of_record"), ("customer", "governed_copy"))

    assert computed("source.shadow_copies", given, "a") == 0.0


def test_a_dependency_without_an_owner_is_counted() -> None:
    """An owner without a name counts as none; one that is not stated is missing."""
    sources: dict[str, Facts] = {"crm": {"source.owner.person": ""}, "erp": {}, "kb": {"source.owner.person": "K. Wu"}}
    given = facts(deployment={"deployment.dependencies": ("crm", "erp")}, sources=sources)

    found = computed("deployment.dependencies_without_owner", given)

    assert found == Partly((FactRef("source.owner.person", "erp"),), least=1.0)


CRITICAL: Facts = {"api.critical_path": True}
ASIDE: Facts = {"api.critical_path": False}


def test_five_good_apis_make_a_poor_chain() -> None:
    """Availabilities multiply: 0.995^5 = 0.975."""
    given = facts(apis={name: {**CRITICAL, "api.availability_30d": 0.995} for name in "abcde"})

    assert computed("deployment.chain_availability", given) == pytest.approx(0.975, abs=5e-4)


def test_latencies_on_the_critical_path_add_up() -> None:
    """Calls one after the other take as long as all of them; those beside the path take no time of it."""
    given = facts(
        apis={
            "a": {**CRITICAL, "api.latency_p95": 300},
            "b": {**CRITICAL, "api.latency_p95": 450.5},
            "c": {**ASIDE, "api.latency_p95": 9000},
        }
    )

    assert computed("deployment.sequential_latency_p95", given) == 750.5


@pytest.mark.parametrize(
    ("fact", "name", "known", "bound"),
    [
        ("deployment.chain_availability", "api.availability_30d", 0.9, {"most": 0.9}),
        ("deployment.sequential_latency_p95", "api.latency_p95", 800, {"least": 800.0}),
    ],
)
def test_a_chain_with_a_gap_has_a_bound(fact: str, name: str, known: float, bound: dict[str, float]) -> None:
    """What is known of a chain bounds it; a link of unknown value or place is named."""
    given = facts(apis={"a": {**CRITICAL, name: known}, "b": CRITICAL, "c": {name: known}, "d": ASIDE})

    assert computed(fact, given) == Partly((FactRef(name, "b"), FactRef("api.critical_path", "c")), **bound)


def test_a_link_of_unknown_place_bounds_the_chain_from_both_sides() -> None:
    """When all values are known, and only not whether one of them counts, the chain lies between both answers."""
    link: Facts = {"api.availability_30d": 0.9, "api.latency_p95": 300}
    given = facts(apis={"a": {**CRITICAL, **link}, "b": link})
    missing = (FactRef("api.critical_path", "b"),)

    assert computed("deployment.chain_availability", given) == Partly(missing, 0.9 * 0.9, 0.9)
    assert computed("deployment.sequential_latency_p95", given) == Partly(missing, 300.0, 600.0)


def test_a_chain_without_links_is_whole() -> None:
    """With nothing on the critical path nothing can fail or take time on it."""
    given = facts(apis={"a": ASIDE})

    assert computed("deployment.chain_availability", given) == 1
    assert computed("deployment.sequential_latency_p95", given) == 0


def test_a_chain_is_the_same_to_the_bit_in_any_order() -> None:
    """Floats are combined in the order of ids, wherever the APIs stand in the proposal."""
    shares = {"a": 0.991, "b": 0.9937, "c": 0.99999, "d": 0.97771}
    found = set()
    for order in itertools.permutations(shares):
        given = facts(apis={name: {**CRITICAL, "api.availability_30d": shares[name]} for name in order})
        found.add(computed("deployment.chain_availability", given))

    assert len(found) == 1


@pytest.mark.parametrize(
    ("sunset", "go_live", "expected"),
    [
        ("2028-03-01", "2027-03-01", 366.0),
        ("2027-01-01", "2027-03-01", -59.0),
        (None, "2027-03-01", Partly((FactRef("api.lifecycle.sunset_on", "a"),))),
        ("2028-03-01", None, Partly((FactRef("deployment.go_live_on"),))),
        (None, None, Partly((FactRef("api.lifecycle.sunset_on", "a"), FactRef("deployment.go_live_on")))),
    ],
)
def test_sunset_is_counted_from_go_live(sunset: str | None, go_live: str | None, expected: object) -> None:
    """The days that an API lives after go-live; negative when it ends before."""
    given = facts(
        {"deployment.go_live_on": go_live} if go_live else {},
        apis={"a": {"api.lifecycle.sunset_on": sunset} if sunset else {}},
    )

    assert computed("api.sunset_days_after_go_live", given, "a") == expected


def test_unit_cost_is_compared_with_the_baseline() -> None:
    """Projected over baseline cost."""
    given = facts({"value.unit_cost.projected": 3.0, "value.unit_cost.baseline": 4.0})

    assert computed("value.unit_cost_ratio", given) == 0.75


def test_a_ratio_to_a_zero_baseline_asks_for_the_baseline() -> None:
    """Nothing can be divided by a baseline of zero; the fact to state anew is named."""
    given = facts({"value.unit_cost.projected": 3.0, "value.unit_cost.baseline": 0})

    assert computed("value.unit_cost_ratio", given) == Partly((FactRef("value.unit_cost.baseline"),))


MARGIN = {
    "deployment.tolerated_harm_events": 2,
    "deployment.interactions_per_month": 1000,
    "ops.eval_set_size": 1000,
    "ops.eval_critical_failures": 0,
}


def test_harm_is_expected_at_the_upper_bound() -> None:
    """1,000 clean cases leave up to 0.3 %, so 3 events among 1,000 interactions; of 2 tolerated that is 1 too many."""
    assert computed("ops.harm_event_margin", facts(MARGIN)) == pytest.approx(-0.99, abs=0.01)


@pytest.mark.parametrize(("size", "failures"), [(0, 0), (5, 6)])
def test_an_evaluation_that_shows_nothing_expects_harm_every_time(size: int, failures: int) -> None:
    """An empty evaluation set, or more failures than cases, says nothing in favour: the rate is 1."""
    given = facts({**MARGIN, "ops.eval_set_size": size, "ops.eval_critical_failures": failures})

    assert computed("ops.harm_event_margin", given) == 2 - 1000


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("deployment.tolerated_harm_events", -1000 * upper_rate(0, 1000), None),
        ("deployment.interactions_per_month", None, 2.0),
        ("ops.eval_set_size", 2.0 - 1000, 2.0),
        ("ops.eval_critical_failures", 2.0 - 1000, 2 - 1000 * upper_rate(0, 1000)),
    ],
)
def test_each_missing_input_is_named(name: str, least: float | None, most: float | None) -> None:
    """Without one of its inputs the margin is unknown, only that input is named, and the others bound it."""
    given = facts({fact: value for fact, value in MARGIN.items() if fact != name})

    assert computed("ops.harm_event_margin", given) == Partly((FactRef(name),), least, most)


def test_inputs_are_facts_of_one_scope_each() -> None:
    """What a derived fact is computed from is stated: none is derived itself, and each has a unit."""
    for derived in DERIVED.values():
        assert derived.inputs
        assert derived.unit
        assert not DERIVED.keys() & set(derived.inputs)
        assert {scope_of(name) for name in derived.inputs} <= set(Scope)
