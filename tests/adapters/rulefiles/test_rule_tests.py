"""Running the tests beside rules, and measuring what they show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from tests.adapters.rulefiles.files import RULE, SOUND, TEST, edited

from readygate_server.adapters.rulefiles.coverage import Coverage, measure
from readygate_server.adapters.rulefiles.loader import load_rulesets
from readygate_server.adapters.rulefiles.rule_tests import CaseResult, run_rule_tests
from readygate_server.bootstrap import rule_judge

TEST_FILE, RULE_FILE = "data/DAT-01_test.yaml", "data/DAT-01.yaml"
CASES = TEST[TEST.index("cases:") :]


def results_of(files: Mapping[str, str]) -> tuple[CaseResult, ...]:
    """Returns the results of all tests of a directory."""
    return run_rule_tests(load_rulesets(files), rule_judge())


def with_cases(cases: str, rule: str = RULE) -> dict[str, str]:
    """Returns the sound directory with other cases, and perhaps another rule."""
    return {**SOUND, RULE_FILE: rule, TEST_FILE: edited(TEST, CASES, cases)}


def case(outcome: str, **other: Any) -> str:
    """Returns a file of one case at T3."""
    lines = "".join(f"    {key}: {value}\n" for key, value in {"tier": "T3", **other}.items())
    return f"cases:\n  - name: A case\n    outcome: {outcome}\n{lines}"


def coverage_of(files: Mapping[str, str]) -> Coverage:
    """Returns what the tests of a directory show."""
    loaded = load_rulesets(files)
    days = {rule_id: test.file.as_of for rule_id, test in loaded.tests.items()}
    return measure(loaded.rules.values(), run_rule_tests(loaded, rule_judge()), days)


def test_cases_and_both_sides_of_thresholds_are_run() -> None:
    """Each case and each side of a threshold is one result, with file and line."""
    found = results_of(SOUND)
    assert [(result.name, result.place, result.passed) for result in found] == [
        ("A complete source passes", "data/DAT-01_test.yaml:12", True),
        ("A source that nobody measured is unknown", "data/DAT-01_test.yaml:15", True),
        ("completeness pass at T1: 0.9", "data/DAT-01_test.yaml:24", True),
        ("completeness fail at T1: 0.899", "data/DAT-01_test.yaml:24", True),
    ]


DIFFERENCES: list[tuple[str, str, list[str]]] = [
    ("another outcome", case("violated"), ["outcome: got satisfied, expected violated"]),
    (
        "another effect",
        case("violated", set='{"source[crm].completeness": 0.5}', effect="conditions"),
        ["effect: got blocks, expected conditions"],
    ),
    (
        "other missing facts",
        case("unknown", set='{"source[crm].completeness": null}', missing='["source[crm].authority"]'),
        ["missing: got source[crm].completeness, expected source[crm].authority"],
    ),
    (
        "outcome and missing facts",
        case("satisfied", set='{"source[crm].completeness": null}', missing="[]"),
        [
            "outcome: got unknown, expected satisfied",
            "missing: got source[crm].completeness, expected nothing",
        ],
    ),
    (
        "a subject that is not there",
        case("satisfied", subject="erp"),
        ["subjects of the findings: got none, expected erp"],
    ),
    (
        "a fact that is not there",
        case("satisfied", set='{"source[crm].completness": 1}'),
        [
            (
                "the facts can not be set: there is no such fact: got 'source.completness'; "
                "did you mean source.completeness?"
            )
        ],
    ),
]


@pytest.mark.parametrize(
    ("cases", "mismatches"), [each[1:] for each in DIFFERENCES], ids=[each[0] for each in DIFFERENCES]
)
def test_a_case_that_comes_out_otherwise_says_how(cases: str, mismatches: list[str]) -> None:
    """A failed case names everything that differs, with got and expected."""
    (result,) = results_of(with_cases(cases))
    assert not result.passed
    assert [str(mismatch) for mismatch in result.mismatches] == mismatches


def test_a_base_that_is_no_proposal_fails_its_cases_with_the_place() -> None:
    """A fault in the base is reported by every case that needs it, with its line and column."""
    (result,) = results_of(
        {**with_cases(case("satisfied")), TEST_FILE: edited(TEST, CASES, case("satisfied")).replace("0.99", "99")}
    )
    assert not result.passed
    assert "data/DAT-01_test.yaml:8:21" in str(result.mismatches[0])


def test_the_gate_of_a_case_is_that_of_its_rule() -> None:
    """Without a gate a case is judged where its rule is due; a gate before that gives not due."""
    late = edited(RULE, "due: commit", "due: {T1: commit, T2: commit, T3: pilot, T4: pilot}")
    assert [result.passed for result in results_of(with_cases(case("satisfied"), late))] == [True]
    assert [result.passed for result in results_of(with_cases(case("not_due", gate="commit"), late))] == [True]


def test_a_case_replaces_evidence_and_statements() -> None:
    """A statement may stand in the place of a value that the same case takes away."""
    allowed = RULE + "may_be_not_applicable: [source.authority]\n"
    statement = (
        "[{fact: source.authority, subject: crm, kind: not_applicable, reason: It is made up., stated_by: R. Ahmed}]"
    )
    text = case("satisfied", set='{"source[crm].authority": null}', statements=statement)
    (result,) = results_of(with_cases(text, allowed))
    assert result.passed, result.mismatches


def test_one_of_several_subjects_has_to_be_named() -> None:
    """With two sources a case says which finding it is about."""
    second = edited(TEST, "cases:", "    - {id: erp, completeness: 0.5, authority: shadow_copy}\ncases:")
    files = {**SOUND, TEST_FILE: second.replace(CASES, case("satisfied"))}
    assert [str(mismatch) for mismatch in results_of(files)[0].mismatches] == [
        "subjects of the findings: got crm, erp, expected one, or else 'subject' says which"
    ]
    files[TEST_FILE] = second.replace(CASES, case("violated", subject="erp"))
    assert results_of(files)[0].passed


THRESHOLD = """\
cases: []
thresholds:
  - check: {check}
    fact: source[crm].{fact}
    at: {{{tier}: {{pass: {good}, fail: {bad}}}}}
"""


@pytest.mark.parametrize(
    ("check", "fact", "tier", "good", "bad", "failed"),
    [
        ("completeness", "completeness", "T2", 0.95, 0.949, []),
        ("completeness", "completeness", "T2", 0.94, 0.93, ["pass"]),
        ("completeness", "completeness", "T2", 0.97, 0.96, ["fail"]),
        ("authority", "authority", "T4", "governed_copy", "shadow_copy", []),
    ],
)
def test_sides_of_thresholds(check: str, fact: str, tier: str, good: object, bad: object, failed: list[str]) -> None:
    """The passing value has to satisfy the check and the failing one to violate the rule."""
    text = THRESHOLD.format(check=check, fact=fact, tier=tier, good=good, bad=bad)
    assert [result.side for result in results_of(with_cases(text)) if not result.passed] == failed


def test_a_check_that_is_not_asked_shows_no_side() -> None:
    """A side of a threshold at a tier at which the check is not asked fails the test."""
    rule = edited(RULE, "{T1: 0.9, T2: 0.95, T3: 0.99, T4: 0.99}", "{T3: 0.99, T4: 0.99}")
    text = THRESHOLD.format(check="completeness", fact="completeness", tier="T2", good=0.99, bad=0.98)
    assert {str(result.mismatches[0]) for result in results_of(with_cases(text, rule))} == {
        "outcome of the check completeness: got not asked, expected satisfied",
        "outcome of the check completeness: got not asked, expected violated",
    }


def test_a_later_check_is_tested_where_it_is_due() -> None:
    """A check that is due later than its rule is judged at its own gate."""
    rule = edited(RULE, "    at_least:", "    due: production\n    at_least:")
    text = THRESHOLD.format(check="completeness", fact="completeness", tier="T2", good=0.95, bad=0.949)
    assert [result.passed for result in results_of(with_cases(text, rule))] == [True, True]


def test_a_rule_of_no_ruleset_is_tested_by_itself() -> None:
    """The tests of an unused rule are run as well."""
    unused = {
        "data/DAT-02.yaml": RULE.replace("DAT-01", "DAT-02"),
        "data/DAT-02_test.yaml": TEST.replace("DAT-01", "DAT-02"),
    }
    assert {result.rule_id: result.passed for result in results_of({**SOUND, **unused})} == {
        "DAT-01": True,
        "DAT-02": True,
    }


def test_what_is_not_shown_is_listed() -> None:
    """Outcomes, tiers, requirements and sides of thresholds without a passing test are named, with their share."""
    coverage = coverage_of(SOUND)
    missing = [item.what for item in coverage.missing]
    assert missing[:5] == [
        "T2",
        "T4",
        "not_applicable",
        "requirement accepted, unmet",
        "threshold of authority at T1, fail",
    ]
    assert "violated" not in missing
    assert "threshold of completeness at T1, fail" not in missing
    assert "threshold of completeness at T2, fail" in missing
    # Four outcomes, four tiers, two sides of one requirement, two sides of two thresholds at four tiers.
    assert coverage.share.total == 4 + 4 + 2 + 16
    assert coverage.share.covered == 26 - len(missing)
    assert coverage.by_tier()["T1"].covered == 4
    assert coverage.by_outcome()["unknown"].percent == 100.0
    assert coverage.by_rule()["DAT-01"] == coverage.share
    assert coverage.meets(coverage.share.percent)
    assert not coverage.meets(100)


def test_a_failing_test_shows_nothing() -> None:
    """What a failed case would have shown is not covered."""
    before, after = (coverage_of(files).share.covered for files in (SOUND, with_cases(case("violated"))))
    assert before > 0
    assert after == 0


def test_an_outcome_that_can_not_be_is_not_asked_for() -> None:
    """A rule that says why it never has an outcome needs no test of it."""
    rule = RULE + "cannot_be: {not_applicable: Every source holds something.}\n"
    items = {item.what for item in coverage_of({**SOUND, RULE_FILE: rule}).required}
    assert "not_applicable" not in items
    assert {"satisfied", "violated", "unknown"} <= items


def test_a_threshold_is_shown_by_itself_only() -> None:
    """A passing value above the threshold does not show where the threshold is."""
    near = THRESHOLD.format(check="completeness", fact="completeness", tier="T2", good=0.951, bad=0.94)
    exact = THRESHOLD.format(check="completeness", fact="completeness", tier="T2", good=0.95, bad=0.94)
    side = "threshold of completeness at T2, pass"
    assert side in [item.what for item in coverage_of(with_cases(near)).missing]
    assert side not in [item.what for item in coverage_of(with_cases(exact)).missing]


def test_a_threshold_that_admits_everything_has_no_failing_side() -> None:
    """No test can fail a check that names every value that its fact can have."""
    rule = edited(RULE, "[system_of_record, governed_copy]", "[system_of_record, governed_copy, shadow_copy]")
    items = {item.what for item in coverage_of({**SOUND, RULE_FILE: rule}).required}
    assert "threshold of authority at T1, pass" in items
    assert "threshold of authority at T1, fail" not in items
