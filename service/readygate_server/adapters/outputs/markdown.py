"""Markdown for a comment on a change or the summary of a job: verdict, what blocks, the work, the way to yes.

Made of lines that each stand for themselves, so that a text that is too long can be cut between any two of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from readygate.v1 import decision_pb2 as pb
from readygate_server.adapters.outputs.issues import Issue, Level, issues_of
from readygate_server.adapters.outputs.markdown_text import code, escaped
from readygate_server.adapters.outputs.model import Judged, Report
from readygate_server.adapters.words import (
    counted,
    effort_text,
    gate_name,
    tier_name,
    tier_word,
    value_text,
    verdict_name,
    ways_title,
    weeks_text,
)

COMMENT_BYTES: Final = 64_000
"""Most bytes of a comment; GitHub takes 65,536 characters."""
SUMMARY_BYTES: Final = 1_000_000
"""Most bytes of the summary of a step; GitHub takes 1 MiB."""
_SIGNS: Final = {
    pb.VERDICT_GO: "✅",
    pb.VERDICT_GO_WITH_CONDITIONS: "🟡",
    pb.VERDICT_NO_GO: "⛔",
    pb.VERDICT_UNDETERMINED: "❔",
}
_SAYS: Final = {
    pb.VERDICT_GO: "Nothing that is due fails.",
    pb.VERDICT_GO_WITH_CONDITIONS: "Nothing blocks; the conditions have to be met by the next gate.",
    pb.VERDICT_NO_GO: "What blocks is in the way; the work that closes it follows.",
    pb.VERDICT_UNDETERMINED: "Only unknown facts are in the way: measure them. Until then it is a no.",
}
_TITLES: Final = {Level.ERROR: "Blocks", Level.WARNING: "Conditions", Level.NOTE: "Advice, deciding nothing"}
_WAYS_SHOWN: Final = 5
_CELL: Final = 300


def marker_line(marker: str) -> str:
    """Returns the hidden line by which a comment is found again."""
    kept = "".join(each for each in marker if each.isascii() and (each.isalnum() or each in "._/:"))
    return f"<!-- readygate:{kept or 'check'} -->"


def markdown(report: Report, *, marker: str = "", limit: int = COMMENT_BYTES) -> str:
    """Returns the text of a comment, with its marker, or of a summary, without one, within so many bytes."""
    lines = [marker_line(marker)] if marker else []
    for number, result in enumerate(report.results):
        lines += ["---", ""] if number else []
        lines += _result(result)
    lines.append(f"<sub>readygate {escaped(report.version)}</sub>")
    return _cut(lines, limit)


def _cut(lines: Sequence[str], limit: int) -> str:
    """Leaves out lines at the end of what is too long, and says how many."""
    sizes = [len(line.encode()) + 1 for line in lines]
    if sum(sizes) <= limit:
        return "\n".join(lines) + "\n"
    room, kept = limit - 200, 0
    while room >= sizes[kept]:
        room -= sizes[kept]
        kept += 1
    said = f"**Cut here:** {len(lines) - kept} of {len(lines)} lines are left out; `readygate check` prints them all."
    return "\n".join([*lines[:kept], "", said]) + "\n"


def _result(result: Judged) -> Iterator[str]:
    decision = result.decision
    issues = issues_of([result])
    if decision is None:
        yield f"### 🚫 No verdict: {escaped(result.name)}"
        yield ""
        yield from (f"- {_place(each)} {escaped(each.message)}" for each in issues)
        yield ""
        return
    yield f"### {_SIGNS.get(decision.verdict, '❔')} {verdict_name(decision.verdict)}: {escaped(result.name)}"
    yield ""
    place = f"At gate **{gate_name(decision.gate)}**, {escaped(tier_name(decision.tier))}."
    yield f"{place} {_SAYS.get(decision.verdict, '')}"
    yield ""
    for level in Level:
        yield from _findings(_TITLES[level], [each for each in issues if each.level is level])
    yield from _plan(decision)
    yield from _ways(decision)
    yield from _basis(decision)


def _findings(title: str, issues: Sequence[Issue]) -> Iterator[str]:
    if not issues:
        return
    yield f"#### {title} ({len(issues)})"
    yield ""
    yield "| rule | about | what is so | where |"
    yield "| --- | --- | --- | --- |"
    for issue in issues:
        said = f"**{escaped(issue.title, _CELL)}**<br>{escaped(issue.message, _CELL)}"
        yield _row(escaped(issue.rule_id), escaped(issue.subject), said, _place(issue))
    yield ""


def _place(issue: Issue) -> str:
    file, line, _ = issue.place
    return code(f"{file or 'standard input'}:{line}")


def _plan(decision: pb.Decision) -> Iterator[str]:
    plan = decision.plan
    if not plan.items:
        return
    size = f"{counted(len(plan.items), 'item')}, {counted(len(plan.waves), 'wave')}"
    yield f"#### Work, in order ({size}, {effort_text(plan.total)} person-weeks)"
    yield ""
    yield "| wave | item | person-weeks | done when | owner |"
    yield "| --: | --- | --- | --- | --- |"
    for item in plan.items:
        after = f"<br>after {escaped(', '.join(item.after), _CELL)}" if item.after else ""
        what = f"{code(item.id)} {escaped(item.title, _CELL)}{after}"
        done_when, owner = escaped(item.done_when, _CELL), escaped(item.owner_role)
        yield _row(str(item.wave), what, effort_text(item.effort), done_when, owner)
    yield ""


def _ways(decision: pb.Decision) -> Iterator[str]:
    asked = (decision.tier.tier, decision.gate)
    passing = [each for each in decision.passes_today if (each.tier, each.gate) != asked]
    ways = list(decision.ways_to_yes)[:_WAYS_SHOWN]
    if not passing and not ways:
        return
    yield f"#### {ways_title(decision.verdict)}"
    yield ""
    yield from (f"- today: {_reached(each)}" for each in passing)
    for way in ways:
        work = f"{effort_text(way.effort)} person-weeks, {_items(way.item_ids, len(decision.plan.items))}"
        yield f"- in {weeks_text(way.elapsed)} weeks: {_reached(way)}; {work}"
    yield ""


def _items(ids: Sequence[str], planned: int) -> str:
    if len(ids) == planned:
        return "all work above"
    return f"{counted(len(ids), 'item')}: {' '.join(code(each) for each in ids)}"


def _reached(end: pb.PassingToday | pb.WayToYes) -> str:
    where = f"**{verdict_name(end.verdict)}** at {gate_name(end.gate)} as {tier_word(end.tier)}"
    narrowed = ", ".join(
        f"{escaped(each.fact)} from {escaped(value_text(each.proposed))} to {escaped(value_text(each.narrowed))}"
        for each in end.narrowings
    )
    return f"{where}, with {narrowed}" if narrowed else where


def _basis(decision: pb.Decision) -> Iterator[str]:
    ruleset = decision.ruleset
    until = f", holds until {escaped(decision.valid_until)}" if decision.valid_until else ""
    said = f"As of {escaped(decision.as_of)}{until}. Ruleset {escaped(ruleset.name)} {escaped(ruleset.version)}"
    yield f"<sub>{said} {code(ruleset.digest)}, facts {code(decision.facts_digest)}</sub>"
    yield ""


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
