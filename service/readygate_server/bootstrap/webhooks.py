"""Tells others what happened for as long as a server runs; of several processes one does."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final

from readygate_server.adapters.notices.cloud_events import cloud_event
from readygate_server.adapters.notices.derive import Change, LogSource
from readygate_server.adapters.notices.requests import asked, done
from readygate_server.adapters.notices.sender import HttpSender
from readygate_server.adapters.notices.watched import WatchedWebhooks
from readygate_server.adapters.storage import RecordStore
from readygate_server.adapters.storage.clock import microseconds_now
from readygate_server.adapters.storage.notice_turn import DatabaseTurn, FileTurn, NoticeTurn
from readygate_server.adapters.storage.notices import StoredNotices
from readygate_server.adapters.storage.waivers import StoredWaivers
from readygate_server.application.notice_ports import Answer, Endpoint, Pending, Result
from readygate_server.application.notices import WINDOW, Delivery, Projection
from readygate_server.domain.errors import RecordUnavailableError
from readygate_server.domain.foundations import AssetKey
from readygate_server.domain.identity import LOCAL
from readygate_server.domain.vocabulary import Verdict
from readygate_server.grpc_api.enum_values import VERDICTS
from readygate_server.grpc_api.reevaluation import Reevaluation, Wanted
from readygate_server.observability import Metrics, logger
from readygate_server.settings import RecordSettings

_PAUSE_SECONDS: Final = 0.25
_PACE_SECONDS: Final = 0.02
"""Between two groups of deliveries: whoever asks the gate goes first."""
_LOOKS: Final = 10
"""Pauses that a busy process puts off entries of the log, or a group of deliveries, at most."""
_BUSY: Final = 0.5
"""Share of a processor from which on a process counts as busy."""
_TURN_SECONDS: Final = 1.0
_PRUNE_SECONDS: Final = 3_600.0
_OPEN_DAYS: Final = 90
_PAGE: Final = 100
_VERDICTS: Final = {number: verdict for verdict, number in VERDICTS.items()}


class Webhooks:
    """Everything that tells others."""

    def __init__(
        self, file: Path, store: RecordStore, again: Reevaluation, settings: RecordSettings, origin: str
    ) -> None:
        """Reads the webhooks file; raises FaultsError or OSError."""
        self._watched = WatchedWebhooks(file)
        self._settings = settings
        self._outbox = StoredNotices(store, partial(cloud_event, source=origin))
        source = LogSource(self._outbox, store, StoredWaivers(store), partial(_changes, again), now=microseconds_now)
        self._projection = Projection(self._outbox, source, microseconds_now)
        self._sender = HttpSender()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._told: _Told | None = None

    async def prepare(self) -> None:
        """Notes from where on is told, before anything more is recorded; raises RecordUnavailableError."""
        await self._outbox.next_leaf()
        for endpoint in await self._watched.current():
            with suppress(RecordUnavailableError):  # another server may be doing the same
                await self._outbox.assign(endpoint, window=WINDOW)

    async def run(self, metrics: Metrics) -> None:
        """Tells others until it is cancelled."""
        self._told = _Told(metrics)
        settings = self._settings
        turn: NoticeTurn = (
            DatabaseTurn(settings.database_url) if settings.database_url else FileTurn(settings.directory)
        )
        try:
            await self._run(turn)
        finally:
            await self._end_all()
            await self._sender.close()
            await turn.close()

    async def _run(self, turn: NoticeTurn) -> None:
        loop = asyncio.get_running_loop()
        turn_at = prune_at = 0.0
        has_turn = False
        while True:
            try:
                await self._answer_requests()
                if loop.time() >= turn_at:
                    has_turn = await turn.held()
                    turn_at = loop.time() + _TURN_SECONDS
                    await self._show(has_turn=has_turn)
                if has_turn:
                    endpoints = await self._watched.current()
                    self._start(endpoints)
                    await self._projection.advance(endpoints)
                    if loop.time() >= prune_at:
                        names = [each.name for each in endpoints]
                        if not await self._outbox.prune(names, microseconds_now()):
                            prune_at = loop.time() + _PRUNE_SECONDS
                else:
                    await self._end_all()
            except RecordUnavailableError as error:
                logger().error("webhooks_wait", detail=error.detail)
                await asyncio.sleep(_TURN_SECONDS)
            except Exception as error:  # noqa: BLE001 -- whatever an entry brings up, the server and the next try go on
                logger().error("unexpected", doing="webhooks", exc_info=error)
                await asyncio.sleep(_TURN_SECONDS)
            await _calm(_PAUSE_SECONDS)

    def _start(self, endpoints: Sequence[Endpoint]) -> None:
        names = {endpoint.name for endpoint in endpoints}
        for name in names - self._tasks.keys():
            self._tasks[name] = asyncio.create_task(self._deliver(name))
        for name in self._tasks.keys() - names:
            self._tasks.pop(name).cancel()

    async def _end_all(self) -> None:
        tasks = [*self._tasks.values()]
        self._tasks.clear()
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _deliver(self, name: str) -> None:
        assert self._told is not None
        delivery = Delivery(self._outbox, self._sender, self._told, now=microseconds_now, chance=random.random)
        while True:
            endpoint = next((each for each in await self._watched.current() if each.name == name), None)
            busy = False
            try:
                busy = endpoint is not None and await delivery.advance(endpoint)
            except RecordUnavailableError as error:
                logger().error("webhooks_wait", endpoint=name, detail=error.detail)
                await asyncio.sleep(_TURN_SECONDS)
            except Exception as error:  # noqa: BLE001 -- one endpoint must end neither itself nor the others
                logger().error("unexpected", doing="webhooks", endpoint=name, exc_info=error)
                await asyncio.sleep(_TURN_SECONDS)
            await _calm(_PACE_SECONDS if busy else _PAUSE_SECONDS)

    async def _answer_requests(self) -> None:
        for path, again in await asyncio.to_thread(asked, self._settings.directory):
            count = await self._outbox.again(again.endpoint, again.event_ids)
            logger().info("webhook_retry", endpoint=again.endpoint, events=count)
            done(path)

    async def _show(self, *, has_turn: bool) -> None:
        if self._told is not None:
            for state in await self._outbox.states():
                self._told.metrics.show_webhooks(state.name, *((state.pending, state.dead) if has_turn else (0, 0)))


async def _calm(seconds: float) -> None:
    """Waits, and longer while callers keep this process busy: they wait for an answer, and nobody for an event."""
    for _ in range(_LOOKS):
        wall, used = time.monotonic(), time.process_time()
        await asyncio.sleep(seconds)
        if time.process_time() - used < _BUSY * (time.monotonic() - wall):
            return


class _Told:
    """Logs and counts deliveries."""

    def __init__(self, metrics: Metrics) -> None:
        self.metrics = metrics

    def attempted(self, endpoint: Endpoint, pending: Pending, answer: Answer, *, is_dead: bool) -> None:
        """Takes note of an attempt."""
        outcome = "dead" if is_dead else answer.result.value
        self.metrics.webhooks.labels(endpoint.name, outcome).inc()
        about = {
            "endpoint": endpoint.name,
            "event_id": pending.event_id,
            "type": pending.type,
            "attempt": pending.attempts + 1,
            "detail": answer.detail,
        }
        if answer.result is Result.DELIVERED:
            logger().info("webhook_delivered", **about)
        elif answer.result is Result.GONE:
            logger().error("webhook_disabled", **about)
        else:
            logger().log(40 if is_dead else 30, "webhook_dead" if is_dead else "webhook_failed", **about)


async def _changes(again: Reevaluation, key: AssetKey, revision: int) -> Sequence[Change]:
    """Returns what an asset changes for the open proposals; of a first revision none, which nobody referenced."""
    found: list[Change] = []
    after = ""
    while revision > 1:
        page = await again.page(LOCAL, Wanted(key, _OPEN_DAYS, after, _PAGE), lambda: False)
        found += [
            Change(each.decision_id, _VERDICTS.get(each.before, Verdict.UNDETERMINED), _VERDICTS[each.now])
            for each in page.message.proposals
            if each.now in _VERDICTS
        ]
        after = page.next
        if not after:
            break
    return found
