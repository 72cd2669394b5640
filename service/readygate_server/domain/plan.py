"""From blocking findings to work in order: items, waves, chains and totals."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import NamedTuple

from readygate_server.domain.facts import FactRef, scope_of
from readygate_server.domain.finding import Finding
from readygate_server.domain.rule import ZERO, Range, Work
from readygate_server.domain.table import RuleRow, RuleTable
from readygate_server.domain.vocabulary import Effect, Outcome, RuleKind, Scope


class WorkItem(NamedTuple):
    """What closes a finding: a repair, or a measurement that comes before anybody knows whether to repair."""

    id: str
    rule_id: str
    subject: str
    scope: Scope
    foundation: str
    title: str
    done_when: str
    measures: tuple[FactRef, ...]
    effort: Range
    wait: Range
    effort_if_false: Range
    wait_if_false: Range
    owner: str
    infrastructure: bool
    after: tuple[str, ...] = ()
    wave: int = 1
    proves: tuple[FactRef, ...] = ()
    """Facts that show whether it is done; without a subject those of assets that are not named."""

    @property
    def elapsed(self) -> Range:
        """Weeks from start to end with one person on it."""
        return self.effort + self.wait


@dataclass(frozen=True, slots=True)
class Chain:
    """Items that wait for each other, first to last."""

    items: tuple[str, ...]
    effort: Range
    elapsed: Range


@dataclass(frozen=True, slots=True)
class Total:
    """Items and effort of one owner role or foundation."""

    key: str
    items: int
    effort: Range


@dataclass(frozen=True, slots=True)
class Plan:
    """Work in order; items by wave and id."""

    items: tuple[WorkItem, ...]
    critical_by_effort: Chain
    critical_by_elapsed: Chain
    total: Range
    total_if_false: Range
    by_owner: tuple[Total, ...]
    by_foundation: tuple[Total, ...]
    infrastructure: Range
    paperwork: Range

    @property
    def waves(self) -> tuple[tuple[str, ...], ...]:
        """Ids of the items that can start together, wave by wave."""
        last = max((item.wave for item in self.items), default=0)
        return tuple(tuple(item.id for item in self.items if item.wave == wave) for wave in range(1, last + 1))

    @property
    def elapsed_if_false(self) -> Range:
        """Weeks along the longest chain when what is measured turns out to fail."""
        if self.total_if_false == ZERO and not any(item.wait_if_false.high for item in self.items):
            return self.critical_by_elapsed.elapsed
        return _longest(list(map(_measured_false, self.items)), key=lambda item: item.elapsed.middle).elapsed


def _measured_false(item: WorkItem) -> WorkItem:
    """Returns the item with the repair that follows when what it measures turns out to fail."""
    return item._replace(effort=item.effort + item.effort_if_false, wait=item.wait + item.wait_if_false)


def work_id(rule_id: str, subject: str) -> str:
    """Returns the id of the work that closes a rule's finding for a subject."""
    return f"W-{rule_id}[{subject}]" if subject else f"W-{rule_id}"


def make_plan(table: RuleTable, findings: Iterable[Finding]) -> Plan:
    """Returns the work that the blocking findings ask for, in the order of its prerequisites."""
    rows = {row.rule.id: row for row in table.rows}
    items = [
        finding.once(work_of, rows[finding.rule.id], table) for finding in findings if finding.effect is Effect.BLOCKS
    ]
    ordered = _in_waves(items, _linked(items, rows))
    return Plan(
        ordered,
        _longest(ordered, key=lambda item: item.effort.middle),
        _longest(ordered, key=lambda item: item.elapsed.middle),
        _sum(item.effort for item in ordered),
        _sum(item.effort_if_false for item in ordered),
        _totals(ordered, key=lambda item: item.owner),
        _totals(ordered, key=lambda item: item.foundation),
        _sum(item.effort for item in ordered if item.infrastructure),
        _sum(item.effort for item in ordered if not item.infrastructure),
    )


def work_of(finding: Finding, row: RuleRow, table: RuleTable) -> WorkItem:
    """Returns the work that closes a finding by itself: not yet in order with others."""
    rule, work = finding.rule, finding.rule.work
    item = WorkItem(
        id=work_id(rule.id, finding.subject),
        rule_id=rule.id,
        subject=finding.subject,
        scope=rule.scope,
        foundation=rule.foundation,
        title=work.title,
        done_when=_with_numbers(work.done_when, row),
        measures=(),
        effort=work.effort,
        wait=work.wait,
        effort_if_false=ZERO,
        wait_if_false=ZERO,
        owner=work.owner,
        infrastructure=work.infrastructure,
        proves=_failed(finding),
    )
    if rule.kind is RuleKind.EVIDENCE:
        effort = _times(work.effort, len(finding.missing))
        return item._replace(measures=finding.missing, proves=finding.missing, effort=effort)
    if finding.outcome in (Outcome.UNKNOWN, Outcome.STALE):
        return _measuring(item, finding, work, table)
    return item


def _measuring(item: WorkItem, finding: Finding, work: Work, table: RuleTable) -> WorkItem:
    """Measuring comes first and is smaller; what repairing would cost is kept apart."""
    row = table.evidence if finding.outcome is Outcome.STALE else table.unknown_facts
    facts = finding.missing
    effort = _capped(_times(row.rule.work.effort, len(facts)), work.effort) if row else work.effort
    verb = "Measure again" if finding.outcome is Outcome.STALE else "Measure"
    return item._replace(
        title=f"{verb} {', '.join(str(ref) for ref in facts)}",
        done_when=row.rule.work.done_when if row else work.done_when,
        measures=facts,
        proves=facts,
        effort=effort,
        wait=ZERO,
        effort_if_false=work.effort if finding.outcome is Outcome.UNKNOWN else ZERO,
        wait_if_false=work.wait if finding.outcome is Outcome.UNKNOWN else ZERO,
    )


def _failed(finding: Finding) -> tuple[FactRef, ...]:
    """Returns the facts that what failed is about; those of an expression as far as it needs evidence for them."""
    scope, found = finding.rule.scope, []
    for asked, _, outcome, _ in finding.observations:
        if outcome is Outcome.VIOLATED:
            facts = [asked.fact] if asked.fact else [backing.fact for backing in asked.backing]
            found += [FactRef(fact, finding.subject if scope_of(fact) is scope else "") for fact in facts]
    return tuple(dict.fromkeys(found))


def _times(effort: Range, count: int) -> Range:
    return Range(effort.low * count, effort.high * count)


def _capped(effort: Range, limit: Range) -> Range:
    """Returns an effort that stays within another; one of zero is not sized and limits nothing."""
    return effort if limit == ZERO else Range(min(effort.low, limit.low), min(effort.high, limit.high))


_PLACEHOLDER = re.compile(r"\{([a-z0-9_.]+)\}")


def _with_numbers(text: str, row: RuleRow) -> str:
    """Puts the thresholds of this tier where the text names their facts."""
    required = {asked.fact: asked.required for asked in row.asked}
    return _PLACEHOLDER.sub(lambda match: required.get(match[1], match[1]), text)


def _linked(items: Sequence[WorkItem], rows: dict[str, RuleRow]) -> Mapping[str, tuple[str, ...]]:
    """Names for each item those that come first: of the same asset when both are about one, else all of the rule."""
    by_rule: dict[str, list[WorkItem]] = {}
    for item in items:
        by_rule.setdefault(item.rule_id, []).append(item)
    return {
        item.id: tuple(
            sorted(
                {
                    other.id
                    for rule_id in rows[item.rule_id].rule.work.after
                    for other in by_rule.get(rule_id, ())
                    if other.scope is not item.scope or other.subject == item.subject
                }
            )
        )
        for item in items
    }


def _in_waves(items: Sequence[WorkItem], before: Mapping[str, tuple[str, ...]]) -> tuple[WorkItem, ...]:
    waves: dict[str, int] = {}

    def wave(identity: str) -> int:
        if identity not in waves:
            waves[identity] = 1 + max(map(wave, before[identity]), default=0)
        return waves[identity]

    placed = [item._replace(after=before[item.id], wave=wave(item.id)) for item in items]
    return tuple(sorted(placed, key=attrgetter("wave", "id")))


def _longest(items: Sequence[WorkItem], *, key: Callable[[WorkItem], float]) -> Chain:
    best: dict[str, tuple[float, tuple[str, ...]]] = {}
    for item in items:
        before = max((best[first] for first in item.after), default=(0.0, ()), key=lambda chain: (chain[0], chain[1]))
        best[item.id] = (before[0] + key(item), (*before[1], item.id))
    if not best:
        return Chain((), ZERO, ZERO)
    chain = max(best.values(), key=lambda each: (each[0], each[1]))[1]
    by_id = {item.id: item for item in items}
    on_it = [by_id[identity] for identity in chain]
    return Chain(chain, _sum(item.effort for item in on_it), _sum(item.elapsed for item in on_it))


def _totals(items: Sequence[WorkItem], *, key: Callable[[WorkItem], str]) -> tuple[Total, ...]:
    groups: dict[str, list[WorkItem]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return tuple(Total(name, len(group), _sum(item.effort for item in group)) for name, group in sorted(groups.items()))


def _sum(ranges: Iterable[Range]) -> Range:
    added = list(ranges)
    return Range(round(sum([each.low for each in added], 0.0), 6), round(sum([each.high for each in added], 0.0), 6))
