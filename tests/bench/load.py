"""Load for a server: processes that keep calls waiting (closed loop) or send them at a fixed rate (open loop).

The parent never starts gRPC itself; each generator is spawned, connects for one load at a time, and sends back what it
measured. Requests and replies are bytes, so that generators spend as little as they can.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import itertools
import multiprocessing
import signal
import time
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Final, NamedTuple, TypeAlias

import grpc.aio

from tests.bench.marks import numbered
from tests.bench.processes import PATIENCE_SECONDS, BenchError, on_cores, stop_process

CHANNEL_OPTIONS: Final = (
    ("grpc.enable_http_proxy", 0),  # loopback only, whatever the environment says
    ("grpc.max_receive_message_length", -1),
)
CONNECT_SECONDS: Final = 0.15  # time for all generators to connect before the first of them sends
WARM_UP_SECONDS: Final = 0.25  # load that is not counted, at least
_SPIN_SECONDS: Final = 0.002  # asyncio's timers are late by up to a millisecond; the rest is waited for awake


@dataclass(frozen=True, slots=True)
class Target:
    """What is called, and the size of the reply that has to come, unless replies differ in size."""

    address: str
    method: str
    request: bytes
    reply_bytes: int | None = None
    others: Sequence[bytes] = ()
    """Requests that follow the first, before it is sent again."""
    first: int = 0
    """Number of the first request, which grows from call to call and goes where requests are marked."""

    def requests(self, index: int, processes: int) -> Iterator[bytes]:
        """Yields the requests of one of several processes, without end."""
        every = (self.request, *self.others)
        for number in itertools.count(self.first + index, processes):
            yield numbered(every[number % len(every)], number)


@dataclass(frozen=True, slots=True)
class Closed:
    """A number of calls that wait for their reply at any time, each followed by the next."""

    outstanding: int


@dataclass(frozen=True, slots=True)
class Open:
    """Calls per second, sent at even intervals, whether or not replies come."""

    rate: float


@dataclass(frozen=True, slots=True)
class Window:
    """When calls are first sent, and the time that counts, on the clock that all processes of the machine share."""

    first: float
    start: float
    end: float

    def wait_for_start(self) -> None:
        """Sleeps until calls count."""
        time.sleep(max(0.0, self.start - time.monotonic()))

    def wait_for_end(self) -> None:
        """Sleeps until calls count no more."""
        time.sleep(max(0.0, self.end - time.monotonic()))


@dataclass(frozen=True, slots=True)
class Load:
    """The part of one generator in a load; `offset` is how much later than the first it sends in an open loop."""

    target: Target
    pace: Closed | Open
    window: Window
    offset: float = 0.0
    connections: int = 1
    index: int = 0
    processes: int = 1


@dataclass(frozen=True, slots=True)
class Sample:
    """What one generator saw: seconds per call, when after the start each counts, and the cores that it used itself."""

    latencies: Sequence[float]
    moments: Sequence[float]
    busy: float


class Seen(NamedTuple):
    """What one generator has seen so far, and the requests that it has still to send."""

    latencies: list[float]
    moments: list[float]
    requests: Iterator[bytes]


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a generator has nothing to show."""

    message: str


_Method: TypeAlias = "grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]"
_Pace: TypeAlias = "Closed | Open"


class Generators:
    """Generator processes, which end with the block that holds them or with this process."""

    def __init__(self, count: int, cores: Collection[int], *, connections: int = 1) -> None:
        """Takes how many processes there are, where they run, and how many connections each has to a server."""
        self._count = count
        self._connections = connections
        self._cores = cores
        self._links: list[Connection] = []
        self._processes: list[BaseProcess] = []

    def __enter__(self) -> Generators:
        """Spawns the processes: a fork of a process in which gRPC runs would hang."""
        context = multiprocessing.get_context("spawn")
        for _ in range(self._count):
            link, theirs = context.Pipe()
            process = context.Process(target=_generate, args=(theirs,), daemon=True)
            with on_cores(self._cores):
                process.start()
            theirs.close()
            self._links.append(link)
            self._processes.append(process)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends the processes."""
        for link in self._links:
            link.close()
        for process in self._processes:
            stop_process(process)

    def ask(self, target: Target) -> bytes:
        """Returns the reply to one call."""
        self._links[0].send(target)
        reply = self._receive(self._links[0], PATIENCE_SECONDS)
        assert isinstance(reply, bytes), "a target is answered with the reply"
        return reply

    def start(self, target: Target, pace: Closed | Open, *, warm_up: float, seconds: float, processes: int) -> Window:
        """Starts a load on some of the processes; returns when it counts."""
        first = time.monotonic() + CONNECT_SECONDS
        start = first + max(warm_up, WARM_UP_SECONDS)
        window = Window(first, start, start + seconds)
        for index, link in enumerate(self._links[:processes]):
            link.send(replace(_part(target, pace, window, index, processes), connections=self._connections))
        return window

    def collect(self, window: Window, *, processes: int) -> list[Sample]:
        """Returns what each process saw.

        Raises:
          BenchError: when a call failed or was answered otherwise than expected.
        """
        samples = []
        for link in self._links[:processes]:
            sample = self._receive(link, window.end - time.monotonic() + PATIENCE_SECONDS)
            assert isinstance(sample, Sample), "a load is answered with a sample"
            samples.append(sample)
        return samples

    @staticmethod
    def _receive(link: Connection, seconds: float) -> object:
        if not link.poll(max(seconds, 0)):
            raise BenchError(f"a generator did not answer in {seconds:.0f} s")
        try:
            answer: object = link.recv()
        except EOFError:
            raise BenchError("a generator ended") from None
        if isinstance(answer, Failure):
            raise BenchError(answer.message)
        return answer


def _part(target: Target, pace: Closed | Open, window: Window, index: int, processes: int) -> Load:
    """Returns the part of one generator: an even share of the calls, and in an open loop its turn."""
    if isinstance(pace, Closed):
        share, rest = divmod(pace.outstanding, processes)
        return Load(target, Closed(share + (index < rest)), window, index=index, processes=processes)
    slower = Open(pace.rate / processes)
    return Load(target, slower, window, offset=index / pace.rate, index=index, processes=processes)


def _generate(link: Connection) -> None:
    """Runs a generator until its parent closes the link."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent, which gets it too, decides when to end
    asyncio.run(_obey(link))


async def _obey(link: Connection) -> None:
    while True:
        try:
            command = await asyncio.to_thread(link.recv)
        except (EOFError, ConnectionError):
            return  # the parent went away
        answer: object = None
        try:
            answer = await (_ask(command) if isinstance(command, Target) else _drive(command))
        except* (grpc.aio.AioRpcError, BenchError, TimeoutError) as errors:
            target = command if isinstance(command, Target) else command.target
            answer = Failure(f"{target.method} at {target.address}: {errors.exceptions[0]!r}")
        with contextlib.suppress(ConnectionError):
            link.send(answer)


async def _ask(target: Target) -> bytes:
    async with grpc.aio.insecure_channel(target.address, options=CHANNEL_OPTIONS) as channel:
        return await _method(channel, target)(target.request, timeout=PATIENCE_SECONDS)


async def _drive(load: Load) -> Sample:
    gc.collect()
    gc.disable()  # a pause of the generator must not look like one of the server
    seen = Seen([], [], load.target.requests(load.index, load.processes))
    try:
        async with _methods(load) as methods, asyncio.TaskGroup() as group:
            busy = group.create_task(_busy(load.window))
            if isinstance(load.pace, Open):
                group.create_task(_send(methods[0], load, load.pace.rate, seen, group))
            else:
                for number in range(load.pace.outstanding):
                    group.create_task(_repeat(methods[number % len(methods)], load, seen))
    finally:
        gc.enable()
    return Sample(seen.latencies, seen.moments, busy.result())


@contextlib.asynccontextmanager
async def _methods(load: Load) -> AsyncIterator[Sequence[_Method]]:
    """Connects, and yields the method that is called, once per connection."""
    async with contextlib.AsyncExitStack() as stack:
        options = (*CHANNEL_OPTIONS, ("grpc.use_local_subchannel_pool", 1))  # else all are one connection
        channels = [grpc.aio.insecure_channel(load.target.address, options=options) for _ in range(load.connections)]
        for channel in channels:
            await stack.enter_async_context(channel)
            await asyncio.wait_for(channel.channel_ready(), PATIENCE_SECONDS)
        yield [_method(channel, load.target) for channel in channels]


def _method(channel: grpc.aio.Channel, target: Target) -> _Method:
    return channel.unary_unary(target.method)  # no serialisers: bytes go and bytes come


async def _repeat(method: _Method, load: Load, seen: Seen) -> None:
    """Calls again and again; what counts are the calls that end in the window."""
    window = load.window
    await _until(window.first)
    while (sent := time.monotonic()) < window.end:
        await _call(method, load.target, next(seen.requests))
        ended = time.monotonic()
        if window.start <= ended < window.end:
            seen.latencies.append(ended - sent)
            seen.moments.append(ended - window.start)


async def _send(method: _Method, load: Load, rate: float, seen: Seen, group: asyncio.TaskGroup) -> None:
    """Sends at even intervals; what counts are the calls that are due in the window."""
    due = load.window.first + load.offset
    while due < load.window.end:
        await _until(due)
        group.create_task(_call_once(method, load, due, next(seen.requests), seen))
        due += 1 / rate


async def _call_once(method: _Method, load: Load, due: float, request: bytes, seen: Seen) -> None:
    """Calls once, and takes the time from when the call was due: a late generator must not flatter the server."""
    await _call(method, load.target, request)
    if due >= load.window.start:
        seen.latencies.append(time.monotonic() - due)
        seen.moments.append(due - load.window.start)


async def _call(method: _Method, target: Target, request: bytes) -> None:
    reply = await method(request, timeout=PATIENCE_SECONDS)
    if target.reply_bytes is not None and len(reply) != target.reply_bytes:
        raise BenchError(f"{target.method}: got a reply of {len(reply)} bytes, expected {target.reply_bytes}")


async def _busy(window: Window) -> float:
    """Returns the share of one core that this process uses during the window."""
    await _until(window.start)
    before, start = time.process_time(), time.monotonic()
    await _until(window.end)
    return (time.process_time() - before) / (time.monotonic() - start)


async def _until(moment: float) -> None:
    remaining = moment - time.monotonic()
    if remaining > _SPIN_SECONDS:
        await asyncio.sleep(remaining - _SPIN_SECONDS)
    while time.monotonic() < moment:  # noqa: ASYNC110 -- a clock has no event
        await asyncio.sleep(0)
