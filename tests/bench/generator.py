"""Load generators, both with the same face: one in Go where there is Go, else the processes of `tests.bench.load`.

The Go one (`goload/`) is there because nothing that was tried does all that is needed: every request different, replies
that are not parsed, closed loops and open ones whose calls are timed from when they were due, the time of every call,
and gRPC, streams and HTTP by the same clock. ghz 0.121 builds and parses messages by reflection: against a server in Go
on a core of its own it sent 240 to 1,200 different requests of this size a second where goload sent 5,700 to 12,300, in
the same run; that is below what the empty servicer in Python answers. Its calls are timed from when they were sent.
`python -m tests.bench generator` shows that goload is not the limit, against a server in Go with messages of the same
sizes.
"""

from __future__ import annotations

import base64
import itertools
import json
import struct
import subprocess
import sys
import tempfile
import threading
from array import array
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, Protocol, TypeAlias

from tests.bench.gobuild import built, go_version
from tests.bench.load import Closed, Generators, Open, Target
from tests.bench.marks import MARK, numbered
from tests.bench.measure import cpu_seconds_of_all
from tests.bench.processes import PATIENCE_SECONDS, BenchError, NoCallsError, on_cores

HERE: Final = Path(__file__).resolve().parent
SERIALS_PER_LOAD: Final = 1 << 20
MOST_FAILED: Final = 0.01  # share of calls: with more of them, nothing is measured
PROCESSES: Final = 2
"""Of the generator in Python; more of them are slower, because they share the cores with one another."""
Wire: TypeAlias = Literal["grpc", "stream", "http"]


@dataclass(frozen=True)
class Calls:
    """What is called, and with what: requests one after the other, each with a number of its own where it has marks."""

    address: str
    method: str
    requests: Sequence[bytes]
    wire: Wire = "grpc"
    connections: int = 2
    streams: int = 8
    items: int = 1
    """Of each request of a stream."""
    before: str = ""
    """What stands before the number in the id of the first item of a stream's request."""
    greeting: bytes = b""
    """Sent first on each stream."""


@dataclass(frozen=True)
class Seen:
    """What a generator saw of one load: for every call when (of the reply, or when it was due) and how long, in µs."""

    seconds: float
    moments: array[int]
    times: array[int]
    busy: float
    """Cores that the generator used."""
    server_busy: float
    """Cores that the server used, with all its processes."""
    lateness: float = 0.0
    """Seconds by which a call of an open loop was sent late, at most."""
    least_reply: int = 0
    greatest_reply: int = 0
    failed: int = 0
    """Calls that failed, which no figure counts."""


class Generator(Protocol):
    """Puts loads on servers."""

    name: str

    def ask(self, calls: Calls) -> list[bytes]:
        """Returns the reply to every request, each sent once."""

    def drive(
        self,
        calls: Calls,
        pace: Closed | Open,
        *,
        warm_up: float,
        seconds: float,
        pids: Sequence[int],
        began: threading.Event | None = None,
    ) -> Seen:
        """Puts a load on the server of these processes, and returns what it saw; says when it begins to count."""


class GoGenerator:
    """Runs `goload` for each load."""

    def __init__(self, cores: Collection[int], folder: Path) -> None:
        """Takes the cores to run on, and a folder for requests."""
        self.name = f"goload, {go_version()}"
        self._program = built(HERE / "goload")
        self._cores = cores
        self._folder = folder
        self._files: dict[int, tuple[Path, Sequence[bytes]]] = {}
        self._loads = itertools.count(1)

    def ask(self, calls: Calls) -> list[bytes]:
        """Returns the reply to every request, each sent once."""
        replies = self._folder / "replies"
        aligned = -(-self._first() // len(calls.requests)) * len(calls.requests)  # so that it starts with the first
        process = self._start(calls, first=aligned, replies=str(replies))
        _, said = process.communicate(timeout=PATIENCE_SECONDS * 4)
        if process.returncode:
            raise BenchError(f"{calls.method} at {calls.address}: {said.decode()}")
        return list(_framed(replies.read_bytes()))

    def drive(
        self,
        calls: Calls,
        pace: Closed | Open,
        *,
        warm_up: float,
        seconds: float,
        pids: Sequence[int],
        began: threading.Event | None = None,
    ) -> Seen:
        """Puts a load on a server, and returns what it saw."""
        paced = {"outstanding": pace.outstanding} if isinstance(pace, Closed) else {"rate": pace.rate}
        process = self._start(calls, first=self._first(), warm_up=warm_up, seconds=seconds, **paced)
        assert process.stdout is not None, "is a pipe"
        assert process.stderr is not None, "is a pipe"
        with process:
            process.stdout.readline()  # begins to count
            if began:
                began.set()
            before = cpu_seconds_of_all(pids)
            process.stdout.readline()  # ends
            used = cpu_seconds_of_all(pids) - before
            line = process.stdout.readline()
            data = array("I", process.stdout.read())
            if process.wait() or not line:
                raise BenchError(f"{calls.method} at {calls.address}: {process.stderr.read().decode()}")
        if sys.byteorder == "big":
            data.byteswap()
        return _seen(calls, json.loads(line), data, used / seconds)

    def _first(self) -> int:
        return next(self._loads) * SERIALS_PER_LOAD

    def _start(self, calls: Calls, **load: object) -> subprocess.Popen[bytes]:
        pipe = subprocess.PIPE
        with on_cores(self._cores):
            process = subprocess.Popen([self._program], stdin=pipe, stdout=pipe, stderr=pipe)
        load |= {
            "address": calls.address,
            "protocol": calls.wire,
            "method": calls.method,
            "requests": str(self._file(calls.requests)),
            "mark": MARK,
            "connections": calls.connections,
            "streams": calls.streams,
            "items": calls.items,
            "before": calls.before,
            "greeting": base64.b64encode(calls.greeting).decode(),
        }
        assert process.stdin is not None, "is a pipe"
        process.stdin.write(json.dumps(load).encode() + b"\n")
        process.stdin.flush()
        return process

    def _file(self, requests: Sequence[bytes]) -> Path:
        """Returns the file with the requests, written when they are first sent; they are kept, and so is their id."""
        if id(requests) not in self._files:
            path = self._folder / f"requests-{len(self._files)}"
            with path.open("wb") as file:
                for request in requests:
                    file.write(struct.pack("<I", len(request)) + request)
            self._files[id(requests)] = (path, requests)
        return self._files[id(requests)][0]


def _framed(data: bytes) -> Iterator[bytes]:
    place = 0
    while place < len(data):
        (size,) = struct.unpack_from("<I", data, place)
        yield data[place + 4 : place + 4 + size]
        place += 4 + size


def _seen(calls: Calls, summary: dict[str, Any], data: array[int], server_busy: float) -> Seen:
    place = f"{calls.method} at {calls.address}"
    if summary["errors"] > MOST_FAILED * (summary["count"] + summary["errors"]):
        raise BenchError(f"{place}: {summary['errors']} calls failed, the first with: {summary['first_error']}")
    if not summary["count"]:
        raise NoCallsError(f"{place}: no call ended in time")
    return Seen(
        summary["seconds"],
        data[::2],
        data[1::2],
        summary["busy"],
        server_busy,
        summary["lateness"],
        int(summary["least"]),
        int(summary["greatest"]),
        summary["errors"],
    )


class PythonGenerator:
    """Runs the generators in Python, which are slower, can do gRPC calls only, and make the server look slower."""

    def __init__(self, generators: Generators) -> None:
        """Takes the processes, which run."""
        self.name = f"{PROCESSES} processes in Python"
        self._generators = generators
        self._loads = itertools.count(1)

    def ask(self, calls: Calls) -> list[bytes]:
        """Returns the reply to every request, each sent once."""
        first = next(self._loads) * SERIALS_PER_LOAD
        return [
            self._generators.ask(Target(calls.address, calls.method, numbered(request, first + number)))
            for number, request in enumerate(calls.requests)
        ]

    def drive(
        self,
        calls: Calls,
        pace: Closed | Open,
        *,
        warm_up: float,
        seconds: float,
        pids: Sequence[int],
        began: threading.Event | None = None,
    ) -> Seen:
        """Puts a load on a server, and returns what it saw."""
        if calls.wire != "grpc":
            raise BenchError(f"the generator in Python knows no {calls.wire}: install Go 1.26 or newer")
        first = next(self._loads) * SERIALS_PER_LOAD
        target = Target(calls.address, calls.method, calls.requests[0], others=calls.requests[1:], first=first)
        window = self._generators.start(target, pace, warm_up=warm_up, seconds=seconds, processes=PROCESSES)
        window.wait_for_start()
        if began:
            began.set()
        before = cpu_seconds_of_all(pids)
        window.wait_for_end()
        used = cpu_seconds_of_all(pids) - before
        samples = self._generators.collect(window, processes=PROCESSES)
        moments = array("I", (round(each * 1e6) for sample in samples for each in sample.moments))
        times = array("I", (round(each * 1e6) for sample in samples for each in sample.latencies))
        if not times:
            raise NoCallsError(f"{calls.method} at {calls.address}: no call ended in time")
        return Seen(seconds, moments, times, sum(sample.busy for sample in samples), used / seconds)


@contextmanager
def generator(cores: Collection[int], *, python: bool = False) -> Iterator[Generator]:
    """Yields the generator in Go where there is Go, else (or when asked to) the one in Python."""
    if python or go_version() is None:
        if not python:
            print("no Go here, so that load comes from Python: expect it to be the limit", file=sys.stderr)
        with Generators(PROCESSES, cores) as generators:
            yield PythonGenerator(generators)
    else:
        with tempfile.TemporaryDirectory() as folder:
            yield GoGenerator(cores, Path(folder))
