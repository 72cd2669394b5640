"""Erases a person's name from the record: the key goes first, and the log is told until it knows."""

from __future__ import annotations

import asyncio

from readygate_server.application.record_ports import ErasableNames, ErasureLog


class Erasures:
    """Erases names, in an order in which a crash leaves nothing half done.

    1. The key is deleted and, in the same commit, it is noted that the log is owed an entry.
    2. The entry is recorded, once per erasure.
    3. The note is deleted.

    A crash after 1 or 2 leaves the note, and `settle` goes on from there. So the log never says that a name was erased
    that was not, and an erasure without its entry lasts no longer than until the next start.
    """

    def __init__(self, names: ErasableNames, log: ErasureLog) -> None:
        """Takes the keys, and where erasures are recorded."""
        self._names = names
        self._log = log

    async def erase(self, person: str, *, reason: str) -> str | None:
        """Returns the id of the log entry that says so, None when no record knows the name.

        Whoever calls this has seen to it that an auditor asked.

        Raises:
          RecordUnavailableError: when it was not done, or done and not recorded yet; repeat `settle` then.
        """
        erasure = await asyncio.to_thread(self._names.erase, person, reason=reason)
        if erasure is None:
            return None
        entry = await self._log.record(erasure)
        await asyncio.to_thread(self._names.settle, erasure)
        return entry

    async def settle(self) -> int:
        """Records the erasures that a crash, or a record out of reach, has kept from the log; returns how many.

        To be called at every start, before anything else is recorded.
        """
        owed = await asyncio.to_thread(self._names.owed)
        for erasure in owed:
            await self._log.record(erasure)
            await asyncio.to_thread(self._names.settle, erasure)
        return len(owed)
