"""Holds the rules to what a floor tier relies on: demands tighten from T1 to T4 (ADR 0004)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import pytest

from tests.architecture.rule_files import SHIPPED_RULES

TIERS = ("T1", "T2", "T3", "T4")
SEVERITIES = ("none", "advisory", "condition", "blocker")
TIGHTER: dict[str, Callable[[Any, Any], bool]] = {
    "at_least": lambda lower, higher: bool(higher >= lower),
    "count_at_least": lambda lower, higher: bool(higher >= lower),
    "at_most": lambda lower, higher: bool(higher <= lower),
    "at_most_days_ago": lambda lower, higher: bool(higher <= lower),
    "at_most_days_ahead": lambda lower, higher: bool(higher <= lower),
    "one_of": lambda lower, higher: set(higher) <= set(lower),
    "none_of": lambda lower, higher: set(higher) >= set(lower),
    "includes": lambda lower, higher: set(higher) >= set(lower),
    "equals": lambda lower, higher: bool(higher == lower),
    "stated": lambda lower, higher: bool(higher == lower),
}

LOOSER_ON_PURPOSE = {
    ("API-01", "typed_errors_of_writes"): "from T3 on typed_errors asks the same of every operation",
    ("API-07", "undo"): "at T4 undo_or_approval asks for more, unless a person approves each write",
    ("API-09", "end_date"): "from T3 on method allows no such integration at all",
    ("API-10", "coverage_of_writes"): "from T3 on coverage asks the same of every operation",
    ("DAT-07", "default_tolerance_of_state"): "from T3 on default_tolerance is stricter for every source",
    ("DEP-04", "remit_by_pilot"): "from T3 on remit asks the same from the first gate on",
    ("VAL-03", "first_movement"): "decisions with a legal or irreversible effect are rolled out slowly",
    ("VAL-05", "payback"): "the foundations of a system that acts have to be built first",
}
"""Checks that loosen, or are no longer asked, at a higher tier, each with its reason. A new one is a decision."""

CHECKS = [(rule["id"], check) for rule in SHIPPED_RULES for check in rule.get("checks", [])]


def _tightens(check: dict[str, Any]) -> bool:
    for comparator, is_tighter in TIGHTER.items():
        values = check.get(comparator)
        if isinstance(values, dict):
            asked = [tier for tier in TIERS if tier in values]
            return asked == list(TIERS[-len(asked) :]) and _ordered([values[tier] for tier in asked], is_tighter)
    return True


def _ordered(values: Sequence[Any], is_tighter: Callable[[Any, Any], bool]) -> bool:
    return all(is_tighter(lower, higher) for lower, higher in pairwise(values))


@pytest.mark.parametrize(("rule", "check"), CHECKS, ids=[f"{rule}-{check['id']}" for rule, check in CHECKS])
def test_a_threshold_tightens_with_the_tier(rule: str, check: dict[str, Any]) -> None:
    """What a check refuses at one tier it refuses at every higher one, but for a reviewed list."""
    assert _tightens(check) != ((rule, check["id"]) in LOOSER_ON_PURPOSE)


def test_the_reviewed_list_names_checks_that_exist() -> None:
    """An exception whose check is gone goes too."""
    assert LOOSER_ON_PURPOSE.keys() <= {(rule, check["id"]) for rule, check in CHECKS}


@pytest.mark.parametrize("rule", SHIPPED_RULES, ids=lambda rule: str(rule["id"]))
def test_severity_rises_with_the_tier(rule: dict[str, Any]) -> None:
    """A rule is enforced at least as hard at a higher tier, and so is each check with a severity of its own."""
    named = [rule["severity"], *(each["severity"] for each in rule.get("severity_when", []))]
    named += [check["severity"] for check in rule.get("checks", []) if isinstance(check.get("severity"), dict)]
    ranked = [[SEVERITIES.index(severity.get(tier, "none")) for tier in TIERS] for severity in named]

    assert ranked == [sorted(each) for each in ranked]
