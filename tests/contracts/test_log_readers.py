"""What holds for every LogReader, the one in memory that other tests rely on among them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from readygate.v1.record_pb2 import LogEntry
from readygate_server.adapters.log.anchor import FileAnchor
from readygate_server.adapters.log.checkpoint import open_checkpoint
from readygate_server.adapters.storage import open_store
from readygate_server.application.record_ports import LogReader
from readygate_server.domain.merkle import frontier, inclusion_nodes, leaf_hash, root, root_of
from tests.adapters.log.records import ORIGIN, SIGNER, erasure
from tests.contracts.records import logged
from tests.fake_log import FakeLog

SIZE = 11


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def reader(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[LogReader]:
    """A log with a few entries."""
    if request.param == "memory":
        yield FakeLog(SIZE)
        return
    place = tmp_path / "data" if request.param == "sqlite" else request.getfixturevalue("postgres_database")
    store = await open_store(place, signer=SIGNER, anchor=FileAnchor(tmp_path / "anchor"))
    for number in range(SIZE):
        await store.append(erasure(str(number)))
    await logged(store, SIZE)
    yield store
    await store.close()


async def test_the_head_is_signed_and_is_that_of_the_entries(reader: LogReader) -> None:
    """Size and root are those of its note, and of all entries."""
    head = await reader.head()

    assert head is not None
    opened = open_checkpoint(head.note, [SIGNER.key], origin=ORIGIN)
    assert (opened.size, opened.root) == (head.size, head.root) == (SIZE, head.root)
    assert head.root == root([leaf_hash(entry) for entry in await reader.entries(0, 100)])


async def test_entries_are_given_from_an_index_on(reader: LogReader) -> None:
    """As many as were asked for and there are; none beyond the end."""
    entries = await reader.entries(0, 100)

    assert len(entries) == SIZE
    assert await reader.entries(3, 2) == entries[3:5]
    assert await reader.entries(SIZE - 1, 5) == entries[-1:]
    assert await reader.entries(SIZE, 5) == []


async def test_an_entry_is_found_by_its_id(reader: LogReader) -> None:
    """With its index and the bytes that stand there; an id that nothing has is not found."""
    for index, body in enumerate(await reader.entries(0, 100)):
        assert await reader.find(LogEntry.FromString(body).id) == (index, body)
    assert await reader.find("f" * 32) is None


async def test_nodes_are_given_by_level_and_index(reader: LogReader) -> None:
    """Leaves are level 0, and the nodes of a tree give its root."""
    head = await reader.head()
    entries = await reader.entries(0, 100)
    ids = sorted({*frontier(SIZE), *inclusion_nodes(0, SIZE)})

    nodes = await reader.nodes(ids)

    assert head is not None
    assert nodes.keys() == set(ids)
    assert nodes[0, 1] == leaf_hash(entries[1])
    assert root_of(SIZE, nodes) == head.root
