"""Backups of a real data directory: made under load, restored, and never taken for the newest when they are not."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
from tests.contracts.records import decision, entry, root_from_entries

from readygate.v1.record_pb2 import DecisionEntry, LogEntry
from readygate_server.adapters.backups import BackupError, back_up, back_up_names, fork_log, restore
from readygate_server.adapters.log.anchor import FileAnchor
from readygate_server.adapters.log.checkpoint import Ed25519CheckpointSigner, read_checkpoint
from readygate_server.adapters.log.origin import ensure_origin, read_origin
from readygate_server.adapters.names import Vault
from readygate_server.adapters.signing.store import KeyRing, ensure_keys
from readygate_server.adapters.storage import RecordStore, StoreRefusedError, open_store
from readygate_server.domain.record import NewDecision, Sealed

ORIGIN = "gate.example.org/log"


def _decision() -> NewDecision:
    """Returns a decision whose entry is one as servers make them."""
    return decision(
        seal=lambda stamp: Sealed(LogEntry(id=stamp.id, decision=DecisionEntry()).SerializeToString(), b"response")
    )


class Gate:
    """A data directory with keys, a record and an anchor outside."""

    def __init__(self, directory: Path) -> None:
        """Makes the keys."""
        self.data, self.anchor = directory / "data", directory / "anchor"
        ensure_keys(self.data)
        ensure_origin(self.data / "keys", ORIGIN)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[RecordStore]:
        """Yields the open record."""
        ring = KeyRing(self.data)
        origin = read_origin(self.data / "keys") or ""
        signer = Ed25519CheckpointSigner(origin, lambda: ring.current().checkpoint_key)
        store = await open_store(self.data, signer=signer, anchor=FileAnchor(self.anchor))
        try:
            yield store
        finally:
            await store.close()

    async def record(self, count: int) -> None:
        """Records decisions."""
        async with self.opened() as store:
            await asyncio.gather(*(store.record(_decision()) for _ in range(count)))

    def lose_record(self) -> None:
        """Deletes the record, as a broken disk does."""
        for path in self.data.glob("record.db*"):
            path.unlink()


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    """An empty data directory."""
    return Gate(tmp_path)


async def test_a_backup_made_under_load_is_whole(gate: Gate, tmp_path: Path) -> None:
    """While decisions are recorded without a pause, the copy holds a tree of one moment and every entry of it."""
    async with gate.opened() as store:
        await store.record(_decision())
        stop = asyncio.Event()

        async def load() -> int:
            count = 0
            while not stop.is_set():
                await store.record(_decision())
                count += 1
            return count

        callers = [asyncio.create_task(load()) for _ in range(8)]
        await asyncio.sleep(0.2)
        manifest = await asyncio.to_thread(back_up, gate.data, tmp_path / "backup")
        stop.set()
        recorded = 1 + sum(await asyncio.gather(*callers))

    assert 0 < manifest.entries <= recorded
    gate.lose_record()
    restore(tmp_path / "backup", gate.data)
    gate.anchor = tmp_path / "other"  # what is lost is the next tests' concern
    async with gate.opened() as store:
        head = await store.head()
        assert head is not None
        assert (head.size, head.note) == (manifest.entries, manifest.checkpoint)
        assert await root_from_entries(store, head.size) == head.root


async def test_a_restored_record_goes_on_where_it_was(gate: Gate, tmp_path: Path) -> None:
    """With nothing recorded since, the server starts on the restored record and adds to the same log."""
    await gate.record(5)
    back_up(gate.data, tmp_path / "backup")
    gate.lose_record()
    assert restore(tmp_path / "backup", gate.data).entries == 5
    await gate.record(1)

    async with gate.opened() as store:
        head = await store.head()
        assert head is not None
        assert head.size == 6


async def test_an_old_backup_is_not_taken_for_the_newest(gate: Gate, tmp_path: Path) -> None:
    """A record that lacks signed entries does not start, and says so; without the anchor it would sign another past."""
    await gate.record(5)
    back_up(gate.data, tmp_path / "backup")
    await gate.record(3)
    gate.lose_record()
    restore(tmp_path / "backup", gate.data)

    with pytest.raises(StoreRefusedError, match="8 was signed"):
        await gate.record(1)

    gate.anchor = tmp_path / "none"
    await gate.record(1)  # it bites: this is the fork that the anchor prevents


async def test_a_log_that_lost_entries_goes_on_under_a_new_name(gate: Gate, tmp_path: Path) -> None:
    """The fork is an entry that names the old log and what was lost; afterwards the server starts and records."""
    await gate.record(5)
    back_up(gate.data, tmp_path / "backup")
    await gate.record(3)
    lost = FileAnchor(gate.anchor).newest()
    assert lost is not None
    gate.lose_record()
    restore(tmp_path / "backup", gate.data)

    fork = await fork_log(gate.data, place=gate.data, anchor=gate.anchor)

    assert (fork.lost_origin, fork.lost_size, fork.kept_size, fork.origin) == (ORIGIN, 8, 5, f"{ORIGIN}/after-5")
    await gate.record(2)
    async with gate.opened() as store:
        head = await store.head()
        assert head is not None
        said = LogEntry.FromString((await store.entries(5, 1))[0]).fork
        assert (said.lost_origin, said.lost_tree_size, said.lost_root) == (ORIGIN, 8, lost.root)
        assert (said.kept_tree_size, read_checkpoint(head.note).origin) == (5, f"{ORIGIN}/after-5")
        assert (head.size, await root_from_entries(store, 8)) == (8, head.root)
        assert head.root != lost.root
    assert FileAnchor(gate.anchor / "lost-8").newest() == lost
    newest = FileAnchor(gate.anchor).newest()
    assert newest is not None
    assert newest.size == 8


@pytest.mark.parametrize("stage", ["_rename", "_put_aside", "keep"])
async def test_a_fork_goes_on_after_a_crash(
    gate: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    """Cut off before any of its steps, it ends in the same state when it is repeated, with one entry."""
    from readygate_server.adapters.backups import forks

    await gate.record(5)
    back_up(gate.data, tmp_path / "backup")
    await gate.record(1)
    gate.lose_record()
    restore(tmp_path / "backup", gate.data)

    class CutError(Exception):
        """Stands for the crash."""

    def cut(*_: object) -> None:
        raise CutError

    with monkeypatch.context() as patched:
        patched.setattr(*((FileAnchor, "keep", cut) if stage == "keep" else (forks, stage, cut)))
        with pytest.raises(CutError):
            await fork_log(gate.data, place=gate.data, anchor=gate.anchor)
    if stage == "keep":
        with pytest.raises(BackupError, match="start the server"):
            await fork_log(gate.data, place=gate.data, anchor=gate.anchor)
    else:
        assert (await fork_log(gate.data, place=gate.data, anchor=gate.anchor)).origin == f"{ORIGIN}/after-5"

    await gate.record(1)
    async with gate.opened() as store:
        entries = [LogEntry.FromString(body) for body in await store.entries(0, 10)]
        assert [entry.HasField("fork") for entry in entries] == [False] * 5 + [True, False]
        head = await store.head()
        assert head is not None
        assert head.size == 7


async def test_a_log_that_lost_nothing_is_not_forked(gate: Gate) -> None:
    """Whoever forks by mistake is told to start the server; nothing has changed."""
    await gate.record(3)

    with pytest.raises(BackupError, match="all 3 entries"):
        await fork_log(gate.data, place=gate.data, anchor=gate.anchor)
    await gate.record(1)


async def test_nothing_is_restored_over_a_record(gate: Gate, tmp_path: Path) -> None:
    """A directory that has a record keeps it."""
    await gate.record(1)
    back_up(gate.data, tmp_path / "backup")
    before = (gate.data / "record.db").read_bytes()

    with pytest.raises(BackupError, match="there already"):
        restore(tmp_path / "backup", gate.data)
    assert (gate.data / "record.db").read_bytes() == before


async def test_a_changed_backup_is_refused(gate: Gate, tmp_path: Path) -> None:
    """One byte is enough, and nothing is left behind."""
    await gate.record(3)
    back_up(gate.data, tmp_path / "backup")
    gate.lose_record()
    path = tmp_path / "backup" / "record.db"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)

    with pytest.raises(BackupError, match="was changed"):
        restore(tmp_path / "backup", gate.data)
    assert list(gate.data.glob("*record.db*")) == []


async def test_a_record_that_was_tampered_with_makes_no_backup(gate: Gate, tmp_path: Path) -> None:
    """What the log does not cover is told when the backup is made, not when it is needed."""
    await gate.record(3)
    with closing(sqlite3.connect(gate.data / "record.db")) as connection:
        connection.execute("DROP TRIGGER log_leaf_no_delete")
        connection.execute("DELETE FROM log_leaf WHERE leaf_index = 2")
        connection.commit()

    with pytest.raises(BackupError, match="not sound"):
        back_up(gate.data, tmp_path / "backup")
    assert not (tmp_path / "backup").exists()


async def test_a_backup_holds_neither_keys_nor_names_and_is_private(gate: Gate, tmp_path: Path) -> None:
    """Whoever has the copy of the record can open no name with it."""
    await gate.record(1)
    with closing(Vault.at(gate.data, gate.data / "keys", {})) as vault:
        vault.reference("Jane")
    back_up(gate.data, tmp_path / "backup")
    back_up_names(gate.data, tmp_path / "names")

    assert sorted(path.name for path in (tmp_path / "backup").iterdir()) == ["manifest.json", "record.db"]
    assert sorted(path.name for path in (tmp_path / "names").iterdir()) == ["manifest.json", "names.db"]
    for path in (tmp_path / "backup", *(tmp_path / "backup").iterdir(), *(tmp_path / "names").iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
    assert json.loads((tmp_path / "backup" / "manifest.json").read_text("utf-8"))["entries"] == 1


async def test_names_come_back_from_a_backup_of_their_own(gate: Gate, tmp_path: Path) -> None:
    """With the key file, the restored names open what was sealed."""
    with closing(Vault.at(gate.data, gate.data / "keys", {})) as vault:
        sealed = vault.seal("Jane", b"Jane")
        back_up_names(gate.data, tmp_path / "names")
    (gate.data / "names.db").unlink()
    for path in gate.data.glob("names.db*"):
        path.unlink()
    restore(tmp_path / "names", gate.data)

    with closing(Vault.at(gate.data, gate.data / "keys", {})) as vault:
        assert vault.open(sealed) == b"Jane"


def test_what_is_not_there_is_not_backed_up(tmp_path: Path) -> None:
    """An empty directory, and a place that is taken, are told."""
    with pytest.raises(BackupError, match="no such file"):
        back_up(tmp_path, tmp_path / "backup")
    (tmp_path / "record.db").touch()
    (tmp_path / "backup").mkdir()
    with pytest.raises(BackupError, match="of its own"):
        back_up(tmp_path, tmp_path / "backup")
    with pytest.raises(BackupError, match="no list of a backup"):
        restore(tmp_path / "backup", tmp_path / "data")


async def test_an_entry_of_another_kind_is_copied_too(gate: Gate, tmp_path: Path) -> None:
    """A backup is of the whole record, not of its decisions."""
    async with gate.opened() as store:
        await store.append(entry())
    assert back_up(gate.data, tmp_path / "backup").entries == 1
