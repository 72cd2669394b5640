"""Measuring: medians of several passes, with their spread, and percentiles from all samples."""

from __future__ import annotations

import gc
import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version


@dataclass(frozen=True)
class Timing:
    """Milliseconds per call: the median pass, the least and the greatest pass, and the 99th percentile of all calls."""

    median: float
    least: float
    greatest: float
    p99: float

    def __str__(self) -> str:
        """Returns the figures in one line."""
        return (
            f"{self.median:.3f} ms (passes {self.least:.3f} to {self.greatest:.3f}), p99 of single calls {self.p99:.3f} ms"
        )


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


def resident_mib() -> float:
    """Returns the resident memory of this process, in MiB."""
    with open("/proc/self/statm", encoding="ascii") as statm:
        pages = int(statm.read().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def machine() -> str:
    """Returns what the figures were taken on."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("grpcio", "protobuf", "cel-expr-python"))
    return f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {packages}"
