"""From facts to the tier: the maximum over axes, floors, and what narrowing changes."""

from __future__ import annotations

import pytest

from readygate_server.domain.conditions import Truth, Unknown
from readygate_server.domain.facts import FactRef, FactValue
from readygate_server.domain.rule import NarrowTo, TierAxis, TierLevel
from readygate_server.domain.tiering import Narrowing, TierAssignment, assign_tier, narrow
from readygate_server.domain.vocabulary import Tier
from tests.fakes import Answer, FakeConditions
from tests.unit.make import OURS, ruleset

AUTONOMY, EFFECT = FactRef("deployment.autonomy_level"), FactRef("deployment.action_effect")


def axis(name: str, *tiers: Tier) -> TierAxis:
    """Returns an axis whose conditions are called after it and their tier, such as `autonomy T4`."""
    levels = tuple(TierLevel(tier, f"{name} {tier.name}") for tier in sorted(tiers, reverse=True))
    return TierAxis(name, name.title(), levels, OURS)


AXES = (axis("autonomy", Tier.T2, Tier.T3, Tier.T4), axis("effect", Tier.T3), axis("audience", Tier.T2))
NO: dict[str, Answer] = {level.when: False for each in AXES for level in each.levels}


def assigned(**answers: Truth) -> TierAssignment:
    """Returns the tier when the named conditions (`autonomy_T4`) answer so, and all others are false."""
    named: dict[str, Answer] = {name.replace("_", " "): truth for name, truth in answers.items()}
    return assign_tier(AXES, FakeConditions({**NO, **named}))


def test_without_anything_the_tier_is_the_lowest() -> None:
    """When no condition holds every axis is T1, and all of them set it."""
    tier = assigned()

    assert (tier.tier, tier.set_by, tier.is_floor) == (Tier.T1, ("autonomy", "effect", "audience"), False)


@pytest.mark.parametrize(
    ("condition", "tier", "axis_id"),
    [
        ("autonomy_T2", Tier.T2, "autonomy"),
        ("autonomy_T3", Tier.T3, "autonomy"),
        ("autonomy_T4", Tier.T4, "autonomy"),
        ("effect_T3", Tier.T3, "effect"),
        ("audience_T2", Tier.T2, "audience"),
    ],
)
def test_each_axis_can_set_the_tier(condition: str, tier: Tier, axis_id: str) -> None:
    """One axis alone is enough; it is named."""
    found = assigned(**{condition: True})

    assert (found.tier, found.set_by) == (tier, (axis_id,))


def test_the_tier_is_the_maximum() -> None:
    """Axes do not average: the highest decides, and axes that tie are all named."""
    assert assigned(autonomy_T3=True, audience_T2=True).set_by == ("autonomy",)
    assert assigned(autonomy_T3=True, effect_T3=True, audience_T2=True).set_by == ("autonomy", "effect")


def test_the_highest_level_of_an_axis_counts() -> None:
    """An axis on which several levels hold has the highest of them."""
    assert assigned(autonomy_T2=True, autonomy_T4=True).tier is Tier.T4


def test_an_unknown_axis_leaves_a_floor() -> None:
    """While a fact of an axis is missing the tier may be higher, and the fact is named."""
    found = assigned(effect_T3=Unknown((EFFECT,)), audience_T2=True)

    assert (found.tier, found.set_by, found.is_floor) == (Tier.T2, ("audience",), True)
    assert [each.missing for each in found.axes] == [(), (EFFECT,), ()]


def test_what_is_certain_of_an_axis_is_its_floor() -> None:
    """An axis may be at least T2 by one fact and perhaps T4 by another that is missing."""
    found = assigned(autonomy_T4=Unknown((AUTONOMY, EFFECT)), autonomy_T3=Unknown((AUTONOMY,)), autonomy_T2=True)

    assert (found.axes[0].tier, found.axes[0].missing, found.is_floor) == (Tier.T2, (AUTONOMY, EFFECT), True)


def test_what_is_missing_below_the_tier_of_an_axis_is_not_asked() -> None:
    """Once a level holds, lower levels of the axis no longer matter."""
    found = assigned(autonomy_T4=True, autonomy_T2=Unknown((AUTONOMY,)))

    assert (found.axes[0].missing, found.is_floor) == ((), False)


@pytest.mark.parametrize(("known", "is_floor"), [("autonomy_T2", True), ("autonomy_T3", False), ("autonomy_T4", False)])
def test_an_unknown_axis_below_the_tier_makes_no_floor(known: str, is_floor: bool) -> None:
    """An unknown axis that could give T3 at most can not raise a tier of T3 or T4."""
    answers: dict[str, Truth] = {known: True, "effect_T3": Unknown((EFFECT,))}

    assert assigned(**answers).is_floor is is_floor


def test_without_axes_the_tier_is_the_lowest() -> None:
    """A ruleset without tiering judges everything at T1."""
    assert assign_tier((), FakeConditions({})) == TierAssignment(Tier.T1, (), is_floor=False, axes=())


NARROW = ruleset(
    narrow_to={
        Tier.T2: (
            NarrowTo("deployment.autonomy_level", frozenset({"l4_approver", "l5_observer"}), "l3_consultant"),
            NarrowTo("deployment.audience", frozenset({"vulnerable"}), ("staff", "partner", "customer")),
        ),
        Tier.T1: (NarrowTo("deployment.audience", frozenset({"partner", "customer", "vulnerable"}), ("staff",)),),
    }
)


@pytest.mark.parametrize(
    ("tier", "fact", "proposed", "narrowed"),
    [
        (Tier.T2, "deployment.autonomy_level", "l5_observer", "l3_consultant"),
        (Tier.T2, "deployment.autonomy_level", "l2_collaborator", None),
        (Tier.T2, "deployment.audience", ("customer", "vulnerable"), ("customer",)),
        (Tier.T2, "deployment.audience", ("vulnerable",), ("staff", "partner", "customer")),
        (Tier.T2, "deployment.audience", ("customer", "staff"), None),
        (Tier.T1, "deployment.audience", ("customer", "staff"), ("staff",)),
        (Tier.T1, "deployment.audience", ("customer",), ("staff",)),
        (Tier.T1, "deployment.autonomy_level", "l5_observer", None),
        (Tier.T3, "deployment.autonomy_level", "l5_observer", None),
    ],
)
def test_a_proposal_is_narrowed_only_where_it_has_to_be(
    tier: Tier, fact: str, proposed: FactValue, narrowed: FactValue | None
) -> None:
    """A value that is too much for a tier is replaced, a set keeps what is allowed, and everything else stays."""
    expected = () if narrowed is None else (Narrowing(fact, proposed, narrowed),)

    assert narrow(NARROW, {fact: proposed}, tier) == expected


def test_what_is_unknown_is_not_narrowed() -> None:
    """An absent fact stays absent: narrowing never states anything."""
    assert narrow(NARROW, {}, Tier.T1) == ()
