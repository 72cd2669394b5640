"""Holds the back-test to its record, and its report to both."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tests.cases import backtest_record, backtest_tables
from tests.cases.backtest_record import Case

CASES = backtest_record.read_cases()
CODE = re.compile(
    r"\b(?:data|integration|workflow|organisation|governance|value|testing)\.[a-z_]+(?= (?:yes|no|partial)\b)"
)


@pytest.fixture(scope="module")
def judged() -> dict[str, Any]:
    """Judges every case once."""
    return backtest_record.judge(CASES)


def test_every_proposal_is_a_case_and_every_case_is_recorded(judged: dict[str, Any]) -> None:
    """No proposal in the folder is left out of the record, and nothing else is in it."""
    files = set(backtest_record.FOLDER.glob("*-*.yaml"))
    assert {case.path for case in CASES} == files
    assert list(backtest_record.read_record()["cases"]) == [case.id for case in CASES] == list(judged["cases"])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_verdict_and_blockers_are_those_on_record(judged: dict[str, Any], case: Case) -> None:
    """A change of verdict or of named blockers shows here, to be looked at and recorded, never tuned away."""
    assert judged["cases"][case.id] == backtest_record.read_record()["cases"][case.id]


def test_the_record_says_by_which_rules_and_for_which_day(judged: dict[str, Any]) -> None:
    """The record belongs to one version of one ruleset and to one day."""
    record = backtest_record.read_record()
    assert {key: record[key] for key in ("ruleset", "as_of")} == {key: judged[key] for key in ("ruleset", "as_of")}


def test_there_are_enough_cases_of_both_kinds() -> None:
    """At least five failures and five that worked are judged."""
    outcomes = [case.outcome for case in CASES]
    assert outcomes.count("failed") >= 5
    assert outcomes.count("worked") >= 5


def test_nothing_that_went_wrong_would_have_passed(judged: dict[str, Any]) -> None:
    """None of the deployments that failed or were held back is a go, with or without conditions."""
    passed = [
        case.id
        for case in CASES
        if case.outcome in {"failed", "held"} and judged["cases"][case.id]["verdict"].startswith("GO")
    ]
    assert passed == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_each_fact_on_record_is_accounted_for(case: Case) -> None:
    """A proposal says of each fact on record what became of it, and its evidence cites pages that the case lists."""
    text = case.path.read_text(encoding="utf-8")
    assert len(set(CODE.findall(text))) == case.facts_on_record
    assert case.facts_carried_over <= case.facts_on_record
    assert set(re.findall(r"source_uri: (\S+)", text)) <= set(case.sources)


def test_the_report_shows_the_figures_of_the_record() -> None:
    """Every table of the report is what the record gives."""
    report = backtest_tables.REPORT.read_text(encoding="utf-8")
    assert backtest_tables.fill(report, backtest_tables.render()) == report
