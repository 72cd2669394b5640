"""What the tests of rules cover: outcomes, tiers, requirements, and both sides of every threshold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from readygate_server.adapters.rulefiles.known_facts import known_facts
from readygate_server.adapters.rulefiles.rule_tests import CaseResult
from readygate_server.domain.derived import DERIVED
from readygate_server.domain.facts import FactValue
from readygate_server.domain.rule import Check, Rule
from readygate_server.domain.vocabulary import Outcome, RuleKind, Severity, Tier

_OUTCOMES: Final = (Outcome.SATISFIED, Outcome.VIOLATED, Outcome.UNKNOWN)
_TIGHT: Final = ("at_least", "at_most", "count_at_least", "at_most_days_ago", "at_most_days_ahead")
"""Comparators of which the passing side has to be the threshold itself, so that no threshold moves unseen."""


@dataclass(frozen=True, slots=True, order=True)
class Item:
    """One thing that the tests of a rule have to show."""

    rule_id: str
    what: str
    tier: Tier | None = None
    outcome: str = ""

    def __str__(self) -> str:
        """Returns it in words."""
        return f"{self.rule_id}: {self.what}"


@dataclass(frozen=True, slots=True)
class Share:
    """How much of something is covered."""

    covered: int
    total: int

    @property
    def percent(self) -> float:
        """The share in percent; nothing to cover is covered."""
        return 100.0 * self.covered / self.total if self.total else 100.0


@dataclass(frozen=True, slots=True)
class Coverage:
    """What has to be shown, and what is."""

    required: frozenset[Item]
    shown: frozenset[Item]

    @property
    def share(self) -> Share:
        """Everything together."""
        return Share(len(self.shown), len(self.required))

    @property
    def missing(self) -> tuple[Item, ...]:
        """What is not shown, by rule."""
        return tuple(sorted(self.required - self.shown, key=lambda item: (item.rule_id, item.what)))

    def by_rule(self) -> dict[str, Share]:
        """Shares by rule id."""
        return self._by(lambda item: item.rule_id)

    def by_tier(self) -> dict[str, Share]:
        """Shares by tier, of what belongs to one."""
        return self._by(lambda item: item.tier.name if item.tier else "")

    def by_outcome(self) -> dict[str, Share]:
        """Shares by outcome, of what has one."""
        return self._by(lambda item: item.outcome)

    def meets(self, minimum: float) -> bool:
        """True when at least `minimum` percent is shown."""
        return self.share.percent >= minimum

    def _by(self, key: Callable[[Item], str]) -> dict[str, Share]:
        keys = sorted({key(item) for item in self.required} - {""})
        return {
            each: Share(sum(key(item) == each for item in self.shown), sum(key(item) == each for item in self.required))
            for each in keys
        }


def measure(rules: Iterable[Rule], results: Sequence[CaseResult], as_of: Mapping[str, str]) -> Coverage:
    """Returns what passing tests show of the rules; `as_of` has the day of each rule's tests."""
    by_id = {rule.id: rule for rule in rules}
    required = frozenset(item for rule in by_id.values() for item in _required(rule))
    shown = {
        item
        for result in results
        if result.passed and result.rule_id in by_id
        for item in _shown(result, by_id[result.rule_id], as_of[result.rule_id])
    }
    return Coverage(required, required & shown)


def _required(rule: Rule) -> Iterator[Item]:
    for outcome in (*_OUTCOMES, *([Outcome.NOT_APPLICABLE] if _may_not_apply(rule) else [])):
        if outcome.value not in rule.cannot_be:
            yield Item(rule.id, outcome.value, outcome=outcome.value)
    for tier in Tier:
        if _asks(rule, tier):
            yield Item(rule.id, tier.name, tier)
    for requirement in rule.requirements:
        for side in ("met", "unmet"):
            yield _of_requirement(rule.id, requirement.id, side)
    for check in rule.checks:
        for tier in check.thresholds:
            # What is not stated is unknown rather than false, so that `stated` has no side that fails.
            if rule.severity[tier] is not Severity.NONE and check.comparator != "stated":
                sides = ("pass", "fail") if _can_fail(check, tier) else ("pass",)
                yield from (_of_threshold(rule.id, check.id, tier, side) for side in sides)


def _can_fail(check: Check, tier: Tier) -> bool:
    """False when the threshold admits every value that the fact can have."""
    known, limit = known_facts()[check.fact], check.thresholds[tier].value
    if isinstance(limit, tuple):
        return check.comparator != "one_of" or not known.choices or set(limit) != set(known.choices)
    if check.comparator == "at_least":
        return known.minimum is None or limit > known.minimum  # type: ignore[operator]  # the loader admits numbers only
    if check.comparator == "at_most":
        return known.maximum is None or limit < known.maximum  # type: ignore[operator]  # as above
    return True


def _asks(rule: Rule, tier: Tier) -> bool:
    parts = any(tier in check.thresholds for check in rule.checks) or any(tier in it.tiers for it in rule.requirements)
    return rule.severity[tier] is not Severity.NONE and (parts or rule.kind is not RuleKind.FACTS)


def _may_not_apply(rule: Rule) -> bool:
    return bool(rule.when or rule.where) or any(not _asks(rule, tier) for tier in Tier)


def _of_threshold(rule_id: str, check: str, tier: Tier, side: str) -> Item:
    outcome = Outcome.SATISFIED if side == "pass" else Outcome.VIOLATED
    return Item(rule_id, f"threshold of {check} at {tier.name}, {side}", tier, outcome.value)


def _of_requirement(rule_id: str, requirement: str, side: str) -> Item:
    outcome = Outcome.SATISFIED if side == "met" else Outcome.VIOLATED
    return Item(rule_id, f"requirement {requirement}, {side}", outcome=outcome.value)


def _shown(result: CaseResult, rule: Rule, as_of: str) -> Iterator[Item]:
    if result.outcome is not None:
        yield Item(rule.id, result.outcome.value, outcome=result.outcome.value)
    yield Item(rule.id, result.tier.name, result.tier)
    yield from (_of_requirement(rule.id, requirement, "met") for requirement in result.met)
    yield from (_of_requirement(rule.id, requirement, "unmet") for requirement in result.unmet)
    checks = {check.id: check for check in rule.checks if result.tier in check.thresholds}
    # A check shows its sides also where the rule as a whole hangs on something else.
    for check_id, outcome, value in result.observed:
        check = checks.get(check_id)
        if check is not None and outcome is Outcome.VIOLATED:
            yield _of_threshold(rule.id, check_id, result.tier, "fail")
        elif check is not None and outcome is Outcome.SATISFIED and _at_the_limit(check, result.tier, value, as_of):
            yield _of_threshold(rule.id, check_id, result.tier, "pass")


def _at_the_limit(check: Check, tier: Tier, value: FactValue, as_of: str) -> bool:
    """True when the value that passes is the threshold itself, as far as one value can be."""
    if check.comparator not in _TIGHT or check.fact in DERIVED:
        return True
    limit = check.thresholds[tier].value
    if isinstance(value, tuple):
        return len(value) == limit
    if isinstance(value, str):
        return isinstance(limit, int) and abs((date.fromisoformat(value) - date.fromisoformat(as_of)).days) == limit
    return value == limit
