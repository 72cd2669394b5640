"""Files that are read again when they change, without a restart. What can not be read leaves the last good in use."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Generic, TypeVar

from readygate_server.observability import logger

LOOK_SECONDS: Final = 1.0
"""How long a change may go unseen."""

_Value = TypeVar("_Value")
_Seen = tuple[tuple[int, int, int] | None, ...]


class Watched(Generic[_Value]):
    """A value that is made of files. Looks at most once a second whether they have changed; safe between threads."""

    def __init__(self, paths: Sequence[Path], load: Callable[[], _Value], *, what: str) -> None:
        """Loads at once; whatever `load` raises then is the caller's to handle."""
        self._paths = tuple(paths)
        self._load = load
        self._what = what
        self._lock = threading.Lock()
        self._seen = self._look()
        self._value = load()
        self._looked_at = time.monotonic()

    def is_due(self) -> bool:
        """True when it is time to look again; costs next to nothing."""
        return time.monotonic() - self._looked_at >= LOOK_SECONDS

    @property
    def held(self) -> _Value:
        """The value as it was when last looked at."""
        return self._value

    def current(self) -> _Value:
        """Returns the value of now; reads files, so that coroutines call it in a thread."""
        with self._lock:
            if not self.is_due():
                return self._value
            self._looked_at = time.monotonic()
            seen = self._look()
            if seen != self._seen:
                self._seen = seen  # a fault is told once, not every second
                self._try()
            return self._value

    def _try(self) -> None:
        try:
            self._value = self._load()
        except Exception as error:  # noqa: BLE001 -- whatever is wrong with the new files, the last good ones hold
            for line in str(error).splitlines():
                logger().error("not_reloaded", what=self._what, fault=line)
        else:
            logger().info("reloaded", what=self._what)

    def _look(self) -> _Seen:
        return tuple(map(_state, self._paths))


def _state(path: Path) -> tuple[int, int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino
