"""Faults of the order of work: prerequisites that do not exist, that go round in a circle, or that are due too late."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from readygate_server.adapters.rulefiles.drafts import RuleDraft
from readygate_server.domain.faults import Fault, suggest
from readygate_server.domain.rule import Rule
from readygate_server.domain.vocabulary import Gate, Severity, Tier

Report = Callable[[int, str, Mapping[str, Any]], Fault]
"""Makes a fault about one entry of `after`, by its index, with got, expected and suggestion."""


@dataclass(frozen=True, slots=True)
class WorkNode:
    """The work of one rule: what it waits for, and when it is due at the tiers at which the rule is asked."""

    id: str
    after: tuple[str, ...]
    due: Mapping[Tier, Gate]
    report: Report


def node_of_draft(draft: RuleDraft) -> WorkNode:
    """Returns the work of a rule file."""
    paths = [path for path, _ in draft.after]
    severity, due = draft.severity or {}, draft.due or {}
    return WorkNode(
        draft.id,
        tuple(rule_id for _, rule_id in draft.after),
        {tier: gate for tier, gate in due.items() if severity.get(tier, Severity.NONE) is not Severity.NONE},
        lambda index, message, details: draft.fault(paths[index], message, **details),
    )


def node_of_rule(rule: Rule, report: Report) -> WorkNode:
    """Returns the work of a composed rule."""
    asked = {tier: rule.due[tier] for tier in Tier if rule.severity[tier] is not Severity.NONE}
    return WorkNode(rule.id, rule.work.after, asked, report)


def work_faults(nodes: Iterable[WorkNode], known: Mapping[str, WorkNode]) -> Iterator[Fault]:
    """Yields the faults of the prerequisites of `nodes` among all `known` rules."""
    ours = {node.id: node for node in nodes}
    everything = {**known, **ours}
    for node in ours.values():
        for index, rule_id in enumerate(node.after):
            if rule_id not in everything:
                details = {"got": rule_id, "suggestion": suggest(rule_id, everything)}
                yield node.report(index, "the work waits for a rule that does not exist", details)
            else:
                yield from late_faults(node, index, everything[rule_id])
    yield from _cycles(ours)


def late_faults(node: WorkNode, index: int, first: WorkNode) -> Iterator[Fault]:
    """Yields a fault when work waits for other work that is due at a later gate."""
    late = [tier for tier, gate in node.due.items() if first.due.get(tier, gate) > gate]
    if late:
        tier = late[0]
        details = {
            "got": f"{first.id} due at {first.due[tier].name.lower()}",
            "expected": f"{node.due[tier].name.lower()} or earlier, like {node.id}",
        }
        at = ", ".join(tier.name for tier in late)
        yield node.report(index, f"the work waits for work that is due at a later gate at {at}", details)


def _cycles(nodes: Mapping[str, WorkNode]) -> Iterator[Fault]:
    """Yields one fault for each circle, at its first rule in the order of ids."""
    for group in _strong_components(nodes):
        start = min(group)
        circle = _circle(nodes, start, group)
        index = nodes[start].after.index(circle[1])
        yield nodes[start].report(index, "the work waits for itself", {"got": " after ".join(circle)})


def _strong_components(nodes: Mapping[str, WorkNode]) -> Iterator[frozenset[str]]:
    """Yields the sets of rules that all wait for each other."""
    reach = {start: _reachable(nodes, start) for start in nodes}
    seen: set[str] = set()
    for start in sorted(nodes):
        group = frozenset(other for other in reach[start] if start in reach[other])
        if start in reach[start] and start not in seen:
            seen |= group
            yield group


def _reachable(nodes: Mapping[str, WorkNode], start: str) -> set[str]:
    reached: set[str] = set()
    waiting = [start]
    while waiting:
        fresh = [rule_id for rule_id in nodes[waiting.pop()].after if rule_id in nodes and rule_id not in reached]
        reached.update(fresh)
        waiting.extend(fresh)
    return reached


def _circle(nodes: Mapping[str, WorkNode], start: str, group: frozenset[str]) -> list[str]:
    """Returns a shortest circle from `start` back to itself, for instance A, B, A."""
    came_from: dict[str, str] = {}
    waiting = [start]
    while waiting:
        here = waiting.pop(0)
        for following in nodes[here].after:
            if following == start:
                way = [here]
                while way[-1] != start:
                    way.append(came_from[way[-1]])
                return [*reversed(way), start]
            if following in group and following not in came_from:
                came_from[following] = here
                waiting.append(following)
    return [start, start]
