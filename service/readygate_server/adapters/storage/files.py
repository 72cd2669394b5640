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
    """Keeps every other server out of a directory, until it is released or all processes that have it have ended.

    A server of several processes takes the lock once, and its workers inherit the file: so a second server is kept out
    as long as any of them lives.
    """

    def __init__(self, directory: Path, *, inherited: int | None = None) -> None:
        """Takes the lock, or takes over the file of a parent that has it.

        Raises:
          StoreRefusedError: when another process has the lock, or the file is not that of the lock.
        """
        path = directory / "lock"
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600) if inherited is None else inherited
        if inherited is not None and not os.path.samestat(os.fstat(inherited), path.stat()):
            raise StoreRefusedError(f"the file {inherited} is not the lock of {directory}; inherit it from the server")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.pread(self._file, 32, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(self._file)
            raise StoreRefusedError(
                f"{directory} is in use by the process {holder}; stop it, or give this server a directory of its own"
            ) from None
        os.set_inheritable(self._file, False)
        if inherited is None:
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    def fileno(self) -> int:
        """Returns the file, for a worker to inherit."""
        return self._file

    def release(self) -> None:
        """Lets go of the lock. The file stays: removing it would let two in at once."""
        os.close(self._file)


class Turn:
    """Lets one process of a server write at a time: whoever has the turn is the one writer."""

    def __init__(self, directory: Path) -> None:
        """Takes the directory that the processes share."""
        self._file = os.open(directory / "turn", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def __enter__(self) -> None:
        """Waits for the turn. It ends with the process that has it, too."""
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *_error: object) -> None:
        """Gives the turn to the next."""
        fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Takes no more turns."""
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
