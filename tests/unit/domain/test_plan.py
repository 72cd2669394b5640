"""From blocking findings to work: order, chains, totals, and measuring before repairing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from readygate_server.domain.facts import FactRef
from readygate_server.domain.finding import Finding
from readygate_server.domain.plan import Plan, WorkItem, make_plan
from readygate_server.domain.rule import ZERO, Range, Rule
from readygate_server.domain.vocabulary import Effect, Outcome, Scope, Tier
from tests.unit.make import check, evidence_rule, facts, finding, judged_one, rule, table, unknown_facts_rule, work

WEEK = Range(1, 1)


def fix(
    rule_id: str,
    *after: str,
    effort: Range = WEEK,
    scope: Scope = Scope.DEPLOYMENT,
    **other: Any,
) -> Rule:
    """Returns a rule whose work waits for that of other rules."""
    parts = {name: other.pop(name) for name in ("foundation",) if name in other}
    return rule(rule_id, scope=scope, work=work(effort, after=after, **other), **parts)


def violated(asked: Rule, subject: str = "", **other: Any) -> Finding:
    """Returns a finding that blocks."""
    return finding(asked, Outcome.VIOLATED, Effect.BLOCKS, subject=subject, **other)


def unknown(asked: Rule, *facts: str, subject: str = "", outcome: Outcome = Outcome.UNKNOWN) -> Finding:
    """Returns a finding that blocks because facts are missing or too old."""
    refs = tuple(FactRef(fact, subject) for fact in facts)
    return finding(asked, outcome, Effect.BLOCKS, subject=subject, missing=refs)


def planned(findings: Sequence[Finding], *more: Rule, tier: Tier = Tier.T3) -> Plan:
    """Returns the plan for findings; `more` are rules without findings."""
    rules = {each.rule.id: each.rule for each in findings} | {each.id: each for each in more}
    return make_plan(table(*rules.values(), tier=tier), findings)


def item(plan: Plan, item_id: str) -> WorkItem:
    """Returns an item of a plan."""
    return next(each for each in plan.items if each.id == item_id)


def test_without_blockers_there_is_no_work() -> None:
    """What is satisfied, a condition or advice asks for nothing before the gate."""
    asked = rule("DAT-03")
    harmless = [finding(asked, Outcome.VIOLATED, effect) for effect in (Effect.ADVISES, Effect.CONDITIONS)]
    plan = planned([finding(asked), *harmless])

    assert (plan.items, plan.waves, plan.total, plan.critical_by_effort.items) == ((), (), ZERO, ())


def test_a_violation_becomes_the_work_of_its_rule() -> None:
    """A repair has the rule's title, effort, waiting, owner and foundation, and nothing to measure."""
    asked = fix("DAT-03", effort=Range(2, 8), wait=Range(2, 2), scope=Scope.SOURCE)

    (made,) = planned([violated(asked, "crm")]).items

    assert (made.id, made.title, made.owner, made.foundation) == ("W-DAT-03[crm]", "Repair it", "Data owner", "data")
    assert (made.effort, made.wait, made.elapsed, made.measures) == (Range(2, 8), Range(2, 2), Range(4, 10), ())


def test_each_subject_has_its_own_item() -> None:
    """Two sources with the same gap are two pieces of work."""
    asked = fix("DAT-03", scope=Scope.SOURCE)

    plan = planned([violated(asked, "crm"), violated(asked, "erp")])

    assert [each.id for each in plan.items] == ["W-DAT-03[crm]", "W-DAT-03[erp]"]
    assert plan.total == Range(2, 2)


def test_exit_criteria_carry_the_number_of_the_tier() -> None:
    """A placeholder reads as the threshold of the tier; a fact that is not asked there keeps its name."""
    asked = rule(
        "DAT-03",
        check("source.completeness", "at_least", {Tier.T2: 0.98, Tier.T3: 0.99}),
        check("source.duplicate_rate", "at_most", {Tier.T4: 0.01}),
        work=work(done_when="{source.completeness} for 14 days, {source.duplicate_rate}"),
    )

    plans = {tier: planned([violated(asked)], tier=tier) for tier in (Tier.T2, Tier.T3)}

    assert plans[Tier.T2].items[0].done_when == ">= 0.98 for 14 days, source.duplicate_rate"
    assert plans[Tier.T3].items[0].done_when == ">= 0.99 for 14 days, source.duplicate_rate"


def test_work_comes_after_its_prerequisites() -> None:
    """Waves follow the prerequisites; what waits for nothing comes first."""
    findings = [
        violated(fix("C-03", "B-02")),
        violated(fix("B-02", "A-01")),
        violated(fix("A-01")),
        violated(fix("D-04")),
    ]

    plan = planned(findings)

    assert plan.waves == (("W-A-01", "W-D-04"), ("W-B-02",), ("W-C-03",))
    assert item(plan, "W-C-03").after == ("W-B-02",)


def test_work_waits_for_the_last_of_its_prerequisites() -> None:
    """An item that waits for a first and for a second wave comes third."""
    findings = [violated(fix("A-01")), violated(fix("B-02", "A-01")), violated(fix("C-03", "A-01", "B-02"))]

    assert item(planned(findings), "W-C-03").wave == 3


def test_what_is_done_is_not_waited_for() -> None:
    """A prerequisite that does not block asks for no waiting."""
    done = fix("A-01")

    plan = planned([violated(fix("B-02", "A-01")), finding(done)])

    assert (item(plan, "W-B-02").after, plan.waves) == ((), (("W-B-02",),))


def test_prerequisites_about_assets_are_of_the_same_asset() -> None:
    """Completeness of the CRM waits for the owner of the CRM, not for that of another source."""
    owner, complete = fix("DAT-01", scope=Scope.SOURCE), fix("DAT-03", "DAT-01", scope=Scope.SOURCE)
    findings = [violated(owner, "crm"), violated(owner, "erp"), violated(complete, "crm")]

    assert item(planned(findings), "W-DAT-03[crm]").after == ("W-DAT-01[crm]",)


def test_an_asset_of_another_kind_is_another_asset() -> None:
    """An API that is called like a source is not the source: work across kinds waits for all of it."""
    source, api = fix("DAT-01", scope=Scope.SOURCE), fix("API-01", "DAT-01", scope=Scope.API)
    findings = [violated(source, "crm"), violated(source, "erp"), violated(api, "crm")]

    assert item(planned(findings), "W-API-01[crm]").after == ("W-DAT-01[crm]", "W-DAT-01[erp]")


def test_work_on_the_deployment_waits_for_all_assets_and_they_for_it() -> None:
    """Between the deployment and its assets a prerequisite means every one of them."""
    first, second, third = fix("A-01"), fix("B-02", "A-01", scope=Scope.API), fix("C-03", "B-02")
    findings = [violated(first), violated(second, "x"), violated(second, "y"), violated(third)]

    plan = planned(findings)

    assert plan.waves == (("W-A-01",), ("W-B-02[x]", "W-B-02[y]"), ("W-C-03",))
    assert item(plan, "W-C-03").after == ("W-B-02[x]", "W-B-02[y]")


def test_effort_and_elapsed_time_have_their_own_chains() -> None:
    """Thirty days of green checks are waiting: they lengthen the calendar, not the effort."""
    findings = [
        violated(fix("A-01", effort=Range(4, 6))),
        violated(fix("B-02", "A-01", effort=Range(2, 2))),
        violated(fix("C-03", effort=Range(1, 1), wait=Range(8, 12))),
    ]

    plan = planned(findings)

    assert plan.critical_by_effort.items == ("W-A-01", "W-B-02")
    assert plan.critical_by_effort.effort == Range(6, 8)
    assert plan.critical_by_elapsed.items == ("W-C-03",)
    assert plan.critical_by_elapsed.elapsed == Range(9, 13)


def test_the_longest_chain_goes_through_the_longest_prerequisite() -> None:
    """Of two prerequisites the longer one is on the chain."""
    findings = [
        violated(fix("A-01", effort=Range(1, 1))),
        violated(fix("B-02", effort=Range(5, 5))),
        violated(fix("C-03", "A-01", "B-02", effort=Range(1, 3))),
    ]

    assert planned(findings).critical_by_effort.items == ("W-B-02", "W-C-03")


def test_totals_are_kept_apart() -> None:
    """Effort adds up per owner, per foundation, and for infrastructure apart from paperwork."""
    findings = [
        violated(fix("A-01", effort=Range(1, 2), owner="SRE lead", foundation="api")),
        violated(fix("B-02", effort=Range(3, 4), foundation="api", infrastructure=False)),
        violated(fix("C-03", effort=Range(0.1, 0.2))),
    ]

    plan = planned(findings)

    assert [(each.key, each.items, each.effort) for each in plan.by_owner] == [
        ("Data owner", 2, Range(3.1, 4.2)),
        ("SRE lead", 1, Range(1, 2)),
    ]
    assert [(each.key, each.items) for each in plan.by_foundation] == [("api", 2), ("data", 1)]
    assert (plan.total, plan.infrastructure, plan.paperwork) == (Range(4.1, 6.2), Range(1.1, 2.2), Range(3, 4))


def test_an_unknown_fact_asks_for_measuring_first() -> None:
    """Measuring is estimated per fact and names the facts; what repairing would cost is kept apart."""
    asked = fix("DAT-03", effort=Range(2, 8), wait=Range(2, 2), scope=Scope.SOURCE)

    plan = planned([unknown(asked, "source.completeness", subject="crm")], unknown_facts_rule())
    (made,) = plan.items

    assert made.title == "Measure source[crm].completeness"
    assert made.measures == (FactRef("source.completeness", "crm"),)
    assert (made.effort, made.wait, made.effort_if_false) == (Range(0.1, 0.3), ZERO, Range(2, 8))
    assert (plan.total, plan.total_if_false) == (Range(0.1, 0.3), Range(2, 8))
    assert (plan.critical_by_elapsed.elapsed, plan.elapsed_if_false) == (Range(0.1, 0.3), Range(4.1, 10.3))


def test_several_unknown_facts_take_as_many_measurements() -> None:
    """Two facts take twice the effort of one."""
    asked = fix("DAT-03", effort=Range(2, 8))

    (made,) = planned([unknown(asked, "gov.inventory_id", "gov.log_retention")], unknown_facts_rule()).items

    assert made.effort == Range(0.2, 0.6)


@pytest.mark.parametrize("effort", [Range(0.1, 0.4), Range(0.5, 1), Range(0, 0)])
def test_measuring_is_never_estimated_above_repairing(effort: Range) -> None:
    """Where repairing is a small matter, finding out takes no more than that: one can simply do it."""
    asked = fix("DAT-03", effort=effort)
    names = [f"gov.fact_{number}" for number in range(9)]

    (made,) = planned([unknown(asked, *names)], unknown_facts_rule()).items

    if effort != ZERO:  # not sized: a redesign
        assert made.effort.low <= effort.low
        assert made.effort.high <= effort.high


def test_what_is_stale_is_measured_again() -> None:
    """Old evidence asks for new evidence, as the rule about evidence estimates it; nothing is to be repaired."""
    asked = fix("DAT-03", effort=Range(2, 8))
    again = evidence_rule(work=work(Range(0.2, 0.4), done_when="It is attested"))
    old = unknown(asked, "gov.inventory_id", outcome=Outcome.STALE)

    (made,) = planned([old], again).items

    assert (made.title, made.done_when) == ("Measure again gov.inventory_id", "It is attested")
    assert (made.effort, made.effort_if_false) == (Range(0.2, 0.4), ZERO)


def test_a_violation_is_repaired_though_more_is_unknown() -> None:
    """Where something is known to be broken nothing has to be measured first."""
    asked = fix("DAT-03", effort=Range(2, 8))
    both = violated(asked, missing=(FactRef("gov.inventory_id"),), open=Effect.BLOCKS)

    (made,) = planned([both], unknown_facts_rule()).items

    assert (made.title, made.measures, made.effort) == ("Repair it", (), Range(2, 8))


def test_weak_evidence_is_one_item_sized_by_its_facts() -> None:
    """Evidence that has to be collected anew is counted per fact."""
    asked = evidence_rule(work=work(Range(0.1, 0.5)))
    refs = (FactRef("source.completeness", "crm"), FactRef("source.completeness", "erp"))

    (made,) = planned([finding(asked, Outcome.VIOLATED, Effect.BLOCKS, missing=refs)]).items

    assert (made.measures, made.effort) == (refs, Range(0.2, 1.0))


def test_without_rules_about_what_is_known_measuring_costs_what_the_rule_says() -> None:
    """A ruleset that has no estimate for measuring uses the rule's own."""
    (made,) = planned([unknown(fix("DAT-03", effort=Range(2, 8)), "gov.inventory_id")]).items

    assert (made.effort, made.done_when) == (Range(2, 8), "It holds")


def test_work_names_the_facts_that_prove_it() -> None:
    """For a repair the facts that failed, for a measurement those to be measured; of other assets without their id."""
    asked = rule(
        "DAT-03",
        check("source.completeness", "at_least", 0.99),
        check("source.validity", "at_least", 0.9),
        check("gov.inventory_id", "equals", "a"),
    )
    given = facts({"gov.inventory_id": "b"}, sources={"crm": {"source.completeness": 0.5, "source.validity": 0.95}})
    plan = planned([judged_one(asked, given), unknown(rule("DAT-04"), "source.uniqueness", subject="crm")])

    assert item(plan, "W-DAT-03[crm]").proves == (FactRef("source.completeness", "crm"), FactRef("gov.inventory_id"))
    assert item(plan, "W-DAT-04[crm]").proves == (FactRef("source.uniqueness", "crm"),)
