"""Opens a record for commands that keep it in order, while no server has it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from readygate_server.adapters.storage.retention import StoredRetention
from readygate_server.application.erasure import Erasures
from readygate_server.bootstrap.opened import open_all
from readygate_server.settings import RecordSettings


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What a record is kept in order with."""

    erasures: Erasures
    retention: StoredRetention


@asynccontextmanager
async def upkeep_of(settings: RecordSettings) -> AsyncIterator[Upkeep]:
    """Yields what keeps a record in order, with the erasures settled.

    Raises:
      StoreRefusedError: when a server has the record, or it must not be opened.
    """
    async with AsyncExitStack() as closing:
        opened = await open_all(settings, closing)
        yield Upkeep(opened.erasures, StoredRetention(opened.store))
