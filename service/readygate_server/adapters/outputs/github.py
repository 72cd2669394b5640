"""GitHub's workflow commands: annotations at lines, the heaviest first, within what GitHub shows of one step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from readygate_server.adapters.outputs.issues import Issue, Level, issues_of
from readygate_server.adapters.outputs.model import Judged, Report
from readygate_server.adapters.outputs.texts import one_line
from readygate_server.adapters.words import gate_name, tier_word, verdict_name

MOST_SHOWN: Final = 10
"""Errors, and as many warnings and notices, that GitHub shows of one step."""
_COMMANDS: Final = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "notice"}
_NAMES: Final = {Level.ERROR: "blocking or at fault", Level.WARNING: "a condition", Level.NOTE: "advice"}


def github(report: Report) -> str:
    """Returns one annotation per line; the last one says the verdicts, and how much is not shown."""
    issues = issues_of(report.results)
    lines: list[str] = []
    for level in Level:
        # The summary at the end is a notice as well.
        most = MOST_SHOWN - 1 if level is Level.NOTE else MOST_SHOWN
        lines += [_annotation(each) for each in [issue for issue in issues if issue.level is level][:most]]
    return "\n".join([*lines, _summary(report.results, issues)]) + "\n"


def _annotation(issue: Issue) -> str:
    file, line, column = issue.place
    title = f"{issue.about} {issue.title}" if issue.finding is not None else issue.title
    properties = {"file": file, "line": str(line), "col": str(column), "title": title}
    if not file:
        properties = {"title": title}
    return command(_COMMANDS[issue.level], issue.details, properties)


def _summary(results: Sequence[Judged], issues: Sequence[Issue]) -> str:
    said = [*map(_verdict, results), *_left_out(issues)]
    return command("notice", "\n".join(said), {"title": "readygate"})


def _verdict(result: Judged) -> str:
    decision = result.decision
    if decision is None:
        return f"{one_line(result.name)}: no verdict"
    place = f"at {gate_name(decision.gate)}, tier {tier_word(decision.tier.tier)}"
    return f"{verdict_name(decision.verdict)} {one_line(result.name)} {place}"


def _left_out(issues: Sequence[Issue]) -> Iterator[str]:
    counts = Counter(issue.level for issue in issues)
    for level in Level:
        most = MOST_SHOWN - 1 if level is Level.NOTE else MOST_SHOWN
        if (more := counts[level] - most) > 0:
            yield f"{more} more that {'is' if more == 1 else 'are'} {_NAMES[level]}: see the summary of the job"


def command(name: str, message: str, properties: dict[str, str]) -> str:
    """Returns a workflow command; neither message nor properties can end it or start another."""
    said = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{name} {said}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
