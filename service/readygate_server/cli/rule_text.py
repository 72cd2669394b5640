"""Rulesets and rules as text for people."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from readygate_server.adapters.rulefiles.layering import Deviation
from readygate_server.cli.console import console
from readygate_server.domain.comparators import describe
from readygate_server.domain.rule import Check, Provenance, Rule, Ruleset, Work
from readygate_server.domain.ruleset_diff import Change, ChangeKind
from readygate_server.domain.vocabulary import Tier

_PLACEHOLDER = re.compile(r"\{([a-z0-9_.]+)\}")
"""Stands in a text for the threshold of a fact at the tier in question."""

_COLOURS = {ChangeKind.TIGHTENED: "yellow", ChangeKind.LOOSENED: "red", ChangeKind.MIXED: "magenta"}


def print_rulesets(rulesets: Sequence[Ruleset]) -> None:
    """Prints two lines per ruleset: what it is, and its digest in full."""
    out = console()
    for ruleset in rulesets:
        identity = ruleset.identity
        until = f" until {identity.effective_until}" if identity.effective_until else ""
        said = f"{identity.channel}, {len(ruleset.rules)} rules, in force from {identity.effective_from}{until}"
        out.print(Text.assemble((f"{identity.name} {identity.version}", "bold"), f"  {said}"))
        out.print(f"  {identity.digest}", style="dim", soft_wrap=True)


def print_rule(rule: Rule) -> None:
    """Prints everything about a rule."""
    out = console()
    out.print(f"{rule.id}  {rule.title}", style="bold")
    out.print(rule.question)
    out.print(rule.motivation, style="dim")
    table = _table("", *(tier.name for tier in Tier))
    table.add_row("severity", *(rule.severity[tier].name.lower() for tier in Tier))
    table.add_row("due", *(rule.due[tier].name.lower() for tier in Tier))
    for check in rule.checks:
        limits = ((check.thresholds[tier].value if tier in check.thresholds else None) for tier in Tier)
        cells = ("-" if limit is None else describe(check.comparator, limit) for limit in limits)
        table.add_row(check.fact + (f" ({check.unit})" if check.unit else ""), *cells)
    out.print()
    out.print(table)
    for label, expression in (("applies when", rule.when), (f"to each {rule.scope.value} where", rule.where)):
        if expression:
            out.print(f"{label}: {' '.join(expression.split())}")
    for requirement in rule.requirements:
        out.print(f"also: {requirement.asks}")
    out.print()
    out.print("Where the numbers come from", style="bold")
    for check in rule.checks:
        for line in _origins(check):
            out.print(Padding(Text(line, style="dim"), (0, 0, 0, 2)))
    out.print()
    out.print(f"Work: {rule.work.title}", style="bold")
    for line in _work(rule.work):
        out.print(Padding(line, (0, 0, 0, 2)))
    out.print()
    out.print(f"Waivers: {_waivers(rule)}")
    for sentence in rule.not_checked:
        out.print(f"Not checked: {sentence}", style="dim")
    out.print(f"References: {'; '.join(rule.references)}", style="dim")


def _waivers(rule: Rule) -> str:
    """Returns whether the rule can be waived, for how long, and by whom not."""
    if not rule.waivable:
        return "none; the rule can not be waived"
    people = "1 approval" if rule.waiver_quorum == 1 else f"{rule.waiver_quorum} approvals by different people"
    barred = f"; not by its authors {', '.join(sorted(rule.authors))}" if rule.authors else ""
    return f"up to {rule.maximum_waiver_days} days, with {people}{barred}"


def _work(work: Work) -> Iterable[str]:
    """Yields when the work is done, what it takes and what comes first."""
    done_when = re.sub(_PLACEHOLDER, r"<\1>", work.done_when)
    yield f"done when: {done_when}"
    per = f" per {work.per}" if work.per else ""
    yield f"{work.effort.low:g}-{work.effort.high:g} person-weeks{per}; {work.owner}"
    if work.after:
        yield f"after the work of {', '.join(work.after)}"


def _origins(check: Check) -> Iterable[str]:
    """Yields each provenance once, with the tiers that it is for."""
    tiers: dict[Provenance, list[str]] = {}
    for tier, threshold in sorted(check.thresholds.items()):
        tiers.setdefault(threshold.provenance, []).append(tier.name)
    for provenance, names in tiers.items():
        said = (
            f"{provenance.source}: {provenance.citation}" if provenance.source else f"judgement: {provenance.judgement}"
        )
        yield f"{check.fact} {', '.join(names)}: {said}"


def deviation_lines(deviation: Deviation) -> Iterable[str]:
    """Yields what an organisation loosened in a rule that it did not write, with its reason."""
    for change in deviation.changes:
        if change.kind in (ChangeKind.LOOSENED, ChangeKind.MIXED):
            what = f"{change.path} {change.before or 'nothing'} to {change.after or 'nothing'}"
            yield f"{change.kind.value}: {deviation.rule_id} {what}: {deviation.reason or 'no reason'}"


def print_diff(changes: Sequence[Change]) -> None:
    """Prints differences, by rule, with what each does to the answer."""
    out = console()
    if not changes:
        out.print("no difference")
        return
    table = _table("rule", "what", "before", "after", "effect")
    for change in changes:
        effect = Text(change.kind.value, style=_COLOURS.get(change.kind, ""))
        table.add_row(change.rule_id or "-", change.path, change.before or "-", change.after or "-", effect)
    out.print(table)


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table
