"""Moments of events: read from text or from numbers, never without a timezone."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

from readygate_server.adapters.collectors.eventlog.log import EventLog
from readygate_server.adapters.collectors.port import ArtefactError, ArtefactFault, OptionError

_SECOND: Final = 1_000_000
_DAY: Final = 86_400 * _SECOND
_END: Final = re.compile(r"[0-9][+-][0-9]{2}:[0-9]{2}")
_LEAST: Final = len("1970-01-01T00:00+00:00")
"""Letters below which what looks like an offset may be a time of day."""
_iso: Final = datetime.fromisoformat
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Clock:
    """Turns timestamps into microseconds since 1970 in UTC, and counts those that say no timezone."""

    def __init__(self, zone: str = "", pattern: str = "") -> None:
        """Takes the timezone of timestamps that say none, and how they are written when it is not as ISO 8601 says.

        Raises:
          OptionError: when the timezone is not known.
        """
        self.zone = _zone(zone)
        self._iso = not pattern
        self._parse = partial(_parsed, pattern) if pattern else _iso
        self._epochs: dict[str, datetime] = {}
        """1970 on the clocks of each offset that was met, by the last digit of a time and the offset."""
        self.naive = 0

    def read(self, text: str | None) -> int | None:
        """Returns the moment that a text says; None when it says none.

        An offset is read once, and then known by its letters: to take it off each moment anew costs more than the rest.
        """
        if text is None:
            return None
        epoch = self._epochs.get(text[-7:]) if len(text) >= _LEAST else None
        if epoch is None:
            return self._whole(text)
        try:
            since = _iso(text[:-6]) - epoch
        except (TypeError, ValueError):
            return self._whole(text)
        return since.days * _DAY + since.seconds * _SECOND + since.microseconds

    def _whole(self, text: str) -> int | None:
        try:
            moment = self._parse(text)
            if moment.tzinfo is None:
                moment = self._placed(moment)
            elif self._iso and _END.fullmatch(text[-7:]):
                self._epochs[text[-7:]] = EPOCH.astimezone(moment.tzinfo).replace(tzinfo=None)
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
