"""Holds the gate to a worked example that was calculated by hand: an agent that pays refunds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from readygate.v1 import decision_pb2, gate_pb2, ruleset_pb2
from readygate_server.bootstrap import local_gate

ROOT = Path(__file__).resolve().parents[2]
EXPECTED: dict[str, Any] = yaml.safe_load((ROOT / "tests/cases/refund-agent/expected.yaml").read_text(encoding="utf-8"))
SCENARIOS = ("as_proposed", "as_drafts_for_staff")


@pytest.fixture(scope="module")
def decisions() -> dict[str, decision_pb2.Decision]:
    """Judges the example as it is proposed, as a drafting aid for staff, and with one fact measured."""
    gate = local_gate()
    return {
        name: gate.evaluate_file(
            ROOT / EXPECTED["proposal"],
            ruleset=EXPECTED["ruleset"],
            gate=EXPECTED["gate"],
            as_of=EXPECTED["as_of"],
            overrides=as_facts(EXPECTED[name]["overrides"]),
        )
        for name in (*SCENARIOS, "as_measured_unstable")
    }


def as_facts(overrides: dict[str, Any]) -> dict[str, Any]:
    """Returns overrides as fact values, in which a set is a tuple."""
    return {path: tuple(value) if isinstance(value, list) else value for path, value in overrides.items()}


def found(decision: decision_pb2.Decision, effect: decision_pb2.Effect.ValueType) -> dict[str, list[str]]:
    """Returns outcome and subject of each rule whose finding has the effect."""
    findings = [f for f in decision.findings if f.effect == effect]
    by_rule = {f.rule_id: [outcome_of(f), f.subject] for f in findings}
    assert len(by_rule) == len(findings), "one subject per rule, so that each blocker is one work item"
    return by_rule


def outcome_of(finding: decision_pb2.Finding) -> str:
    """Names an outcome as people write it."""
    return decision_pb2.Outcome.Name(finding.outcome).removeprefix("OUTCOME_").lower()


def outcomes(decision: decision_pb2.Decision, rule: str) -> set[str]:
    """Names the outcomes of one rule over its subjects."""
    return {outcome_of(f) for f in decision.findings if f.rule_id == rule}


def middle(effort: ruleset_pb2.EffortRange) -> float:
    """Returns the middle of a range in person-weeks."""
    return (effort.min_person_weeks + effort.max_person_weeks) / 2


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_verdict_and_tier(decisions: dict[str, decision_pb2.Decision], scenario: str) -> None:
    """The agent is a NO_GO at T3, and the same system drafting for staff a GO_WITH_CONDITIONS at T1."""
    decision, expected = decisions[scenario], EXPECTED[scenario]
    assert decision_pb2.Verdict.Name(decision.verdict) == f"VERDICT_{expected['verdict']}"
    assert ruleset_pb2.Tier.Name(decision.tier.tier).startswith(f"TIER_{expected['tier']}_")
    assert gate_pb2.Gate.Name(decision.gate) == "GATE_COMMIT"
    assert not decision.tier.is_floor


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_what_blocks_is_exactly_what_was_worked_out(decisions: dict[str, decision_pb2.Decision], scenario: str) -> None:
    """Thirteen rules and no more block the agent, each through one subject; nothing blocks the drafting aid."""
    assert found(decisions[scenario], decision_pb2.EFFECT_BLOCKS) == EXPECTED[scenario]["blocking"]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_conditions_are_exactly_what_was_worked_out(decisions: dict[str, decision_pb2.Decision], scenario: str) -> None:
    """One condition is open in each case."""
    assert found(decisions[scenario], decision_pb2.EFFECT_CONDITIONS) == EXPECTED[scenario]["conditions"]


def test_unknown_facts_are_named_for_measuring(decisions: dict[str, decision_pb2.Decision]) -> None:
    """The rule about unknowns fires and names the facts that an event log would give."""
    decision = decisions["as_proposed"]
    for rule in EXPECTED["as_proposed"]["also_unknown"]:
        assert outcomes(decision, rule) == {"unknown"}
    needed = {(m.fact, m.subject) for m in decision.missing_facts if m.blocks}
    assert {name.split(".")[1] for name, _ in needed} == {
        "stable_weeks",
        "days_since_material_change",
        "conformance_fitness",
        "variants_for_80pct",
    }
    assert {subject for _, subject in needed} == {"returns"}


def test_waves(decisions: dict[str, decision_pb2.Decision]) -> None:
    """The work falls into two waves: what can start today, and what waits for it."""
    plan = decisions["as_proposed"].plan
    waves = {w.number: sorted(i.rule_id for i in plan.items if i.wave == w.number) for w in plan.waves}
    assert waves == EXPECTED["as_proposed"]["waves"]


def test_effort_adds_up_to_the_worked_total(decisions: dict[str, decision_pb2.Decision]) -> None:
    """Repairing everything, what is measured first included, takes about 62 person-weeks."""
    repairs = [
        i.effort_if_measured_false if i.kind == decision_pb2.WORK_KIND_MEASURE else i.effort
        for i in decisions["as_proposed"].plan.items
    ]
    assert sum(middle(effort) for effort in repairs) == pytest.approx(EXPECTED["as_proposed"]["effort"])


def test_longest_chain_by_effort(decisions: dict[str, decision_pb2.Decision]) -> None:
    """The longest chain builds a path to the order data and then shortens it."""
    plan = decisions["as_proposed"].plan
    rules = {i.id: i.rule_id for i in plan.items}
    chain = plan.critical_by_effort
    assert [rules[item] for item in chain.item_ids] == EXPECTED["as_proposed"]["longest_chain"]
    assert middle(chain.effort) == pytest.approx(EXPECTED["as_proposed"]["longest_chain_effort"])


def test_stable_charts_are_waiting_and_not_work(decisions: dict[str, decision_pb2.Decision]) -> None:
    """Once the process is known to be unstable, eight to twelve weeks of elapsed time come on top of the effort."""
    items = {i.rule_id: i for i in decisions["as_measured_unstable"].plan.items}
    for rule, weeks in EXPECTED["as_measured_unstable"]["waits"].items():
        assert items[rule].kind == decision_pb2.WORK_KIND_FIX
        assert [items[rule].wait.min_weeks, items[rule].wait.max_weeks] == weeks


def test_advisories_of_the_drafting_aid(decisions: dict[str, decision_pb2.Decision]) -> None:
    """What would block the agent is still told to the owner of the drafting aid."""
    advised = found(decisions["as_drafts_for_staff"], decision_pb2.EFFECT_ADVISES)
    assert advised == EXPECTED["as_drafts_for_staff"]["advisories"]


def test_rules_that_ease_or_fall_away_at_the_lower_tier(decisions: dict[str, decision_pb2.Decision]) -> None:
    """Three of the blockers pass at the levels of T1, and others set no level there."""
    decision = decisions["as_drafts_for_staff"]
    for rule in EXPECTED["as_drafts_for_staff"]["passes"]:
        assert "satisfied" in outcomes(decision, rule)
        assert outcomes(decision, rule) <= {"satisfied", "not_applicable"}
    for rule in EXPECTED["as_drafts_for_staff"]["not_asked"]:
        assert outcomes(decision, rule) == {"not_applicable"}


def test_everything_else_that_is_due_passes(decisions: dict[str, decision_pb2.Decision]) -> None:
    """Each other rule that is due at commit is satisfied or does not apply; none is left out by accident."""
    decision, expected = decisions["as_proposed"], EXPECTED["as_proposed"]
    named = {*expected["blocking"], *expected["conditions"], *expected["also_unknown"]}
    due = [f for f in decision.findings if f.due == gate_pb2.GATE_COMMIT and f.rule_id not in named]
    assert {f.rule_id: outcome_of(f) for f in due if outcome_of(f) not in {"satisfied", "not_applicable"}} == {}
    satisfied = {f.rule_id for f in due if outcome_of(f) == "satisfied"}
    assert satisfied >= {"DEP-01", "DEP-02", "DEP-04", "DAT-01", "DAT-04", "DAT-05", "DAT-10", "API-02", "WFL-01"}
    assert satisfied >= {"ORG-01", "ORG-02", "ORG-03", "ORG-06", "GOV-01", "GOV-08", "VAL-03", "VAL-05", "VAL-06"}
    assert "EVD-02" in satisfied


def test_the_lower_tier_is_offered(decisions: dict[str, decision_pb2.Decision]) -> None:
    """The answer to the agent says that drafts for staff would be a go today."""
    offered = {(p.tier, p.gate, p.verdict) for p in decisions["as_proposed"].passes_today}
    assert (ruleset_pb2.TIER_T1_ASSIST, gate_pb2.GATE_COMMIT, decision_pb2.VERDICT_GO_WITH_CONDITIONS) in offered
