"""What it costs to record: decisions per second with and without a record, in one run: `python -m tests.bench.record`.

First servers over gRPC that differ only in what they keep. Then the disk: how often per second it syncs what one
decision writes, which no record can pass that syncs each by itself; and the store alone, with callers in one process
and in several. All take turns, so that whatever else the machine does meets all, and each round gives its own ratios.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.reduction import DupFd
from pathlib import Path
from typing import Any, Final

from readygate.v1 import gate_pb2, ruleset_pb2
from readygate.v1 import gate_service_pb2 as pb
from readygate_server.adapters.storage import DirectoryLock, open_store
from readygate_server.bootstrap import DEFAULT_RULESET
from readygate_server.domain.record import Sealed, Stamp
from tests import postgres
from tests.bench.contenders import Server, gate_server
from tests.bench.load import Closed, Generators, Target
from tests.bench.measure import Spread, machine
from tests.bench.processes import BenchError, stop_process
from tests.bench.server import Trial, time_alone
from tests.bench.server import run as run_trial
from tests.bench.workload import AS_OF, workload
from tests.contracts.records import MemoryAnchor, PlainSigner, decision

CALLERS: Final = (8, 64)
WORKERS: Final = 4
_METHOD: Final = "/readygate.v1.GateService/Evaluate"
_NOTHING: Final = "no record"


@dataclass(frozen=True)
class Sizes:
    """Bytes of a request and its answer, which the store alone is given as well."""

    request: int
    response: int


@dataclass(frozen=True)
class Series:
    """One kind of work, and what its rounds gave per second."""

    name: str
    callers: int
    rates: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        """Returns the figures in one line."""
        return f"  {self.name:28} {self.callers:3} callers: {Spread.of(self.rates):,.0f} per second"


def evaluation() -> bytes:
    """Returns a request that is nobody's twin: it has no id."""
    return pb.EvaluateRequest(
        proposal=workload(),
        gate=gate_pb2.GATE_COMMIT,
        as_of=AS_OF,
        view=pb.VIEW_SUMMARY,
        ruleset=ruleset_pb2.RulesetSelector(name=DEFAULT_RULESET),
    ).SerializeToString()


def syncs(directory: Path, size: int, seconds: float) -> float:
    """Returns how often per second as many bytes can be appended to a file and synced."""
    block, count = os.urandom(size), 0
    with tempfile.NamedTemporaryFile(dir=directory) as file:
        start = time.monotonic()
        while (elapsed := time.monotonic() - start) < seconds:
            os.write(file.fileno(), block)
            os.fdatasync(file.fileno())
            count += 1
    return count / elapsed


async def record_for(place: str | Path, sizes: Sizes, callers: int, seconds: float, lock: int | None = None) -> float:
    """Returns the decisions per second of some callers in this process, each with its own request id every time."""
    inherited = DirectoryLock(Path(place), inherited=lock) if lock is not None else None
    store = await open_store(place, signer=PlainSigner(), anchor=MemoryAnchor(), lock=inherited)
    request, response = os.urandom(sizes.request), os.urandom(sizes.response)
    run, counts = os.urandom(8).hex(), [0] * callers

    def seal(stamp: Stamp) -> Sealed:
        return Sealed(bytes(300) + stamp.id.encode(), response + stamp.id.encode())

    async def call(caller: int, end: float) -> None:
        while time.monotonic() < end:
            await store.record(decision(f"{run}-{caller}-{counts[caller]}", request=request, seal=seal))
            counts[caller] += 1

    start = time.monotonic()
    await asyncio.gather(*(call(caller, start + seconds) for caller in range(callers)))
    elapsed = time.monotonic() - start
    await store.close()
    return sum(counts) / elapsed


def record_in(place: str | Path, sizes: Sizes, callers: int, seconds: float, lock: int | None = None) -> float:
    """Runs callers in this process; for the processes that share a directory as well."""
    return asyncio.run(record_for(place, sizes, callers, seconds, lock))


def record_in_workers(directory: Path, sizes: Sizes, callers: int, seconds: float) -> float:
    """Returns the decisions per second of callers spread over several processes that write in turns."""
    lock, context = DirectoryLock(directory), get_context("spawn")
    links, processes = [], []
    for _ in range(WORKERS):
        link, theirs = context.Pipe()
        asked = (theirs, DupFd(lock.fileno()), directory, sizes, callers // WORKERS, seconds)
        processes.append(context.Process(target=_work, args=asked, daemon=True))
        links.append(link)
    try:
        for process in processes:
            process.start()
        for link in links:
            link.recv()  # is ready
        for link in links:
            link.send("go")
        return sum(float(link.recv()) for link in links)
    finally:
        for process in processes:
            stop_process(process)
        lock.release()


def _work(link: Connection, lock: Any, directory: Path, sizes: Sizes, callers: int, seconds: float) -> None:
    file = lock.detach()
    link.send("ready")
    link.recv()
    link.send(record_in(directory, sizes, callers, seconds, file))


@contextmanager
def servers(database: str) -> Iterator[list[Server]]:
    """Runs servers that differ only in what they keep."""
    with ExitStack() as stack:
        folders = [Path(stack.enter_context(tempfile.TemporaryDirectory())) for _ in range(2)]
        kept = {
            _NOTHING: ["--no-record"],
            "SQLite": ["--data-dir", str(folders[0])],
            "PostgreSQL": ["--data-dir", str(folders[1]), "--database-url", database],
        }
        yield [stack.enter_context(gate_server((), keeping=each, name=name)) for name, each in kept.items()]


def measure_store(sizes: Sizes, server: str, options: argparse.Namespace) -> None:
    """Prints what the disk and the store alone can do."""
    floor = [Series("syncs of one decision each", 1), Series("syncs of 64 decisions each", 1)]
    kinds = ("SQLite", f"SQLite, {WORKERS} processes", "PostgreSQL")
    series = {(kind, callers): Series(kind, callers) for callers in CALLERS for kind in kinds}
    for _ in range(options.rounds):
        with ExitStack() as stack:
            one, many = (Path(stack.enter_context(tempfile.TemporaryDirectory())) for _ in range(2))
            database = stack.enter_context(postgres.fresh_database(server))
            for each, times in zip(floor, (1, 64), strict=True):
                size = (sizes.request + sizes.response) * times
                each.rates.append(syncs(one, size, options.seconds / 2))
            for callers in CALLERS:
                rates = (
                    record_in(one, sizes, callers, options.seconds),
                    record_in_workers(many, sizes, callers, options.seconds),
                    record_in(database, sizes, callers, options.seconds),
                )
                for kind, rate in zip(kinds, rates, strict=True):
                    series[kind, callers].rates.append(rate)
    print(f"disk and store alone; request {sizes.request} bytes, answer {sizes.response} bytes")
    print("\n".join(str(each) for each in (*floor, *series.values())))


def measure_servers(trials: Sequence[Trial], generators: Generators, options: argparse.Namespace) -> None:
    """Prints what servers with and without a record can do, and the ratio between them."""
    for _ in range(options.rounds):
        for trial in trials:
            run_trial(trial, generators, seconds=options.seconds)
    print("servers, one Evaluate per call; ratio to the server without a record")
    for trial in trials:
        base = next(each for each in trials if each.server.name == _NOTHING and each.pace == trial.pace)
        ratios = [ours / theirs for ours, theirs in zip(trial.rates, base.rates, strict=True)]
        assert isinstance(trial.pace, Closed)
        print(f"  {trial.pace.outstanding:3} callers: {trial}; ratio {Spread.of(ratios):.2f}")


def measure(options: argparse.Namespace) -> None:
    """Runs everything."""
    request = evaluation()
    with ExitStack() as stack:
        server = stack.enter_context(postgres.shared_server())
        database = stack.enter_context(postgres.fresh_database(server))
        generators = stack.enter_context(Generators(2, set()))
        found = stack.enter_context(servers(database))
        targets = [(each, Target(each.address, _METHOD, request)) for each in found]
        answers = [generators.ask(target) for _server, target in targets]
        if not all(pb.EvaluateResponse.FromString(answer).HasField("decision") for answer in answers):
            raise BenchError("a server did not judge the proposal")
        trials = [
            Trial(each, target, Closed(callers), 1, time_alone(target, generators))
            for callers in CALLERS
            for each, target in targets
        ]
        measure_servers(trials, generators, options)
    with postgres.shared_server() as server:
        measure_store(Sizes(len(request), max(map(len, answers))), server, options)


def main() -> int:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=4, help="rounds (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=1.0, help="seconds of each load (default: %(default)s)")
    options = parser.parse_args()
    if options.rounds < 1 or options.seconds <= 0:
        parser.error("at least one round is needed, of more than no time")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    print(machine(), flush=True)
    started = time.monotonic()
    try:
        measure(options)
    except BenchError as error:
        print(f"no figures: {error}", file=sys.stderr)
        return 1
    print(f"{time.monotonic() - started:.0f} s, load now {os.getloadavg()[0]:.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
