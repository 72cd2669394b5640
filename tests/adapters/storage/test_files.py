"""The data directory belongs to one server, on a disk of this machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from readygate_server.adapters.storage import StoreRefusedError
from readygate_server.adapters.storage.files import DirectoryLock, refuse_network_file_system

TAKE = """
import sys
from pathlib import Path
from readygate_server.adapters.storage.files import DirectoryLock
lock = DirectoryLock(Path(sys.argv[1]))
print("taken", flush=True)
sys.stdin.readline()
"""


def mounts(*lines: tuple[str, str]) -> str:
    """Returns a mount table of mount points and file systems."""
    return "".join(f"36 35 98:0 / {point} rw,noatime - {kind} /dev/x rw\n" for point, kind in lines)


def test_a_second_server_is_refused_until_the_first_has_ended(tmp_path: Path) -> None:
    """While a process has the lock others are told which one; when it is killed the lock is free."""
    with subprocess.Popen(
        [sys.executable, "-c", TAKE, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "taken\n"
        with pytest.raises(StoreRefusedError, match=f"in use by the process {first.pid}"):
            DirectoryLock(tmp_path)
        first.kill()
        first.wait()
    lock = DirectoryLock(tmp_path)

    assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"
    lock.release()


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "9p", "virtiofs", "ceph", "lustre"])
def test_network_file_systems_are_refused(tmp_path: Path, kind: str) -> None:
    """A directory on a file system that other machines serve is refused by the name of that system."""
    with pytest.raises(StoreRefusedError, match=f" {kind} "):
        refuse_network_file_system(tmp_path, mounts(("/", "ext4"), (str(tmp_path.resolve()), kind)))


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "tmpfs", "overlay", "apfs"])
def test_disks_of_this_machine_are_taken(tmp_path: Path, kind: str) -> None:
    """A directory on a disk of this machine is fine, also when something far away is mounted beside it."""
    refuse_network_file_system(
        tmp_path, mounts(("/", "nfs"), (str(tmp_path.resolve()), kind), (f"{tmp_path.resolve()}x", "nfs"))
    )


def test_the_last_of_two_mounts_counts(tmp_path: Path) -> None:
    """Of two mounts on one path the later one hides the other."""
    point = str(tmp_path.resolve())
    refuse_network_file_system(tmp_path, mounts((point, "nfs"), (point, "ext4")))

    with pytest.raises(StoreRefusedError):
        refuse_network_file_system(tmp_path, mounts((point, "ext4"), (point, "nfs")))


def test_mount_points_with_spaces_are_read(tmp_path: Path) -> None:
    """A mount point is compared as it is, not as the table spells it."""
    folder = tmp_path / "a share"
    folder.mkdir()
    with pytest.raises(StoreRefusedError):
        refuse_network_file_system(folder, mounts(("/", "ext4"), (str(folder.resolve()).replace(" ", "\\040"), "cifs")))


def test_a_link_is_followed(tmp_path: Path) -> None:
    """What counts is where a directory really is."""
    (tmp_path / "far").mkdir()
    (tmp_path / "near").symlink_to(tmp_path / "far")
    with pytest.raises(StoreRefusedError):
        refuse_network_file_system(tmp_path / "near", mounts(("/", "ext4"), (str((tmp_path / "far").resolve()), "nfs")))


def test_without_a_mount_table_nothing_is_refused(tmp_path: Path) -> None:
    """Where no table tells, the directory is taken."""
    refuse_network_file_system(tmp_path, "")
