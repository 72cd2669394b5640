"""One question for all who ask at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Hashable, Mapping
from typing import Generic, TypeVar

_Key = TypeVar("_Key", bound=Hashable)
_Answer = TypeVar("_Answer")


class Gathering(Generic[_Key, _Answer]):
    """Puts keys that are asked for while a question is under way into the next one.

    A question goes out after the last of its askers came, so that each sees what was durable before it asked. One at a
    time is out: the more callers, the more of them share it.
    """

    def __init__(self, ask: Callable[[Collection[_Key]], Awaitable[Mapping[_Key, _Answer]]]) -> None:
        """Takes the question, which answers every key."""
        self._ask = ask
        self._waiting: dict[_Key, asyncio.Future[_Answer]] = {}
        self._asking: asyncio.Task[None] | None = None

    async def answer(self, key: _Key) -> _Answer:
        """Returns the answer for a key; raises what the question raised."""
        answer = self._waiting.get(key)
        if answer is None:
            answer = self._waiting[key] = asyncio.get_running_loop().create_future()
            if self._asking is None:
                self._asking = asyncio.create_task(self._ask_while_somebody_waits())
        return await asyncio.shield(answer)  # others may wait for the same, and go on when this caller goes away

    async def _ask_while_somebody_waits(self) -> None:
        asked: dict[_Key, asyncio.Future[_Answer]] = {}
        try:
            while self._waiting:
                asked, self._waiting = self._waiting, {}
                await self._ask_for(asked)
        finally:
            left, self._waiting, self._asking = self._waiting, {}, None
            for answer in (*asked.values(), *left.values()):
                answer.cancel()

    async def _ask_for(self, asked: Mapping[_Key, asyncio.Future[_Answer]]) -> None:
        try:
            answers = await self._ask(asked.keys())
        except Exception as error:  # noqa: BLE001 -- whatever it is, it is for those who asked
            for answer in asked.values():
                answer.set_exception(error)
                answer.exception()  # seen, also when everybody who waited has gone
            return
        for key, answer in asked.items():
            answer.set_result(answers[key])
