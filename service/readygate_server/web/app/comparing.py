"""What changed facts do: two decisions about one proposal, held against each other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from readygate.v1 import decision_pb2 as pb
from readygate.v1.ruleset_pb2 import EffortRange, WaitRange

_NOBODY: Final = pb.Finding()


class Moved(NamedTuple):
    """A finding that comes out otherwise."""

    rule_id: str
    subject: str
    title: str
    message: str
    before: pb.Outcome.ValueType
    now: pb.Outcome.ValueType
    effect_before: pb.Effect.ValueType
    effect_now: pb.Effect.ValueType
    missing: tuple[str, ...]


class WayShown(NamedTuple):
    """The cheapest set of work that gives a better verdict at the tier and gate that were asked for."""

    verdict: pb.Verdict.ValueType
    effort: EffortRange
    elapsed: WaitRange
    items: tuple[pb.WorkItem, ...]


class Side(NamedTuple):
    """One of the two decisions."""

    decision: pb.Decision
    blockers: tuple[pb.Finding, ...]
    conditions: int
    missing: int
    """Facts that are not known and hold up a rule that blocks."""
    way: WayShown | None


class Comparison(NamedTuple):
    """Both decisions, and what differs."""

    before: Side
    now: Side
    no_longer_blocking: tuple[Moved, ...]
    newly_blocking: tuple[Moved, ...]
    otherwise: tuple[Moved, ...]
    """Findings that come out otherwise and block neither before nor now, or both times."""

    @property
    def is_same(self) -> bool:
        """True when nothing of the answer changes."""
        moved = self.no_longer_blocking or self.newly_blocking or self.otherwise
        same_verdict = self.before.decision.verdict == self.now.decision.verdict
        return same_verdict and not moved and self.before.decision.tier.tier == self.now.decision.tier.tier


def compare(before: pb.Decision, now: pb.Decision) -> Comparison:
    """Returns what differs between two decisions."""
    moved = list(_moved(before, now))
    blocked = [each for each in moved if each.effect_before == pb.EFFECT_BLOCKS != each.effect_now]
    blocks = [each for each in moved if each.effect_now == pb.EFFECT_BLOCKS != each.effect_before]
    others = [each for each in moved if each not in blocked and each not in blocks]
    return Comparison(side_of(before), side_of(now), tuple(blocked), tuple(blocks), tuple(others))


def side_of(decision: pb.Decision) -> Side:
    """Returns what is shown of one decision."""
    return Side(
        decision,
        tuple(each for each in decision.findings if each.effect == pb.EFFECT_BLOCKS),
        sum(each.effect == pb.EFFECT_CONDITIONS for each in decision.findings),
        sum(each.blocks for each in decision.missing_facts),
        _way(decision),
    )


def _way(decision: pb.Decision) -> WayShown | None:
    """Returns the first way at the tier and gate of the decision; ways are ordered, cheapest first."""
    items = {item.id: item for item in decision.plan.items}
    for way in decision.ways_to_yes:
        if not way.narrowings and way.gate == decision.gate:
            ordered = sorted((items[each] for each in way.item_ids if each in items), key=lambda item: item.wave)
            return WayShown(way.verdict, way.effort, way.elapsed, tuple(ordered))
    return None


def _moved(before: pb.Decision, now: pb.Decision) -> Iterable[Moved]:
    old = {(each.rule_id, each.subject): each for each in before.findings}
    new = {(each.rule_id, each.subject): each for each in now.findings}
    for key in sorted(old.keys() | new.keys()):
        was, is_now = old.get(key, _NOBODY), new.get(key, _NOBODY)
        if (was.outcome, was.effect) != (is_now.outcome, is_now.effect):
            said = is_now if key in new else was
            yield Moved(
                *key,
                said.title,
                said.message,
                was.outcome,
                is_now.outcome,
                was.effect,
                is_now.effect,
                tuple(said.missing_facts),
            )
