"""Tells a database that can not do its work from work that can not be done."""

from __future__ import annotations

from typing import Final

from sqlalchemy import exc

_OF_THE_STATEMENT: Final = (exc.DataError, exc.IntegrityError, exc.NotSupportedError, exc.ProgrammingError)


def is_outage(error: BaseException) -> bool:
    """True when an error says that the database, its disk or the way to it is at fault."""
    if isinstance(error, exc.DBAPIError):
        return not isinstance(error, _OF_THE_STATEMENT)
    return isinstance(error, (OSError, exc.TimeoutError))


def detail_of(error: BaseException) -> str:
    """Returns what the database said, without the statement."""
    return str(error.orig if isinstance(error, exc.DBAPIError) else error)
