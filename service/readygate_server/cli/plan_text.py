"""The plan and the way to yes as text for people."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from readygate.v1 import decision_pb2 as pb
from readygate_server.adapters.words import (
    counted,
    effort_text,
    gate_name,
    tier_word,
    value_text,
    verdict_name,
    ways_title,
    weeks_text,
)

_WAYS_SHOWN = 5
_OWNER_WIDTH = 22
_COMMANDS_SHOWN = 3


def print_plan(console: Console, plan: pb.Plan) -> None:
    """Prints the work in order, what it adds up to, and what takes longest."""
    console.print()
    title = f"Work, in order ({counted(len(plan.items), 'item')}, {counted(len(plan.waves), 'wave')})"
    console.print(f"{title}; effort in person-weeks", style="bold")
    console.print(Padding(_items(plan.items), (0, 0, 0, 2)))
    if measured := _measured_when(plan.items):
        console.print(Padding(Text(f"Measuring is done when: {measured}", style="dim"), (0, 0, 0, 2)))
    console.print()
    console.print(Padding(_sums(plan), (0, 0, 0, 2)))


def _items(items: Iterable[pb.WorkItem]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("wave", justify="right", no_wrap=True)
    table.add_column("effort", justify="right", no_wrap=True)
    table.add_column("work", overflow="fold")
    table.add_column("owner", max_width=_OWNER_WIDTH)
    for item in items:
        table.add_row(str(item.wave), effort_text(item.effort), _item(item), item.owner_role)
    return table


def _item(item: pb.WorkItem) -> Text:
    # The id names the asset, so that a list of facts to be measured need not repeat it.
    own = re.compile(rf"\w+\[{re.escape(item.subject)}\]\.")
    text = Text(f"{item.id}  {own.sub('', item.title)}")
    if item.after:
        text.append(f"\nafter {', '.join(item.after)}", style="dim")
    # Measuring ends in the same way everywhere; it is said once, below the table.
    if item.kind == pb.WORK_KIND_MEASURE:
        text.append(_if_it_fails(item), style="dim")
    else:
        text.append(f"\ndone when: {item.done_when}", style="dim")
    for command in item.collect_commands[:_COMMANDS_SHOWN]:
        text.append(f"\nproved by: {command}", style="dim")
    if (more := len(item.collect_commands) - _COMMANDS_SHOWN) > 0:
        text.append(f"\n           and {more} more", style="dim")
    return text


def _if_it_fails(item: pb.WorkItem) -> str:
    parts = []
    if item.effort_if_measured_false.max_person_weeks:
        parts.append(f"{effort_text(item.effort_if_measured_false)} person-weeks")
    if item.wait_if_measured_false.max_weeks:
        parts.append(f"{weeks_text(item.wait_if_measured_false)} weeks of waiting")
    return f"\nif it fails: {' and '.join(parts)} on top" if parts else ""


def _measured_when(items: Iterable[pb.WorkItem]) -> str:
    ends = dict.fromkeys(item.done_when for item in items if item.kind == pb.WORK_KIND_MEASURE)
    return " ".join(f"{end.rstrip('.')}." for end in ends)


def _sums(plan: pb.Plan) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="dim")
    table.add_column()
    whole, built, written = effort_text(plan.total), effort_text(plan.infrastructure), effort_text(plan.paperwork)
    table.add_row("total", f"{whole} person-weeks: {built} infrastructure, {written} paperwork")
    if plan.total_if_measured_false.max_person_weeks:
        table.add_row(
            "", f"up to {effort_text(plan.total_if_measured_false)} more if what is measured turns out to fail"
        )
    chains = {"longest by effort": plan.critical_by_effort, "longest by time": plan.critical_by_elapsed}
    if plan.critical_by_effort.item_ids == plan.critical_by_elapsed.item_ids:
        chains = {"longest chain": plan.critical_by_elapsed}
    for name, chain in chains.items():
        effort, weeks = effort_text(chain.effort), weeks_text(chain.elapsed)
        table.add_row(name, f"{' > '.join(chain.item_ids)}: {effort} person-weeks, {weeks} weeks elapsed")
    table.add_row("by owner", _totals(plan.by_owner_role))
    table.add_row("by foundation", _totals(plan.by_foundation))
    return table


def _totals(totals: Iterable[pb.Total]) -> str:
    return "; ".join(f"{total.key} {effort_text(total.effort)}" for total in totals)


def print_ways(console: Console, decision: pb.Decision) -> None:
    """Prints what would pass today, then the smallest sets of work that flip the verdict."""
    asked = (decision.tier.tier, decision.gate)
    passing = [each for each in decision.passes_today if (each.tier, each.gate) != asked]
    if not passing and not decision.ways_to_yes:
        return
    console.print()
    console.print(ways_title(decision.verdict), style="bold")
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for each in passing:
        table.add_row("today", _reached(each), style="green")
    for way in list(decision.ways_to_yes)[:_WAYS_SHOWN]:
        table.add_row(f"{weeks_text(way.elapsed)} weeks", _way(way, len(decision.plan.items)))
    console.print(Padding(table, (0, 0, 0, 2)))


def _way(way: pb.WayToYes, planned: int) -> Text:
    text = _reached(way)
    number = len(way.item_ids)
    which = "all work above" if number == planned else f"{counted(number, 'item')}: {', '.join(way.item_ids)}"
    text.append(f"\n{effort_text(way.effort)} person-weeks, {which}", style="dim")
    return text


def _reached(end: pb.PassingToday | pb.WayToYes) -> Text:
    text = Text(f"{verdict_name(end.verdict)} at {gate_name(end.gate)} as {tier_word(end.tier)}")
    if end.narrowings:
        text.append(", narrowed:")
    for each in end.narrowings:
        text.append(f"\n{each.fact} from {value_text(each.proposed)} to {value_text(each.narrowed)}")
    return text
