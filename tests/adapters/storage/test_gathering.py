"""One question for all who ask at the same time, and never an answer that is older than the question."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping

import pytest

from readygate_server.adapters.storage.gathering import Gathering


class Slow:
    """Answers with what was true when the question went out, once it is let go."""

    def __init__(self) -> None:
        """Starts with nothing asked."""
        self.truth = 0
        self.asked: list[tuple[str, ...]] = []
        self.go = asyncio.Semaphore(0)
        self.error: Exception | None = None

    async def ask(self, keys: Collection[str]) -> Mapping[str, int]:
        """Answers every key."""
        self.asked.append(tuple(keys))
        truth = self.truth
        await self.go.acquire()
        if self.error:
            raise self.error
        return dict.fromkeys(keys, truth)


async def settle() -> None:
    """Lets everybody else go on as far as they can."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_who_comes_late_is_answered_by_the_next_question() -> None:
    """What became true before somebody asked is in their answer, though a question was under way when they came."""
    slow = Slow()
    gathering = Gathering(slow.ask)
    first = asyncio.create_task(gathering.answer("a"))
    await settle()
    slow.truth = 1
    late = [asyncio.create_task(gathering.answer(key)) for key in "aabc"]
    await settle()
    slow.go.release()
    slow.go.release()

    assert await first == 0
    assert await asyncio.gather(*late) == [1, 1, 1, 1]
    assert slow.asked == [("a",), ("a", "b", "c")]


async def test_an_error_is_for_those_who_asked() -> None:
    """A question that fails fails for its askers, and the next one is asked all the same."""
    slow = Slow()
    gathering = Gathering(slow.ask)
    slow.error = OSError("gone")
    askers = [asyncio.create_task(gathering.answer(key)) for key in "ab"]
    await settle()
    slow.go.release()
    for asker in askers:
        with pytest.raises(OSError, match="gone"):
            await asker

    slow.error = None
    slow.go.release()
    assert await gathering.answer("a") == 0


async def test_who_goes_away_takes_nobody_along() -> None:
    """Of two who wait for the same answer one may be cancelled, also while its question is out."""
    slow = Slow()
    gathering = Gathering(slow.ask)
    leaver, stayer = (asyncio.create_task(gathering.answer("a")) for _ in range(2))
    await settle()
    leaver.cancel()
    await settle()
    slow.go.release()

    assert await stayer == 0
    assert leaver.cancelled()


async def test_nobody_is_left_waiting() -> None:
    """When the question itself is ended, those who wait are told, and who comes after asks anew."""
    slow = Slow()
    gathering = Gathering(slow.ask)
    askers = [asyncio.create_task(gathering.answer("a"))]
    await settle()
    askers.append(asyncio.create_task(gathering.answer("b")))
    await settle()
    (question,) = [task for task in asyncio.all_tasks() if "_ask_while" in repr(task.get_coro())]
    question.cancel()

    assert [type(each) for each in await asyncio.gather(*askers, return_exceptions=True)] == [
        asyncio.CancelledError,
        asyncio.CancelledError,
    ]
    slow.go.release()
    assert await asyncio.wait_for(gathering.answer("b"), 5) == 0
