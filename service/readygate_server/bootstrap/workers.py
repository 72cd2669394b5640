"""A server of several processes: starts workers on one port, starts those again that die, and stops them together.

This process answers nothing. It has the port and the lock of the data directory for as long as it lives, and workers
are programs that it starts, never forks, so that gRPC runs in processes that began without it.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import time
from asyncio.subprocess import DEVNULL, Process, create_subprocess_exec
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import Final

from readygate_server.adapters.identity.shared_counts import make_counts
from readygate_server.adapters.storage import DirectoryLock, StoreRefusedError
from readygate_server.bootstrap.reservation import Reservation
from readygate_server.bootstrap.seat import OPENED, RULESETS, SERVING, Seat
from readygate_server.bootstrap.summed_metrics import SummedMetrics
from readygate_server.observability import configure_logging, logger
from readygate_server.settings import ServerSettings, SettingsError

FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 10.0
STARTS: Final = 5
"""Starts in a row that may come to nothing before a server of which no worker serves gives up."""
LATENESS_SECONDS: Final = 10.0
"""How much longer than the drain workers may take to end."""
_FAILED: Final = 4
_SECRET_BYTES: Final = 32
_SAID_WHY: Final = (3, 4)
"""Exit codes with which a worker has said why it can not start."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What all workers of a server have from it."""

    command: Sequence[str]
    """What starts a worker, but for its seat."""
    reservation: Reservation
    mtls: Reservation | None = None
    http: Reservation | None = None
    lock: DirectoryLock | None = None
    counts: int | None = None
    metrics: SummedMetrics | None = None

    secret: str = field(default_factory=lambda: os.urandom(_SECRET_BYTES).hex(), repr=False)
    """What seals the sessions of pages where no record has a secret for it; none of a worker would know the others'."""
    served: dict[tuple[str, str], str] = field(default_factory=dict)
    """Digests of the rulesets that workers have served, by name and version."""

    def seat(self, number: int, link: int) -> Seat:
        """Returns the seat of a worker."""
        return Seat(
            number,
            link,
            self.lock.fileno() if self.lock else None,
            self.counts,
            str(self.reservation.address),
            str(self.mtls.address) if self.mtls else "",
            str(self.http.address) if self.http else "",
            [(name, version, digest) for (name, version), digest in self.served.items()],
            self.secret,
        )

    def environment(self, seat: Seat) -> dict[str, str]:
        """Returns the environment of a worker."""
        shown = self.metrics.variable if self.metrics else {}
        return {**os.environ, **shown, **seat.variable}


async def serve_with_workers(settings: ServerSettings, command: Sequence[str]) -> int:
    """Serves by several processes until SIGTERM or SIGINT, then lets them drain; returns the exit code.

    Raises:
      SettingsError: when another server has the data directory, or this system can not share a port.
      ListenError: when an address can not be listened on.
    """
    configure_logging()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with ExitStack() as held:
        reservation = held.enter_context(Reservation(settings.listen))
        mtls = held.enter_context(Reservation(settings.listen_mtls)) if settings.listen_mtls else None
        http = held.enter_context(Reservation(settings.http)) if settings.http else None
        lock = _lock(settings)
        if lock is not None:
            held.callback(lock.release)
        counts = make_counts() if settings.identity else None
        if counts is not None:
            held.callback(os.close, counts)
        metrics = held.enter_context(SummedMetrics(settings.metrics)) if settings.metrics else None
        return await _Workers(settings, Shared(command, reservation, mtls, http, lock, counts, metrics), stop).run()


def _lock(settings: ServerSettings) -> DirectoryLock | None:
    """Takes the lock of a record in a directory; a database needs none."""
    if settings.record is None or settings.record.database_url:
        return None
    try:
        return DirectoryLock(settings.record.directory)
    except (StoreRefusedError, OSError) as error:
        raise SettingsError(str(error)) from error


class _Workers:
    """The workers of one server."""

    def __init__(self, settings: ServerSettings, shared: Shared, stop: asyncio.Event) -> None:
        self._settings = settings
        self._shared = shared
        self._stop = stop
        self._opened = asyncio.Event()
        self._serving: set[int] = set()
        self._has_served = False
        self._failures = 0
        self._code = 0

    async def run(self) -> int:
        async with asyncio.TaskGroup() as group:
            for number in range(1, self._settings.workers + 1):
                group.create_task(self._keep(number))
        logger().info("ended", code=self._code)
        return self._code

    async def _keep(self, number: int) -> None:
        """Keeps a worker there until all are told to stop."""
        if number > 1:
            # The first makes what is not there yet: keys, names, tables. It also finds out what can not be.
            await _either(self._opened, self._stop)
        pause = FIRST_PAUSE
        while not self._stop.is_set():
            began = time.monotonic()
            code = await self._live(number)
            if self._stop.is_set():
                return
            self._give_up_if_vain(code)
            if time.monotonic() - began > LONGEST_PAUSE:
                pause = FIRST_PAUSE
            await _either(self._stop, seconds=pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def _give_up_if_vain(self, code: int) -> None:
        """Stops a server of which nothing will come."""
        is_first = not self._opened.is_set()
        if is_first or (not self._serving and self._failures >= STARTS):
            self._code = code if is_first and code in _SAID_WHY else _FAILED
            self._stop.set()

    async def _live(self, number: int) -> int:
        """Starts a worker and returns its exit code when it has ended."""
        ours, theirs = socket.socketpair()
        with theirs:
            seat = self._shared.seat(number, theirs.fileno())
            process = await create_subprocess_exec(
                *self._shared.command, stdin=DEVNULL, pass_fds=seat.files, env=self._shared.environment(seat)
            )
        reader, writer = await asyncio.open_unix_connection(sock=ours)
        ending = asyncio.create_task(self._end(process))
        try:
            await self._listen(number, process, reader)
            code = await process.wait()
        finally:
            ending.cancel()
            writer.close()
        was_serving = number in self._serving
        self._serving.discard(number)
        self._failures = 0 if was_serving else self._failures + 1
        if self._shared.metrics:
            self._shared.metrics.ended(process.pid, serving=len(self._serving))
        if not self._stop.is_set():
            logger().error("worker_ended", worker=number, pid=process.pid, code=code)
        return code

    async def _listen(self, number: int, process: Process, reader: asyncio.StreamReader) -> None:
        """Takes note of what a worker says, until it ends."""
        with suppress(ConnectionError):
            while line := await reader.readline():
                news, _, detail = line.decode().partition(" ")
                if news == OPENED:
                    self._opened.set()
                elif news == SERVING:
                    self._serves(number, process)
                elif news == RULESETS:
                    for name, version, digest in json.loads(detail):
                        self._shared.served.setdefault((name, version), digest)

    def _serves(self, number: int, process: Process) -> None:
        self._serving.add(number)
        logger().info("worker_serving", worker=number, pid=process.pid)
        if self._shared.metrics:
            self._shared.metrics.serving(len(self._serving))
        if not self._has_served and len(self._serving) == self._settings.workers:
            self._has_served = True
            pages = {"pages": self._settings.pages_at(self._shared.http.address)} if self._shared.http else {}
            where, workers = str(self._shared.reservation.address), self._settings.workers
            logger().info("serving", address=where, workers=workers, **pages)

    async def _end(self, process: Process) -> None:
        """Ends a worker when all are told to stop; one that does not drain in time is killed."""
        await self._stop.wait()
        with suppress(ProcessLookupError):
            process.terminate()
            await asyncio.sleep(self._settings.drain_seconds + LATENESS_SECONDS)
            process.kill()
            self._code = _FAILED  # what it had taken is not answered
            logger().error("worker_killed", pid=process.pid)


async def _either(*events: asyncio.Event, seconds: float | None = None) -> None:
    """Waits for the first of some events, at most for some time."""
    waiting = [asyncio.create_task(event.wait()) for event in events]
    await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for each in waiting:
        each.cancel()
