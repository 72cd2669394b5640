"""Holds the rules that ship to their number and their places."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.architecture.rule_files import RULE_FILES, RULES, read

COUNTS = {
    "api": 13,
    "data": 15,
    "deployment": 5,
    "evidence": 2,
    "governance": 8,
    "operations": 10,
    "organization": 6,
    "value": 6,
    "workflow": 11,
}
SHORT, FULL, MEASURED = "operational-readiness", "operational-readiness-full", "operational-readiness-measured"
ADDED = 8
"""Questions that only the ruleset of what artefacts can say has."""


def _rules_of(name: str) -> list[str]:
    rules = read(RULES / f"{name}-2026.1.0.yaml")["rules"]
    return [str(rule) for rule in rules]


def test_every_foundation_has_its_questions() -> None:
    """68 questions are asked of every deployment and some of artefacts, each foundation its share of them."""
    found = {foundation: sum(file.parent.name == foundation for file in RULE_FILES) for foundation in COUNTS}

    assert found == COUNTS
    assert len(RULE_FILES) == 68 + ADDED


@pytest.mark.parametrize(("name", "count"), [(SHORT, 38), (FULL, 68), (MEASURED, ADDED)])
def test_a_ruleset_holds_each_of_its_rules_once(name: str, count: int) -> None:
    """The short ruleset asks 38 questions, the full one 68, and the third adds its own to these; none twice."""
    rules = _rules_of(name)

    assert len(rules) == len(set(rules)) == count


def test_the_rulesets_are_made_of_the_same_files() -> None:
    """The full ruleset and what the third adds to it hold every rule file; nothing is asked only in the short one."""
    files = {str(file.relative_to(RULES).with_suffix("")) for file in RULE_FILES}

    assert set(_rules_of(FULL)) | set(_rules_of(MEASURED)) == files
    assert not set(_rules_of(FULL)) & set(_rules_of(MEASURED))
    assert set(_rules_of(SHORT)) < set(_rules_of(FULL))
    assert read(RULES / f"{MEASURED}-2026.1.0.yaml")["extends"] == f"{FULL}@2026.1.0"


def test_what_an_artefact_only_documents_never_blocks() -> None:
    """A question that only the third ruleset asks makes a go conditional at most, at the last gate at the earliest."""
    for reference in _rules_of(MEASURED):
        rule = read(RULES / f"{reference}.yaml")
        severities = {*rule["severity"].values(), *(check.get("severity") for check in rule["checks"])}
        gates = {rule["due"], *(check.get("due", rule["due"]) for check in rule["checks"])}

        assert "blocker" not in severities
        assert "condition" not in severities or gates == {"production"}


@pytest.mark.parametrize("file", RULE_FILES, ids=lambda file: file.stem)
def test_every_rule_has_its_tests_beside_it(file: Path) -> None:
    """A file `ID.yaml` says `id: ID` and has tests in `ID_test.yaml` beside it."""
    beside = file.with_stem(f"{file.stem}_test")

    assert read(file)["id"] == file.stem
    assert read(beside)["rule"] == file.stem
