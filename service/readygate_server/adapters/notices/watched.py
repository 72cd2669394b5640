"""A webhooks file that is read again when it or a secret changes; what is faulty leaves the last good one in use."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Final

from readygate_server.adapters.notices.reader import files_of, read_webhooks
from readygate_server.application.notice_ports import Endpoint
from readygate_server.domain.faults import FaultsError
from readygate_server.observability import logger

_LOOK_SECONDS: Final = 1.0

_State = tuple[tuple[str, int, int], ...]


class WatchedWebhooks:
    """The endpoints of now."""

    def __init__(self, path: Path) -> None:
        """Reads the file; raises FaultsError with every fault of it, or OSError."""
        self._path = path
        self._seen = _look(path)
        self._endpoints = read_webhooks(path)
        self._looked_at = time.monotonic()

    async def current(self) -> tuple[Endpoint, ...]:
        """Returns the endpoints, after a look at the files once a second."""
        if time.monotonic() - self._looked_at >= _LOOK_SECONDS:
            await asyncio.to_thread(self._refresh)
        return self._endpoints

    def _refresh(self) -> None:
        self._looked_at = time.monotonic()
        seen = _look(self._path)
        if seen == self._seen:
            return
        self._seen = seen  # a fault is told once, not every second
        try:
            self._endpoints = read_webhooks(self._path)
        except FaultsError as error:
            for fault in error.faults:
                logger().error("not_reloaded", what="webhooks", fault=str(fault))
        except OSError as error:
            logger().error("not_reloaded", what="webhooks", fault=f"{self._path}: {error.strerror}")
        else:
            logger().info("reloaded", what="webhooks")


def _look(path: Path) -> _State:
    try:
        files = files_of(path)
    except (OSError, FaultsError):
        files = (path,)
    return tuple(_state(file) for file in files)


def _state(file: Path) -> tuple[str, int, int]:
    try:
        stat = file.stat()
    except OSError:
        return str(file), 0, 0
    return str(file), stat.st_mtime_ns, stat.st_size
