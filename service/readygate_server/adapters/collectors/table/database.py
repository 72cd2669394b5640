"""Counts what a query gives in a team's own database, by aggregates that the database computes itself.

No row leaves the database. The connection is opened read-only where the database has that, and rolled back always.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from readygate_server.adapters.collectors.port import ArtefactError, ArtefactFault, OptionError
from readygate_server.adapters.collectors.table.contract import Domain
from readygate_server.adapters.collectors.table.counts import DOUBTFUL, Absent, Column, Keys, Lag, Orphans, Presence

_END_OF_TIME: Final = 9999
_READ_ONLY: Final = {"postgresql": "SET TRANSACTION READ ONLY", "mysql": "SET TRANSACTION READ ONLY"}


@contextmanager
def open_database(url: str, query: str, place: str) -> Iterator[SqlTable]:
    """Opens a database by its URL and counts what one SELECT gives.

    Raises:
      ArtefactError: when the database does not answer; never with its own words, which quote URLs, SQL and values.
    """
    text = query.strip().rstrip(";").strip()
    if ";" in text or not text.lower().startswith(("select", "with", "(")):
        raise ArtefactError(ArtefactFault(place, "the query is not one statement that reads", expected="one SELECT"))
    engine = _engine(url)
    try:
        with engine.connect() as connection:
            statement = _READ_ONLY.get(engine.dialect.name)
            if statement:
                connection.execute(sa.text(statement))
            try:
                yield SqlTable(connection, f"{text}\n")  # a comment at its end must not take in what follows
            finally:
                with suppress(SQLAlchemyError):
                    connection.rollback()
    except SQLAlchemyError as error:
        got = type(getattr(error, "orig", None) or error).__name__
        way_out = "run the query by itself; what the database says is not repeated here"
        raise ArtefactError(
            ArtefactFault(place, "the database does not answer the query", got=got, way_out=way_out)
        ) from None
    finally:
        engine.dispose()


def sqlite_url(path: Path) -> str:
    """Returns the URL that opens a SQLite file read-only."""
    return f"sqlite:///file:{path.resolve().as_posix().replace('%', '%25').replace('?', '%3f')}?mode=ro&uri=true"


def _engine(url: str) -> sa.Engine:
    try:
        return sa.create_engine(url, poolclass=sa.NullPool)
    except (ArgumentError, NoSuchModuleError, ValueError):
        fault = ArtefactFault("--connection", "this is no URL of a database", expected="dialect+driver://host/name")
        raise OptionError(fault) from None
    except ImportError as error:
        fault = ArtefactFault("--connection", "the driver of the database is not installed", got=str(error.name))
        raise OptionError(fault) from None


class SqlTable:
    """A query that a database counts."""

    def __init__(self, connection: sa.Connection, query: str) -> None:
        """Reads the columns of the query and counts its rows."""
        self._connection = connection
        wrapped = f"SELECT * FROM (\n{query}\n) readygate_query WHERE 1 = 0"  # noqa: S608 - the team's own query
        names = list(map(str, connection.execute(sa.text(_plain(wrapped))).keys()))
        self.columns = tuple(Column(name, "") for name in names)
        self._source = sa.text(_plain(query)).columns(*map(sa.column, names)).subquery("readygate_query")
        self.rows = int(self._one(sa.select(sa.func.count()).select_from(self._source))[0])
        self.notes: tuple[str, ...] = ()
        self.reading: tuple[tuple[str, str], ...] = (("database", connection.dialect.name),)

    def absent(self, wanted: Sequence[Presence]) -> list[Absent]:
        """Counts the values that are not there, all columns in one pass."""
        if not wanted:
            return []
        parts = [
            sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0)
            for each in wanted
            for condition in (self._column(each).is_(None), self._missing(each), self._doubtful(each))
        ]
        counts = self._one(sa.select(*parts))
        return [Absent(*map(int, counts[place : place + 3])) for place in range(0, len(counts), 3)]

    def keys(self, parts: Sequence[Presence]) -> Keys:
        """Counts the different values of one key, exactly."""
        incomplete = sa.or_(*map(self._missing, parts))
        columns = [self._column(each) for each in parts]
        groups = sa.select(*columns).where(sa.not_(incomplete)).group_by(*columns).subquery()
        rows = self._one(sa.select(sa.func.count()).select_from(self._source).where(incomplete))
        return Keys(int(rows[0]), int(self._one(sa.select(sa.func.count()).select_from(groups))[0]))

    def invalid(self, column: Presence, domain: Domain) -> tuple[int, int] | None:
        """Counts against a list of values; databases differ in what else they call a number or a date."""
        if not domain.values or domain != Domain(type=domain.type, values=domain.values):
            return None
        there = sa.not_(self._missing(column))
        kept = self._text(column).in_(domain.values)
        parts = (sa.func.sum(sa.case((condition, 1), else_=0)) for condition in (there, sa.and_(there, sa.not_(kept))))
        row = self._one(sa.select(*(sa.func.coalesce(each, 0) for each in parts)))
        return int(row[0]), int(row[1])

    def orphans(self, column: Presence, other: str, key: str) -> Orphans:
        """Refuses: a file and a database are not joined."""
        del column, other, key
        fault = ArtefactFault("--reference", "a query is not joined with a file", way_out="give both as files")
        raise OptionError(fault)

    def latest(self, column: Column, timezone: str) -> datetime | None:
        """Returns the latest moment before the end of time; None without a zone, where the column states none."""
        found = self._source.c[column.name]
        value = self._one(sa.select(sa.func.max(found)))[0]
        at = _moment(value)
        if at is None or at.year >= _END_OF_TIME:
            return None
        if at.tzinfo is None:
            if not timezone:
                return None
            at = at.replace(tzinfo=ZoneInfo(timezone))
        return at.astimezone(UTC)

    def lag(self, event: Column, arrival: Column, days: int) -> Lag | None:
        """Returns nothing: databases have no quantile in common."""
        del event, arrival, days
        return None

    def _column(self, presence: Presence) -> sa.ColumnElement[Any]:
        return self._source.c[presence.column.name]

    def _text(self, presence: Presence) -> sa.ColumnElement[str]:
        return sa.func.trim(sa.cast(self._column(presence), sa.String(4000)))

    def _missing(self, presence: Presence) -> sa.ColumnElement[bool]:
        return sa.or_(self._column(presence).is_(None), self._text(presence).in_(("", *(presence.tokens or ()))))

    def _doubtful(self, presence: Presence) -> sa.ColumnElement[bool]:
        if presence.tokens is not None:
            return self._missing(presence)
        return sa.or_(self._missing(presence), sa.func.lower(self._text(presence)).in_(DOUBTFUL))

    def _one(self, statement: sa.Select[Any]) -> Sequence[Any]:
        return self._connection.execute(statement).one()


def _plain(query: str) -> str:
    """Returns a query whose colons name no parameters."""
    return query.replace("\\:", ":").replace(":", "\\:")


def _moment(value: object) -> datetime | None:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time(), None)
    if isinstance(value, str):
        with suppress(ValueError):
            return datetime.fromisoformat(value)
    return None
