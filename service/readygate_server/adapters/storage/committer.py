"""Hands what callers ask for to writing threads in groups, and answers when a group's transaction is over."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Final

from readygate_server.adapters.storage.group import Failed, Item
from readygate_server.adapters.storage.outages import detail_of, is_outage
from readygate_server.domain.errors import RecordUnavailableError
from readygate_server.observability import logger

_LARGEST: Final = 256
"""Items of a group. Beyond this the sync of the disk is a small part of the costs."""

CLOSED: Final = "the store is closed"
Transact = Callable[[Sequence[Item]], list[Any]]


@dataclass(frozen=True, slots=True)
class _Asked:
    item: Item
    loop: asyncio.AbstractEventLoop
    answer: asyncio.Future[Any]


class Committer:
    """Writing threads with one queue. While a transaction is under way, the next group gathers."""

    def __init__(self, transacts: Sequence[Transact], *, pace_seconds: float) -> None:
        """Starts a thread per function; each runs a transaction, and returns outcomes once it is durable.

        While several callers ask, a thread begins its groups no faster than the pace. A group costs about as much
        processor time as judging a proposal, whatever its size. Where both share a core, groups that follow each other
        at once are small, and take the time from callers that would make them larger. A lone caller never waits.
        """
        self._queue: SimpleQueue[_Asked | None] = SimpleQueue()
        self._pace_seconds = pace_seconds
        self._lock = threading.Lock()
        self._is_open = True
        self._threads = [
            threading.Thread(target=self._run, args=(transact,), name=f"record-writer-{number}", daemon=True)
            for number, transact in enumerate(transacts)
        ]
        for thread in self._threads:
            thread.start()

    async def submit(self, item: Item) -> Any:
        """Returns the outcome of an item, raises what made it fail, or RecordUnavailableError."""
        loop = asyncio.get_running_loop()
        asked = _Asked(item, loop, loop.create_future())
        with self._lock:
            if not self._is_open:
                raise RecordUnavailableError(CLOSED)
            self._queue.put(asked)
        return await asked.answer

    def close(self) -> None:
        """Writes what was asked for, takes no more, and ends the threads."""
        with self._lock:
            if self._is_open:
                self._is_open = False
                for _thread in self._threads:
                    self._queue.put(None)
        for thread in self._threads:
            thread.join()

    def _run(self, transact: Transact) -> None:
        begun, size = 0.0, 1
        while (first := self._queue.get()) is not None:
            if size > 1:
                time.sleep(max(begun + self._pace_seconds - time.monotonic(), 0))
            begun = time.monotonic()
            asked = [first, *self._more()]
            size = len(asked)
            _settle(asked, commit([each.item for each in asked], transact))

    def _more(self) -> list[_Asked]:
        """Takes what is waiting as well."""
        found: list[_Asked] = []
        with suppress(Empty):
            while len(found) < _LARGEST - 1:
                asked = self._queue.get_nowait()
                if asked is None:  # the end, which is for after this group
                    self._queue.put(None)
                    break
                found.append(asked)
        return found


def commit(items: Sequence[Item], transact: Transact) -> list[Any]:
    """Returns an outcome per item, whatever happens to the transaction.

    An outage fails the group. Anything else that one item brings up must not fail the others: each is tried alone.
    """
    try:
        return transact(items)
    except RecordUnavailableError as error:
        return _all_failed(items, error)
    except Exception as error:  # noqa: BLE001 -- a writing thread must outlive whatever a request leads to
        if is_outage(error):
            return _all_failed(items, RecordUnavailableError(detail_of(error)))
        if len(items) == 1:
            logger().error("unexpected", doing="recording", exc_info=error)
            return [Failed(error)]
        return [outcome for item in items for outcome in commit([item], transact)]


def _all_failed(items: Sequence[Item], error: RecordUnavailableError) -> list[Any]:
    logger().error("record_unavailable", items=len(items), detail=error.detail)
    return [Failed(error)] * len(items)


def _settle(asked: Sequence[_Asked], outcomes: Sequence[Any]) -> None:
    """Wakes each event loop once for all that it waits for."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], Any]]] = defaultdict(list)
    for each, outcome in zip(asked, outcomes, strict=True):
        by_loop[each.loop].append((each.answer, outcome))
    for loop, answers in by_loop.items():
        with suppress(RuntimeError):  # the loop is closed, so nobody waits
            loop.call_soon_threadsafe(_answer_all, answers)


def _answer_all(answers: Sequence[tuple[asyncio.Future[Any], Any]]) -> None:
    for answer, outcome in answers:
        if answer.done():  # the caller has gone; what it asked for is recorded all the same
            continue
        if isinstance(outcome, Failed):
            answer.set_exception(outcome.error)
        else:
            answer.set_result(outcome)
