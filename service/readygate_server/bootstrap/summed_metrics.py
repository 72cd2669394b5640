"""Metrics of a server of several processes: one address, at which the figures of all workers are summed."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

from readygate_server.observability import RULESETS, logger, offer
from readygate_server.settings import Address, ListenError

VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
"""The name by which the library of the metrics knows in a worker where to count."""
_PREFIX: Final = "readygate-metrics-"
_MEMORY: Final = Path("/dev/shm")  # noqa: S108 -- a directory of its own is made there


class SummedMetrics:
    """Files in which workers count, and what sums over them. What a worker counted outlives it."""

    def __init__(self, address: Address) -> None:
        """Offers the metrics, before there are any.

        Raises:
          ListenError: when the address can not be listened on.
        """
        # In memory where there is such a place: a disk that is full would kill a worker that counts.
        place = _MEMORY if os.access(_MEMORY, os.W_OK) else None
        self._directory = tempfile.mkdtemp(prefix=_PREFIX, dir=place)
        registry = CollectorRegistry()
        registry.register(_Workers(self._directory))
        self._serving = Gauge("readygate_workers_serving", "Workers that serve.", registry=registry)
        self._ended = Counter("readygate_workers_ended", "Workers that ended.", registry=registry)
        try:
            port, self._stop = offer(registry, address)
        except OSError as error:
            shutil.rmtree(self._directory)
            raise ListenError(f"can not offer metrics on {address}: {error.strerror}") from error
        logger().info("metrics", address=str(Address(address.host, port)))

    @property
    def variable(self) -> dict[str, str]:
        """The environment by which a worker knows where to count."""
        return {VARIABLE: self._directory}

    def serving(self, count: int) -> None:
        """Takes note of how many workers serve."""
        self._serving.set(count)

    def ended(self, pid: int, *, serving: int) -> None:
        """Takes note that a worker has ended, and how many are left that serve."""
        mark_process_dead(pid, self._directory)  # type: ignore[no-untyped-call]
        self._ended.inc()
        self._serving.set(serving)

    def __enter__(self) -> SummedMetrics:
        """Returns the metrics, which end with the block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends the offer and removes the files."""
        self._stop()
        shutil.rmtree(self._directory, ignore_errors=True)


def remove_own_files() -> None:
    """Removes the files of a worker whose server is gone, and with the last of them the directory."""
    directory = Path(os.environ.get(VARIABLE, ""))
    if directory.name.startswith(_PREFIX):
        for path in directory.glob(f"*_{os.getpid()}.db"):
            path.unlink()
        with suppress(OSError):  # others have files there
            directory.rmdir()


class _Workers(Collector):
    """What the workers counted."""

    def __init__(self, directory: str) -> None:
        self._files = MultiProcessCollector(None, directory)  # type: ignore[no-untyped-call]

    def collect(self) -> Iterable[Metric]:
        for metric in self._files.collect():  # type: ignore[no-untyped-call]
            if metric.name == RULESETS:  # 0 stands for those that no worker has any more
                metric.samples = [sample for sample in metric.samples if sample.value]
            yield metric
