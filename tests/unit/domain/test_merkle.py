"""The Merkle tree against published vectors, against the words of the standard, and against whoever forges a proof."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from readygate_server.domain import merkle
from readygate_server.domain.merkle import NodeId, leaf_hash
from tests.unit.domain import merkle_oracle as oracle

# Leaves and tree heads of the Certificate Transparency reference, as published in github.com/transparency-dev/merkle,
# testonly/constants.go (before: google/certificate-transparency, merkle_tree_test.cc).
CT_ENTRIES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
CT_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
CT_INCLUSION = {
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
}
CT_CONSISTENCY = {
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
MOST = 70
ENTRIES = [b"entry %d" % index for index in range(MOST)]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]
NODES = merkle.extend(0, LEAVES, {})
ROOTS = [oracle.mth(ENTRIES[:size]) for size in range(MOST + 1)]

sizes = st.integers(1, MOST)


class Watched(dict[NodeId, bytes]):
    """Nodes that remember which of them were read."""

    def __init__(self, nodes: Mapping[NodeId, bytes]) -> None:
        """Holds some nodes."""
        super().__init__(nodes)
        self.read: set[NodeId] = set()

    def __getitem__(self, node: NodeId) -> bytes:
        """Returns a node and remembers it."""
        self.read.add(node)
        return super().__getitem__(node)


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_of_the_reference(size: int) -> None:
    """The published tree heads come out, from the definition and from the nodes."""
    leaves = [leaf_hash(entry) for entry in CT_ENTRIES[:size]]

    assert merkle.root(leaves).hex() == CT_ROOTS[size]
    assert merkle.root_of(size, merkle.extend(0, leaves, {})).hex() == CT_ROOTS[size]
    assert oracle.mth(CT_ENTRIES[:size]).hex() == CT_ROOTS[size]


@pytest.mark.parametrize(("place", "proof"), CT_INCLUSION.items())
def test_inclusion_proofs_are_those_of_the_reference(place: tuple[int, int], proof: list[str]) -> None:
    """The published audit paths come out."""
    nodes = merkle.extend(0, [leaf_hash(entry) for entry in CT_ENTRIES], {})

    assert [each.hex() for each in merkle.inclusion_proof(*place, nodes)] == proof


@pytest.mark.parametrize(("trees", "proof"), CT_CONSISTENCY.items())
def test_consistency_proofs_are_those_of_the_reference(trees: tuple[int, int], proof: list[str]) -> None:
    """The published consistency proofs come out."""
    nodes = merkle.extend(0, [leaf_hash(entry) for entry in CT_ENTRIES], {})

    assert [each.hex() for each in merkle.consistency_proof(*trees, nodes)] == proof


@pytest.mark.parametrize("size", range(MOST + 1))
def test_every_root_and_proof_is_what_the_standard_says(size: int) -> None:
    """Roots, paths and proofs of every tree equal those of a recursion over the words of RFC 6962, and verify."""
    entries, head = ENTRIES[:size], ROOTS[size]
    assert merkle.root(LEAVES[:size]) == merkle.root_of(size, NODES) == head
    for index in range(size):
        path = merkle.inclusion_proof(index, size, NODES)
        assert list(path) == oracle.path(index, entries)
        assert merkle.proves_inclusion(leaf=LEAVES[index], index=index, size=size, proof=path, root=head)
    for first in range(1, size + 1):
        proof = merkle.consistency_proof(first, size, NODES)
        assert list(proof) == oracle.proof(first, entries)
        assert merkle.proves_consistency(
            first=first, second=size, first_root=ROOTS[first], second_root=head, proof=proof
        )


@given(st.lists(st.binary(max_size=40), max_size=60), st.data())
def test_a_tree_that_grew_in_pieces_is_the_tree_that_was_built_at_once(
    entries: list[bytes], data: st.DataObject
) -> None:
    """However appends are grouped, the nodes are the same, and each append reads nothing but the frontier."""
    leaves = [leaf_hash(entry) for entry in entries]
    nodes: dict[NodeId, bytes] = {}
    size = 0
    while size < len(leaves):
        count = data.draw(st.integers(1, len(leaves) - size))
        known = Watched({node: nodes[node] for node in merkle.frontier(size)})
        fresh = merkle.extend(size, leaves[size : size + count], known)
        assert not fresh.keys() & nodes.keys()
        nodes |= fresh
        size += count

    assert nodes == merkle.extend(0, leaves, {})
    assert merkle.root_of(size, nodes) == oracle.mth(entries)


@given(sizes, st.data())
def test_a_proof_reads_the_nodes_it_names_and_no_others(size: int, data: st.DataObject) -> None:
    """What a store fetches is enough, and nothing of it is fetched in vain."""
    index, first = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size))
    for ids, prove in (
        (merkle.inclusion_nodes(index, size), lambda nodes: merkle.inclusion_proof(index, size, nodes)),
        (merkle.consistency_nodes(first, size), lambda nodes: merkle.consistency_proof(first, size, nodes)),
        (frozenset(merkle.frontier(size)), lambda nodes: merkle.root_of(size, nodes)),
    ):
        watched = Watched({node: NODES[node] for node in ids})
        prove(watched)
        assert watched.read == ids


@given(sizes, st.data())
def test_a_changed_inclusion_proof_proves_nothing(size: int, data: st.DataObject) -> None:
    """A flipped bit anywhere, another index or another size, one hash more or less: each is refused."""
    index = data.draw(st.integers(0, size - 1))
    proof = list(merkle.inclusion_proof(index, size, NODES))
    leaf, head = LEAVES[index], ROOTS[size]

    def holds(leaf: bytes = leaf, index: int = index, size: int = size, root: bytes = head) -> bool:
        return merkle.proves_inclusion(leaf=leaf, index=index, size=size, proof=proof, root=root)

    assert holds()
    assert not holds(leaf=_flipped(leaf, data))
    assert not holds(root=_flipped(head, data))
    assert not holds(index=data.draw(st.integers(-1, 2 * MOST).filter(lambda other: other != index)))
    other = data.draw(sizes.filter(lambda other: other != size))
    assert not holds(size=other, root=ROOTS[other])
    _assert_no_other_proof(proof, holds, data)


@given(sizes, st.data())
def test_a_changed_consistency_proof_proves_nothing(second: int, data: st.DataObject) -> None:
    """A flipped bit in a root or the proof, another size, one hash more or less: each is refused."""
    first = data.draw(st.integers(0, second))
    proof = list(merkle.consistency_proof(first, second, NODES))
    old, new = ROOTS[first], ROOTS[second]

    def holds(first: int = first, second: int = second, first_root: bytes = old, second_root: bytes = new) -> bool:
        return merkle.proves_consistency(
            first=first, second=second, first_root=first_root, second_root=second_root, proof=proof
        )

    assert holds()
    assert not holds(first_root=_flipped(old, data))
    if first:
        assert not holds(second_root=_flipped(new, data))
        other = data.draw(sizes.filter(lambda other: other != first))
        assert not holds(first=other, first_root=ROOTS[other])
        other = data.draw(st.integers(0, MOST).filter(lambda other: other != second))
        assert not holds(second=other, second_root=ROOTS[other])
    _assert_no_other_proof(proof, holds, data)


def test_the_empty_tree_is_the_beginning_of_every_tree_and_has_no_leaf() -> None:
    """Nothing needs proving from an empty tree, and nothing is in one."""
    empty = hashlib.sha256().digest()
    assert empty == merkle.EMPTY_ROOT
    assert merkle.consistency_proof(0, 5, NODES) == ()
    assert merkle.proves_consistency(first=0, second=5, first_root=empty, second_root=ROOTS[5], proof=[])
    assert not merkle.proves_consistency(first=0, second=0, first_root=ROOTS[1], second_root=ROOTS[1], proof=[])
    assert not merkle.proves_inclusion(leaf=empty, index=0, size=0, proof=[], root=empty)


def test_the_size_of_a_tree_is_vouched_for_by_its_checkpoint_alone() -> None:
    """The shape of a path can fit several sizes, so size and root must come from the same signed checkpoint."""
    path = merkle.inclusion_proof(0, 3, NODES)

    for claimed in (3, 4):
        assert merkle.proves_inclusion(leaf=LEAVES[0], index=0, size=claimed, proof=path, root=ROOTS[3])
    assert not merkle.proves_inclusion(leaf=LEAVES[0], index=0, size=4, proof=path, root=ROOTS[4])


@given(sizes, sizes, st.data())
def test_a_path_of_another_height_proves_nothing(size: int, claimed: int, data: st.DataObject) -> None:
    """A tree that is said to be higher or lower than it is does not get the proofs of the one that is there."""
    assume((size - 1).bit_length() != (claimed - 1).bit_length())
    for index in (0, data.draw(st.integers(0, size - 1))):
        path = merkle.inclusion_proof(index, size, NODES)
        assert not merkle.proves_inclusion(leaf=LEAVES[index], index=0, size=claimed, proof=path, root=ROOTS[size]), (
            f"leaf {index} of {size} as the first of {claimed}"
        )
    first = data.draw(st.integers(1, min(size, claimed)))
    proof = merkle.consistency_proof(first, size, NODES)
    assert not merkle.proves_consistency(
        first=first, second=claimed, first_root=ROOTS[first], second_root=ROOTS[size], proof=proof
    )


def test_a_path_that_is_too_long_proves_nothing() -> None:
    """A hash more than a tree of one leaf has would let the second leaf pass for the first."""
    assert not merkle.proves_inclusion(leaf=LEAVES[1], index=0, size=1, proof=[LEAVES[0]], root=ROOTS[2])
    assert not merkle.proves_consistency(
        first=1, second=1, first_root=LEAVES[1], second_root=ROOTS[2], proof=[LEAVES[0]]
    )
    proof = merkle.consistency_proof(7, 8, NODES)  # has the shape of one from 3 to 4, and a hash more
    assert not merkle.proves_consistency(first=3, second=4, first_root=ROOTS[7], second_root=ROOTS[8], proof=proof)


def test_bytes_can_not_be_moved_from_one_hash_to_the_next() -> None:
    """Two hashes are hashed as one text, which could be cut elsewhere; so each must have the length of a hash."""
    whole = LEAVES[0] + LEAVES[1]
    assert merkle.node_hash(whole[:37], whole[37:]) == ROOTS[2]  # what a check without lengths would accept

    assert not merkle.proves_inclusion(leaf=whole[:37], index=0, size=2, proof=[whole[37:]], root=ROOTS[2])
    assert not merkle.proves_consistency(
        first=1, second=2, first_root=whole[:37], second_root=ROOTS[2], proof=[whole[37:]]
    )


def test_a_node_never_passes_for_an_entry() -> None:
    """Leaves and nodes are hashed apart, so an inner node can not be shown as an entry that is in the tree."""
    forged = LEAVES[0] + LEAVES[1]

    assert not merkle.proves_inclusion(leaf=leaf_hash(forged), index=0, size=1, proof=[], root=ROOTS[2])
    # Without the prefixes the two would be one hash, and the forged entry would be proven:
    assert hashlib.sha256(forged).digest() != ROOTS[2] == hashlib.sha256(b"\1" + forged).digest()


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_a_leaf_that_is_not_there_has_no_proof(index: int, size: int) -> None:
    """The refusal names the leaf and the tree."""
    with pytest.raises(ValueError, match=f"a tree of {size} leaves has no leaf {index}"):
        merkle.inclusion_proof(index, size, NODES)


@pytest.mark.parametrize(("first", "second"), [(4, 3), (-1, 3)])
def test_a_larger_tree_is_not_the_beginning_of_a_smaller_one(first: int, second: int) -> None:
    """The refusal names both sizes."""
    with pytest.raises(ValueError, match=f"a tree of {first} leaves is not the beginning of one of {second}"):
        merkle.consistency_nodes(first, second)


def _flipped(hashed: bytes, data: st.DataObject) -> bytes:
    bit = data.draw(st.integers(0, len(hashed) * 8 - 1))
    return (int.from_bytes(hashed) ^ (1 << bit)).to_bytes(len(hashed))


def _assert_no_other_proof(proof: list[bytes], holds: object, data: st.DataObject) -> None:
    assert callable(holds)
    whole = list(proof)
    for changed in (
        [*whole, whole[-1] if whole else LEAVES[0]],
        *([whole[:-1], whole[1:]] if whole else []),
        *([[each[:-1] for each in whole]] if whole else []),
    ):
        proof[:] = changed
        assert not holds()
    for place in range(len(whole)):
        proof[:] = whole
        proof[place] = _flipped(whole[place], data)
        assert not holds()
    proof[:] = whole
    assert holds()
