"""What a caller may use: calls by a token bucket, and decisions by the day in UTC.

The counts are those of one process. Several servers beside each other each allow the whole of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from readygate_server.domain.errors import QuotaExceededError

_DAY: Final = 86_400


@dataclass(frozen=True, slots=True)
class Allowance:
    """Limits of a caller. None means that there is no limit."""

    calls_per_minute: float | None = None
    burst: int = 1
    decisions_per_day: int | None = None


@dataclass(slots=True)
class _Used:
    tokens: float
    looked_at: float
    day: int = 0
    decisions: int = 0


class Meter:
    """Counts what each caller has used. Callers are known by name, so there are no more counts than names."""

    def __init__(self, *, monotonic: Callable[[], float], clock: Callable[[], float]) -> None:
        """Takes seconds that never run back, for the rate, and Unix seconds, for the day."""
        self._monotonic = monotonic
        self._clock = clock
        self._used: dict[str, _Used] = {}

    def charge_call(self, name: str, allowance: Allowance) -> None:
        """Takes one call; raises QuotaExceededError with the time until there is one again."""
        if allowance.calls_per_minute is None:
            return
        used, rate = self._of(name, allowance), allowance.calls_per_minute / 60
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
        used, now = self._of(name, allowance), self._clock()
        day = int(now // _DAY)
        if day > used.day:  # a clock that steps back gives nothing back
            used.day, used.decisions = day, 0
        if used.decisions + count > allowance.decisions_per_day:
            limit = f"{allowance.decisions_per_day} decisions a day"
            raise QuotaExceededError(limit, max(1.0, (used.day + 1) * _DAY - now))
        used.decisions += count

    def _of(self, name: str, allowance: Allowance) -> _Used:
        used = self._used.get(name)
        if used is None:
            used = self._used[name] = _Used(allowance.burst, self._monotonic())
        return used
