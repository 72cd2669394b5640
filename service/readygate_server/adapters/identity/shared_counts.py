"""Counts of what callers have used, in memory that the workers of a server share."""

from __future__ import annotations

import fcntl
import mmap
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from struct import Struct
from typing import Final

from readygate_server.application.allowance import Used

_KEY_BYTES: Final = 16
_SLOT: Final = Struct(f"={_KEY_BYTES}sddqq")
SLOTS: Final = 1 << 14
"""Callers that are counted. More than these take each other's slots, and then start anew."""
_STEPS: Final = 64
_EMPTY: Final = bytes(_KEY_BYTES)


def make_counts() -> int:
    """Returns the file of new counts, for workers to inherit. They live as long as a process has it."""
    file = os.memfd_create("readygate-counts")
    os.truncate(file, SLOTS * _SLOT.size)
    return file


class SharedCounts:
    """Fills the port Counts: a table with a slot per caller. Who dies with the lock leaves it to the next."""

    def __init__(self, file: int) -> None:
        """Takes the inherited file."""
        self._file = file
        self._table = mmap.mmap(file, SLOTS * _SLOT.size)
        self._lock = threading.Lock()  # that of the file is for processes only

    @contextmanager
    def of(self, name: str) -> Iterator[Used]:
        """Yields what a caller has used, and keeps it as it is then."""
        key = blake2b(name.encode(), digest_size=_KEY_BYTES).digest()
        with self._lock:
            fcntl.lockf(self._file, fcntl.LOCK_EX)
            try:
                place, used = self._find(key)
                try:
                    yield used
                finally:
                    _SLOT.pack_into(self._table, place, key, used.tokens, used.looked_at, used.day, used.decisions)
            finally:
                fcntl.lockf(self._file, fcntl.LOCK_UN)

    def _find(self, key: bytes) -> tuple[int, Used]:
        """Returns the slot of a caller, and what is in it."""
        first = int.from_bytes(key[:4], "big")
        for step in range(_STEPS):
            place = (first + step) % SLOTS * _SLOT.size
            held, *used = _SLOT.unpack_from(self._table, place)
            if held == key:
                return place, Used(*used)
            if held == _EMPTY:
                return place, Used()
        return first % SLOTS * _SLOT.size, Used()
