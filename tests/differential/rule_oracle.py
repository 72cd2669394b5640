"""A second evaluator of whole rules, to hold the one that decides against.

Deliberately naive: it walks the messages of a proposal for every fact anew, compares with plain loops, counts days by
hand and bounds what is computed from missing facts by trying out what they could be. Of the evaluator it shares only
the data of the rules; conditions are asked of the other oracle of this folder.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.differential.oracle import Compiled, Problem, variables
from tests.differential.rule_oracle_facts import LISTS, UNTOLD, Interval, day_number, derive, read

from readygate_server.domain.rule import Check, Requirement, Rule

Compile = Callable[[str, str], Compiled]
"""Text of a condition and scope to what evaluates it."""

NONE, ADVISES, CONDITIONS, BLOCKS = range(4)
_EFFECTS = {"none": NONE, "advisory": ADVISES, "condition": CONDITIONS, "blocker": BLOCKS}
_NOT_APPLICABLE_KIND = 1
_OUTCOMES = {
    "yes": "satisfied",
    "no": "violated",
    "unknown": "unknown",
    "later": "not_due",
    "excused": "not_applicable",
}


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the oracle concludes about one subject: effects of what fails, of what is open, and of all together."""

    subject: str
    outcome: str
    refuted: int = NONE
    open: int = NONE
    effect: int = NONE
    parts: tuple[tuple[str, str], ...] = ()
    """Check or requirement and its outcome, for all that are asked of the subject."""


@dataclass(slots=True)
class Situation:
    """A proposal at a tier, a gate and a day, numbered or spelt as people do."""

    proposal: Any
    tier: int
    gate: int
    as_of: str
    compile: Compile
    bound: dict[str, dict[str, Any]] = field(default_factory=dict)

    def asks(self, text: str, scope: str, asset: Any) -> bool | None:
        """Returns whether a condition holds, None when it can not be told; what is not said holds."""
        if not text:
            return True
        key = "" if asset is None else asset.id
        if key not in self.bound:
            self.bound[key] = variables(self.proposal, asset, kind=scope)
        value = self.compile(text, scope)(self.bound[key])
        if isinstance(value, Problem):
            assert value.missing, f"a calculation failed in {text}"
            return None
        return bool(value)


def judge_rule(rule: Rule, now: Situation) -> list[Opinion]:
    """Returns an opinion per subject of a rule, one without a subject when there is none to ask about."""
    severity = _word(rule.severity, now.tier)
    everything: list[Check | Requirement] = [*rule.checks, *rule.requirements]
    parts = [part for part in everything if _level(part, now.tier)]
    if severity == "none" or not parts or not _in_force(rule, now.as_of):
        return [Opinion("", "not_applicable")]
    due = _number(rule.due, now.tier)
    if now.gate < due:
        return [Opinion("", "not_due")]
    applies = now.asks(rule.when, "deployment", None)
    assets: list[Any] = [None]
    if rule.scope.value in LISTS:
        assets = sorted(getattr(now.proposal, LISTS[rule.scope.value]), key=lambda asset: str(asset.id))
    if applies is False or not assets:
        return [Opinion("", "not_applicable")]
    severity = _severity(rule, severity, now)
    return [_judge_asset(rule, severity, parts, applies, asset, now) for asset in assets]


def _judge_asset(
    rule: Rule, severity: str, parts: list[Check | Requirement], applies: bool | None, asset: Any, now: Situation
) -> Opinion:
    subject = "" if asset is None else asset.id
    picked = _both(applies, now.asks(rule.where, rule.scope.value, asset))
    if picked is False:
        return Opinion(subject, "not_applicable")
    answers: dict[str, list[int]] = {}
    told = []
    for part in parts:
        own = _word(part.severity, now.tier) if part.severity and _has(part.severity, now.tier) else severity
        due = max(_number(rule.due, now.tier), 0 if part.due is None else int(part.due))
        answer = _answer(rule, part, due, picked, asset, now)
        answers.setdefault(answer, []).append(_effect(own, due, now.gate))
        if answer in _OUTCOMES:
            told.append((part.id, _OUTCOMES[answer]))
    refuted, unsure = max(answers.get("no", [NONE])), max(answers.get("unknown", [NONE]))
    confirm = CONDITIONS if BLOCKS in answers.get("excused", []) else NONE
    outcome, effect = _sum_up(answers, refuted, unsure), max(refuted, unsure, confirm)
    return Opinion(subject, outcome, refuted, unsure, effect, tuple(told))


def _sum_up(answers: dict[str, list[int]], refuted: int, unsure: int) -> str:
    if "no" in answers and ("unknown" not in answers or unsure <= refuted):
        return "violated"
    if "unknown" in answers:
        return "unknown"
    if "yes" in answers:
        return "satisfied"
    return "not_due" if "later" in answers and "excused" not in answers else "not_applicable"


def _answer(rule: Rule, part: Check | Requirement, due: int, picked: bool | None, asset: Any, now: Situation) -> str:
    """Returns yes, no, unknown, later, excused, or unasked."""
    if now.gate < due:
        return "later"
    asked = _both(picked, now.asks(part.where, rule.scope.value, asset))
    if asked is False:
        return "unasked"
    if isinstance(part, Requirement):
        met = now.asks(part.expression, rule.scope.value, asset)
    else:
        value = derive(part.fact, now.proposal, asset)
        if value is None:
            value = read(part.fact, now.proposal, asset)
        if value is UNTOLD and _excused(rule, part.fact, asset, now.proposal):
            return "excused"
        met = _meets(part.comparator, value, _limit(part, now.tier), day_number(now.as_of))
    if met is None or (met is False and asked is None):
        return "unknown"
    return "yes" if met else "no"


def _meets(comparator: str, value: Any, limit: Any, today: int) -> bool | None:
    """Returns whether a value meets a limit; None when it can not be told."""
    if value is UNTOLD:
        return None
    if isinstance(value, Interval):
        return _meets_throughout(comparator, value, limit, today)
    return bool(_COMPARISONS[comparator](value, limit, today))


_COMPARISONS: dict[str, Callable[[Any, Any, int], Any]] = {
    "at_least": lambda value, limit, _: not value < limit,
    "at_most": lambda value, limit, _: not value > limit,
    "equals": lambda value, limit, _: str(value) == str(limit),
    "one_of": lambda value, names, _: any(value == name for name in names),
    "none_of": lambda value, names, _: all(value != name for name in names),
    "includes": lambda members, names, _: all(any(name == member for member in members) for name in names),
    "count_at_least": lambda members, number, _: sum(1 for _ in members) > number - 1,
    "stated": lambda value, _, __: not (value is False or str(value) in ("", "()")),
    "at_most_days_ago": lambda day, most, today: today - most <= day_number(day) <= today,
    "at_most_days_ahead": lambda day, most, today: today < day_number(day) <= today + most,
}


def _meets_throughout(comparator: str, value: Interval, limit: Any, today: int) -> bool | None:
    """Returns what holds for both ends of an interval, and so for all of it, as the comparators have a direction."""
    ends = {_meets(comparator, end, limit, today) for end in (value.low, value.high)}
    directed = comparator in ("at_least", "at_most")
    return ends.pop() if len(ends) == 1 and (directed or value.low == value.high) else None


def _excused(rule: Rule, fact: str, asset: Any, proposal: Any) -> bool:
    """Says whether somebody who gives their name and a reason says that a fact, or what it is a part of, is off."""
    about = asset.id if asset is not None and re.match("(source|corpus|api|workflow)[.]", fact) else ""
    for said in proposal.statements:
        covers = said.fact in (fact, ".".join(fact.split(".")[:2])) and said.fact in rule.may_be_not_applicable
        signed = said.kind == _NOT_APPLICABLE_KIND and said.reason != "" and said.stated_by != ""
        if covers and signed and said.subject == about:
            return True
    return False


def _severity(rule: Rule, otherwise: str, now: Situation) -> str:
    """Returns the severity of the first case that holds; the strictest of those that may be the first."""
    possible = []
    for case in rule.severity_when:
        holds = now.asks(case.when, "deployment", None)
        named = _word(case.severity, now.tier) if _has(case.severity, now.tier) else otherwise
        if holds is not False:
            possible.append(named)
        if holds is True:
            return max(possible, key=_EFFECTS.__getitem__)
    return max([*possible, otherwise], key=_EFFECTS.__getitem__)


def _effect(severity: str, due: int, gate: int) -> int:
    if gate < due:
        return NONE
    return BLOCKS if severity == "condition" and gate != due else _EFFECTS[severity]


def _in_force(rule: Rule, as_of: str) -> bool:
    today = day_number(as_of)
    if rule.effective_from and day_number(rule.effective_from) > today:
        return False
    return not (rule.effective_until and day_number(rule.effective_until) < today)


def _both(left: bool | None, right: bool | None) -> bool | None:
    if left is False or right is False:
        return False
    return None if left is None or right is None else True


def _level(part: Check | Requirement, tier: int) -> bool:
    """Says whether a part of a rule is asked at a tier."""
    tiers = part.thresholds if isinstance(part, Check) else part.tiers
    return any(int(each) == tier for each in tiers)


def _limit(check: Check, tier: int) -> Any:
    return next(threshold.value for each, threshold in check.thresholds.items() if int(each) == tier)


def _has(per_tier: Any, tier: int) -> bool:
    return any(int(each) == tier for each in per_tier)


def _number(per_tier: Any, tier: int) -> int:
    return next(int(value) for each, value in per_tier.items() if int(each) == tier)


def _word(per_tier: Any, tier: int) -> str:
    return next(str(value.name).lower() for each, value in per_tier.items() if int(each) == tier)
