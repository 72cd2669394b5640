"""Erases a person's name from the record: the key goes first, and the log is told until it knows."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from readygate_server.application.record_ports import ErasableNames, ErasureLog


class Settled(NamedTuple):
    """What the log and the keys had to be told about each other."""

    recorded: int
    """Erasures that the log did not know of."""
    forgotten: int
    """Keys that were erased before, and came back with a backup."""


class Erasures:
    """Erases names, in an order in which a crash leaves nothing half done.

    1. The key is deleted and, in the same commit, it is noted that it was erased.
    2. The entry is recorded, once per erasure.

    After a crash in between, and after a backup of either was restored, `settle` makes good what is missing: entries
    for erasures that the log does not know of, and the deletion of keys that it says are erased. So the log never says
    that a name was erased that was not, and an erasure without its entry lasts no longer than until the next start.
    """

    def __init__(self, names: ErasableNames, log: ErasureLog) -> None:
        """Takes the keys, and where erasures are recorded."""
        self._names = names
        self._log = log

    async def erase(self, person: str, *, reason: str) -> str | None:
        """Returns the id of the log entry that says so, None when no record knows the name.

        Whoever calls this has seen to it that an auditor asked.

        Raises:
          RecordUnavailableError: when it was not done, or done and not recorded yet; the next start records it then.
        """
        erasure = await asyncio.to_thread(self._names.erase, person, reason=reason)
        return None if erasure is None else await self._log.record(erasure)

    async def settle(self) -> Settled:
        """Makes the log and the keys agree. To be called at every start, before anything is recorded or read."""
        recorded = await self._log.recorded()
        forgotten = await asyncio.to_thread(self._names.forget, recorded)
        known = {erasure.person for erasure in recorded}
        owed = [each for each in await asyncio.to_thread(self._names.erased) if each.person not in known]
        for erasure in owed:
            await self._log.record(erasure)
        return Settled(len(owed), forgotten)
