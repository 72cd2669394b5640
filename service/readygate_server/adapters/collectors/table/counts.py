"""What is counted of a table, whoever counts: values that are not there, keys, values that break a domain, moments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple, Protocol

from readygate_server.adapters.collectors.table.contract import Domain

DOUBTFUL: Final = (
    "na", "n/a", "#n/a", "<na>", "nan", "null", "(null)", "none", "nil", "undefined", "missing", "\\n", "-", "--", "?",
    ".",
)  # fmt: skip
"""Texts, without capitals, that stand for nothing in one file and are a name in the next: Nan is a city with an
airport. Found where nobody declared what stands for nothing, they leave completeness open."""

SENTINELS: Final = ("1970-01-01", "1900-01-01", "9999-12-31")
"""Days that software writes where it has none."""


class Column(NamedTuple):
    """One column of a table."""

    name: str
    type: str
    """Type of the reader, such as `VARCHAR`; empty when it does not say."""
    is_repeated: bool = False
    """True when the header has its name for another column too, so that nobody can say which is meant."""


class Presence(NamedTuple):
    """A column whose values are to be there, and what stands for nothing in it."""

    column: Column
    tokens: tuple[str, ...] | None
    """None when nobody declared it."""


class Absent(NamedTuple):
    """How many values of a column are not there. Each count holds those before it."""

    nulls: int
    """ODCS nullValues."""
    missing: int
    """ODCS missingValues: nulls, blanks, not-a-number and the tokens that were declared."""
    doubtful: int
    """Missing, and whatever else reads as if it stood for nothing; only differs when nothing was declared."""


class Keys(NamedTuple):
    """How a key divides the rows."""

    incomplete: int
    """Rows in which a part of the key is missing."""
    distinct: int
    """Different keys among the other rows."""


class Orphans(NamedTuple):
    """How many references lead nowhere."""

    references: int
    """Values that are there."""
    orphans: int


class Lag(NamedTuple):
    """How long rows took from the event until they could be read, over the last days."""

    rows: int
    unread: int
    """Rows of these days in which a moment is missing or no moment."""
    negative: int
    """Rows that could be read before they happened."""
    days: int
    """Different days on which rows arrived."""
    mixed: int
    """Rows with a zone in one of the two moments only."""
    p95_minutes: float | None


class Table(Protocol):
    """A table that can be counted."""

    columns: tuple[Column, ...]
    rows: int
    notes: tuple[str, ...]
    reading: tuple[tuple[str, str], ...]
    """How it was read: parameters of every fact."""

    def absent(self, wanted: Sequence[Presence]) -> list[Absent]:
        """Counts the values that are not there, column by column."""

    def keys(self, parts: Sequence[Presence]) -> Keys:
        """Counts the different values of one key, exactly."""

    def invalid(self, column: Presence, domain: Domain) -> tuple[int, int] | None:
        """Counts the values that are there, and those of them outside the domain; None when it can not be checked."""

    def orphans(self, column: Presence, other: str, key: str) -> Orphans:
        """Counts references into the column of another file."""

    def latest(self, column: Column, timezone: str) -> datetime | None:
        """Returns the latest moment of a column, in UTC, sentinels apart; None when there is none to be sure of."""

    def lag(self, event: Column, arrival: Column, days: int) -> Lag | None:
        """Measures the lag over the last days of arrivals; None when it can not be measured here."""
