"""Moments of events: read from text or from numbers, never without a timezone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

from readygate_server.adapters.collectors.eventlog.log import EventLog
from readygate_server.adapters.collectors.port import ArtefactError, ArtefactFault, OptionError

_SECOND: Final = 1_000_000
_DAY: Final = 86_400 * _SECOND
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Clock:
    """Turns timestamps into microseconds since 1970 in UTC, and counts those that say no timezone."""

    def __init__(self, zone: str = "", pattern: str = "") -> None:
        """Takes the timezone of timestamps that say none, and how they are written when it is not as ISO 8601 says.

        Raises:
          OptionError: when the timezone is not known.
        """
        self.zone = _zone(zone)
        self._parse = partial(_parsed, pattern) if pattern else datetime.fromisoformat
        self.naive = 0

    def read(self, text: str | None) -> int | None:
        """Returns the moment that a text says; None when it says none."""
        try:
            moment = self._parse(text)  # type: ignore[arg-type] # a TypeError is what None gets
            if moment.tzinfo is None:
                moment = self._placed(moment)
            since = moment - EPOCH
            return since.days * _DAY + since.seconds * _SECOND + since.microseconds
        except (TypeError, ValueError, OverflowError):
            return None

    def place(self, wall: int | None) -> int | None:
        """Returns the moment of a wall clock, which is given as microseconds since 1970 on it."""
        if wall is None:
            return None
        try:
            moment = self._placed(datetime(1970, 1, 1) + timedelta(microseconds=wall))  # noqa: DTZ001
        except OverflowError:
            return None
        return (moment - EPOCH) // timedelta(microseconds=1)

    def _placed(self, moment: datetime) -> datetime:
        self.naive += 1
        return moment.replace(tzinfo=self.zone or UTC)

    def close(self, log: EventLog) -> None:
        """Tells the log how many timestamps say no timezone, once all are read.

        Raises:
          ArtefactError: when there are any and no timezone was given for them.
        """
        if self.naive and self.zone is None:
            raise ArtefactError(
                ArtefactFault(
                    log.place,
                    "timestamps say no timezone",
                    got=f"{self.naive:,} of {log.read:,} without",
                    expected="an offset in each, such as +01:00",
                    way_out="give the timezone that they were written in with --timezone, such as Europe/Amsterdam",
                )
            )
        log.naive, log.zone = self.naive, str(self.zone) if self.naive else ""


def _parsed(pattern: str, text: str) -> datetime:
    return datetime.strptime(text, pattern)  # noqa: DTZ007 - who calls it looks for the timezone


def _zone(name: str) -> ZoneInfo | None:
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise OptionError(
            ArtefactFault(
                "--timezone", "the timezone is not known", got=name, expected="a name such as Europe/Amsterdam"
            )
        ) from None


def moment_of(microseconds: int) -> datetime:
    """Returns a moment in UTC, to the second."""
    return EPOCH + timedelta(seconds=microseconds // _SECOND)
