"""What a caller may use: calls by a token bucket, and decisions by the day in UTC.

The counts are those of one server, whose workers share them. Several servers beside each other each allow the whole.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Final, Protocol

from readygate_server.domain.errors import QuotaExceededError

_DAY: Final = 86_400


@dataclass(frozen=True, slots=True)
class Allowance:
    """Limits of a caller. None means that there is no limit."""

    calls_per_minute: float | None = None
    burst: int = 1
    decisions_per_day: int | None = None


@dataclass(slots=True)
class Used:
    """What a caller has used; nothing, to begin with."""

    tokens: float = 0.0
    looked_at: float = -math.inf
    day: int = 0
    decisions: int = 0


class Counts(Protocol):
    """Keeps what callers have used, of this process or of several."""

    def of(self, name: str) -> AbstractContextManager[Used]:
        """Yields what a caller has used, to be changed by nobody else meanwhile."""
        ...


class OwnCounts:
    """Counts of this process. Callers are known by name, so there are no more counts than names."""

    def __init__(self) -> None:
        """Starts with nobody."""
        self._used: dict[str, Used] = {}

    def of(self, name: str) -> AbstractContextManager[Used]:
        """Returns what a caller has used."""
        return nullcontext(self._used.setdefault(name, Used()))


class Meter:
    """Counts what each caller has used."""

    def __init__(
        self, *, monotonic: Callable[[], float], clock: Callable[[], float], counts: Counts | None = None
    ) -> None:
        """Takes seconds that never run back, for the rate, and Unix seconds, for the day, and where counts are kept."""
        self._monotonic = monotonic
        self._clock = clock
        self._counts = counts or OwnCounts()

    def charge_call(self, name: str, allowance: Allowance) -> None:
        """Takes one call; raises QuotaExceededError with the time until there is one again."""
        if allowance.calls_per_minute is None:
            return
        rate = allowance.calls_per_minute / 60
        with self._counts.of(name) as used:
            now = self._monotonic()
            used.tokens = min(allowance.burst, used.tokens + (now - used.looked_at) * rate)
            used.looked_at = now
            if used.tokens < 1:
                raise QuotaExceededError(f"{allowance.calls_per_minute:g} calls a minute", (1 - used.tokens) / rate)
            used.tokens -= 1

    def charge_decisions(self, name: str, allowance: Allowance, count: int) -> None:
        """Takes decisions, all or none; raises QuotaExceededError with the time until the next day."""
        if allowance.decisions_per_day is None:
            return
        with self._counts.of(name) as used:
            now = self._clock()
            day = int(now // _DAY)
            if day > used.day:  # a clock that steps back gives nothing back
                used.day, used.decisions = day, 0
            if used.decisions + count > allowance.decisions_per_day:
                limit = f"{allowance.decisions_per_day} decisions a day"
                raise QuotaExceededError(limit, max(1.0, (used.day + 1) * _DAY - now))
            used.decisions += count
