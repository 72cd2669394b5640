"""Records in one sequence what is done to the files of a directory, and what somebody was told in between."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

from readygate_server.domain.record import NewDecision, Recorded, TreeHead
from tests.faults.disk import DIRECTORY, Cut, Event, Image, Named, Synced, SyncedNames, Wrote
from tests.faults.sqlite_files import recorded_files


class Opened(NamedTuple):
    """The store is open."""


class Acknowledged(NamedTuple):
    """Somebody was told that a decision is recorded."""

    decision: NewDecision
    answer: Recorded


class Shown(NamedTuple):
    """Somebody was shown a signed tree."""

    head: TreeHead


Told = Opened | Acknowledged | Shown


class Recording:
    """What happened, in its order; fills the port Notebook."""

    def __init__(self, root: Path, image: Image) -> None:
        """Starts with what is in a directory, which is on a disk and synced."""
        self._root = root.resolve()  # SQLite follows links
        self._lock = threading.Lock()
        self._numbers = {path: number for number, path in enumerate(sorted(image.files), start=1)}
        self._last_number = len(self._numbers)
        self.numbers: Mapping[Path, int] = dict(self._numbers)
        self.image = image
        self.events: list[Event | Told] = []
        self.names: dict[int, str] = {number: path.name for path, number in self._numbers.items()}

    @contextmanager
    def running(self) -> Iterator[None]:
        """Records what SQLite and this process's own calls do within."""
        with ExitStack() as undo:
            undo.enter_context(recorded_files(self))
            undo.enter_context(_recorded_calls(self))
            yield

    def tell(self, told: Told) -> None:
        """Takes note of what somebody was told."""
        self.events.append(told)

    def opened(self, path: Path, *, is_new: bool) -> int | None:
        """Returns the number of a file, None when it is outside."""
        within = self._within(path)
        if within is None:
            return None
        with self._lock:
            if is_new or within not in self._numbers:
                self._last_number += 1
                self._numbers[within] = self._last_number
                self.names[self._last_number] = within.name
                self.events.append(Named(within, self._last_number))
            return self._numbers[within]

    def wrote(self, number: int, offset: int, data: bytes) -> None:
        """Takes note of a write."""
        self.events.append(Wrote(number, offset, data))

    def truncated(self, number: int, size: int) -> None:
        """Takes note of a new size."""
        self.events.append(Cut(number, size))

    def syncing(self, number: int) -> Callable[[], None]:
        """Takes note of a sync when it is over; it is one of what was written before it began."""
        until = len(self.events)
        return lambda: self.events.append(Synced(number, until))

    def deleted(self, path: Path) -> None:
        """Takes note of a name that is gone."""
        within = self._within(path)
        if within is not None:
            with self._lock:
                self._numbers.pop(within, None)
                self.events.append(Named(within, None))

    def made_directory(self, path: Path) -> None:
        """Takes note of a new directory."""
        within = self._within(path)
        if within is not None:
            self.events.append(Named(within, DIRECTORY))

    def synced_names(self, directory: Path) -> None:
        """Takes note that the names of a directory are synced."""
        within = self._within(directory)
        if within is not None:
            self.events.append(SyncedNames(within, len(self.events)))

    def _within(self, path: Path) -> Path | None:
        real = path.parent.resolve() / path.name
        return real.relative_to(self._root) if real.is_relative_to(self._root) else None


@contextmanager
def _recorded_calls(recording: Recording) -> Iterator[None]:
    """Records the files and directories that Python code makes, and the directories that it syncs."""
    open_, mkdir, fsync = os.open, os.mkdir, os.fsync
    handles: dict[int, Path] = {}
    making = threading.Lock()

    def open_noted(path: Any, flags: int, *others: Any, **more: Any) -> int:
        with making:
            is_new = bool(flags & os.O_CREAT) and not Path(path).exists()
            handle: int = open_(path, flags, *others, **more)
            handles[handle] = Path(path)
            if is_new:
                recording.opened(Path(path), is_new=True)
        return handle

    def mkdir_noted(path: Any, *others: Any, **more: Any) -> None:
        mkdir(path, *others, **more)
        recording.made_directory(Path(path))

    def fsync_noted(handle: Any) -> None:
        fsync(handle)
        path = handles.get(handle)
        if path is not None and path.is_dir():
            recording.synced_names(path)

    with (
        patch.object(os, "open", open_noted),
        patch.object(os, "mkdir", mkdir_noted),
        patch.object(os, "fsync", fsync_noted),
    ):
        yield
