"""Tells others what happened, at least once each: what follows from the log is kept, handed over, and tried again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from readygate_server.application.notice_ports import Answer, Endpoint, Outbox, Pending, Result, Sender, Settled, Step
from readygate_server.domain.notices import pause_seconds

WINDOW: Final = 100
"""Notices that an endpoint has pending at most; what comes behind them waits where it is."""
_TOGETHER: Final = 4
"""Deliveries to one endpoint at a time."""
_ENTRIES: Final = 100
_MICROSECONDS: Final = 1_000_000


class Source(Protocol):
    """Knows what follows from the entries of the log."""

    async def step(self, start: int, first: int, limit: int) -> Step:
        """Returns what follows from some entries; before `first` they are only waited for, not told."""
        ...


class Told(Protocol):
    """Hears what becomes of deliveries."""

    def attempted(self, endpoint: Endpoint, pending: Pending, answer: Answer, *, is_dead: bool) -> None:
        """Takes note of an attempt."""
        ...


class Projection:
    """Turns entries of the log and moments that have come into notices."""

    def __init__(self, outbox: Outbox, source: Source, now: Callable[[], int]) -> None:
        """Takes where notices are kept, what follows from entries, and a clock in microseconds since 1970."""
        self._outbox = outbox
        self._source = source
        self._now = now

    async def advance(self, endpoints: Sequence[Endpoint]) -> bool:
        """Looks at some entries; returns whether there may be more."""
        wanted = [endpoint.interest for endpoint in endpoints]
        start, first = await self._outbox.next_leaf()
        step = await self._source.step(start, first, _ENTRIES)
        if step.next_leaf > start:
            await self._outbox.take(step, wanted, start)
        # A moment counts only once everything is seen that may have put it off.
        is_behind = step.next_leaf - start == _ENTRIES
        return is_behind or await self._outbox.due(self._now(), wanted) > 0


class Delivery:
    """Hands one endpoint its notices; one that is slow keeps no other one waiting."""

    def __init__(
        self, outbox: Outbox, sender: Sender, told: Told, *, now: Callable[[], int], chance: Callable[[], float]
    ) -> None:
        """Takes what it needs; `chance` tells a random number from 0 to 1."""
        self._outbox = outbox
        self._sender = sender
        self._told = told
        self._now = now
        self._chance = chance
        self._held_until = 0
        self._is_failing = False

    async def advance(self, endpoint: Endpoint) -> bool:
        """Tries what is due; returns whether anything was."""
        await self._outbox.assign(endpoint, window=WINDOW)
        now = self._now()
        if now < self._held_until:
            return False
        # Whoever does not answer is asked for one thing at a time.
        some = 1 if self._is_failing else _TOGETHER
        pending = await self._outbox.pending(endpoint.name, now, some)
        if not pending:
            return False
        answers = await asyncio.gather(*(self._sender.send(endpoint, each.event_id, each.body) for each in pending))
        settled = [self._settled(endpoint, *both) for both in zip(pending, answers, strict=True)]
        self._is_failing = any(answer.result is not Result.DELIVERED for answer in answers)
        is_gone = any(answer.result is Result.GONE for answer in answers)
        await self._outbox.settle(endpoint.name, settled, now=self._now(), is_gone=is_gone)
        return True

    def _settled(self, endpoint: Endpoint, pending: Pending, answer: Answer) -> Settled:
        now, is_dead = self._now(), False
        settled = Settled(pending.position)
        if answer.result is not Result.DELIVERED:
            pause = pause_seconds(pending.attempts + 1, chance=self._chance(), wished=answer.wished_seconds)
            next_at = now + int(pause * _MICROSECONDS)
            gives_up_at = (pending.first_at or now) + int(endpoint.give_up_seconds * _MICROSECONDS)
            is_dead = answer.result is Result.FAILED and next_at > gives_up_at
            settled = Settled(pending.position, answer.detail, next_at, is_dead)
            if answer.wished_seconds:
                self._held_until = next_at
        self._told.attempted(endpoint, pending, answer, is_dead=is_dead)
        return settled
