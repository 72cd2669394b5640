"""The way to yes: what would pass today, and the smallest sets of work that flip the verdict."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from readygate.v1 import decision_pb2 as pb
from readygate_server.adapters.words import effort_text, gate_name, tier_word, value_text, weeks_text
from readygate_server.web.report.findings import ItemLink
from readygate_server.web.report.verdicts import verdict_kind, verdict_word


class Narrowed(NamedTuple):
    """A fact of the proposal that has to be narrowed."""

    fact: str
    proposed: str
    narrowed: str


class Way(NamedTuple):
    """A verdict that can be reached, and what it takes."""

    kind: str
    words: str
    gate: str
    tier: str
    is_as_asked: bool
    narrowings: tuple[Narrowed, ...]
    items: tuple[ItemLink, ...]
    takes_all: bool
    effort: str
    elapsed: str


class WaysView(NamedTuple):
    """What passes as things stand, then what passes after work."""

    today: tuple[Way, ...]
    after_work: tuple[Way, ...]


def ways_view(decision: pb.Decision, items: Iterable[ItemLink]) -> WaysView:
    """Returns what would be a yes; what was asked for and passes is the verdict itself and is left out."""
    by_id = {each.id: each for each in items}
    today = [_way(each, decision, by_id) for each in decision.passes_today]
    return WaysView(
        tuple(way for way in today if not way.is_as_asked),
        tuple(_way(each, decision, by_id) for each in decision.ways_to_yes),
    )


def _way(end: pb.PassingToday | pb.WayToYes, decision: pb.Decision, items: Mapping[str, ItemLink]) -> Way:
    work = end if isinstance(end, pb.WayToYes) else pb.WayToYes()
    return Way(
        verdict_kind(end.verdict),
        verdict_word(end.verdict),
        gate_name(end.gate),
        tier_word(end.tier),
        (end.tier, end.gate) == (decision.tier.tier, decision.gate),
        tuple(_narrowings(end.narrowings)),
        tuple(items.get(each, ItemLink(each, "")) for each in work.item_ids),
        0 < len(work.item_ids) == len(decision.plan.items),
        effort_text(work.effort),
        weeks_text(work.elapsed),
    )


def _narrowings(narrowings: Iterable[pb.Narrowing]) -> Iterable[Narrowed]:
    return (Narrowed(each.fact, value_text(each.proposed), value_text(each.narrowed)) for each in narrowings)
