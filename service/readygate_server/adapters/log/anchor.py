"""Checkpoints kept in a directory of their own, where a restored backup of the record does not reach.

`checkpoint` holds the newest one, as a note that any reader of notes takes, and `history.jsonl` older ones, a JSON
object a line. What is said to be kept has reached the disk, file and directory both.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from readygate_server.adapters.durable import sync_directory, sync_path
from readygate_server.adapters.log.checkpoint import head_of, read_checkpoint
from readygate_server.adapters.log.note import NoteError
from readygate_server.domain.errors import GateError
from readygate_server.domain.record import TreeHead

NEWEST: Final = "checkpoint"
HISTORY: Final = "history.jsonl"
_LOCK: Final = "lock"
_TAIL: Final = 1 << 20


@dataclass(eq=False)
class AnchorError(GateError):
    """A checkpoint is not kept, or can not be read. A log that can not be anchored must not be signed."""

    directory: Path
    why: str

    def __str__(self) -> str:
        """Returns the directory and what is wrong."""
        return f"the checkpoints in {self.directory}: {self.why}"


class FileAnchor:
    """Keeps checkpoints of one log in a directory: fills the port Anchor.

    Several processes may share the directory. Keeping costs two flushes to disk, so a busy log keeps its newest
    checkpoint every second or so rather than every one.
    """

    def __init__(
        self, directory: Path, *, history_seconds: float = 60.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Takes the directory, made when it is missing, and how often a checkpoint enters the history at most."""
        self._directory = directory
        self._history_seconds = history_seconds
        self._clock = clock
        self._entered_at = float("-inf")
        self._is_reached = False

    def newest(self) -> TreeHead | None:
        """Returns the newest checkpoint that was kept, None when there is none; raises AnchorError."""
        try:
            return head_of((self._directory / NEWEST).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError, NoteError) as error:
            raise AnchorError(self._directory, f"{NEWEST} can not be read: {error}") from error

    def history(self) -> Iterator[TreeHead]:
        """Yields the checkpoints of the history, oldest first; raises AnchorError at one that can not be read."""
        try:
            lines = (self._directory / HISTORY).read_text(encoding="utf-8").split("\n")
        except FileNotFoundError:
            return
        for number, line in enumerate(lines[:-1], start=1):  # what follows the last newline was cut off by a crash
            try:
                yield head_of(json.loads(line)["note"])
            except (ValueError, KeyError, TypeError, NoteError) as error:
                raise AnchorError(self._directory, f"{HISTORY}, line {number}: {error}") from error

    def keep(self, head: TreeHead) -> None:
        """Keeps a checkpoint.

        Raises:
          AnchorError: when a newer one is kept already, or one of the same size with another root, or of another log;
            when its note does not say what it is said to say; when the directory can not be written.
        """
        try:
            if not self._is_reached:  # the first checkpoint is the one whose directory may be new
                self._directory.mkdir(parents=True, exist_ok=True)
                sync_path(self._directory)
                self._is_reached = True
            with self._locked():
                self._check(head)
                self._replace(head.note)
                if self._clock() - self._entered_at >= self._history_seconds:
                    self._enter(head)
                    self._entered_at = self._clock()
        except OSError as error:
            self._is_reached = False
            raise AnchorError(self._directory, f"they can not be written: {error.strerror}") from error

    def _check(self, head: TreeHead) -> None:
        try:
            said = read_checkpoint(head.note)
        except NoteError as error:
            raise AnchorError(self._directory, str(error)) from error
        if (said.size, said.root) != (head.size, head.root):
            raise AnchorError(self._directory, f"the note says {said.size} leaves, expected {head.size} and its root")
        kept = self.newest()
        if kept is None:
            return
        origin = read_checkpoint(kept.note).origin
        if said.origin != origin:
            raise AnchorError(self._directory, f"they are of the log {origin}, got one of {said.origin}")
        if head.size < kept.size:
            raise AnchorError(self._directory, f"one of {kept.size} leaves is kept, got one of {head.size}")
        if head.size == kept.size and head.root != kept.root:
            raise AnchorError(self._directory, f"one of {kept.size} leaves is kept with another root: the log forked")

    def _replace(self, note: str) -> None:
        fresh = self._directory / f"{NEWEST}.new"
        _write(fresh, os.O_TRUNC, note.encode())
        fresh.replace(self._directory / NEWEST)
        sync_directory(self._directory)

    def _enter(self, head: TreeHead) -> None:
        path = self._directory / HISTORY
        line = json.dumps({"size": head.size, "note": head.note}, ensure_ascii=False) + "\n"
        is_new = not path.exists()
        if not is_new:
            _drop_torn_line(path)
        _write(path, os.O_APPEND, line.encode())
        if is_new:
            sync_directory(self._directory)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keeps other processes from looking and writing in between."""
        with (self._directory / _LOCK).open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _write(path: Path, how: int, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | how, 0o644)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _drop_torn_line(path: Path) -> None:
    """Cuts off what a crash left after the last whole line."""
    with path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        start = file.seek(max(0, size - _TAIL))
        torn = len(file.read().rpartition(b"\n")[2])
        if torn and start + torn <= size:
            file.truncate(size - torn)
