"""Holds the rules that ship to their number and their places."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.architecture.rule_files import RULE_FILES, RULES, read

COUNTS = {
    "api": 10,
    "data": 13,
    "deployment": 5,
    "evidence": 2,
    "governance": 8,
    "operations": 10,
    "organization": 6,
    "value": 6,
    "workflow": 8,
}
SHORT, FULL = "operational-readiness", "operational-readiness-full"


def _rules_of(name: str) -> list[str]:
    rules = read(RULES / f"{name}-2026.1.0.yaml")["rules"]
    return [str(rule) for rule in rules]


def test_every_foundation_has_its_questions() -> None:
    """68 questions are asked, each foundation its share of them."""
    found = {foundation: sum(file.parent.name == foundation for file in RULE_FILES) for foundation in COUNTS}

    assert found == COUNTS
    assert len(RULE_FILES) == 68


@pytest.mark.parametrize(("name", "count"), [(SHORT, 38), (FULL, 68)])
def test_a_ruleset_holds_each_of_its_rules_once(name: str, count: int) -> None:
    """The short ruleset asks 38 questions and the full one 68, none twice."""
    rules = _rules_of(name)

    assert len(rules) == len(set(rules)) == count


def test_both_rulesets_are_made_of_the_same_files() -> None:
    """The full ruleset holds every rule file, and nothing is asked only in the short one."""
    files = {str(file.relative_to(RULES).with_suffix("")) for file in RULE_FILES}

    assert set(_rules_of(FULL)) == files
    assert set(_rules_of(SHORT)) < files


@pytest.mark.parametrize("file", RULE_FILES, ids=lambda file: file.stem)
def test_every_rule_has_its_tests_beside_it(file: Path) -> None:
    """A file `ID.yaml` says `id: ID` and has tests in `ID_test.yaml` beside it."""
    beside = file.with_stem(f"{file.stem}_test")

    assert read(file)["id"] == file.stem
    assert read(beside)["rule"] == file.stem
