"""Writes the tables of the back-test's report from its record, so that no figure is copied by hand.

To bring the report up to date with the record:

    python -m tests.cases.backtest_tables --update
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from tests.cases.backtest_record import OPEN, Case, named, read_cases, read_record

REPORT = Path(__file__).resolve().parents[2] / "docs" / "backtest.md"
VERDICTS = ("GO", "GO_WITH_CONDITIONS", "NO_GO", "UNDETERMINED")
GROUPS = {"failed": "failed", "held": "held back", "mixed": "mixed", "worked": "worked"}
WENT_WRONG = ("failed", "held", "mixed")
WRITTEN_AFTERWARDS = frozenset({"DAT-12", "DAT-13", "DEP-04", "DEP-05", "GOV-08", "OPS-09", "OPS-10", "ORG-06"})
"""Rules that were added after the catalogue had been set beside a collection that holds these very cases."""
Record = Mapping[str, Any]


def render() -> dict[str, str]:
    """Renders each table of the report, by the name of its marker."""
    cases, record = read_cases(), read_record()["cases"]
    tables: dict[str, Callable[[Sequence[Case], Record], str]] = {
        "summary": summary,
        "verdicts": verdicts,
        "failures": failures,
        "causes": causes,
        "worked": worked,
        "alarms": alarms,
        "sources": sources,
    }
    return {name: table(cases, record) for name, table in tables.items()}


def fill(report: str, tables: Mapping[str, str]) -> str:
    """Puts each table between its markers."""
    for name, table in tables.items():
        block = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        found = list(block.finditer(report))
        if len(found) != 1:
            raise ValueError(f"the report needs the markers of the table {name!r} once; got {len(found)}")
        report = f"{report[: found[0].end(1)]}{table}\n{report[found[0].start(2) :]}"
    return report


def summary(cases: Sequence[Case], record: Record) -> str:
    """Says in a few sentences what came out."""
    wrong, well = ([record[case.id] for case in _of(cases, *group)] for group in (WENT_WRONG, ("worked",)))
    shown = Counter(named(record[case.id]["causes"], case.primary) for case in _of(cases, *WENT_WRONG))
    older = Counter(named(_older(record[case.id]["causes"]), case.primary) for case in _of(cases, *WENT_WRONG))
    bad, good, late = len(wrong), len(well), len(WRITTEN_AFTERWARDS)
    lines = (
        "- A go, with or without conditions:",
        f"  {_go(wrong)} of the {bad} that failed, were held back or are mixed,",
        f"  and {_go(well)} of the {good} that worked.",
        "- NO_GO, because a fact on record violates a rule:",
        f"  {_no(wrong)} of {bad} against {_no(well)} of {good}. The rest is UNDETERMINED.",
        f"- The documented primary cause is among what is violated in {shown['violated']} of {bad},",
        f"  and only among what is unknown in {shown['unknown']}.",
        f"- {late} rules were written after a look at these very cases. Without them the primary cause is violated",
        f"  in {older['violated']} of {bad}, and any rule is violated in",
        f"  {_older_no(wrong)} of the {bad} that went wrong against {_older_no(well)} of the {good} that worked.",
    )
    return "\n".join(lines)


def _go(entries: Iterable[Record]) -> int:
    return sum(entry["verdict"].startswith("GO") for entry in entries)


def _no(entries: Iterable[Record]) -> int:
    return sum(entry["verdict"] == "NO_GO" for entry in entries)


def _older_no(entries: Iterable[Record]) -> int:
    return sum(bool(set(entry["blocking"]["violated"]) - WRITTEN_AFTERWARDS) for entry in entries)


def verdicts(cases: Sequence[Case], record: Record) -> str:
    """Counts verdicts per documented outcome, with the middle number of rules that block."""
    rows = []
    for outcome, title in GROUPS.items():
        entries = [record[case.id] for case in cases if case.outcome == outcome]
        counts = Counter(entry["verdict"] for entry in entries)
        middles = [_number(median(len(entry["blocking"][name]) for entry in entries)) for name in OPEN]
        rows.append([title, len(entries), *(counts[verdict] for verdict in VERDICTS), _older_no(entries), *middles])
    medians = [f"Rules that block, {name} (median)" for name in OPEN]
    head = ["What came of it", "Cases", *VERDICTS, "NO_GO by an older rule", *medians]
    return _table(head, rows)


def failures(cases: Sequence[Case], record: Record) -> str:
    """Lists the cases that went wrong: cause, verdict, and how the primary cause shows."""
    rows = []
    for case in _of(cases, *WENT_WRONG):
        entry = record[case.id]
        rows.append(
            [
                f"{case.name} ({case.id})",
                f"{GROUPS[case.outcome].capitalize()}. {case.what_happened}",
                case.documented_cause,
                f"{entry['verdict']}, {entry['tier']}, {entry['gate']}",
                f"{case.primary}: {named(entry['causes'], case.primary)}",
                _rules(entry["blocking"]["violated"]),
                len(entry["blocking"]["unknown"]),
            ]
        )
    head = ["Case", "What came of it", "Documented cause", "Verdict", "Primary cause", "Violated", "Unknown"]
    return _table(head, rows)


def causes(cases: Sequence[Case], record: Record) -> str:
    """Counts how documented causes show among what blocks: the primary ones, and all of them."""
    wrong = _of(cases, *WENT_WRONG)
    primary = Counter(named(record[case.id]["causes"], case.primary) for case in wrong)
    every = Counter(named(record[case.id]["causes"], cause) for case in wrong for cause in case.asks_about)
    older = Counter(named(_older(record[case.id]["causes"]), case.primary) for case in wrong)
    kinds = [*OPEN, "does not block", "no rule"]
    rows: list[list[object]] = [[kind, primary[kind], older[kind], every[kind]] for kind in kinds]
    rows.append(["total", primary.total(), older.total(), every.total()])
    return _table(["How the cause shows", "Primary causes", "By older rules alone", "All documented causes"], rows)


def _older(causes: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    return {
        cause: {rule: outcome for rule, outcome in rules.items() if rule not in WRITTEN_AFTERWARDS}
        for cause, rules in causes.items()
    }


def worked(cases: Sequence[Case], record: Record) -> str:
    """Lists the cases that worked, with what stopped them here."""
    rows = []
    for case in _of(cases, "worked"):
        entry = record[case.id]
        rows.append(
            [
                f"{case.name} ({case.id})",
                case.what_happened,
                f"{entry['verdict']}, {entry['tier']}, {entry['gate']}",
                _rules(entry["blocking"]["violated"]),
                len(entry["blocking"]["unknown"]),
            ]
        )
    return _table(["Case", "What came of it", "Verdict", "Violated", "Unknown"], rows)


def alarms(cases: Sequence[Case], record: Record) -> str:
    """Counts how often each rule is violated and blocks, among cases that went wrong and cases that worked."""
    groups = [_of(cases, *WENT_WRONG), _of(cases, "worked")]
    counts = [Counter(rule for case in group for rule in record[case.id]["blocking"]["violated"]) for group in groups]
    rows = [
        [rule, "yes" if rule in WRITTEN_AFTERWARDS else "no", *(count[rule] for count in counts)]
        for rule in sorted({*counts[0], *counts[1]})
    ]
    sizes = [f"Went wrong (of {len(groups[0])})", f"Worked (of {len(groups[1])})"]
    return _table(["Rule", "Written after the cases", *sizes], rows)


def sources(cases: Sequence[Case], record: Record) -> str:
    """Lists the public sources of each case, with how much of its record could be carried over."""
    lines = []
    for case in cases:
        if case.id not in record:
            raise ValueError(f"{case.id} is not in the record")
        pages = ", ".join(f"[{number}](<{page}>)" for number, page in enumerate(case.sources, start=1))
        carried = f"{case.facts_carried_over} of {case.facts_on_record} facts carried over"
        lines.append(f"- {case.id}, {case.name}: {carried}; {pages}")
    total, carried_over = sum(c.facts_on_record for c in cases), sum(c.facts_carried_over for c in cases)
    return "\n".join([*lines, "", f"Together {carried_over} of {total} facts carried over."])


def _of(cases: Iterable[Case], *outcomes: str) -> list[Case]:
    return [case for case in cases if case.outcome in outcomes]


def _rules(ids: Sequence[str]) -> str:
    return ", ".join(ids) or "none"


def _number(value: float) -> str:
    return f"{value:g}"


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def update() -> None:
    """Brings the report up to date with the record."""
    REPORT.write_text(fill(REPORT.read_text(encoding="utf-8"), render()), encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:] != ["--update"]:
        sys.exit("usage: python -m tests.cases.backtest_tables --update")
    update()
