"""A disk without room: what does not fit is refused and leaves nothing, and recording goes on when there is room."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from readygate_server.adapters.storage import StoreRefusedError, committer
from readygate_server.adapters.storage.opening import FILE
from readygate_server.domain.errors import RecordUnavailableError
from readygate_server.domain.record import DecisionFilter, Recorded
from tests.contracts.records import Place, decision, logged, root_from_entries

SIZE = 3_000_000
CALLERS = 8


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, with room for little."""
    point = tmp_path / "disk"
    point.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(point)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("a file system of its own can be mounted only by root, on Linux")
    yield point
    subprocess.run(["umount", str(point)], check=True)


async def fill(place: Place) -> tuple[dict[str, Recorded], dict[str, BaseException]]:
    """Records large decisions from several callers until each was refused; returns answers and errors by request."""
    answered: dict[str, Recorded] = {}
    refused: dict[str, BaseException] = {}

    async def call(store: Any, caller: int) -> None:
        for number in range(100):
            name = f"{caller}-{number}"
            try:
                answered[name] = await store.record(decision(name, request=name.encode() * 5_000))
            except Exception as error:  # noqa: BLE001 -- which one it is, is the question
                refused[name] = error
                return

    async with place.opened() as store:
        await asyncio.gather(*(call(store, caller) for caller in range(CALLERS)))
        seen = await store.newest(DecisionFilter(), before="", limit=1_000)

    assert {each.request_id for each in seen} == answered.keys()
    return answered, refused


async def test_a_full_disk_loses_nothing_and_lies_to_nobody(small_disk: Path) -> None:
    """Each caller is told to ask again, what was acknowledged stays, and with room again the rest is recorded once."""
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(SIZE // 2))
    place = Place(small_disk / "data")
    answered, refused = await fill(place)
    ballast.unlink()
    async with place.opened() as store:
        again = {name: await store.record(decision(name, request=name.encode() * 5_000)) for name in answered}
        late = [await store.record(decision(name, request=name.encode() * 5_000)) for name in refused]
        size = len(answered) + len(refused)
        head = await logged(store, size)
        root = await root_from_entries(store, size)
    with closing(sqlite3.connect(small_disk / "data" / FILE)) as connection:
        said = connection.execute("PRAGMA integrity_check").fetchone()

    assert len(answered) > 0
    assert {type(error) for error in refused.values()} == {RecordUnavailableError}
    assert len(refused) == CALLERS
    assert again == {name: replace(answer, is_new=False) for name, answer in answered.items()}
    assert all(each.is_new for each in late)
    assert (head.size, root) == (size, head.root)
    assert said == ("ok",)


async def test_without_the_guard_callers_see_what_the_database_says(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the look at what failed that tells callers to ask again; without it they get an error of the database."""
    monkeypatch.setattr(committer, "is_outage", lambda _error: False)
    with capture_logs():  # each error comes with a long story
        _answered, refused = await fill(Place(small_disk / "data"))

    assert RecordUnavailableError not in {type(error) for error in refused.values()}


async def test_a_store_is_not_opened_on_a_full_disk(small_disk: Path) -> None:
    """Where there is no room for the tables the start is refused, and with room again it is not."""
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(SIZE - 60_000))
    place = Place(small_disk / "data")
    with pytest.raises(StoreRefusedError, match="full"):
        async with place.opened():
            pass
    ballast.unlink()
    async with place.opened() as store:
        assert (await store.record(decision())).is_new
