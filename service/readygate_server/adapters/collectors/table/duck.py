"""Counts CSV, Parquet and DuckDB files with DuckDB, which may reach these files and nothing else."""

# ruff: noqa: S608 - names and texts are quoted by sqltext, and the connection reaches nothing but its files
from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from readygate_server.adapters.collectors.port import ArtefactError, ArtefactFault, OptionError, ReaderMissingError
from readygate_server.adapters.collectors.table.conformity import conforms, moment, offset_stated
from readygate_server.adapters.collectors.table.contract import Domain
from readygate_server.adapters.collectors.table.counts import (
    DOUBTFUL,
    SENTINELS,
    Absent,
    Column,
    Keys,
    Lag,
    Orphans,
    Presence,
)
from readygate_server.adapters.collectors.table.refusals import refusal
from readygate_server.adapters.collectors.table.sqltext import is_float, is_nested, is_text, listed, literal, quoted

if TYPE_CHECKING:
    import duckdb

MEMORY_MB: Final = 512
"""What DuckDB may hold; beyond it, it spills to disk."""
SPILL_GB: Final = 50
THREADS: Final = 2
SOURCE: Final = "readygate_source"


def library() -> Any:
    """Returns DuckDB.

    Raises:
      ReaderMissingError: when it is not installed.
    """
    try:
        import duckdb
    except ImportError:
        raise ReaderMissingError(collector="table", module="duckdb", extra="collect-table") from None
    return duckdb


class Session:
    """A connection that reaches the files it was given, under names of its own, and a folder to spill into."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, links: dict[Path, Path]) -> None:
        """Takes a connection that is locked already."""
        self.connection = connection
        self.links = links

    def view(self, name: str, query: str, path: Path) -> None:
        """Makes a view; what DuckDB says of a failure is told without what it quotes of the file."""
        self.run(f"CREATE OR REPLACE TEMP VIEW {name} AS {query}", path)

    def run(self, statement: str, path: Path) -> list[tuple[Any, ...]]:
        """Returns the rows of a statement.

        Raises:
          ArtefactError: when DuckDB refuses; the message quotes nothing of the file.
        """
        errors = (library().Error, RuntimeError, UnicodeError)
        try:
            return self.connection.execute(statement).fetchall()
        except errors as error:
            raise refusal(path, error) from None


@contextmanager
def session(files: Sequence[Path], database: Path | None = None) -> Iterator[Session]:
    """Opens DuckDB for some files, without extensions, network or anything else of the disk.

    The files get names of its own making, because it expands `*` in names and reads `year=2026/` as a column.
    """
    reader = library()
    with TemporaryDirectory(prefix="readygate-table-") as folder:
        links = {path: Path(folder) / f"{place}{_ending(path)}" for place, path in enumerate(files)}
        for path, link in links.items():
            link.symlink_to(path.resolve())
        spill = Path(folder) / "spill"
        spill.mkdir()
        config = {
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "max_temp_directory_size": f"{SPILL_GB}GB",
            "memory_limit": f"{MEMORY_MB}MB",
            "preserve_insertion_order": "false",
            "temp_directory": str(spill),
            "threads": str(min(THREADS, os.cpu_count() or 1)),
        }
        place = str(database.resolve()) if database else ":memory:"
        try:
            connection = reader.connect(place, read_only=database is not None, config=config)
        except (reader.Error, OSError) as error:
            raise refusal(database or files[0], error) from None
        try:
            allowed = ", ".join(literal(str(link)) for link in links.values())
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute("SET enable_progress_bar = false")  # it prints to standard output
            connection.execute(f"SET allowed_paths = [{allowed}]")
            connection.execute("SET enable_external_access = false")
            connection.execute("SET lock_configuration = true")
            yield Session(connection, links)
        finally:
            connection.close()


def _ending(path: Path) -> str:
    return "".join(each for each in path.suffixes[-2:] if each.lower() in (".csv", ".gz", ".parquet"))


class DuckTable:
    """A view that is counted by statements that return counts only."""

    def __init__(
        self,
        opened: Session,
        path: Path,
        *,
        notes: tuple[str, ...] = (),
        reading: tuple[tuple[str, str], ...] = (),
        repeated: Collection[str] = (),
    ) -> None:
        """Reads the columns of the view `SOURCE` and counts its rows; `repeated` are names that several have."""
        self._session, self._path = opened, path
        described = opened.run(f"DESCRIBE {SOURCE}", path)
        self.columns = tuple(Column(str(name), str(kind), str(name) in repeated) for name, kind, *_ in described)
        self.rows = int(self._one(f"SELECT count(*) FROM {SOURCE}")[0])
        self.notes, self.reading = notes, reading

    def absent(self, wanted: Sequence[Presence]) -> list[Absent]:
        """Counts the values that are not there, all columns in one pass."""
        if not wanted:
            return []
        parts = [
            f"count(*) FILTER ({condition})"
            for each in wanted
            for condition in (f"{quoted(each.column.name)} IS NULL", missing(each), _doubtful(each))
        ]
        counts = self._one(f"SELECT {', '.join(parts)} FROM {SOURCE}")
        return [Absent(*map(int, counts[place : place + 3])) for place in range(0, len(counts), 3)]

    def keys(self, parts: Sequence[Presence]) -> Keys:
        """Counts the different values of one key, exactly: DuckDB's estimate found 21.3 million in 20 million rows."""
        incomplete = " OR ".join(missing(each) for each in parts)
        names = ", ".join(quoted(each.column.name) for each in parts)
        row = self._one(
            f"SELECT (SELECT count(*) FROM {SOURCE} WHERE {incomplete}),"
            f" (SELECT count(*) FROM (SELECT 1 FROM {SOURCE} WHERE NOT ({incomplete}) GROUP BY {names}))"
        )
        return Keys(int(row[0]), int(row[1]))

    def invalid(self, column: Presence, domain: Domain) -> tuple[int, int] | None:
        """Counts the values that are there, and of these those that break the domain."""
        condition = conforms(column.column, domain)
        if condition is None or not self._pattern_is_read(domain.pattern):
            return None
        there = f"NOT ({missing(column)})"
        row = self._one(
            f"SELECT count(*) FILTER ({there}), count(*) FILTER ({there} AND NOT coalesce({condition}, false))"
            f" FROM {SOURCE}"
        )
        return int(row[0]), int(row[1])

    def orphans(self, column: Presence, other: str, key: str) -> Orphans:
        """Counts references into the column of another view, both as texts."""
        name = quoted(column.column.name)
        if key not in (row[0] for row in self._session.run(f"DESCRIBE {other}", self._path)):
            raise OptionError(ArtefactFault("--reference", "the file that it leads into has no such column"))
        row = self._one(
            f"SELECT count(*), count(*) FILTER (known.value IS NULL) FROM"
            f" (SELECT {name}::VARCHAR AS value FROM {SOURCE} WHERE NOT ({missing(column)})) AS found"
            f" LEFT JOIN (SELECT DISTINCT {quoted(key)}::VARCHAR AS value FROM {other}) AS known"
            " ON found.value = known.value"
        )
        return Orphans(int(row[0]), int(row[1]))

    def latest(self, column: Column, timezone: str) -> datetime | None:
        """Returns the latest moment that is no sentinel; None without a zone, where the column states none."""
        at, stated = moment(column), offset_stated(column)
        days = listed(SENTINELS)
        row = self._one(
            f"SELECT max(moment), coalesce(bool_and(stated), false), coalesce(bool_or(stated), false) FROM"
            f" (SELECT {at} AS moment, {stated} AS stated FROM {SOURCE})"
            f" WHERE moment IS NOT NULL AND isfinite(moment) AND strftime(moment, '%Y-%m-%d') NOT IN ({days})"
        )
        if row[0] is None:
            return None
        if row[1]:
            return _utc(row[0])
        if row[2] or not timezone:  # what states its zone and what does not are not to be compared
            return None
        zoned = self._one(f"SELECT timezone('UTC', timezone({literal(timezone)}, {literal(str(row[0]))}::TIMESTAMP))")
        return _utc(zoned[0])

    def lag(self, event: Column, arrival: Column, days: int) -> Lag:
        """Measures the lag of what arrived in the last days, up to the last arrival."""
        row = self._one(
            f"WITH pairs AS (SELECT {moment(event)} AS e, {moment(arrival)} AS a,"
            f" {offset_stated(event)} <> {offset_stated(arrival)} AS mixed FROM {SOURCE}),"
            f" recent AS (SELECT * FROM pairs WHERE a > (SELECT max(a) FROM pairs) - INTERVAL {int(days)} DAY)"
            " SELECT count(*), count(*) FILTER (e IS NULL), count(*) FILTER (e > a),"
            " count(DISTINCT a::DATE), count(*) FILTER (mixed), quantile_disc(epoch(a) - epoch(e), 0.95) FROM recent"
        )
        unread = int(self._one(f"SELECT count(*) FILTER ({moment(arrival)} IS NULL) FROM {SOURCE}")[0])
        minutes = None if row[5] is None else float(row[5]) / 60
        return Lag(int(row[0]), int(row[1]) + unread, int(row[2]), int(row[3]), int(row[4]), minutes)

    def _pattern_is_read(self, pattern: str) -> bool:
        """True for a pattern that the engine takes: one whose time grows with the text only."""
        if not pattern:
            return True
        try:
            self._one(f"SELECT regexp_matches('', {literal(pattern)})")
        except ArtefactError:
            return False
        return True

    def _one(self, statement: str) -> tuple[Any, ...]:
        return self._session.run(statement, self._path)[0]


def missing(presence: Presence) -> str:
    """Returns the condition that a value is missing: null, blank, no number, or a token that was declared."""
    column, tokens = presence
    name = quoted(column.name)
    parts = [f"{name} IS NULL"]
    if is_text(column.type):
        parts.append(f"trim({name}, {_BLANKS}) = ''")
    if is_float(column.type):
        parts.append(f"isnan({name})")
    if tokens and not is_nested(column.type):
        parts.append(f"trim({name}::VARCHAR, {_BLANKS}) IN ({listed(tokens)})")
    return f"({' OR '.join(parts)})"


_BLANKS: Final = "' ' || chr(9) || chr(10) || chr(13) || chr(160)"


def _doubtful(presence: Presence) -> str:
    column, tokens = presence
    if tokens is not None or not is_text(column.type):
        return missing(presence)
    return f"({missing(presence)} OR lower(trim({quoted(column.name)}, {_BLANKS})) IN ({listed(DOUBTFUL)}))"


def _utc(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC)


def query_fault(path: str, message: str, way_out: str) -> ArtefactError:
    """Returns the error of a query, without its text."""
    return ArtefactError(ArtefactFault(path, message, way_out=way_out))
