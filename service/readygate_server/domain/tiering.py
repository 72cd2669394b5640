"""Tiering: the maximum over axes, and what a proposal has to be narrowed to for a lower tier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from readygate_server.domain.conditions import Conditions, Unknown
from readygate_server.domain.facts import FactRef, Facts, FactValue
from readygate_server.domain.rule import NarrowTo, Ruleset, TierAxis
from readygate_server.domain.vocabulary import Scope, Tier

_LOWEST, _DEPLOYMENT = Tier.T1, Scope.DEPLOYMENT


class AxisTier(NamedTuple):
    """Tier of one axis: the least that is certain, what is missing to be certain of it, and what it may then be."""

    axis: str
    tier: Tier
    missing: tuple[FactRef, ...]
    at_most: Tier


class TierAssignment(NamedTuple):
    """The tier, the axes that set it, and whether it may be higher because an axis is unknown."""

    tier: Tier
    set_by: tuple[str, ...]
    is_floor: bool
    axes: tuple[AxisTier, ...]


class Narrowing(NamedTuple):
    """A fact of the proposal that has to be narrowed."""

    fact: str
    proposed: FactValue
    narrowed: FactValue


def assign_tier(axes: Sequence[TierAxis], conditions: Conditions) -> TierAssignment:
    """Returns the tier that the facts make certain.

    While an axis is unknown the tier is a floor. Thresholds and severities only tighten with the tier, so what fails
    at the floor fails at every tier that the missing facts could still lead to.
    """
    found = tuple(_axis_tier(axis, conditions) for axis in axes)
    tier = max((each.tier for each in found), default=Tier.T1)
    is_floor = any(each.at_most > tier for each in found)
    return TierAssignment(tier, tuple(each.axis for each in found if each.tier is tier), is_floor, found)


def _axis_tier(axis: TierAxis, conditions: Conditions) -> AxisTier:
    missing: tuple[FactRef, ...] = ()
    tier = at_most = _LOWEST
    for level in axis.levels:
        truth = conditions.test(level.when, _DEPLOYMENT, "")
        if truth is True:
            tier = level.tier
            break
        if isinstance(truth, Unknown):
            missing += tuple(ref for ref in truth.missing if ref not in missing)
            at_most = max(at_most, level.tier)
    return AxisTier(axis.id, tier, missing, at_most if at_most > tier else tier)


def narrow(ruleset: Ruleset, facts: Facts, tier: Tier) -> tuple[Narrowing, ...]:
    """Returns what has to be narrowed for a tier; empty when nothing has to be."""
    narrowings = []
    for entry in ruleset.narrow_to.get(tier, ()):
        proposed = facts.get(entry.fact)
        if proposed is None:
            continue
        narrowed = _narrowed(entry, proposed)
        if narrowed != proposed:
            narrowings.append(Narrowing(entry.fact, proposed, narrowed))
    return tuple(narrowings)


def _narrowed(entry: NarrowTo, proposed: FactValue) -> FactValue:
    if isinstance(proposed, tuple):
        if not entry.narrowed_from.intersection(proposed):
            return proposed
        wanted = entry.to if isinstance(entry.to, tuple) else (str(entry.to),)
        return tuple(name for name in proposed if name in wanted) or wanted
    return entry.to if proposed in entry.narrowed_from else proposed
