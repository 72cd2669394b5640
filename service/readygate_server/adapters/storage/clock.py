"""Ids and times of the record: both only ever go up, whatever the clock of the machine does."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import Final

from readygate_server.domain.record import Stamp

_VERSION: Final = 7 << 76
_VARIANT: Final = 2 << 62
_RANDOM_BYTES: Final = 8
_RANDOM_MASK: Final = (1 << 62) - 1
_RANDOM_AT_ONCE: Final = 512
"""Numbers that are asked of the system at once: each question gives way to all other threads."""


def microseconds_now() -> int:
    """Returns the microseconds since 1970 in UTC, by the clock of this machine."""
    return time.time_ns() // 1_000


def entry_id(recorded_at: int, random: int) -> str:
    """Returns a UUID of version 7 as 32 hexadecimal digits: milliseconds, microseconds, and random bits."""
    milliseconds, rest = divmod(recorded_at, 1_000)
    return f"{milliseconds << 80 | _VERSION | rest << 64 | _VARIANT | random:032x}"


def lowest_id(recorded_at: int) -> str:
    """Returns what no id of that time or a later one is below."""
    return f"{recorded_at // 1_000 << 80:032x}"


class RecordClock:
    """Stamps entries, one microsecond apart at least. May be asked from several threads."""

    def __init__(self, now: Callable[[], int] = microseconds_now) -> None:
        """Takes a clock that tells microseconds since 1970."""
        self._now = now
        self._last = 0
        self._random = b""
        self._lock = threading.Lock()

    def never_before(self, recorded_at: int) -> None:
        """Stamps only later times from now on."""
        with self._lock:
            self._last = max(self._last, recorded_at)

    def stamp(self) -> Stamp:
        """Returns the next id and time."""
        with self._lock:
            self._last = max(self._now(), self._last + 1)
            if not self._random:
                self._random = os.urandom(_RANDOM_BYTES * _RANDOM_AT_ONCE)
            random, self._random = self._random[:_RANDOM_BYTES], self._random[_RANDOM_BYTES:]
            recorded_at = self._last
        return Stamp(entry_id(recorded_at, int.from_bytes(random, "big") & _RANDOM_MASK), recorded_at)
