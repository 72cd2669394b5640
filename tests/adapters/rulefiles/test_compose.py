"""From rule files to the rules that are judged."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.adapters.rulefiles.broken import Broken
from tests.adapters.rulefiles.files import RULE, SOUND, TEST, edited, faults_of, write

from readygate_server.adapters.rulefiles.loader import load_rulesets
from readygate_server.domain.rule import Provenance, Range, Rule, SeverityWhen, Threshold
from readygate_server.domain.vocabulary import Gate, Grade, RuleKind, Scope, Severity, Tier

T1, T2, T3, T4 = Tier
EVIDENCE = """\
id: DAT-01
title: Evidence is good enough
foundation: evidence
question: Is the evidence good enough?
motivation: A figure from a slide looks like one from a monitor.
scope: deployment
kind: evidence
due: commit
severity: {T1: condition, T2: blocker, T3: blocker, T4: blocker}
evidence:
  minimum_grade: {T1: E0, T2: E1, T3: E1, T4: E2}
  minimum_grade_where_a_tool_exists: {T3: E2}
  minimum_grade_of_blockers:
    T4: {data: E3}
  maximum_age_days:
    measured: {T1: 60, T2: 60, T3: 30, T4: 30}
    test: {T1: 180, T2: 180, T3: 90, T4: 90}
    document: {T1: 365, T2: 365, T3: 365, T4: 365}
  provenance: {default: {judgement: An example.}, maximum_age_days: {judgement: Another.}}
work:
  title: Collect it again
  done_when: Every fact has its evidence
  effort: {min: 0.1, max: 0.5, per: fact}
  wait_weeks: {min: 1, max: 2}
  owner: Fact owner
  kind: paperwork
references: []
"""
EVIDENCE_TEST = "rule: DAT-01\nbase: {id: example}\ncases: []\n"


def composed(text: str, test: str = TEST) -> Rule:
    """Returns the rule that a text states."""
    files = {**SOUND, "data/DAT-01.yaml": text, "data/DAT-01_test.yaml": test}
    return load_rulesets(files).rulesets[0].rules[0]


def test_a_rule_has_what_its_file_says() -> None:
    """Texts, thresholds with provenance per tier, conditions, gates and work arrive as they were written."""
    rule = composed(RULE)
    judgement = Provenance(judgement="An example.")
    assert (rule.id, rule.scope, rule.kind, rule.foundation) == ("DAT-01", Scope.SOURCE, RuleKind.FACTS, "data")
    assert rule.severity == {T1: Severity.ADVISORY, T2: Severity.CONDITION, T3: Severity.BLOCKER, T4: Severity.BLOCKER}
    assert rule.due == dict.fromkeys(Tier, Gate.COMMIT)
    assert rule.checks[0].thresholds == {
        T1: Threshold(0.9, judgement),
        T2: Threshold(0.95, judgement),
        T3: Threshold(0.99, judgement),
        T4: Threshold(0.99, judgement),
    }
    assert rule.checks[0].unit == "ratio"
    assert rule.checks[1].thresholds[T4].value == ("system_of_record", "governed_copy")
    assert rule.requirements[0].expression == 'source.owner.person != "" && source.owner.accepted'
    assert rule.requirements[0].tiers == frozenset(Tier)
    assert rule.requirements[0].provenance == Provenance("An example", citation="page 1")
    assert (rule.work.effort, rule.work.infrastructure, rule.work.after) == (Range(1, 2), True, ())


def test_a_rule_that_says_more() -> None:
    """Gates, severities and provenance per tier, other severities under a condition, parts of their own."""
    text = edited(RULE, "due: commit", "due: {T2: pilot, T3: commit, T4: commit}")
    text = edited(text, "T1: advisory", "T1: none")
    text = edited(
        text,
        "{T1: 0.9, T2: 0.95, T3: 0.99, T4: 0.99}\n    provenance: {judgement: An example.}",
        "{T3: 0.99, T4: 0.99}\n"
        "    provenance: {T3: {source: A paper, citation: p. 1}, default: {judgement: Ours.}}\n"
        "    where: source.written\n    due: production\n    severity: {T4: blocker}",
    )
    text = edited(text, "    asks: Somebody", "    tiers: [T2]\n    asks: Somebody")
    text += (
        "severity_when: [{when: org.open_objections > 0, severity: {T3: condition, T4: blocker}}]\n"
        "may_be_not_applicable: [source.accuracy]\nmonotone: false\nwaivable: false\n"
        "authors: [ada, grace]\neffective_from: 2026-01-01\neffective_until: 2026-12-31\n"
        "not_checked: [Something else.]\n"
        "cannot_be: {not_applicable: It always applies.}\n"
    )
    rule = composed(text)
    check = rule.checks[0]
    assert (rule.due[T2], rule.due[T3]) == (Gate.PILOT, Gate.COMMIT)
    assert {
        tier: limit.provenance.source or limit.provenance.judgement for tier, limit in check.thresholds.items()
    } == {
        T3: "A paper",
        T4: "Ours.",
    }
    assert (check.where, check.due, check.severity) == ("source.written", Gate.PRODUCTION, {T4: Severity.BLOCKER})
    assert rule.requirements[0].tiers == {T2}
    assert rule.severity_when == (
        SeverityWhen("org.open_objections > 0", {T3: Severity.CONDITION, T4: Severity.BLOCKER}),
    )
    assert rule.may_be_not_applicable == {"source.accuracy"}
    assert (rule.monotone, rule.waivable, rule.effective_from, rule.effective_until) == (
        False,
        False,
        "2026-01-01",
        "2026-12-31",
    )
    assert rule.cannot_be == {"not_applicable": "It always applies."}
    assert rule.authors == {"ada", "grace"}


def test_a_rule_whose_waivers_need_more() -> None:
    """How long a waiver may be and how many approve it; ninety days and one person unless the file says otherwise."""
    rule, plain = composed(RULE + "maximum_waiver_days: 30\nwaiver_quorum: 2\n"), composed(RULE)
    assert (rule.waivable, rule.maximum_waiver_days, rule.waiver_quorum) == (True, 30, 2)
    assert (plain.waivable, plain.maximum_waiver_days, plain.waiver_quorum, plain.authors) == (True, 90, 1, frozenset())


def test_a_demand_on_evidence() -> None:
    """Grades and ages per tier, with provenance by name."""
    rule = composed(EVIDENCE, EVIDENCE_TEST)
    demand = rule.evidence
    assert demand is not None
    assert demand.minimum_grade == {T1: Grade.E0, T2: Grade.E1, T3: Grade.E1, T4: Grade.E2}
    assert demand.minimum_grade_where_a_tool_exists == {T3: Grade.E2}
    assert demand.minimum_grade_of_blockers == {T4: {"data": Grade.E3}}
    assert demand.maximum_age_days["test"][T3] == 90
    assert {name: each.judgement for name, each in demand.provenance.items()} == {
        "default": "An example.",
        "maximum_age_days": "Another.",
    }
    assert (rule.work.per, rule.work.wait, rule.work.infrastructure) == ("fact", Range(1, 2), False)


BROKEN = (
    Broken(
        "a tier without grade",
        "  minimum_grade: {T1: E0, T2: E1, ",
        "  ▶minimum_grade: {",
        "nothing is asked for T1, T2",
        expected="T1 to T4",
    ),
    Broken(
        "a tier without age",
        "    test: {T1: 180, ",
        "    ▶test: {",
        "nothing is asked for T1",
        expected="T1 to T4",
    ),
    Broken(
        "a class without age",
        "  maximum_age_days:\n    measured: {T1: 60, T2: 60, T3: 30, T4: 30}\n",
        "  ▶maximum_age_days:\n",
        "no greatest age for facts that are measured",
    ),
    Broken(
        "an unknown grade",
        "minimum_grade: {T1: E0",
        "minimum_grade: {T1: ▶E9",
        "'T1' is not one of the known words",
        "'E9'",
        "E0, E1, E2 or E3",
    ),
)


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)
def test_faults_of_demands(broken: Broken, tmp_path: Path) -> None:
    """A demand that leaves a tier or a class of facts out is a fault at its place."""
    text, expected = broken.spoil(EVIDENCE, "data/DAT-01.yaml")
    files = {**SOUND, "data/DAT-01.yaml": text, "data/DAT-01_test.yaml": EVIDENCE_TEST}
    assert faults_of(write(tmp_path, files)) == (expected,)


def test_a_rule_asks_something(tmp_path: Path) -> None:
    """A rule about facts without a check, and a demand on evidence in a rule of another kind, are refused."""
    no_parts = RULE[: RULE.index("checks:")] + RULE[RULE.index("work:") :].replace("{source.completeness}", "so much")
    other_kind = edited(EVIDENCE, "kind: evidence", "kind: unknown_facts")
    for text, message in (
        (no_parts, "the rule asks nothing"),
        (other_kind, "'evidence' belongs to a rule of the kind 'evidence', and that kind needs it"),
    ):
        files = {**SOUND, "data/DAT-01.yaml": text, "data/DAT-01_test.yaml": EVIDENCE_TEST}
        assert [fault.message for fault in faults_of(write(tmp_path, files))] == [message]


def test_tiering_and_narrowing() -> None:
    """Axes keep their levels from the highest tier down; lists to narrow to are sets of names."""
    (ruleset,) = load_rulesets(SOUND).rulesets
    assert [(level.tier, level.when.rpartition("_")[2]) for level in ruleset.axes[0].levels] == [
        (T3, "SPECIAL"),
        (T2, "PERSONAL"),
    ]
    assert {(step.fact, step.narrowed_from, step.to) for step in ruleset.narrow_to[T1]} == {
        ("deployment.data_sensitivity", frozenset({"personal", "special"}), "internal"),
        ("deployment.audience", frozenset({"customer"}), ("staff",)),
    }
