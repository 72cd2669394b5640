"""The plan for people: each item with what proves it, sums, and the drawings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from readygate.v1 import decision_pb2 as pb
from readygate_server.adapters.words import effort_text, fact_path, weeks_text
from readygate_server.web.drawing.boxes import own_title
from readygate_server.web.drawing.graph import graph
from readygate_server.web.drawing.schedule import Times, range_text, schedule
from readygate_server.web.drawing.svg import Drawing
from readygate_server.web.drawing.timeline import timeline
from readygate_server.web.report.findings import ItemLink


class Item(NamedTuple):
    """One work item."""

    link: ItemLink
    rule_id: str
    subject: str
    title: str
    done_when: str
    measures: tuple[str, ...]
    """Facts to be measured; empty when something is to be built or repaired."""
    effort: str
    wait: str
    if_false: str
    wait_if_false: str
    owner: str
    after: tuple[ItemLink, ...]
    wave: int
    foundation: str
    infrastructure: bool
    is_critical: bool
    starts: str
    ends: str
    commands: tuple[str, ...]


class ChainView(NamedTuple):
    """A chain of items that wait for each other."""

    name: str
    items: tuple[ItemLink, ...]
    effort: str
    elapsed: str


class Sum(NamedTuple):
    """Effort of all items of one owner or foundation."""

    name: str
    items: int
    effort: str


class PlanView(NamedTuple):
    """Work in order."""

    items: tuple[Item, ...]
    waves: int
    total: str
    infrastructure: str
    paperwork: str
    if_false: str
    elapsed: str
    chains: tuple[ChainView, ...]
    by_owner: tuple[Sum, ...]
    by_foundation: tuple[Sum, ...]
    graph: tuple[Drawing, ...]
    timeline: tuple[Drawing, ...]


def item_links(plan: pb.Plan, key: str) -> tuple[ItemLink, ...]:
    """Returns where each item stands on the page, in the order of the plan."""
    return tuple(ItemLink(each.id, f"{key}-w{number}") for number, each in enumerate(plan.items, 1))


def plan_view(plan: pb.Plan, items: Sequence[ItemLink], key: str) -> PlanView:
    """Returns the plan; `key` begins the ids of its drawings."""
    links = {each.id: each for each in items}
    critical = {*plan.critical_by_elapsed.item_ids}
    times = schedule(plan.items)
    return PlanView(
        tuple(
            _item(each, own, links, times[each.id], is_critical=each.id in critical)
            for each, own in zip(plan.items, items, strict=True)
        ),
        len(plan.waves),
        effort_text(plan.total),
        effort_text(plan.infrastructure),
        effort_text(plan.paperwork),
        effort_text(plan.total_if_measured_false) if plan.total_if_measured_false.max_person_weeks else "",
        weeks_text(plan.critical_by_elapsed.elapsed),
        tuple(_chains(plan, links)),
        tuple(map(_sum, plan.by_owner_role)),
        tuple(map(_sum, plan.by_foundation)),
        graph(plan, key=key),
        timeline(plan, key=key),
    )


def _item(item: pb.WorkItem, own: ItemLink, links: Mapping[str, ItemLink], times: Times, *, is_critical: bool) -> Item:
    if_false, wait_if_false = item.effort_if_measured_false, item.wait_if_measured_false
    return Item(
        own,
        item.rule_id,
        item.subject,
        own_title(item),
        item.done_when,
        tuple(fact_path(each.fact, each.subject) for each in item.measures),
        effort_text(item.effort),
        weeks_text(item.wait) if item.wait.max_weeks else "",
        effort_text(if_false) if if_false.max_person_weeks else "",
        weeks_text(wait_if_false) if wait_if_false.max_weeks else "",
        item.owner_role,
        tuple(links.get(each, ItemLink(each, "")) for each in item.after),
        item.wave,
        item.foundation,
        item.infrastructure,
        is_critical,
        range_text(times.best.start, times.worst.start),
        range_text(times.best.end, times.worst.end),
        tuple(item.collect_commands),
    )


def _chains(plan: pb.Plan, links: Mapping[str, ItemLink]) -> Iterable[ChainView]:
    by_effort, by_elapsed = plan.critical_by_effort, plan.critical_by_elapsed
    if by_effort.item_ids == by_elapsed.item_ids:
        yield _chain("Longest chain", by_elapsed, links)
        return
    yield _chain("Longest chain by time", by_elapsed, links)
    yield _chain("Longest chain by effort", by_effort, links)


def _chain(name: str, chain: pb.Chain, links: Mapping[str, ItemLink]) -> ChainView:
    items = tuple(links.get(each, ItemLink(each, "")) for each in chain.item_ids)
    return ChainView(name, items, effort_text(chain.effort), weeks_text(chain.elapsed))


def _sum(total: pb.Total) -> Sum:
    return Sum(total.key, total.items, effort_text(total.effort))
