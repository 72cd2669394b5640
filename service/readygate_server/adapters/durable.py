"""Files that a power cut leaves as they were or as they are to be: content first, then the names that lead to it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def write_new(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Writes a file that is not there yet; its content is on the disk when this returns, its name is not yet.

    The file has its mode before it has its content.

    Raises:
      FileExistsError: when it is there.
    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_file(path: Path) -> None:
    """Makes the content of a file durable, whoever wrote it."""
    _sync(path, os.O_RDONLY)


def sync_directory(directory: Path) -> None:
    """Makes the names in a directory durable."""
    _sync(directory, os.O_RDONLY | os.O_DIRECTORY)


def sync_path(directory: Path) -> None:
    """Makes the names in a directory durable, and those that lead to it from where its disk is mounted.

    Whoever made the directory, this server or somebody before it, may not have done so.
    """
    sync_directory(directory)
    device = directory.stat().st_dev
    for above in directory.resolve().parents:
        if above.stat().st_dev != device:
            break
        with suppress(PermissionError):  # what it may not open, it has not made
            sync_directory(above)


def _sync(path: Path, how: int) -> None:
    handle = os.open(path, how | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
