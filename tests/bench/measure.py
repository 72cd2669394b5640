"""Measuring: medians of several passes, with their spread, and percentiles from all samples."""

from __future__ import annotations

import gc
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path


@dataclass(frozen=True)
class Timing:
    """Milliseconds per call: the median pass, the least and the greatest pass, and the 99th percentile of all calls."""

    median: float
    least: float
    greatest: float
    p99: float

    def __str__(self) -> str:
        """Returns the figures in one line."""
        passes = f"passes {self.least:.3f} to {self.greatest:.3f}"
        return f"{self.median:.3f} ms ({passes}), p99 of single calls {self.p99:.3f} ms"


def time_calls(call: Callable[[], object], *, passes: int = 7, calls: int = 300) -> Timing:
    """Times a call: `passes` passes of `calls` calls each, after one pass that is not counted."""
    for _ in range(calls):
        call()
    samples: list[float] = []
    means: list[float] = []
    for _ in range(passes):
        gc.collect()
        single = []
        for _ in range(calls):
            start = time.perf_counter()
            call()
            single.append((time.perf_counter() - start) * 1000)
        samples += single
        means.append(statistics.median(single))
    samples.sort()
    return Timing(statistics.median(means), min(means), max(means), samples[int(len(samples) * 0.99)])


@dataclass(frozen=True)
class Spread:
    """The median of several rounds, and the least and the greatest of them."""

    median: float
    least: float
    greatest: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Returns the spread of values."""
        return cls(statistics.median(values), min(values), max(values))

    def __format__(self, spec: str) -> str:
        """Returns the figures, each in the given format."""
        return f"{self.median:{spec}} ({self.least:{spec}} to {self.greatest:{spec}})"


def percentile(values: Sequence[float], share: float) -> float:
    """Returns the value below which this share of the values lies."""
    return sorted(values)[int(len(values) * share)]


def cpu_seconds(pid: int) -> float:
    """Returns the processor time that a process has used so far, in all its threads."""
    stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    user, system = stat.rpartition(")")[2].split()[11:13]  # the name before the parenthesis may hold spaces
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def processes_under(pid: int) -> list[int]:
    """Returns a process and all that it started, directly or through others."""
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        below = [int(child) for task in tasks for child in (task / "children").read_text(encoding="ascii").split()]
    except OSError:
        return []  # it ended meanwhile
    return [pid, *(each for child in below for each in processes_under(child))]


def cpu_seconds_of_all(pids: Iterable[int]) -> float:
    """Returns the processor time used so far by processes and all that they started, as far as they still run."""
    used = 0.0
    for pid in pids:
        for each in processes_under(pid):
            with suppress(OSError):
                used += cpu_seconds(each)
    return used


def resident_mib(pid: int | str = "self") -> float:
    """Returns the resident memory of a process, in MiB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def machine() -> str:
    """Returns what the figures were taken on."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("grpcio", "protobuf", "cel-expr-python"))
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{python}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {packages}"
