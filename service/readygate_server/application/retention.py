"""Drops the payloads of old decisions. What the log commits to stays, and so do all proofs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, NamedTuple

from readygate_server.application.record_ports import PayloadKeeper
from readygate_server.domain.errors import RecordUnavailableError

DAY: Final = 86_400 * 1_000_000
"""Microseconds."""
_HOUR_SECONDS: Final = 3_600.0


class Dropped(NamedTuple):
    """What a retention did: payloads that went, and the entry of the log, empty when there was nothing to drop."""

    payloads: int
    entry_id: str


async def drop_payloads(keeper: PayloadKeeper, *, before: int) -> Dropped:
    """Drops the payloads of decisions recorded before a moment, in microseconds since 1970.

    The log is told first, because the record lets no payload go before. What a crash leaves behind goes with the next
    retention, without another entry.

    Raises:
      RecordUnavailableError: when it was not done, or not all of it.
    """
    entry = ""
    if before > await keeper.allowed_before() and await keeper.count(before):
        entry = await keeper.announce(before)
    return Dropped(await keeper.drop(before), entry)


async def keep_for(
    keeper: PayloadKeeper,
    *,
    days: int,
    now: Callable[[], int],
    told: Callable[[Dropped | RecordUnavailableError], None],
) -> None:
    """Drops every hour what has become older than a number of days, in whole days, until it is cancelled.

    `told` hears what was dropped, or that the record could not be reached; the next hour is another chance.
    """
    while True:
        try:
            dropped = await drop_payloads(keeper, before=now() // DAY * DAY - days * DAY)
        except RecordUnavailableError as error:
            told(error)
        else:
            if dropped.payloads:
                told(dropped)
        await asyncio.sleep(_HOUR_SECONDS)
