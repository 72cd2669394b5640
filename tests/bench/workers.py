"""What several workers bring: decisions per second with 1, 2 and 4 of them: `python -m tests.bench.workers`.

All servers run beside each other and are loaded in turn, recorded and unrecorded, so that whatever else the machine
does meets all, and each round gives ratios of its own. Generators run on the same cores as the servers: of four cores,
four workers have what the generators leave. Callers have several connections, because a connection stays with the
worker that it met.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from readygate.v1 import gate_service_pb2 as pb
from tests.bench.contenders import Server, gate_server
from tests.bench.load import Closed, Generators, Target
from tests.bench.measure import Spread, cpu_seconds, machine
from tests.bench.processes import BenchError
from tests.bench.record import evaluation

WORKERS: Final = (1, 2, 4)
KINDS: Final = ("unrecorded", "recorded in SQLite")
GENERATORS: Final = 2
CONNECTIONS: Final = 16
"""Of each generator. With 32 in all, the busiest of two workers has on average 57 of 100 connections."""
_METHOD: Final = "/readygate.v1.GateService/Evaluate"


@dataclass(frozen=True)
class Trial:
    """One server under load, and what its rounds gave."""

    kind: str
    workers: int
    server: Server
    target: Target
    rates: list[float] = field(default_factory=list)
    cores: list[float] = field(default_factory=list)


@contextmanager
def trials() -> Iterator[list[Trial]]:
    """Runs all servers."""
    request = evaluation()
    with ExitStack() as stack:
        found = []
        for kind in KINDS:
            for count in WORKERS:
                folder = stack.enter_context(tempfile.TemporaryDirectory())
                keeping = ["--no-record"] if kind == KINDS[0] else ["--data-dir", folder]
                name = f"{count} workers"
                server = stack.enter_context(gate_server((), keeping=[*keeping, "--workers", str(count)], name=name))
                found.append(Trial(kind, count, server, Target(server.address, _METHOD, request)))
        yield found


def processes_of(pid: int) -> list[int]:
    """Returns a process and those that it started."""
    below = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return [pid, *map(int, below)]


def run(trial: Trial, generators: Generators, *, callers: int, seconds: float) -> None:
    """Loads a server once and keeps what came of it."""
    pace = Closed(callers)
    window = generators.start(trial.target, pace, warm_up=0.5, seconds=seconds, processes=GENERATORS)
    processes = processes_of(trial.server.pid)
    time.sleep(max(0.0, window.start - time.monotonic()))
    before, start = sum(map(cpu_seconds, processes)), time.monotonic()
    time.sleep(max(0.0, window.end - time.monotonic()))
    trial.cores.append((sum(map(cpu_seconds, processes)) - before) / (time.monotonic() - start))
    samples = generators.collect(window, processes=GENERATORS)
    trial.rates.append(sum(len(sample.latencies) for sample in samples) / seconds)


def report(found: Sequence[Trial]) -> Iterator[str]:
    """Yields the figures of all, with their ratio to one worker of the same kind."""
    for trial in found:
        one = next(each for each in found if each.kind == trial.kind and each.workers == 1)
        ratio = Spread.of([many / single for many, single in zip(trial.rates, one.rates, strict=True)])
        yield (
            f"  {trial.kind:18} {trial.server.name}: {Spread.of(trial.rates):,.0f} per second, "
            f"{ratio:.2f} of one worker; {Spread.of(trial.cores):.1f} cores busy"
        )


def measure(options: argparse.Namespace) -> None:
    """Runs everything."""
    with trials() as found, Generators(GENERATORS, set(), connections=CONNECTIONS) as generators:
        for trial in found:
            if not pb.EvaluateResponse.FromString(generators.ask(trial.target)).HasField("decision"):
                raise BenchError("a server did not judge the proposal")
        for number in range(options.rounds):
            for trial in found:
                run(trial, generators, callers=options.callers, seconds=options.seconds)
            print(f"round {number + 1} of {options.rounds}, load {os.getloadavg()[0]:.1f}", file=sys.stderr, flush=True)
        connections = GENERATORS * CONNECTIONS
        print(f"{options.callers} callers on {connections} connections, one Evaluate per call, {options.rounds} rounds")
        print("\n".join(report(found)))


def main() -> int:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7, help="rounds (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=2.0, help="seconds of each load (default: %(default)s)")
    parser.add_argument("--callers", type=int, default=64, help="calls that wait at any time (default: %(default)s)")
    options = parser.parse_args()
    if options.rounds < 1 or options.seconds <= 0:
        parser.error("at least one round is needed, of more than no time")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    print(machine(), flush=True)
    try:
        measure(options)
    except BenchError as error:
        print(f"no figures: {error}", file=sys.stderr)
        return 1
    print(f"load now {os.getloadavg()[0]:.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
