"""Power is cut while the record is written: nothing that somebody was told is lost, and the model would notice."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import pytest

from readygate_server.adapters.storage.opening import FILE
from tests.contracts.records import Place, decision
from tests.faults.chain import CUTS, SETTINGS, SHIPPED, run_chain
from tests.faults.disk import DIRECTORY, SECTOR, Cut, Disk, Event, Image, Named, Synced, SyncedNames, Wrote
from tests.faults.recording import Acknowledged, Opened, Recording, Shown
from tests.faults.sqlite_files import NoRecordingError, sqlite_library
from tests.faults.workload import Work

MANY = 200
MOST_LIVES = 6


@pytest.fixture
def recordable() -> None:
    """Skips where SQLite is hidden in Python."""
    try:
        sqlite_library()
    except NoRecordingError as error:
        pytest.skip(str(error))


class AllKept(Random):
    """Lets everything reach the disk."""

    def choice(self, seq: Any) -> Any:
        """Returns the share that is kept."""
        assert 1.0 in seq
        return 1.0


def disk_after(*events: Event | None, image: Image | None = None, numbers: dict[Path, int] | None = None) -> Disk:
    """Returns a disk with events on it; None takes the moment of one."""
    disk = Disk(image or Image(), numbers or {})
    for at, event in enumerate(events):
        if event is not None:
            disk.take(at, event)
    return disk


def outcomes(disk: Disk) -> set[bytes | None]:
    """Returns what can become of file `f`; None when it is gone."""
    return {image.files.get(Path("f")) for image in images(disk)}


def images(disk: Disk) -> list[Image]:
    """Returns what chance may leave on a disk."""
    return [disk.after_power_cut(Random(seed)) for seed in range(MANY)]  # noqa: S311 -- chance, not secrets


def file_f(content: bytes) -> dict[str, Any]:
    """Returns what a disk begins with that has one file, `f`."""
    return {"image": Image(files={Path("f"): content}), "numbers": {Path("f"): 1}}


@pytest.mark.usefixtures("recordable")
def test_nothing_acknowledged_is_lost_in_a_cut() -> None:
    """Whenever the power goes, the next start finds every acknowledged decision once, and a log that holds."""
    tally = asyncio.run(run_chain(SHIPPED, 0))

    assert tally.said == []
    assert (tally.cuts, tally.lost, tally.unsound) == (CUTS, 0, 0)
    assert tally.acknowledged > CUTS
    assert {"something not synced", "during the first opening", "while opening after a cut"} <= tally.moments.keys()


@pytest.mark.usefixtures("recordable")
@pytest.mark.parametrize("setting", [setting for setting in SETTINGS if setting != SHIPPED])
def test_without_a_guard_decisions_are_lost(setting: str) -> None:
    """Where commits, or the names that lead to the file, are not synced, the same cuts lose what was acknowledged."""
    lives = (asyncio.run(run_chain(setting, seed, lives=1, work=Work(decisions=24))) for seed in range(MOST_LIVES))

    assert any(tally.lost for tally in lives)  # nearly always the first


@pytest.mark.usefixtures("recordable")
async def test_the_recording_is_complete(tmp_path: Path) -> None:
    """What was recorded, put together again, is what is in the files, while they are written and after closing."""
    recording = Recording(tmp_path, Image())
    told = Opened | Acknowledged | Shown

    def put_together() -> dict[Path, bytes]:
        disk = disk_after(*(None if isinstance(each, told) else each for each in recording.events))
        return dict(disk.after_power_cut(AllKept()).files)

    def on_disk(name: str) -> bytes | None:
        path = tmp_path / "data" / name
        return path.read_bytes() if path.exists() else None

    with recording.running():
        async with Place(tmp_path / "data").opened() as store:
            await asyncio.gather(*(store.record(decision(request=b"x" * 40_000)) for _ in range(150)))
            open_, files = put_together(), {name: on_disk(name) for name in (FILE, f"{FILE}-wal", f"{FILE}-journal")}
        closed = put_together()

    assert {name: open_.get(Path("data", name)) for name in files} == files
    assert len(files[f"{FILE}-wal"] or b"") > 0
    assert {name: closed.get(Path("data", name)) for name in files} == {name: on_disk(name) for name in files}


@pytest.mark.usefixtures("recordable")
def test_after_a_recording_files_are_opened_as_usual(tmp_path: Path) -> None:
    """A database that is opened after a recording is not noted."""
    recording = Recording(tmp_path, Image())
    with recording.running():
        pass
    with closing(sqlite3.connect(tmp_path / "f")) as connection:
        connection.execute("CREATE TABLE t (c)")

    assert recording.events == []


def test_what_was_synced_stays() -> None:
    """A file with its content is there when both it and its directory were synced."""
    disk = disk_after(Named(Path("f"), 1), Wrote(1, 0, b"new"), Synced(1, 2), SyncedNames(Path(), 3))

    assert outcomes(disk) == {b"new"}


def test_what_was_not_synced_may_be_there_or_not() -> None:
    """Of a write that nobody synced all, nothing, or a beginning is on the disk."""
    disk = disk_after(Wrote(1, 0, b"ab"), **file_f(b"xy"))

    assert outcomes(disk) == {b"xy", b"ay", b"ab"}


def test_a_sync_is_of_what_was_written_before_it_began() -> None:
    """What is written while a sync is under way is not synced by it."""
    began = Synced(1, 1)
    disk = disk_after(Wrote(1, 0, b"a"), Wrote(1, 1, b"b"), began, **file_f(b"xy"))

    assert {b"ay", b"ab"} == outcomes(disk)


def test_writes_reach_the_disk_in_any_order() -> None:
    """The second of two writes can be there without the first."""
    first, second = Wrote(1, 0, b"a" * SECTOR), Wrote(1, SECTOR, b"b" * SECTOR)

    assert bytes(SECTOR) + second.data in outcomes(disk_after(first, second, **file_f(bytes(2 * SECTOR))))


def test_a_file_may_have_grown_before_its_content_is_there() -> None:
    """Where a file was longer after a write, garbage can be."""
    found = outcomes(disk_after(Wrote(1, 0, b"a" * 8), **file_f(b"")))

    assert any(each and len(each) == 8 and each != b"a" * 8 for each in found)


def test_a_new_size_may_be_lost() -> None:
    """A file that was cut shorter can have its old length again."""
    disk = disk_after(Cut(1, 1), **file_f(b"xy"))

    assert outcomes(disk) == {b"x", b"xy"}


def test_names_come_and_go_until_their_directory_is_synced() -> None:
    """A file whose content is synced may have no name, a deleted one have its name again."""
    made = disk_after(Named(Path("f"), 1), Wrote(1, 0, b"new"), Synced(1, 2))
    deleted = disk_after(Named(Path("f"), None), **file_f(b"old"))

    assert outcomes(made) == {None, b"new"}
    assert outcomes(deleted) == {None, b"old"}


def test_a_file_goes_with_the_directory_that_leads_to_it() -> None:
    """A file is out of reach when a directory above it has lost its name."""
    below = Path("d", "f")
    disk = disk_after(Named(Path("d"), DIRECTORY), Named(below, 1), SyncedNames(Path("d"), 2))

    assert {below in image.files for image in images(disk)} == {True, False}
