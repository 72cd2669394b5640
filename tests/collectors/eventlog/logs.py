"""Writes event logs in each format, and collects them."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import quoteattr

from readygate_server.adapters.collectors.checks import check_collected
from readygate_server.adapters.collectors.eventlog import COLLECTOR
from readygate_server.adapters.collectors.port import OptionValue, Request
from readygate_server.domain.collected import Collected, Measured, Subject
from readygate_server.domain.vocabulary import Scope

CASES = "workflow.event_log_cases.cases"
WEEKS = "workflow.event_log_cases.weeks"
VARIANTS = "workflow.variants_for_80pct"
REWORK = "workflow.rework_rate"
EXCEPTIONS = "workflow.exception_rate"
STABLE = "workflow.stable_weeks"
USABLE = "workflow.usable_event_share"
DRIFT = "workflow.drift_beyond_chance"

_COLUMNS = ("case:concept:name", "concept:name", "time:timestamp", "lifecycle:transition", "org:resource")
_START = datetime(2026, 1, 5, 9, tzinfo=UTC)


class Event(NamedTuple):
    """One event as a file has it."""

    case: str
    activity: str
    timestamp: str
    step: str = ""
    resource: str = ""


def at(hours: float, start: datetime = _START) -> str:
    """Returns the moment this many hours after the start."""
    return (start + timedelta(hours=hours)).isoformat()


def events(case: str, activities: str, begin: float = 0, step: str = "") -> list[Event]:
    """Returns the events of a case, one letter each, an hour apart."""
    return [Event(case, activity, at(begin + place), step) for place, activity in enumerate(activities)]


def cases(*shapes: str, apart: float = 1.0) -> list[Event]:
    """Returns a log with a case for each shape."""
    return [event for place, shape in enumerate(shapes) for event in events(f"c{place}", shape, place * apart)]


def write_csv(path: Path, log: Iterable[Event], columns: Sequence[str] = _COLUMNS, delimiter: str = ",") -> Path:
    """Writes a log as CSV with a header."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(columns)
        writer.writerows(log)
    return path


def write_xes(path: Path, log: Iterable[Event], head: str = "") -> Path:
    """Writes a log as XES, compressed when the name says so."""
    traces: dict[str, list[Event]] = {}
    for event in log:
        traces.setdefault(event.case, []).append(event)
    text = "".join(_trace(case, each) for case, each in traces.items())
    return write_bytes(path, f'<?xml version="1.0"?><log xes.version="1.0">{head}{text}</log>'.encode())


def write_bytes(path: Path, data: bytes) -> Path:
    """Writes bytes, compressed when the name says so."""
    path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)
    return path


def _trace(case: str, log: Iterable[Event]) -> str:
    body = "".join(f"<event>{_attributes(event)}</event>" for event in log)
    return f'<trace><string key="concept:name" value={quoteattr(case)}/>{body}</trace>'


def _attributes(event: Event) -> str:
    found = zip(("string", "date", "string", "string"), _COLUMNS[1:], event[1:], strict=True)
    return "".join(f'<{kind} key="{key}" value={quoteattr(value)}/>' for kind, key, value in found if value)


def write_parquet(path: Path, log: Sequence[Event], kind: str = "TIMESTAMPTZ") -> Path:
    """Writes a log as Parquet, with timestamps of this type."""
    import duckdb

    with duckdb.connect() as connection:
        names = ", ".join(f'"{name}" VARCHAR' for name in _COLUMNS)
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"CREATE TABLE log ({names})")
        connection.executemany("INSERT INTO log VALUES (?, ?, ?, NULLIF(?, ''), NULLIF(?, ''))", log)
        moment = f'"time:timestamp"::{kind} AS "time:timestamp"'
        connection.execute(f"COPY (SELECT * REPLACE ({moment}) FROM log) TO '{path}' (FORMAT parquet)")  # noqa: S608
    return path


def collected(path: Path, **options: OptionValue) -> Collected:
    """Collects a log, and holds the result to what every collector promises."""
    subject = Subject(Scope.WORKFLOW, "refunds")
    given = {name.replace("_", "-"): value for name, value in options.items()}
    found = COLLECTOR.collect(Request((path,), subject, given))
    check_collected(found, "eventlog", subject)
    return found


def fact(found: Collected, name: str) -> Measured:
    """Returns a fact."""
    return next(each for each in found.facts if each.fact == name)


def values(found: Collected) -> list[tuple[str, object, str]]:
    """Returns what a log says, without how it was read."""
    return [(each.fact, each.value, each.reason) for each in found.facts]


def note(found: Collected, part: str) -> str:
    """Returns the note that has this part; nothing when none has."""
    return next((each for each in found.notes if part in each), "")
