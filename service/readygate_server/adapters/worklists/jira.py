"""Work lists as CSV that Jira imports: one issue for each item, linked to what comes first."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from typing import Final

from readygate_server.adapters.worklists.cells import guarded, number_text
from readygate_server.adapters.worklists.rows import Row

MOST_AT_ONCE: Final = 250
"""Issues that somebody who does not administer Jira imports at once."""
LONGEST_SUMMARY: Final = 254
_NOT_IN_LABEL: Final = re.compile(r"[^A-Za-z0-9._-]+")


def jira_text(rows: Sequence[Row]) -> str:
    """Returns the issues of rows. `Issue ID` counts within the file, which links refer to; `External ID` stays."""
    ids = {(row.proposal, row.decision_id, row.work_item): number for number, row in enumerate(rows, 1)}
    links = [list(_before(row, ids)) for row in rows]
    labels = [list(_labels(row)) for row in rows]
    label_count = max(map(len, labels), default=1)
    link_count = max(map(len, links), default=0)
    file = io.StringIO()
    writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    # Names without punctuation: the importer takes others badly. Columns of one name are one field with many values.
    head = ["Summary", "Issue Type", "Issue ID", "External ID", "Description"]
    writer.writerow([*head, *["Labels"] * label_count, *["Link Blocked By"] * link_count])
    for number, row in enumerate(rows):
        cells = [_summary(row), "Task", str(number + 1), external_id(row), _description(row)]
        filled = [*_filled(labels[number], label_count), *_filled(links[number], link_count)]
        writer.writerow(guarded(cell) for cell in [*cells, *filled])
    return file.getvalue()


def split(rows: Sequence[Row], most: int) -> list[Sequence[Row]]:
    """Returns rows in parts of at most so many; one part, of nothing, when there are none."""
    return [rows[start : start + most] for start in range(0, max(1, len(rows)), most)]


def external_id(row: Row) -> str:
    """Returns the id that an item has in every export: that of another decision about the same proposal, too."""
    return f"{row.proposal}/{row.gate}/{row.work_item}"


def _before(row: Row, ids: dict[tuple[str, str, str], int]) -> Iterator[str]:
    for item in filter(None, row.after.split("\n")):
        number = ids.get((row.proposal, row.decision_id, item))
        if number is not None:
            yield str(number)


def _labels(row: Row) -> Iterator[str]:
    words = ["readygate", *row.rules.split("\n"), row.foundation, row.gate, f"wave-{row.wave}", row.kind]
    for word in words:
        if label := _NOT_IN_LABEL.sub("-", word).strip("-"):
            yield label


def _summary(row: Row) -> str:
    text = " ".join(f"{row.title} ({row.work_item})".split())
    return text if len(text) <= LONGEST_SUMMARY else f"{text[: LONGEST_SUMMARY - 1]}…"


def _description(row: Row) -> str:
    effort = _range(row.effort_min_person_weeks, row.effort_max_person_weeks)
    wait = _range(row.wait_min_weeks, row.wait_max_weeks)
    about = [
        ("Done when", row.done_when),
        ("Why", row.finding),
        ("Threshold", row.provenance),
        ("Owner", row.owner_role),
        ("Effort", f"{effort} person-weeks" + (f", {wait} weeks of waiting" if row.wait_max_weeks else "")),
        ("Comes after", ", ".join(row.after.split("\n"))),
        ("Proved by", row.proved_by),
        ("Decision", _decision(row)),
    ]
    return "\n\n".join(f"{name}: {text}" for name, text in about if text)


def _decision(row: Row) -> str:
    said = f"{row.verdict} for {row.proposal} at {row.gate} on {row.as_of}, {row.tier}, by {row.ruleset}"
    return ", ".join(part for part in (said, row.ruleset_digest, row.decision_id) if part)


def _range(low: float, high: float) -> str:
    return number_text(low) if low == high else f"{number_text(low)} to {number_text(high)}"


def _filled(values: list[str], count: int) -> list[str]:
    return [*values, *[""] * (count - len(values))]
