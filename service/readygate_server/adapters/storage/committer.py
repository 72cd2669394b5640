"""Hands what callers ask for to writing threads in groups, and answers when a group's transaction is over."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, Final, NamedTuple

from readygate_server.adapters.storage.group import Failed, Item
from readygate_server.adapters.storage.outages import detail_of, is_outage
from readygate_server.domain.errors import RecordUnavailableError
from readygate_server.observability import logger

_LARGEST: Final = 256
"""Items of a group. Beyond this the sync of the disk is a small part of the costs."""
_QUIET_TURNS: Final = 3
"""Turns of an event loop without a new item, after which whoever could add one soon is taken to be waiting as well."""

CLOSED: Final = "the store is closed"
Transact = Callable[[Sequence[Item]], list[Any]]


class _Asked(NamedTuple):
    item: Item
    answer: asyncio.Future[Any]


class Committer:
    """Writing threads that take groups in turn. While a transaction is under way, the next group gathers."""

    def __init__(self, transacts: Sequence[Transact], *, pace_seconds: float) -> None:
        """Starts a thread per function; each runs a transaction, and returns outcomes once it is durable.

        A group costs about as much processor time as judging some proposals, whatever its size. So while more is
        being asked for, a group gathers for as long as the pace; once nothing more is, it begins at once.
        """
        self._pace_seconds = pace_seconds
        self._handed: SimpleQueue[tuple[_Gatherer, list[_Asked]] | None] = SimpleQueue()
        self._lock = threading.RLock()
        self._gatherers: dict[asyncio.AbstractEventLoop, _Gatherer] = {}
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
        answer = loop.create_future()
        with self._lock:
            if not self._is_open:
                raise RecordUnavailableError(CLOSED)
            gatherer = self._gatherers.get(loop)
            if gatherer is None:
                gatherer = self._gatherers[loop] = _Gatherer(loop, self._hand, len(self._threads), self._pace_seconds)
            gatherer.waiting.append(_Asked(item, answer))
        gatherer.asked()
        return await answer

    def close(self) -> None:
        """Writes what was asked for, takes no more, and ends the threads."""
        with self._lock:
            if self._is_open:
                self._is_open = False
                for gatherer in self._gatherers.values():
                    while gatherer.waiting:
                        self._hand(gatherer)
                for _thread in self._threads:
                    self._handed.put(None)
        for thread in self._threads:
            thread.join()

    def _hand(self, gatherer: _Gatherer) -> None:
        with self._lock:
            if asked := gatherer.taken():
                self._handed.put((gatherer, asked))

    def _run(self, transact: Transact) -> None:
        while (handed := self._handed.get()) is not None:
            gatherer, asked = handed
            outcomes = commit([each.item for each in asked], transact)
            with suppress(RuntimeError):  # the loop is closed, so nobody waits
                gatherer.loop.call_soon_threadsafe(gatherer.settle, asked, outcomes)


class _Gatherer:
    """What the callers of one event loop wait for; but for what is waiting, only that loop touches it."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        hand: Callable[[_Gatherer], None],
        at_once: int,
        pace_seconds: float,
    ) -> None:
        self.loop = loop
        self.waiting: list[_Asked] = []
        self.under_way = 0
        self._hand = hand
        self._at_once = at_once
        self._pace_seconds = pace_seconds
        self._since = 0.0
        self._is_looking = False
        self._seen = 0
        self._quiet_turns = 0

    def taken(self) -> list[_Asked]:
        """Takes what is to be written next."""
        taken, self.waiting = self.waiting[:_LARGEST], self.waiting[_LARGEST:]
        self.under_way += bool(taken)
        return taken

    def asked(self) -> None:
        """Begins a group when that is due, and otherwise looks in the next turns whether anything more comes."""
        if len(self.waiting) == 1:
            self._since = time.monotonic()
        self._begin_or_look()

    def settle(self, asked: Sequence[_Asked], outcomes: Sequence[Any]) -> None:
        """Answers a group."""
        self.under_way -= 1
        for (_item, answer), outcome in zip(asked, outcomes, strict=True):
            if answer.done():  # the caller has gone; what it asked for is recorded all the same
                continue
            if isinstance(outcome, Failed):
                answer.set_exception(outcome.error)
            else:
                answer.set_result(outcome)
        self._begin_or_look()

    def _begin_or_look(self) -> None:
        if not self.waiting or self.under_way >= self._at_once:
            return
        if len(self.waiting) >= _LARGEST or time.monotonic() - self._since >= self._pace_seconds:
            self._begin()
        elif not self._is_looking:
            self._is_looking = True
            self._seen = self._quiet_turns = 0
            self.loop.call_soon(self._look)

    def _look(self) -> None:
        waiting = len(self.waiting)
        self._quiet_turns = self._quiet_turns + 1 if waiting == self._seen else 0
        self._seen = waiting
        self._is_looking = waiting > 0 and self._quiet_turns < _QUIET_TURNS
        if self._is_looking:
            self.loop.call_soon(self._look)
        elif waiting and self.under_way < self._at_once:
            self._begin()

    def _begin(self) -> None:
        self._hand(self)
        self._since = time.monotonic()  # for those that were too many


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
