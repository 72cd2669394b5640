"""A decision as text for people: the verdict first, then what blocks and why, the work, and the way to yes."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from readygate.v1 import decision_pb2 as pb
from readygate.v1 import evidence_pb2, gate_pb2, ruleset_pb2

_COLOURS = {
    pb.VERDICT_GO: "bold green",
    pb.VERDICT_GO_WITH_CONDITIONS: "bold yellow",
    pb.VERDICT_NO_GO: "bold red",
    pb.VERDICT_UNDETERMINED: "bold magenta",
}
_SAYS = {
    pb.VERDICT_GO: "nothing that is due fails",
    pb.VERDICT_GO_WITH_CONDITIONS: "nothing blocks; the conditions below have to be met by the next gate",
    pb.VERDICT_NO_GO: "the findings below block; the work that closes them follows",
    pb.VERDICT_UNDETERMINED: "only unknown facts are in the way: measure them and ask again; until then it is a no",
}
_WAYS_SHOWN = 5


def print_report(console: Console, decision: pb.Decision, *, name: str) -> None:
    """Prints a decision about the proposal called `name`."""
    _headline(console, decision, name)
    _findings(console, "Blocks", [each for each in decision.findings if each.effect == pb.EFFECT_BLOCKS], "red")
    _findings(
        console, "Conditions", [each for each in decision.findings if each.effect == pb.EFFECT_CONDITIONS], "yellow"
    )
    _advice(console, decision)
    _conflicts(console, decision)
    _missing(console, decision)
    if decision.HasField("plan") and decision.plan.items:
        _plan(console, decision.plan)
    _ways(console, decision)
    _footer(console, decision)


def _headline(console: Console, decision: pb.Decision, name: str) -> None:
    line = Text()
    line.append(verdict_name(decision.verdict), style=_COLOURS.get(decision.verdict, "bold"))
    line.append(f"  {name} at {gate_name(decision.gate)}, {tier_name(decision.tier)}")
    console.print(line)
    console.print(f"{_SAYS.get(decision.verdict, '')}.", style="dim")


def _findings(console: Console, title: str, findings: list[pb.Finding], colour: str) -> None:
    if not findings:
        return
    console.print()
    console.print(f"{title} ({len(findings)})", style=f"bold {colour}")
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column()
    for finding in findings:
        note = Text(finding.message or finding.title)
        if finding.waiver_id:
            note.append(f" (waived: {finding.waiver_id})", style="yellow")
        table.add_row(finding.rule_id, finding.subject or "-", Text(finding.title))
        table.add_row("", _outcome(finding), Text(note.plain, style="dim"))
    console.print(Padding(table, (0, 0, 0, 2)))


def _outcome(finding: pb.Finding) -> str:
    return pb.Outcome.Name(finding.outcome).removeprefix("OUTCOME_").lower()


def _advice(console: Console, decision: pb.Decision) -> None:
    advised = [each for each in decision.findings if each.effect == pb.EFFECT_ADVISES]
    if advised:
        names = ", ".join(dict.fromkeys(_with_subject(each.rule_id, each.subject) for each in advised))
        console.print()
        console.print(f"Advised, deciding nothing: {names}", style="dim")


def _conflicts(console: Console, decision: pb.Decision) -> None:
    if not decision.conflicts:
        return
    console.print()
    console.print(f"Sources disagree ({len(decision.conflicts)})", style="bold yellow")
    for conflict in decision.conflicts:
        values = " against ".join(
            f"{value_text(each.value)} ({each.source_uri or 'the proposal'}{f', {each.as_of}' if each.as_of else ''})"
            for each in conflict.values
        )
        use = "none is used" if conflict.unresolved else "the first is used"
        console.print(f"  {_fact(conflict.fact, conflict.subject)}: {values}; {use}", highlight=False)


def _missing(console: Console, decision: pb.Decision) -> None:
    blocking = [each for each in decision.missing_facts if each.blocks]
    if not blocking:
        return
    console.print()
    console.print(f"Facts to be measured ({len(blocking)})", style="bold")
    table = Table.grid(padding=(0, 2))
    for fact in blocking:
        said = f"  ({fact.statement})" if fact.statement else ""
        table.add_row(_fact(fact.fact, fact.subject), Text(f"{fact.artefact}; {fact.owner_role}{said}", style="dim"))
    console.print(Padding(table, (0, 0, 0, 2)))


def _plan(console: Console, plan: pb.Plan) -> None:
    console.print()
    console.print(f"Work, in order ({len(plan.items)} items, {len(plan.waves)} waves)", style="bold")
    table = Table(box=None, pad_edge=False, padding=(0, 1), header_style="dim", show_edge=False)
    for heading, justify in (("wave", "right"), ("work", "left"), ("what", "left"), ("effort", "right")):
        table.add_column(heading, justify="right" if justify == "right" else "left", no_wrap=heading != "what")
    table.add_column("owner")
    table.add_column("done when")
    for item in plan.items:
        what = item.title + (f" (after {', '.join(item.after)})" if item.after else "")
        table.add_row(str(item.wave), item.id, what, effort_text(item.effort), item.owner_role, item.done_when)
    console.print(Padding(table, (0, 0, 0, 2)))
    console.print(
        f"  Total {effort_text(plan.total)} person-weeks: {effort_text(plan.infrastructure)} infrastructure, "
        f"{effort_text(plan.paperwork)} paperwork.",
        highlight=False,
    )
    if plan.total_if_measured_false.max_person_weeks:
        extra = effort_text(plan.total_if_measured_false)
        console.print(f"  Up to {extra} more if what is measured turns out to fail.", highlight=False)
    for name, chain in (("work", plan.critical_by_effort), ("time", plan.critical_by_elapsed)):
        steps = " -> ".join(chain.item_ids)
        console.print(
            f"  Longest chain by {name}: {steps} ({effort_text(chain.effort)} person-weeks, "
            f"{weeks_text(chain.elapsed)} weeks elapsed).",
            highlight=False,
        )
    _totals(console, "By owner", plan.by_owner_role)
    _totals(console, "By foundation", plan.by_foundation)


def _totals(console: Console, title: str, totals: Iterable[pb.Total]) -> None:
    parts = "; ".join(f"{total.key} {effort_text(total.effort)}" for total in totals)
    console.print(f"  {title}: {parts}.", style="dim", highlight=False)


def _ways(console: Console, decision: pb.Decision) -> None:
    if not decision.passes_today and not decision.ways_to_yes:
        return
    lower = [each for each in decision.passes_today if (each.tier, each.gate) != (decision.tier.tier, decision.gate)]
    if lower or decision.ways_to_yes:
        console.print()
        console.print("The way to yes", style="bold")
    for passing in lower:
        what = f"{verdict_name(passing.verdict)} today at {gate_name(passing.gate)} as {tier_word(passing.tier)}"
        console.print(f"  {what}{_narrowed(passing.narrowings)}", style="green", highlight=False)
    for way in list(decision.ways_to_yes)[:_WAYS_SHOWN]:
        effort, weeks = effort_text(way.effort), weeks_text(way.elapsed)
        what = f"{len(way.item_ids)} items, {effort} person-weeks, {weeks} weeks elapsed"
        reached = f"{verdict_name(way.verdict)} at {gate_name(way.gate)} as {tier_word(way.tier)}"
        console.print(f"  {what}: {reached}{_narrowed(way.narrowings)}", highlight=False)


def _narrowed(narrowings: Iterable[pb.Narrowing]) -> str:
    parts = [f"{each.fact} {value_text(each.proposed)} -> {value_text(each.narrowed)}" for each in narrowings]
    return f", narrowed: {'; '.join(parts)}" if parts else ""


def _footer(console: Console, decision: pb.Decision) -> None:
    counts = "; ".join(
        f"{each.foundation} {each.satisfied} met, {each.violated} failed, {each.unknown} unknown"
        for each in decision.foundations
        if each.satisfied or each.violated or each.unknown
    )
    console.print()
    console.print(f"Foundations: {counts}.", style="dim", highlight=False)
    ruleset = decision.ruleset
    until = f"; holds until {decision.valid_until}" if decision.valid_until else ""
    console.print(
        f"As of {decision.as_of}{until}. Ruleset {ruleset.name} {ruleset.version} {ruleset.digest}; facts "
        f"{decision.facts_digest}; engine {decision.engine_version}.",
        style="dim",
        highlight=False,
        soft_wrap=True,
    )


def _with_subject(rule_id: str, subject: str) -> str:
    return f"{rule_id}[{subject}]" if subject else rule_id


def _fact(fact: str, subject: str) -> str:
    group, _, rest = fact.partition(".")
    return f"{group}[{subject}].{rest}" if subject else fact


def verdict_name(verdict: int) -> str:
    """Returns GO, GO_WITH_CONDITIONS, NO_GO or UNDETERMINED."""
    return pb.Verdict.Name(verdict).removeprefix("VERDICT_")  # type: ignore[arg-type]  # any number of the enum


def gate_name(gate: int) -> str:
    """Returns commit, pilot or production."""
    return gate_pb2.Gate.Name(gate).removeprefix("GATE_").lower()  # type: ignore[arg-type]  # any number of the enum


def tier_word(tier: int) -> str:
    """Returns a tier with its word, such as `T3 act`."""
    name = ruleset_pb2.Tier.Name(tier).removeprefix("TIER_")  # type: ignore[arg-type]  # any number of the enum
    number, _, word = name.partition("_")
    return f"{number} {word.lower()}"


def tier_name(tier: pb.TierAssignment) -> str:
    """Returns the tier and what set it; says when it is only a floor."""
    least = "at least " if tier.is_floor else ""
    return f"{least}tier {tier_word(tier.tier)} (set by {', '.join(tier.set_by)})"


def effort_text(effort: ruleset_pb2.EffortRange) -> str:
    """Returns a range of person-weeks, such as `2-8`."""
    return _range(effort.min_person_weeks, effort.max_person_weeks)


def weeks_text(weeks: ruleset_pb2.WaitRange) -> str:
    """Returns a range of weeks."""
    return _range(weeks.min_weeks, weeks.max_weeks)


def _range(low: float, high: float) -> str:
    return f"{low:.3g}" if low == high else f"{low:.3g}-{high:.3g}"


def value_text(value: evidence_pb2.FactValue) -> str:
    """Returns a fact value as people write it."""
    kind = value.WhichOneof("kind")
    if kind == "names":
        return ", ".join(value.names.members) or "none"
    if kind == "flag":
        return "true" if value.flag else "false"
    return f"{value.number:.10g}" if kind == "number" else str(getattr(value, kind)) if kind else "unknown"
