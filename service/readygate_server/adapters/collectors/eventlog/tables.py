"""Reads event logs that are tables: CSV as text with what comes with Python, Parquet with DuckDB."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from readygate_server.adapters.collectors.artefacts import uri_of
from readygate_server.adapters.collectors.eventlog.log import STANDARD, EventLog, Mapping, joined
from readygate_server.adapters.collectors.eventlog.times import Clock
from readygate_server.adapters.collectors.port import ArtefactError, ArtefactFault, OptionError, ReaderMissingError
from readygate_server.adapters.collectors.streams import opened

if TYPE_CHECKING:
    import duckdb

_TOLD_EVERY: Final = 1 << 16
_BATCH: Final = 1 << 14
_WALL: Final = frozenset({"TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "DATE"})
_ZONED: Final = frozenset({"TIMESTAMP WITH TIME ZONE"})
_MEMORY: Final = "512MB"
_GLOB: Final = re.compile(r"[*?[]")
"""Characters that a name of a file may hold, and that would be read as a pattern."""


class _Columns:
    """Where the parts of an event stand in a row."""

    def __init__(self, place: str, header: Sequence[str], mapping: Mapping) -> None:
        """Finds the columns; every one that is missing is said at once."""
        needed = {"--case": (mapping.case,), "--activity": mapping.activity, "--timestamp": (mapping.timestamp,)}
        faults = [
            _unfit(place, option, name, header)
            for option, names in needed.items()
            for name in names
            if header.count(name) != 1
        ]
        optional = {"--lifecycle-column": mapping.lifecycle, "--resource": mapping.resource}
        faults += [
            _unfit(place, option, name, header)
            for option, name in optional.items()
            if header.count(name) > 1 or (name not in header and name not in STANDARD)
        ]
        if faults:
            raise OptionError.of(faults)
        self.width = len(header)
        self.case, self.timestamp = header.index(mapping.case), header.index(mapping.timestamp)
        self.activity = tuple(map(header.index, mapping.activity))
        self.lifecycle = header.index(mapping.lifecycle) if mapping.lifecycle in header else None
        self.resource = header.index(mapping.resource) if mapping.resource in header else None


def _unfit(place: str, option: str, name: str, header: Sequence[str]) -> ArtefactFault:
    return ArtefactFault(
        place,
        "the table has no such column" if name not in header else "the table has the column more than once",
        got=name,
        expected=f"one of its {len(header)} columns",
        way_out=f"name it with {option}, and what separates columns with --delimiter",
    )


class _Cases:
    """Numbers cases in the order of their first event, and hands events over to the log."""

    def __init__(self, log: EventLog) -> None:
        self._log, self._add = log, log.adder()
        self._numbers: dict[str, int] = {}

    def add(
        self, case: str | None, activity: str | None, moment: int | None, transition: str | None, resource: str | None
    ) -> None:
        if not case:
            self._log.unused["without case"] += 1
            return
        numbers = self._numbers
        number = numbers.setdefault(case, len(numbers))
        self._log.cases = len(numbers)
        self._add(number, activity, moment, transition, resource)


def read_csv(
    path: Path,
    mapping: Mapping,
    clock: Clock,
    delimiter: str,
    encoding: str,
    progress: Callable[[str, int, int], None],
) -> EventLog:
    """Returns the events of a CSV file with a header; a row with more or fewer fields than it is not used.

    Raises:
      ArtefactError: when the file is no such CSV, or timestamps say no timezone.
      OptionError: when columns are missing, or an option does not fit.
    """
    place = uri_of(path)
    log = EventLog(place, "CSV", mapping)
    if len(delimiter) != 1 or delimiter in '\r\n"':
        raise OptionError(ArtefactFault("--delimiter", "the delimiter is not one character", got=repr(delimiter)))
    with opened(path) as source:
        try:
            text = io.TextIOWrapper(io.BufferedReader(source, 1 << 16), encoding=encoding, newline="")
            rows = csv.reader(text, delimiter=delimiter, strict=True)
            _take_rows(rows, log, clock, progress)
        except LookupError:
            raise OptionError(ArtefactFault("--encoding", "the encoding is not known", got=encoding)) from None
        except UnicodeError:
            raise ArtefactError(
                ArtefactFault(place, f"the file is not in {encoding}", way_out="name its encoding with --encoding")
            ) from None
        except csv.Error as error:
            raise ArtefactError(ArtefactFault(f"{place}:{rows.line_num}", "no CSV", got=str(error))) from None
    clock.close(log)
    return log


def _take_rows(
    rows: Iterable[list[str]], log: EventLog, clock: Clock, progress: Callable[[str, int, int], None]
) -> None:
    each = iter(rows)
    header = next(each, None)
    if header is None:
        raise ArtefactError(ArtefactFault(log.place, "the file is empty", expected="a header and rows"))
    columns = _Columns(log.place, header, log.mapping)
    add, width = _Cases(log).add, columns.width
    first, many = columns.activity[0], len(columns.activity) > 1
    for place, row in enumerate(each):
        if place % _TOLD_EVERY == 0:
            progress("reading events", place, 0)
        if len(row) != width:
            if row:
                log.unused["in a row of another width than the header"] += 1
            continue
        add(
            row[columns.case],
            joined([row[at] for at in columns.activity]) if many else row[first],
            clock.read(row[columns.timestamp]),
            row[columns.lifecycle] if columns.lifecycle is not None else None,
            row[columns.resource] if columns.resource is not None else None,
        )


def read_parquet(path: Path, mapping: Mapping, clock: Clock, progress: Callable[[str, int, int], None]) -> EventLog:
    """Returns the events of a Parquet file.

    Raises:
      ArtefactError: when the file is no Parquet, or timestamps say no timezone.
      OptionError: when columns are missing.
      ReaderMissingError: when DuckDB is not installed.
    """
    try:
        import duckdb
    except ImportError:
        raise ReaderMissingError(collector="eventlog", module="duckdb", extra="collect-eventlog") from None
    place = uri_of(path)
    log = EventLog(place, "Parquet", mapping)
    connection = duckdb.connect(
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "memory_limit": _MEMORY,
            "threads": "1",
        }
    )
    try:
        _take_table(connection, path, log, clock, progress)
    except duckdb.Error:
        raise ArtefactError(
            ArtefactFault(place, "the file is not Parquet that can be read", way_out="export it again")
        ) from None
    finally:
        connection.close()
    clock.close(log)
    return log


def _take_table(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    log: EventLog,
    clock: Clock,
    progress: Callable[[str, int, int], None],
) -> None:
    file = _GLOB.sub(r"[\g<0>]", str(path))
    described = connection.execute("SELECT * FROM read_parquet(?) LIMIT 0", [file]).description or []
    kinds = {str(column[0]): str(column[1]) for column in described}
    columns = _Columns(log.place, [str(column[0]) for column in described], log.mapping)
    kind = kinds[log.mapping.timestamp]
    total = connection.execute("SELECT count(*) FROM read_parquet(?)", [file]).fetchone()
    selected = _selected(log.mapping, columns, kind)
    connection.execute(f"SELECT {selected} FROM read_parquet(?)", [file])  # noqa: S608 - names of columns are quoted
    moment_of = clock.place if kind in _WALL else clock.read if kind == "VARCHAR" else _as_it_is
    add, activities = _Cases(log).add, len(columns.activity)
    while rows := connection.fetchmany(_BATCH):
        for case, moment, transition, resource, *names in rows:
            add(case, joined(names) if activities > 1 else names[0], moment_of(moment), transition, resource)
        progress("reading events", log.read, total[0] if total else 0)


def _selected(mapping: Mapping, columns: _Columns, kind: str) -> str:
    """Returns what is asked for. Names are compared as they are written, and quoted, so that none is read as more."""
    if kind in _WALL or kind in _ZONED:
        moment = f"epoch_us({_quoted(mapping.timestamp)})"
    elif kind == "VARCHAR":
        moment = _quoted(mapping.timestamp)
    else:
        raise OptionError(
            ArtefactFault("--timestamp", "the column holds no timestamps", got=kind, expected="TIMESTAMP or text")
        )
    texts = [_text(mapping.case), moment]
    texts.append(_text(mapping.lifecycle) if columns.lifecycle is not None else "NULL")
    texts.append(_text(mapping.resource) if columns.resource is not None else "NULL")
    return ", ".join([*texts, *map(_text, mapping.activity)])


def _text(name: str) -> str:
    return f"CAST({_quoted(name)} AS VARCHAR)"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _as_it_is(microseconds: int | None) -> int | None:
    return microseconds
