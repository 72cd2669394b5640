"""Processes that a benchmark starts: on which cores they run, and that they end."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from typing import Final

PATIENCE_SECONDS: Final = 30.0  # how long anything may take before the whole run is given up


class BenchError(RuntimeError):
    """Reports a run that measures nothing, because a call, a reply or a process was not as it should be."""


class NoCallsError(BenchError):
    """Reports a load in which no call ended in time."""


@contextmanager
def on_cores(cores: Collection[int]) -> Iterator[None]:
    """Keeps processes that are started inside the block on these cores; on any when there are none."""
    if not cores:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def stop_process(process: BaseProcess) -> None:
    """Waits for a process that was told to end, and kills it when it does not."""
    process.join(5)
    if process.is_alive():
        process.kill()
        process.join()
