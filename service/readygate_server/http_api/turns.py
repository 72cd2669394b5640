"""Whose turn it is: calls over HTTP give way to those over gRPC, but not for ever."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

GIVES_WAY_SECONDS: Final = 0.05
"""How long the first in the queue waits for a moment in which nobody else does: others can not keep it out."""
_ROUNDS: Final = 10
"""Rounds of the event loop from the arrival of a call over gRPC to its handler, and some more."""
_LOOK_SECONDS: Final = 0.001


class Turnstile:
    """Lets through one at a time, at moments when nobody goes before them or they have waited for long enough."""

    def __init__(self, others_wait: Callable[[], bool]) -> None:
        """Takes what tells whether somebody is there who goes before them."""
        self._others_wait = others_wait
        self._first = asyncio.Lock()

    async def wait(self) -> None:
        """Returns when it is the caller's turn."""
        async with self._first:
            due = time.monotonic() + GIVES_WAY_SECONDS
            # What has come in during the turn before is seen only after some rounds, in which nobody else begins.
            for _ in range(_ROUNDS):
                await asyncio.sleep(0)
            while self._others_wait() and time.monotonic() < due:  # noqa: ASYNC110 -- nobody could set an event
                await asyncio.sleep(_LOOK_SECONDS)
