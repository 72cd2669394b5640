"""Erasures with the record on both databases: done and then recorded, once, whatever happens in between."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from readygate.v1.record_pb2 import LogEntry
from readygate_server.adapters.names import Vault
from readygate_server.adapters.storage import RecordStore
from readygate_server.adapters.storage.erasures import StoredErasures
from readygate_server.application.erasure import Erasures
from readygate_server.domain.errors import RecordUnavailableError
from readygate_server.domain.merkle import leaf_hash
from readygate_server.domain.record import Erasure
from tests.contracts.records import Place, decision, logged, root_from_entries

REASON = "request 17"


class PowerCutError(Exception):
    """Stands for the moment at which everything ends."""


class CutOff:
    """A log that ends before or after it has recorded, as a crash does."""

    def __init__(self, log: StoredErasures, *, after: bool) -> None:
        """Takes the real log."""
        self._log = log
        self._after = after

    async def record(self, erasure: Erasure) -> str:
        """Records or not, and never returns."""
        if self._after:
            await self._log.record(erasure)
        raise PowerCutError

    async def recorded(self) -> Sequence[Erasure]:
        """Returns what the log knows of."""
        return await self._log.recorded()


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    """A vault in a directory."""
    (tmp_path / "names").mkdir()
    with closing(Vault.at(tmp_path / "names", tmp_path / "keys", {})) as opened:
        yield opened


async def _erasures(store: RecordStore) -> list[LogEntry]:
    head = await store.head()
    bodies = await store.entries(0, head.size) if head is not None else []
    entries = [LogEntry.FromString(body) for body in bodies if not body.startswith(b"entry")]
    return [entry for entry in entries if entry.HasField("erasure")]


async def test_an_erasure_is_a_leaf_that_does_not_say_whose(store: RecordStore, vault: Vault) -> None:
    """The log tells the random reference and the reason, and the name is gone."""
    sealed = vault.seal("Jane", b"Jane")
    entry_id = await Erasures(vault, StoredErasures(store)).erase("Jane", reason=REASON)
    await logged(store, 1)

    (entry,) = await _erasures(store)
    assert (entry.id, entry.erasure.person_ref, entry.erasure.reason) == (entry_id, sealed.person, REASON)
    assert b"Jane" not in entry.SerializeToString()
    assert vault.open(sealed) is None


async def test_erasing_a_stranger_records_nothing(store: RecordStore, vault: Vault) -> None:
    """Nobody learns from the log that somebody was looked for in vain."""
    assert await Erasures(vault, StoredErasures(store)).erase("Jane", reason=REASON) is None
    assert await store.head() is None


async def test_what_was_proven_before_an_erasure_still_is(store: RecordStore, vault: Vault) -> None:
    """Leaves and root of the tree of before are the same after it, computed from nothing but the entries."""
    vault.reference("Jane")
    await asyncio.gather(*(store.record(decision()) for _ in range(5)))
    before = await logged(store, 5)
    await Erasures(vault, StoredErasures(store)).erase("Jane", reason=REASON)
    await logged(store, 6)

    assert await root_from_entries(store, 5) == before.root
    bodies = await store.entries(0, 6)
    assert await store.nodes([(0, 5)]) == {(0, 5): leaf_hash(bodies[5])}


@pytest.mark.parametrize("after", [False, True], ids=["before the log knows", "after the log knows"])
async def test_a_crash_leaves_no_erasure_unrecorded_and_none_recorded_twice(
    store: RecordStore, vault: Vault, *, after: bool
) -> None:
    """Cut off before or after the entry, the next start ends what was begun; the name is gone all along.

    It bites: without `settle` the first case has no entry, and without the table of erasures the second has two.
    """
    sealed = vault.seal("Jane", b"Jane")
    log = StoredErasures(store)
    with pytest.raises(PowerCutError):
        await Erasures(vault, CutOff(log, after=after)).erase("Jane", reason=REASON)
    assert vault.open(sealed) is None

    assert await Erasures(vault, log).settle() == (0 if after else 1, 0)
    assert await Erasures(vault, log).settle() == (0, 0)

    await logged(store, 1)
    assert [entry.erasure.person_ref for entry in await _erasures(store)] == [sealed.person]


async def test_two_processes_that_settle_at_once_make_one_entry(store: RecordStore, vault: Vault) -> None:
    """Eight at once agree on the entry."""
    vault.reference("Jane")
    erasure = vault.erase("Jane", reason=REASON)
    assert erasure is not None

    ids = await asyncio.gather(*(StoredErasures(store).record(erasure) for _ in range(8)))

    assert len(set(ids)) == 1
    await logged(store, 1)
    assert len(await _erasures(store)) == 1


async def test_a_record_out_of_reach_leaves_the_erasure_owed(place: Place, vault: Vault) -> None:
    """The caller hears that it is not recorded yet, and the next start records it."""
    vault.reference("Jane")
    async with place.opened() as store:
        pass
    with pytest.raises(RecordUnavailableError):
        await Erasures(vault, StoredErasures(store)).erase("Jane", reason=REASON)

    assert vault.known("Jane") is None
    async with place.opened() as again:
        assert await Erasures(vault, StoredErasures(again)).settle() == (1, 0)
        await logged(again, 1)
        assert len(await _erasures(again)) == 1


async def test_a_backup_of_the_names_brings_nobody_back(store: RecordStore, vault: Vault, tmp_path: Path) -> None:
    """A copy of the keys from before an erasure is put back: the log says who was erased, and the start erases again.

    It bites: before `settle` the copy opens the name.
    """
    sealed = vault.seal("Jane", b"Jane")
    (tmp_path / "copy").mkdir()
    with closing(sqlite3.connect(tmp_path / "names" / "names.db")) as source:
        source.execute("VACUUM INTO ?", [str(tmp_path / "copy" / "names.db")])
    await Erasures(vault, StoredErasures(store)).erase("Jane", reason=REASON)

    with closing(Vault.at(tmp_path / "copy", tmp_path / "keys", {})) as restored:
        assert restored.open(sealed) == b"Jane"
        assert await Erasures(restored, StoredErasures(store)).settle() == (0, 1)
        assert restored.open(sealed) is None
    await logged(store, 1)
    assert len(await _erasures(store)) == 1
