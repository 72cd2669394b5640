"""What facts rest on, as a table for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Final, NamedTuple

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from readygate_server.adapters.words import counted
from readygate_server.application.evidence_states import FactState, State
from readygate_server.domain.comparators import show
from readygate_server.domain.decision import Candidate
from readygate_server.domain.rule import RulesetIdentity
from readygate_server.domain.tiering import TierAssignment
from readygate_server.domain.vocabulary import Gate
from readygate_server.grpc_api.plan_messages import FactDirectory, collect_commands

COLOURS: Final = {
    State.MEASURED: "green",
    State.DOCUMENTED: "cyan",
    State.CLAIMED: "yellow",
    State.STALE: "magenta",
    State.MISSING: "red",
}
_LONGEST_VALUE: Final = 40
_WIDE: Final = 120


class Shown(NamedTuple):
    """What is shown: the facts of a proposal at a gate on a day, of how many there are."""

    proposal: str
    gate: Gate
    as_of: str
    tier: TierAssignment
    ruleset: RulesetIdentity
    facts: tuple[FactState, ...]
    there_are: int
    directory: FactDirectory


def counts_of(facts: Iterable[FactState]) -> dict[State, int]:
    """Returns how many facts are in each state, in the order of the states."""
    counts = Counter(each.state for each in facts)
    return {state: counts[state] for state in State}


def commands_for(shown: Shown) -> list[str]:
    """Returns the commands that would measure what is not measured yet, or not well enough."""
    open_facts = [each.ref for each in shown.facts if each.state is State.MISSING or not each.enough]
    return collect_commands(open_facts, shown.directory)


def print_states(console: Console, shown: Shown) -> None:
    """Prints one table for all assets, and how what is open can be measured."""
    sources = _sources(shown.facts)
    console.print(_table(shown.facts, sources, wide=console.width >= _WIDE))
    for uri, number in sources.items():
        console.print(f"[{number}] {uri}", style="dim", soft_wrap=True)
    console.print()
    console.print(f"{shown.proposal} at {shown.gate.name.lower()}, {_tier(shown.tier)}, as of {shown.as_of}: ", end="")
    console.print(f"{counted(len(shown.facts), 'fact')}, {_summary(shown.facts)}", soft_wrap=True)
    if short := sum(not each.enough for each in shown.facts if each.state is not State.MISSING):
        console.print(f"{counted(short, 'stated fact')} with less evidence than is needed", style="yellow")
    if left := shown.there_are - len(shown.facts):
        console.print(f"{counted(left, 'stated fact')} more, which nothing asks for at this gate: --all", style="dim")
    console.print(f"Ruleset {shown.ruleset.name} {shown.ruleset.version}", style="dim")
    if commands := commands_for(shown):
        console.print()
        console.print("What is open can be read from artefacts", style="bold")
        console.print(Padding(Text("\n".join(commands)), (0, 0, 0, 2)))


def _tier(tier: TierAssignment) -> str:
    return f"{'at least ' if tier.is_floor else ''}tier {tier.tier.name}"


def _summary(facts: Sequence[FactState]) -> str:
    return ", ".join(f"{count} {state}" for state, count in counts_of(facts).items() if count) or "none"


def _sources(facts: Iterable[FactState]) -> dict[str, int]:
    """Numbers what evidence was taken from, because many facts come from one source."""
    uris = dict.fromkeys(each.evidence.source_uri for each in facts if each.evidence is not None)
    return {uri: number for number, uri in enumerate((uri for uri in uris if uri), 1)}


def _table(facts: Sequence[FactState], sources: Mapping[str, int], *, wide: bool) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("fact", overflow="fold", no_wrap=wide)
    table.add_column("state", no_wrap=True)
    table.add_column("value", overflow="fold", max_width=_LONGEST_VALUE)
    table.add_column("evidence", overflow="fold")
    table.add_column("still needed", overflow="fold")
    for subject, group in groupby(facts, key=lambda each: each.ref.subject):
        own = list(group)
        table.add_row(Text(subject or "the deployment", style="bold"), "", "", Text(_summary(own), style="dim"), "")
        for each in own:
            state = Text(each.state, style=COLOURS[each.state])
            table.add_row(f"  {each.ref.fact}", state, _value(each), _evidence(each, sources), _needed(each))
    return table


def _value(fact: FactState) -> str:
    if fact.value is None:
        return ""
    text = show(fact.value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"


def _evidence(fact: FactState, sources: Mapping[str, int]) -> Text:
    text = Text()
    if (entry := fact.evidence) is not None:
        grade = entry.grade.name if entry.grade is not None else "no grade"
        number = f" [{sources[entry.source_uri]}]" if entry.source_uri else ""
        age = "of no known day" if fact.age_days is None else f"{counted(fact.age_days, 'day')} old"
        text.append(f"{grade}, {age}{number}")
    elif fact.said:
        text.append(fact.said)
    if fact.others:
        text.append("\n" if text else "")
        text.append(f"sources disagree: {' against '.join(map(_candidate, fact.others))}", style="yellow")
    return text


def _candidate(candidate: Candidate) -> str:
    grade = f", {candidate.grade.name}" if candidate.grade is not None else ""
    return f"{show(candidate.value)} ({candidate.source_uri or 'the proposal'}{grade})"


def _needed(fact: FactState) -> str:
    if fact.enough or fact.needed is None:
        return ""
    grade, age = fact.needed.minimum_grade, fact.needed.maximum_age_days
    parts = ["a value"] if fact.state is State.MISSING else []
    if grade is not None:
        parts.append(f"{grade.name}, at most {counted(age, 'day')} old")
    return "; ".join(parts)
