"""What a change of a ruleset does to the answer."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readygate_server.domain.comparators import compile_comparison
from readygate_server.domain.facts import FactValue
from readygate_server.domain.rule import (
    Check,
    NarrowTo,
    Provenance,
    Range,
    Rule,
    SeverityWhen,
    Threshold,
    TierAxis,
    TierLevel,
)
from readygate_server.domain.ruleset_diff import Change, ChangeKind, compare_thresholds, diff, diff_rules
from readygate_server.domain.vocabulary import Gate, Grade, RuleKind, Scope, Severity, Tier
from tests.unit.make import OURS, check, evidence_rule, requirement, rule, ruleset, work

TIGHTENED, LOOSENED, NEUTRAL, MIXED = ChangeKind
T1, T2, T3, T4 = Tier
RATIO = check("source.completeness", "at_least", {T2: 0.95, T3: 0.99})
NAMES = check("source.authority", "one_of", {T4: ("system_of_record", "governed_copy")})
ACCEPTED = replace(requirement("source.owner.accepted", tiers=frozenset({T2, T3})), id="accepted")
BASE = rule("DAT-01", RATIO, NAMES, ACCEPTED, severity=Severity.CONDITION, due=Gate.PILOT)


def with_check(changed: Check) -> Rule:
    """Returns the rule with its first check replaced."""
    return replace(BASE, checks=(changed, NAMES))


def with_limit(tier: Tier, value: FactValue | None) -> Rule:
    """Returns the rule with another threshold at one tier, or none."""
    limits = {each: limit for each, limit in RATIO.thresholds.items() if each is not tier}
    if value is not None:
        limits[tier] = Threshold(value, OURS)
    return with_check(replace(RATIO, thresholds=limits))


CASES = [
    ("a higher floor", with_limit(T3, 0.995), "checks.completeness.T3", ">= 0.99", ">= 0.995", TIGHTENED),
    ("a lower floor", with_limit(T3, 0.98), "checks.completeness.T3", ">= 0.99", ">= 0.98", LOOSENED),
    ("a tier more", with_limit(T4, 0.99), "checks.completeness.T4", "", ">= 0.99", TIGHTENED),
    ("a tier less", with_limit(T2, None), "checks.completeness.T2", ">= 0.95", "", LOOSENED),
    (
        "another fact",
        with_check(replace(RATIO, fact="source.validity")),
        "checks.completeness",
        "source.completeness: T2 >= 0.95, T3 >= 0.99",
        "source.validity: T2 >= 0.95, T3 >= 0.99",
        MIXED,
    ),
    (
        "another comparator",
        with_check(replace(RATIO, comparator="at_most")),
        "checks.completeness",
        "source.completeness: T2 >= 0.95, T3 >= 0.99",
        "source.completeness: T2 <= 0.95, T3 <= 0.99",
        MIXED,
    ),
    (
        "another provenance",
        with_check(
            replace(RATIO, thresholds={**RATIO.thresholds, T3: Threshold(0.99, Provenance("A paper", citation="p. 1"))})
        ),
        "checks.completeness.T3.provenance",
        "An example.",
        "A paper: p. 1",
        NEUTRAL,
    ),
    ("another unit", with_check(replace(RATIO, unit="ratio")), "checks.completeness.unit", "", "ratio", NEUTRAL),
    ("asked under a condition", with_check(replace(RATIO, where="a")), "checks.completeness.where", "", "a", LOOSENED),
    (
        "a later check",
        with_check(replace(RATIO, due=Gate.PRODUCTION)),
        "checks.completeness.due",
        "commit",
        "production",
        LOOSENED,
    ),
    (
        "a check that weighs more",
        with_check(replace(RATIO, severity={T2: Severity.BLOCKER})),
        "checks.completeness.severity.T2",
        "condition",
        "blocker",
        TIGHTENED,
    ),
    (
        "a check less",
        replace(BASE, checks=(RATIO,)),
        "checks.authority",
        "source.authority: T4 one of system_of_record, governed_copy",
        "",
        LOOSENED,
    ),
    (
        "a check more",
        replace(BASE, checks=(RATIO, NAMES, check("source.written", "equals", {T4: True}))),
        "checks.written",
        "",
        "source.written: T4 true",
        TIGHTENED,
    ),
    (
        "a requirement less",
        replace(BASE, requirements=()),
        "require.accepted",
        "source.owner.accepted holds",
        "",
        LOOSENED,
    ),
    (
        "another requirement",
        replace(BASE, requirements=(replace(ACCEPTED, expression="other"),)),
        "require.accepted.cel",
        "source.owner.accepted",
        "other",
        MIXED,
    ),
    (
        "a requirement at a tier more",
        replace(BASE, requirements=(replace(ACCEPTED, tiers=frozenset({T2, T3, T4})),)),
        "require.accepted.tiers.T4",
        "",
        "asked",
        TIGHTENED,
    ),
    (
        "a requirement at a tier less",
        replace(BASE, requirements=(replace(ACCEPTED, tiers=frozenset({T3})),)),
        "require.accepted.tiers.T2",
        "asked",
        "",
        LOOSENED,
    ),
    (
        "other words for a requirement",
        replace(BASE, requirements=(replace(ACCEPTED, asks="Accepted"),)),
        "require.accepted.asks",
        "source.owner.accepted holds",
        "Accepted",
        NEUTRAL,
    ),
    (
        "a higher severity",
        replace(BASE, severity={**BASE.severity, T4: Severity.BLOCKER}),
        "severity.T4",
        "condition",
        "blocker",
        TIGHTENED,
    ),
    (
        "a lower severity",
        replace(BASE, severity={**BASE.severity, T1: Severity.NONE}),
        "severity.T1",
        "condition",
        "none",
        LOOSENED,
    ),
    ("due earlier", replace(BASE, due={**BASE.due, T4: Gate.COMMIT}), "due.T4", "pilot", "commit", TIGHTENED),
    ("due later", replace(BASE, due={**BASE.due, T1: Gate.PRODUCTION}), "due.T1", "pilot", "production", LOOSENED),
    ("applies under a condition", replace(BASE, when="a"), "when", "", "a", LOOSENED),
    ("asked of some", replace(BASE, where="a"), "where", "", "a", LOOSENED),
    (
        "other severities for some",
        replace(BASE, severity_when=(SeverityWhen("a", {T1: Severity.BLOCKER}),)),
        "severity_when",
        "",
        "a",
        MIXED,
    ),
    ("another scope", replace(BASE, scope=Scope.API), "scope", "source", "api", MIXED),
    ("another kind", replace(BASE, kind=RuleKind.UNKNOWN_FACTS), "kind", "facts", "unknown_facts", MIXED),
    (
        "an excuse more",
        replace(BASE, may_be_not_applicable=frozenset({"b", "a"})),
        "may_be_not_applicable",
        "",
        "a, b",
        LOOSENED,
    ),
    ("no waiver any more", replace(BASE, waivable=False), "waivable", "true", "false", TIGHTENED),
    ("longer waivers", replace(BASE, maximum_waiver_days=120), "maximum_waiver_days", "90", "120", LOOSENED),
    ("more who approve", replace(BASE, waiver_quorum=2), "waiver_quorum", "1", "2", TIGHTENED),
    ("an author more", replace(BASE, authors=frozenset({"ada"})), "authors", "", "ada", TIGHTENED),
    ("asked from later on", replace(BASE, effective_from="2027-01-01"), "effective_from", "", "2027-01-01", LOOSENED),
    (
        "asked until some day",
        replace(BASE, effective_until="2027-01-01"),
        "effective_until",
        "",
        "2027-01-01",
        LOOSENED,
    ),
    ("another title", replace(BASE, title="Other"), "title", "DAT-01", "Other", NEUTRAL),
    ("more effort", replace(BASE, work=work(Range(2, 4))), "work.effort", "1 to 2", "2 to 4", NEUTRAL),
    ("work that waits", replace(BASE, work=work(after=("DAT-02",))), "work.after", "", "DAT-02", NEUTRAL),
    ("other references", replace(BASE, references=("ISO",)), "references", "", "ISO", NEUTRAL),
]


@pytest.mark.parametrize(
    ("after", "path", "old", "new", "kind"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_each_change_has_a_direction(after: Rule, path: str, old: str, new: str, kind: ChangeKind) -> None:
    """One change of a rule is one difference with its path, both sides in words, and what it does to the answer."""
    assert diff_rules(BASE, after) == (Change("DAT-01", path, old, new, kind),)


@pytest.mark.parametrize(
    ("after", "path", "kind"), [(case[1], case[2], case[5]) for case in CASES], ids=[case[0] for case in CASES]
)
def test_the_way_back_is_the_opposite(after: Rule, path: str, kind: ChangeKind) -> None:
    """Undoing what tightened loosens, undoing what loosened tightens; the rest stays what it is."""
    opposite = {TIGHTENED: LOOSENED, LOOSENED: TIGHTENED}.get(kind, kind)
    assert [(change.path, change.kind) for change in diff_rules(after, BASE)] == [(path, opposite)]


THRESHOLDS: list[tuple[str, FactValue, FactValue, ChangeKind]] = [
    ("at_least", 5, 6, TIGHTENED),
    ("at_most", 5, 6, LOOSENED),
    ("count_at_least", 2, 3, TIGHTENED),
    ("at_most_days_ago", 365, 180, TIGHTENED),
    ("at_most_days_ahead", 90, 180, LOOSENED),
    ("one_of", ("a", "b"), ("a",), TIGHTENED),
    ("one_of", ("a", "b"), ("b", "a"), NEUTRAL),
    ("one_of", ("a", "b"), ("a", "c"), MIXED),
    ("none_of", ("a",), ("a", "b"), TIGHTENED),
    ("includes", ("a",), ("a", "b"), TIGHTENED),
    ("includes", ("a", "b"), ("b",), LOOSENED),
    ("equals", True, False, MIXED),
    ("equals", "a", "b", MIXED),
    ("at_least", 1, 1.0, NEUTRAL),
    ("stated", True, True, NEUTRAL),
]


@pytest.mark.parametrize(("comparator", "before", "after", "kind"), THRESHOLDS)
def test_thresholds_by_comparator(comparator: str, before: FactValue, after: FactValue, kind: ChangeKind) -> None:
    """Which way a number or a list has to move to tighten depends on the comparator."""
    assert compare_thresholds(comparator, before, after) is kind


NUMBERS = st.integers(-5, 5)
SETS = st.frozensets(st.sampled_from("abcd"), min_size=1).map(lambda names: tuple(sorted(names)))
LIMITED = st.one_of(
    st.tuples(st.sampled_from(["at_least", "at_most"]), NUMBERS, NUMBERS, NUMBERS),
    st.tuples(st.sampled_from(["one_of", "none_of"]), SETS, SETS, st.sampled_from("abcd")),
    st.tuples(st.sampled_from(["includes"]), SETS, SETS, SETS),
)


@given(LIMITED)
def test_a_direction_holds_for_every_value(drawn: tuple[str, FactValue, FactValue, FactValue]) -> None:
    """What passes a tightened threshold passed before, and what passed before passes a loosened one."""
    comparator, before, after, value = drawn
    kind = compare_thresholds(comparator, before, after)
    old, new = (compile_comparison(comparator, limit)(value, 0) for limit in (before, after))
    assert not (kind is TIGHTENED and new and not old)
    assert not (kind is LOOSENED and old and not new)
    assert not (kind is NEUTRAL and old is not new)


def test_a_name_that_is_prescribed_is_a_list_of_one() -> None:
    """Going from a list of names to one of them tightens, whatever comparator says so."""
    one = replace(NAMES, comparator="equals", thresholds={T4: Threshold("system_of_record", OURS)})
    changes = diff_rules(BASE, replace(BASE, checks=(RATIO, one)))
    assert changes == (
        Change(
            "DAT-01", "checks.authority.T4", "one of system_of_record, governed_copy", "system_of_record", TIGHTENED
        ),
    )


def test_conditions_that_go_tighten_and_that_change_are_mixed() -> None:
    """Nobody can say which of two conditions is stricter; none at all is stricter than any."""
    some, other = replace(BASE, when="a"), replace(BASE, when="b")
    assert [change.kind for change in diff_rules(some, other)] == [MIXED]
    assert [change.kind for change in diff_rules(some, BASE)] == [TIGHTENED]


def test_severities_under_a_condition_are_compared_by_tier() -> None:
    """While the conditions stay the same, other severities under them have a direction."""
    before = replace(BASE, severity_when=(SeverityWhen("a", {T1: Severity.ADVISORY}),))
    after = replace(BASE, severity_when=(SeverityWhen("a", {T1: Severity.BLOCKER}),))
    assert diff_rules(before, after) == (Change("DAT-01", "severity_when.0.T1", "advisory", "blocker", TIGHTENED),)


def test_demands_on_evidence_have_a_direction() -> None:
    """A higher grade and a smaller age tighten; a demand that is new tightens."""
    before = evidence_rule()
    assert before.evidence is not None
    grades = {**before.evidence.minimum_grade, T4: Grade.E2}
    ages = {**before.evidence.maximum_age_days, "test": {**before.evidence.maximum_age_days["test"], T1: 180}}
    blockers = {T4: {"data": Grade.E3}}
    after = replace(
        before,
        evidence=replace(
            before.evidence, minimum_grade=grades, maximum_age_days=ages, minimum_grade_of_blockers=blockers
        ),
    )
    assert [(change.path, change.before, change.after, change.kind) for change in diff_rules(before, after)] == [
        ("evidence.maximum_age_days.test.T1", "90", "180", LOOSENED),
        ("evidence.minimum_grade.T4", "e1", "e2", TIGHTENED),
        ("evidence.minimum_grade_of_blockers.T4.data", "", "e3", TIGHTENED),
    ]


def test_rules_that_come_and_go() -> None:
    """A rule more tightens, a rule less loosens, and changes are sorted by rule."""
    other, third = rule("DAT-02", RATIO), rule("DAT-03", RATIO)
    changes = diff(ruleset(BASE, third), ruleset(replace(BASE, title="Other"), other))
    assert changes == (
        Change("DAT-01", "title", "DAT-01", "Other", NEUTRAL),
        Change("DAT-02", "", "", "DAT-02", TIGHTENED),
        Change("DAT-03", "", "DAT-03", "", LOOSENED),
    )


def test_changes_of_the_ruleset_itself_come_first() -> None:
    """Tiering and validity belong to no rule; a tier condition that is new tightens, and validity that shrinks."""
    axis = TierAxis("audience", "Audience", (TierLevel(T2, "a"),), OURS)
    wider = replace(axis, levels=(TierLevel(T3, "b"), TierLevel(T2, "c")))
    narrow = {T1: (NarrowTo("deployment.audience", frozenset({"customer"}), ("staff",)),)}
    changes = diff(ruleset(BASE, axes=(axis,)), ruleset(BASE, axes=(wider,), narrow_to=narrow, verdict_valid_days=30))
    assert [(change.rule_id, change.path, change.kind) for change in changes] == [
        ("", "narrow_to.T1", NEUTRAL),
        ("", "tiering.audience.T2", MIXED),
        ("", "tiering.audience.T3", TIGHTENED),
        ("", "verdict_valid_days", TIGHTENED),
    ]
    assert [change.kind for change in diff(ruleset(axes=(axis,)), ruleset())] == [LOOSENED]


def test_a_ruleset_does_not_differ_from_itself() -> None:
    """Equal rulesets have no differences."""
    assert diff(ruleset(BASE, evidence_rule()), ruleset(BASE, evidence_rule())) == ()
