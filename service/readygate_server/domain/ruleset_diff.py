"""Compares two rulesets, rule by rule: what got stricter, what got easier, and what changes no answer.

An absent condition always holds, so that adding one loosens a rule and taking one away tightens it; of two different
conditions nobody can say which is stricter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import Enum, IntEnum
from typing import NamedTuple, TypeVar

from readygate_server.domain.comparators import describe, show
from readygate_server.domain.facts import FactValue
from readygate_server.domain.rule import (
    Check,
    EvidenceDemand,
    Provenance,
    Range,
    Requirement,
    Rule,
    Ruleset,
    TierAxis,
    Work,
)
from readygate_server.domain.vocabulary import Gate, Tier

_Key = TypeVar("_Key")
_Part = TypeVar("_Part", Check, Requirement)


class ChangeKind(Enum):
    """What a change does to the answer."""

    TIGHTENED = "tightened"
    LOOSENED = "loosened"
    NEUTRAL = "neutral"
    MIXED = "mixed"


_TIGHTENED, _LOOSENED, _NEUTRAL, _MIXED = ChangeKind
_Compare = Callable[[float | str, float | str], ChangeKind]


class Change(NamedTuple):
    """One difference; `before` is empty when something was added, `after` when something was removed."""

    rule_id: str
    path: str
    before: str
    after: str
    kind: ChangeKind


class _Difference(NamedTuple):
    path: str
    before: str
    after: str
    kind: ChangeKind


def diff(before: Ruleset, after: Ruleset) -> tuple[Change, ...]:
    """Returns every difference between two rulesets, by rule and path; those of the ruleset itself come first."""
    changes = [Change("", *difference) for difference in _ruleset(before, after)]
    old, new = ({rule.id: rule for rule in ruleset.rules} for ruleset in (before, after))
    for rule_id in old.keys() | new.keys():
        if rule_id not in new:
            changes.append(Change(rule_id, "", old[rule_id].title, "", _LOOSENED))
        elif rule_id not in old:
            changes.append(Change(rule_id, "", "", new[rule_id].title, _TIGHTENED))
        else:
            changes.extend(diff_rules(old[rule_id], new[rule_id]))
    return tuple(sorted(changes, key=lambda change: (change.rule_id, change.path, change.before, change.after)))


def diff_rules(before: Rule, after: Rule) -> tuple[Change, ...]:
    """Returns every difference between two versions of one rule, by path."""
    return tuple(Change(after.id, *difference) for difference in sorted(_rule(before, after), key=lambda it: it.path))


def compare_thresholds(comparator: str, before: FactValue, after: FactValue) -> ChangeKind:
    """Returns what another threshold does to a check."""
    if isinstance(before, tuple) and isinstance(after, tuple):
        return _compare_names(comparator, frozenset(before), frozenset(after))
    if before == after:
        return _NEUTRAL
    if isinstance(before, (int, float)) and isinstance(after, (int, float)):
        if comparator in ("at_least", "count_at_least"):
            return _TIGHTENED if after > before else _LOOSENED
        if comparator in ("at_most", "at_most_days_ago", "at_most_days_ahead"):
            return _TIGHTENED if after < before else _LOOSENED
    return _MIXED


def _compare_names(comparator: str, before: frozenset[str], after: frozenset[str]) -> ChangeKind:
    if before == after:
        return _NEUTRAL
    narrow, wide = (after, before) if comparator == "one_of" else (before, after)
    if narrow < wide:
        return _TIGHTENED
    return _LOOSENED if wide < narrow else _MIXED


def _rising(before: float | str, after: float | str) -> ChangeKind:
    """More is stricter."""
    return _TIGHTENED if after > before else _LOOSENED  # type: ignore[operator]  # both are of one type


def _falling(before: float | str, after: float | str) -> ChangeKind:
    """Less is stricter."""
    return _rising(after, before)


def _plain(path: str, before: object, after: object, kind: ChangeKind) -> Iterator[_Difference]:
    if before != after:
        yield _Difference(path, _text(before), _text(after), kind)


def _ordered(path: str, before: float | str, after: float | str, compare: _Compare) -> Iterator[_Difference]:
    if before != after:
        yield _Difference(path, _text(before), _text(after), compare(before, after))


def _condition(path: str, before: str, after: str) -> Iterator[_Difference]:
    yield from _plain(path, before, after, _LOOSENED if not before else _TIGHTENED if not after else _MIXED)


def _text(value: object) -> str:
    if isinstance(value, (Enum, IntEnum)):
        return value.name.lower()
    if isinstance(value, (tuple, frozenset)):
        return ", ".join(sorted(map(_text, value)) if isinstance(value, frozenset) else map(_text, value))
    if isinstance(value, Mapping):
        return "; ".join(f"{_text(key)}: {_text(part)}" for key, part in sorted(value.items()))
    return _text_of_one(value)


def _text_of_one(value: object) -> str:
    match value:
        case Range(low=low, high=high):
            return show(low) if low == high else f"{show(low)} to {show(high)}"
        case Provenance():
            return value.judgement or f"{value.source}: {value.citation}"
        case bool() | int() | float() | str():
            return show(value)
        case _:
            return "" if value is None else str(value)


def _ruleset(before: Ruleset, after: Ruleset) -> Iterator[_Difference]:
    yield from _ordered("verdict_valid_days", before.verdict_valid_days, after.verdict_valid_days, _falling)
    for name in ("effective_from", "effective_until"):
        yield from _plain(name, getattr(before.identity, name), getattr(after.identity, name), _NEUTRAL)
    old, new = ({axis.id: axis for axis in ruleset.axes} for ruleset in (before, after))
    for axis_id in old.keys() | new.keys():
        yield from _axis(f"tiering.{axis_id}", old.get(axis_id), new.get(axis_id))
    for tier in before.narrow_to.keys() | after.narrow_to.keys():
        narrowed = [
            tuple(f"{step.fact} to {_text(step.to)}" for step in ruleset.narrow_to.get(tier, ()))
            for ruleset in (before, after)
        ]
        yield from _plain(f"narrow_to.{tier.name}", narrowed[0], narrowed[1], _NEUTRAL)


def _axis(path: str, before: TierAxis | None, after: TierAxis | None) -> Iterator[_Difference]:
    if before is None or after is None:
        kind = _TIGHTENED if before is None else _LOOSENED
        yield _Difference(path, before.title if before else "", after.title if after else "", kind)
        return
    yield from _plain(f"{path}.title", before.title, after.title, _NEUTRAL)
    yield from _plain(f"{path}.provenance", before.provenance, after.provenance, _NEUTRAL)
    old, new = ({level.tier: level.when for level in axis.levels} for axis in (before, after))
    for tier in old.keys() | new.keys():
        # Without a condition an axis never gives this tier; here absence is the easy side.
        kind = _TIGHTENED if tier not in old else _LOOSENED if tier not in new else _MIXED
        yield from _plain(f"{path}.{tier.name}", old.get(tier), new.get(tier), kind)


def _rule(before: Rule, after: Rule) -> Iterator[_Difference]:
    for name in ("title", "question", "motivation", "references", "monotone", "not_checked", "cannot_be"):
        yield from _plain(name, getattr(before, name), getattr(after, name), _NEUTRAL)
    for name in ("scope", "kind", "foundation"):
        yield from _plain(name, getattr(before, name), getattr(after, name), _MIXED)
    for name in ("when", "where"):
        yield from _condition(name, getattr(before, name), getattr(after, name))
    for tier in Tier:
        yield from _ordered(f"severity.{tier.name}", before.severity[tier], after.severity[tier], _rising)
        yield from _ordered(f"due.{tier.name}", before.due[tier], after.due[tier], _falling)
    yield from _severity_when(before, after)
    old, new = before, after
    yield from _parts("checks", old.checks, new.checks, lambda path, a, b: _check(path, a, b, old, new))
    yield from _parts(
        "require", old.requirements, new.requirements, lambda path, a, b: _requirement(path, a, b, old, new)
    )
    yield from _evidence(before.evidence, after.evidence)
    yield from _waiving(before, after)
    yield from _work(before.work, after.work)


def _waiving(before: Rule, after: Rule) -> Iterator[_Difference]:
    old, new = before.may_be_not_applicable, after.may_be_not_applicable
    kind = _LOOSENED if old < new else _TIGHTENED if new < old else _MIXED
    yield from _plain("may_be_not_applicable", old, new, kind)
    yield from _plain("waivable", before.waivable, after.waivable, _LOOSENED if after.waivable else _TIGHTENED)
    if before.waivable and after.waivable:
        yield from _ordered("maximum_waiver_days", before.maximum_waiver_days, after.maximum_waiver_days, _falling)
        yield from _ordered("waiver_quorum", before.waiver_quorum, after.waiver_quorum, _rising)
    # Authors are those who may not waive.
    barred, still = before.authors, after.authors
    yield from _plain(
        "authors", barred, still, _TIGHTENED if barred < still else _LOOSENED if still < barred else _MIXED
    )
    # A rule that is in force for longer asks more.
    yield from _ordered("effective_from", before.effective_from, after.effective_from, _falling)
    if before.effective_until != after.effective_until:
        ends = (before.effective_until or "9999", after.effective_until or "9999")
        yield _Difference("effective_until", before.effective_until, after.effective_until, _rising(*ends))


def _severity_when(before: Rule, after: Rule) -> Iterator[_Difference]:
    whens = [tuple(other.when for other in rule.severity_when) for rule in (before, after)]
    if whens[0] != whens[1]:
        yield _Difference("severity_when", _text(whens[0]), _text(whens[1]), _MIXED)
        return
    for index, (old, new) in enumerate(zip(before.severity_when, after.severity_when, strict=True)):
        for tier in Tier:
            levels = old.severity.get(tier, before.severity[tier]), new.severity.get(tier, after.severity[tier])
            if tier in old.severity or tier in new.severity:
                yield from _ordered(f"severity_when.{index}.{tier.name}", *levels, _rising)


def _parts(
    name: str,
    before: tuple[_Part, ...],
    after: tuple[_Part, ...],
    compare: Callable[[str, _Part, _Part], Iterator[_Difference]],
) -> Iterator[_Difference]:
    old, new = {part.id: part for part in before}, {part.id: part for part in after}
    for key in old.keys() | new.keys():
        path = f"{name}.{key}"
        if key not in new:
            yield _Difference(path, _what(old[key]), "", _LOOSENED)
        elif key not in old:
            yield _Difference(path, "", _what(new[key]), _TIGHTENED)
        else:
            yield from compare(path, old[key], new[key])


def _what(part: Check | Requirement) -> str:
    if isinstance(part, Requirement):
        return part.asks
    limits = sorted((tier, describe(part.comparator, limit.value)) for tier, limit in part.thresholds.items())
    return f"{part.fact}: {', '.join(f'{tier.name} {limit}' for tier, limit in limits)}"


def _part(path: str, old: _Part, new: _Part, before: Rule, after: Rule) -> Iterator[_Difference]:
    yield from _condition(f"{path}.where", old.where, new.where)
    yield from _ordered(f"{path}.due", old.due or Gate.COMMIT, new.due or Gate.COMMIT, _falling)
    for tier in Tier:
        if tier in (old.severity or {}) or tier in (new.severity or {}):
            levels = (
                (old.severity or before.severity).get(tier, before.severity[tier]),
                (new.severity or after.severity).get(tier, after.severity[tier]),
            )
            yield from _ordered(f"{path}.severity.{tier.name}", *levels, _rising)


def _check(path: str, old: Check, new: Check, before: Rule, after: Rule) -> Iterator[_Difference]:
    yield from _part(path, old, new, before, after)
    yield from _plain(f"{path}.unit", old.unit, new.unit, _NEUTRAL)
    if (old.fact, _comparator(old)) != (new.fact, _comparator(new)):
        yield _Difference(path, _what(old), _what(new), _MIXED)
        return
    for tier in Tier:
        yield from _threshold(f"{path}.{tier.name}", tier, old, new)


def _comparator(check: Check) -> str:
    """A name that is prescribed is a list of one name."""
    names = check.comparator == "equals" and all(isinstance(limit.value, str) for limit in check.thresholds.values())
    return "one_of" if names else check.comparator


def _threshold(path: str, tier: Tier, old: Check, new: Check) -> Iterator[_Difference]:
    before, after = old.thresholds.get(tier), new.thresholds.get(tier)
    old_text = describe(old.comparator, before.value) if before else ""
    new_text = describe(new.comparator, after.value) if after else ""
    if before is None or after is None:
        yield from _plain(path, old_text, new_text, _TIGHTENED if before is None else _LOOSENED)
        return
    kind = compare_thresholds(_comparator(new), _names(before.value, new), _names(after.value, new))
    yield from _plain(path, old_text, new_text, kind)
    yield from _plain(f"{path}.provenance", before.provenance, after.provenance, _NEUTRAL)


def _names(value: FactValue, check: Check) -> FactValue:
    return (value,) if isinstance(value, str) and _comparator(check) == "one_of" else value


def _requirement(path: str, old: Requirement, new: Requirement, before: Rule, after: Rule) -> Iterator[_Difference]:
    yield from _part(path, old, new, before, after)
    yield from _plain(f"{path}.cel", old.expression, new.expression, _MIXED)
    yield from _plain(f"{path}.asks", old.asks, new.asks, _NEUTRAL)
    yield from _plain(f"{path}.provenance", old.provenance, new.provenance, _NEUTRAL)
    for tier in old.tiers ^ new.tiers:
        was_asked = tier in old.tiers
        texts = ("asked", "") if was_asked else ("", "asked")
        yield _Difference(f"{path}.tiers.{tier.name}", texts[0], texts[1], _LOOSENED if was_asked else _TIGHTENED)


def _evidence(before: EvidenceDemand | None, after: EvidenceDemand | None) -> Iterator[_Difference]:
    if before is None or after is None:
        texts = ["asked" if demand else "" for demand in (before, after)]
        yield from _plain("evidence", texts[0], texts[1], _TIGHTENED if before is None else _LOOSENED)
        return
    for name in ("minimum_grade", "minimum_grade_where_a_tool_exists"):
        yield from _levels(f"evidence.{name}", getattr(before, name), getattr(after, name), _rising)
    old, new = before.minimum_grade_of_blockers, after.minimum_grade_of_blockers
    for tier in old.keys() | new.keys():
        path = f"evidence.minimum_grade_of_blockers.{tier.name}"
        yield from _levels(path, old.get(tier, {}), new.get(tier, {}), _rising)
    for kind in before.maximum_age_days.keys() | after.maximum_age_days.keys():
        path = f"evidence.maximum_age_days.{kind}"
        yield from _levels(path, before.maximum_age_days.get(kind, {}), after.maximum_age_days.get(kind, {}), _falling)
    yield from _plain("evidence.provenance", before.provenance, after.provenance, _NEUTRAL)


def _levels(
    path: str,
    before: Mapping[_Key, int],
    after: Mapping[_Key, int],
    compare: _Compare,
) -> Iterator[_Difference]:
    for key in before.keys() | after.keys():
        place = f"{path}.{key.name if isinstance(key, Tier) else key}"
        old, new = before.get(key), after.get(key)
        if old is None or new is None:
            yield from _plain(place, old, new, _TIGHTENED if old is None else _LOOSENED)
        elif old != new:
            yield _Difference(place, _text(old), _text(new), compare(old, new))


def _work(before: Work, after: Work) -> Iterator[_Difference]:
    for name in ("title", "done_when", "effort", "wait", "owner", "after", "infrastructure", "per"):
        yield from _plain(f"work.{name}", getattr(before, name), getattr(after, name), _NEUTRAL)
