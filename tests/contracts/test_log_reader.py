"""What holds for every LogReader."""

from __future__ import annotations

import asyncio

from readygate_server.adapters.storage import RecordStore
from readygate_server.domain.merkle import (
    consistency_nodes,
    consistency_proof,
    inclusion_nodes,
    inclusion_proof,
    leaf_hash,
    proves_consistency,
    proves_inclusion,
)
from tests.contracts.records import Place, decision, entry, logged, root_from_entries


async def test_an_empty_log_has_no_head(store: RecordStore) -> None:
    """Before anything is recorded there is neither head nor entry."""
    assert await store.head() is None
    assert await store.entries(0, 10) == []
    assert await store.find("0" * 32) is None


async def test_the_signed_root_is_that_of_the_entries(place: Place) -> None:
    """The root computed from all entries equals the one that was signed, over groups of all sizes and a restart."""
    async with place.opened() as store:
        for size in (1, 2, 3, 7, 20):
            await asyncio.gather(*(store.record(decision()) for _ in range(size)))
        await asyncio.gather(store.append(entry()), store.record(decision("twin")), store.record(decision("twin")))
        await logged(store, 35)
    async with place.opened() as store:
        await asyncio.gather(*(store.record(decision()) for _ in range(5)))
        head = await logged(store, 40)

        assert head.size == 40
        assert await root_from_entries(store, 40) == head.root
        assert head.note == place.signer.sign(40, head.root)


async def test_every_entry_can_be_proven(store: RecordStore) -> None:
    """With the nodes that it reads, every entry is proven to be in the tree, under the index at which it is found."""
    ids = [answer.id for answer in await asyncio.gather(*(store.record(decision()) for _ in range(13)))]
    head = await logged(store, 13)
    for id_ in ids:
        found = await store.find(id_)
        assert found is not None
        index, body = found
        nodes = await store.nodes(sorted(inclusion_nodes(index, 13)))
        proof = inclusion_proof(index, 13, nodes)

        assert (await store.entries(index, 1)) == [body]
        assert proves_inclusion(leaf=leaf_hash(body), index=index, size=13, proof=proof, root=head.root)


async def test_trees_continue_each_other(store: RecordStore) -> None:
    """With the nodes that it reads, each earlier head is proven to be the beginning of the last."""
    heads = []
    for size in range(1, 8):
        await store.record(decision())
        heads.append(await logged(store, size))
    last = heads[-1]
    for head in heads:
        nodes = await store.nodes(sorted(consistency_nodes(head.size, last.size)))

        assert proves_consistency(
            first=head.size,
            second=last.size,
            first_root=head.root,
            second_root=last.root,
            proof=consistency_proof(head.size, last.size, nodes),
        )
