"""The data directory: one server at a time, on a disk of this machine."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from readygate_server.adapters.storage.errors import StoreRefusedError

_MOUNTS: Final = Path("/proc/self/mountinfo")
_NETWORK: Final = frozenset(
    {
        "9p", "afs", "beegfs", "ceph", "cifs", "coda", "fuse.ceph", "fuse.cephfs", "fuse.gcsfuse", "fuse.glusterfs",
        "fuse.rclone", "fuse.s3fs", "fuse.sshfs", "gfs2", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4",
        "ocfs2", "orangefs", "smb2", "smb3", "smbfs", "vboxsf", "virtiofs",
    }
)  # fmt: skip
"""File systems whose locks or syncs reach further than this machine, or not far enough."""


class DirectoryLock:
    """Keeps every other server out of a directory, until it is released or this process ends."""

    def __init__(self, directory: Path) -> None:
        """Takes the lock; raises StoreRefusedError when another process has it."""
        path = directory / "lock"
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.read(self._file, 32).decode("ascii", "replace").strip() or "unknown"
            os.close(self._file)
            raise StoreRefusedError(
                f"{directory} is in use by the process {holder}; stop it, or give this server a directory of its own"
            ) from None
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Lets others in. The file stays: removing it would let two in at once."""
        os.close(self._file)


def refuse_network_file_system(directory: Path, mounts: str | None = None) -> None:
    """Raises StoreRefusedError when a directory is not on a disk of this machine, as far as the mount table tells."""
    if mounts is None:
        mounts = _MOUNTS.read_text("utf-8", "surrogateescape") if _MOUNTS.exists() else ""
    place = directory.resolve()
    above = [(point, kind) for point, kind in _mounted(mounts) if place.is_relative_to(point)]
    # The longest path is the mount that holds the directory; of several on one path, the last hides the others.
    kind = max(enumerate(above), key=lambda each: (len(each[1][0].parts), each[0]))[1][1] if above else ""
    if kind in _NETWORK:
        raise StoreRefusedError(
            f"{directory} is on a {kind} file system, where a crash or a second server can damage the record; "
            "take a directory on a disk of this machine, or a PostgreSQL by --database-url"
        )


def sync_directory(directory: Path) -> None:
    """Makes the names in a directory durable."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _mounted(table: str) -> Iterator[tuple[Path, str]]:
    """Yields mount point and type of file system, as in proc(5)."""
    for line in table.splitlines():
        before, separator, after = line.partition(" - ")
        fields = before.split()
        if separator and len(fields) > 4:
            yield Path(_unescaped(fields[4])), after.split()[0]


def _unescaped(text: str) -> str:
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(code, character)
    return text
