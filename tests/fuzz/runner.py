"""Runs many inputs in processes of their own, and notices when one of these dies or does not come back."""

from __future__ import annotations

import multiprocessing
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, Final

from tests.fuzz.inputs import make_input
from tests.fuzz.oracle import Failure, Oracle

SHIPPED: Final = "tests.fuzz.targets:Shipped"
PATIENCE_SECONDS: Final = 60.0
_MOST_FAILURES: Final = 20
_SLOWEST: Final = 5


@dataclass
class Report:
    """What became of all inputs."""

    taken: int = 0
    seconds: float = 0.0
    growth: float = 0.0
    results: Counter[tuple[str, str]] = field(default_factory=Counter)
    slowest: list[tuple[float, int]] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)

    def add(self, other: Report) -> None:
        """Takes in the report of another process."""
        self.taken += other.taken
        self.seconds += other.seconds
        self.growth = max(self.growth, other.growth)
        self.results += other.results
        self.slowest = sorted([*self.slowest, *other.slowest], reverse=True)[:_SLOWEST]
        self.failures += other.failures

    def of(self, target: str) -> Mapping[str, int]:
        """Returns how often each result came of one target."""
        return {result: count for (name, result), count in self.results.items() if name == target}

    def __str__(self) -> str:
        """Returns a table, and every failure."""
        lines = [f"{name:11} {result:28} {count:8,}" for (name, result), count in sorted(self.results.items())]
        slow = ", ".join(f"{number} in {seconds:.2f} s" for seconds, number in self.slowest)
        lines.append(f"{self.taken:,} inputs, {self.seconds:.0f} s of processor time, {self.growth:.0f} MB more memory")
        lines.append(f"slowest: {slow}")
        return "\n".join([*lines, *map(str, self.failures), f"{len(self.failures)} failures"])


@dataclass
class _Worker:
    """A process, what it says at its end, the input it is at, and since when."""

    process: BaseProcess
    result: Connection
    current: Any
    seen: int = -1
    since: float = 0.0


def run(
    count: int, *, processes: int = 1, first: int = 0, targets: str = SHIPPED, patience: float = PATIENCE_SECONDS
) -> Report:
    """Runs inputs by number, dealt out to processes, and returns the report on all of them."""
    context: Any = multiprocessing.get_context("spawn")  # what gRPC holds does not survive a fork
    workers = []
    for each in range(processes):
        receive, send = context.Pipe(duplex=False)
        current = context.Value("q", -1, lock=False)
        numbers = range(first + each, first + count, processes)
        process = context.Process(target=_work, args=(numbers, targets, current, send), daemon=True)
        process.start()
        send.close()
        workers.append(_Worker(process, receive, current))
    report = Report()
    for worker in workers:
        report.add(_result_of(worker, patience))
    return report


def _work(numbers: range, targets: str, current: Any, result: Connection) -> None:
    module, _, name = targets.partition(":")
    oracle = Oracle(getattr(import_module(module), name)())
    report = Report()
    for number in numbers:
        current.value = number
        given = make_input(number)
        taken = oracle.take(given)
        report.taken += 1
        report.seconds += taken.seconds
        report.results.update((given.target, each) for each in taken.results)
        if len(report.slowest) < _SLOWEST or taken.seconds > report.slowest[-1][0]:
            report.slowest = sorted([*report.slowest, (taken.seconds, number)], reverse=True)[:_SLOWEST]
        if taken.failure is not None:
            report.failures.append(taken.failure)
            if len(report.failures) >= _MOST_FAILURES:
                break
    report.growth = oracle.growth
    result.send(report)


def _result_of(worker: _Worker, patience: float) -> Report:
    while not worker.result.poll(0.1):
        number, now = int(worker.current.value), time.monotonic()
        if number != worker.seen or number < 0:
            worker.seen, worker.since = number, now
        elif now - worker.since > patience:
            worker.process.kill()
            worker.process.join()
            return Report(failures=[Failure(number, f"nothing came back within {patience:g} s")])
    try:
        report: Report = worker.result.recv()
    except EOFError:
        worker.process.join()
        code = worker.process.exitcode
        return Report(failures=[Failure(int(worker.current.value), f"the process died with {code}")])
    worker.process.join()
    return report
