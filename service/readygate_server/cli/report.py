"""A decision as text for people: the verdict first, then what blocks and why, the work, and the way to yes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from readygate.v1 import decision_pb2 as pb
from readygate_server.adapters.words import (
    fact_path,
    gate_name,
    outcome_name,
    tier_name,
    value_text,
    verdict_name,
    without_subject,
)
from readygate_server.cli.plan_text import print_plan, print_ways

_COLOURS = {
    pb.VERDICT_GO: "bold green",
    pb.VERDICT_GO_WITH_CONDITIONS: "bold yellow",
    pb.VERDICT_NO_GO: "bold red",
    pb.VERDICT_UNDETERMINED: "bold magenta",
}
_SAYS = {
    pb.VERDICT_GO: "Nothing that is due fails.",
    pb.VERDICT_GO_WITH_CONDITIONS: "Nothing blocks; the conditions below have to be met by the next gate.",
    pb.VERDICT_NO_GO: "What is listed under Blocks is in the way; the work that closes it follows.",
    pb.VERDICT_UNDETERMINED: "Only unknown facts are in the way: measure them and ask again. Until then it is a no.",
}
_SUBJECT_WIDTH = 20


def print_report(console: Console, decision: pb.Decision, *, name: str) -> None:
    """Prints a decision about the proposal called `name`."""
    _headline(console, decision, name)
    _findings(console, "Blocks", _with_effect(decision, pb.EFFECT_BLOCKS), "red")
    _findings(console, "Conditions", _with_effect(decision, pb.EFFECT_CONDITIONS), "yellow")
    _advice(console, _with_effect(decision, pb.EFFECT_ADVISES))
    _conflicts(console, decision.conflicts)
    _missing(console, [each for each in decision.missing_facts if each.blocks])
    if decision.HasField("plan") and decision.plan.items:
        print_plan(console, decision.plan)
    print_ways(console, decision)
    _footer(console, decision)


def _with_effect(decision: pb.Decision, effect: pb.Effect.ValueType) -> list[pb.Finding]:
    return [finding for finding in decision.findings if finding.effect == effect]


def _headline(console: Console, decision: pb.Decision, name: str) -> None:
    line = Text()
    line.append(verdict_name(decision.verdict), style=_COLOURS.get(decision.verdict, "bold"))
    line.append(f"  {name} at {gate_name(decision.gate)}, {tier_name(decision.tier)}")
    console.print(line)
    console.print(_SAYS.get(decision.verdict, ""), style="dim")


def _findings(console: Console, title: str, findings: list[pb.Finding], colour: str) -> None:
    if not findings:
        return
    console.print()
    console.print(f"{title} ({len(findings)})", style=f"bold {colour}")
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold", max_width=_SUBJECT_WIDTH)
    table.add_column(overflow="fold")
    for finding in findings:
        text = Text(finding.title)
        for line in _reasons(finding):
            text.append(f"\n{line}", style="dim")
        if finding.waiver_id:
            text.append(f"\nwaived by {finding.waiver_id}", style="yellow")
        table.add_row(finding.rule_id, finding.subject, text)
    console.print(Padding(table, (0, 0, 0, 2)))


def _reasons(finding: pb.Finding) -> Iterator[str]:
    """Yields observed against required, line by line; for other outcomes what the decision says about them."""
    lines = [*_failures(finding.observations), *_unknowns(finding)]
    if not lines and finding.message:
        lines.append(f"{outcome_name(finding.outcome)}: {finding.message}")
    yield from dict.fromkeys(lines)


def _failures(observations: Iterable[pb.Observation]) -> Iterator[str]:
    for each in observations:
        if each.outcome == pb.OUTCOME_VIOLATED:
            observed = f"{each.fact} is {value_text(each.observed, each.unit)}, required" if each.fact else "not met:"
            yield f"{observed} {each.required}"


def _unknowns(finding: pb.Finding) -> Iterator[str]:
    """Yields one line with every fact that is not known, each with what is required of it."""
    required: dict[str, list[str]] = {}
    for each in finding.observations:
        if each.outcome == pb.OUTCOME_UNKNOWN and each.fact:
            asked = required.setdefault(each.fact, [])
            asked.extend([each.required] if each.required not in (*asked, "stated") else [])
    missing = dict.fromkeys(without_subject(path, finding.subject) for path in finding.missing_facts)
    parts = [f"{path} ({'; '.join(required[path])})" if required.get(path) else path for path in missing]
    if parts and finding.outcome in (pb.OUTCOME_UNKNOWN, pb.OUTCOME_VIOLATED):
        yield f"not known: {', '.join(parts)}"


def _advice(console: Console, findings: Iterable[pb.Finding]) -> None:
    names = dict.fromkeys(f"{each.rule_id}[{each.subject}]" if each.subject else each.rule_id for each in findings)
    if names:
        console.print()
        console.print(f"Advised, deciding nothing ({len(names)})", style="bold")
        console.print(Padding(Text(", ".join(names), style="dim"), (0, 0, 0, 2)))


def _conflicts(console: Console, conflicts: Iterable[pb.FactConflict]) -> None:
    lines = []
    for conflict in conflicts:
        values = " against ".join(
            f"{value_text(each.value)} ({each.source_uri or 'the proposal'}{f', {each.as_of}' if each.as_of else ''})"
            for each in conflict.values
        )
        use = "none is used" if conflict.unresolved else "the first is used"
        lines.append(f"{fact_path(conflict.fact, conflict.subject)}: {values}; {use}")
    if lines:
        console.print()
        console.print(f"Sources disagree ({len(lines)})", style="bold yellow")
        console.print(Padding(Text("\n".join(lines)), (0, 0, 0, 2)))


def _missing(console: Console, missing: list[pb.MissingFact]) -> None:
    """Prints facts to be measured; those that one owner reads from one artefact stand together."""
    if not missing:
        return
    console.print()
    console.print(f"Facts to be measured ({len(missing)})", style="bold")
    groups: dict[str, list[str]] = {}
    for each in missing:
        origin = ", from ".join(part for part in (each.owner_role, each.artefact) if part)
        groups.setdefault(origin or "whoever knows", []).append(_stated(each))
    text = Text()
    for origin, facts in groups.items():
        text.append(f"{origin}\n", style="dim")
        text.append("".join(f"  {fact}\n" for fact in facts))
    text.rstrip()
    console.print(Padding(text, (0, 0, 0, 2)))


def _stated(missing: pb.MissingFact) -> str:
    path = fact_path(missing.fact, missing.subject)
    return f"{path} ({missing.statement})" if missing.statement else path


def _footer(console: Console, decision: pb.Decision) -> None:
    console.print()
    counts = "; ".join(filter(None, map(_counts, decision.foundations)))
    if counts:
        console.print(f"Foundations: {counts}.", style="dim")
    ruleset = decision.ruleset
    until = f", holds until {decision.valid_until}" if decision.valid_until else ""
    for line in (
        f"As of {decision.as_of}{until}; engine {decision.engine_version}.",
        f"Ruleset {ruleset.name} {ruleset.version} {ruleset.digest}",
        f"Facts {decision.facts_digest}",
    ):
        console.print(line, style="dim", soft_wrap=True)


def _counts(count: pb.FoundationCount) -> str:
    numbers = {"met": count.satisfied, "failed": count.violated, "unknown": count.unknown}
    said = ", ".join(f"{number} {word}" for word, number in numbers.items() if number)
    return f"{count.foundation} {said}" if said else ""
